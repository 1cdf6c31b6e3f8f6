"""The command line: ``robotrader COMMAND``, also run as ``python -m robotrader``.

This module parses arguments and nothing else. A command's own module is imported only when that
command runs, so that ``robotrader --help`` starts in the time that Python itself takes.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
from functools import cache
from typing import TYPE_CHECKING

from robotrader import __version__
from robotrader.app import (
    aliases,
    backtest_args,
    chaos_args,
    cli_args,
    data_args,
    gateway_args,
    journal_args,
    research_args,
    strategy_args,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


def _demo(arguments: argparse.Namespace) -> int:
    from robotrader.app.demo import main as demo

    return demo(arguments.seconds, arguments.chaos)


def _gateway(arguments: argparse.Namespace) -> int:
    """Run or look at a gateway, or tell a running system about its own."""
    if arguments.verb == "confirm":
        return _operate(arguments)
    from robotrader.app.gateway_cli import run

    return run(arguments)


def _journal(arguments: argparse.Namespace) -> int:
    """Look at a journal that nobody has open, or ask a running system about its own."""
    if arguments.verb in {"tail", "query"}:
        return _operate(arguments)
    from robotrader.app.journal_cli import run

    return run(arguments)


def _chaos(arguments: argparse.Namespace) -> int:
    from robotrader.app.chaos_cli import run

    return run(arguments)


def _strategy(arguments: argparse.Namespace) -> int:
    from robotrader.app.strategy_cli import run

    return run(arguments)


def _config(arguments: argparse.Namespace) -> int:
    from robotrader.app.config_cli import run

    return run(arguments)


def _doctor(arguments: argparse.Namespace) -> int:
    from robotrader.app.doctor_cli import run

    return run(arguments)


def _backtest(arguments: argparse.Namespace) -> int:
    from robotrader.app.backtest_cli import run

    return run(arguments)


def _data(arguments: argparse.Namespace) -> int:
    from robotrader.app.data_cli import run

    return run(arguments)


def _sweep(arguments: argparse.Namespace) -> int:
    from robotrader.app.sweep_cli import run

    return run(arguments)


def _walkforward(arguments: argparse.Namespace) -> int:
    from robotrader.app.walkforward_cli import run

    return run(arguments)


def _montecarlo(arguments: argparse.Namespace) -> int:
    from robotrader.app.montecarlo_cli import run

    return run(arguments)


def _report(arguments: argparse.Namespace) -> int:
    from robotrader.app.report_cli import run

    return run(arguments)


def _init(arguments: argparse.Namespace) -> int:
    from robotrader.app.init_cli import run

    return run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from robotrader.app.run_cli import run

    return run(arguments)


def _operate(arguments: argparse.Namespace) -> int:
    from robotrader.app.operate_cli import run

    return run(arguments)


_COMMANDS = {
    "backtest": _backtest,
    "chaos": _chaos,
    "demo": _demo,
    "gateway": _gateway,
    "config": _config,
    "data": _data,
    "doctor": _doctor,
    "init": _init,
    "journal": _journal,
    "montecarlo": _montecarlo,
    "report": _report,
    "run": _run,
    "strategy": _strategy,
    "sweep": _sweep,
    "walkforward": _walkforward,
}
"""Everything else asks a running system."""


@cache
def _parser() -> argparse.ArgumentParser:
    """Return the parser of every command; making it takes 15 ms, which who asks often pays once."""
    parser = argparse.ArgumentParser(
        prog="robotrader",
        description="A self-healing automated trading system for Interactive Brokers.",
        parents=[cli_args.common(defaults=False)],
    )
    parser.add_argument("--version", action="version", version=f"robotrader {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="trade real prices of 20 stocks on paper, here")
    demo.add_argument("--seconds", type=float, help="how long (default: until Ctrl-C)")
    demo.add_argument("--chaos", default="", metavar="SCENARIO", help="break it, as `gentle`")
    gateway_args.add_parsers(commands)
    chaos_args.add_parsers(commands)
    journal_args.add_parsers(commands)
    strategy_args.add_parsers(commands)
    backtest_args.add_parsers(commands)
    data_args.add_parsers(commands)
    research_args.add_parsers(commands)
    cli_args.add_parsers(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` names (the process's own arguments by default).

    Returns the exit status: 0 when the command did its work. A wrong argument ends the process
    with status 2 and a usage line on standard error, as ``argparse`` does.
    """
    if argv is None:  # the process ends with it, and nobody has to look through what it leaves
        atexit.register(gc.freeze)
    parser = _parser()
    known = aliases.known(parser)
    parser.epilog = aliases.epilog(known)
    given = aliases.translated(sys.argv[1:] if argv is None else argv, known)
    arguments = cli_args.with_common_defaults(parser.parse_args(given))
    status = 0  # who read our output has enough, and that is no error
    try:
        status = _COMMANDS.get(arguments.command, _operate)(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # Python would complain when it flushes at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


if __name__ == "__main__":
    sys.exit(main())
