"""The arguments of sweeps and what goes with them; kept apart so that ``--help`` loads nothing."""

from __future__ import annotations

import argparse
from typing import Final

from robotrader.app.backtest_args import add_options
from robotrader.app.cli_args import common

METHODS: Final = ("grid", "random", "tpe")
EXECUTORS: Final = ("pool", "here", "ray")
METRICS: Final = ("sharpe", "sortino", "calmar", "cagr", "profit_factor")
SCHEMES: Final = ("rolling", "anchored", "folds", "combinatorial")
DRAWS: Final = ("shuffle", "resample", "stationary", "circular")
_TRIALS_MAX: Final = 100_000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``sweep``, ``walkforward``, ``montecarlo`` and ``report`` to the command line."""
    shared = [common(defaults=False)]
    _add_sweep(commands, shared)
    _add_walk(commands, shared)
    paths = commands.add_parser("montecarlo", help="what else might have happened")
    verbs = paths.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", parents=shared, help="draw a kept run's trades or days again")
    add = run.add_argument
    add("id", nargs="?", metavar="ID", help="of `backtest ls`; default: the newest")
    add("--method", choices=DRAWS, default="stationary",
        help="trades in another order or drawn; days in blocks (default: stationary)")  # fmt: skip
    add("--paths", type=_count, default=2_000, metavar="N", help="default 2000")
    add("--block", type=_block, metavar="DAYS", help="mean length; default: estimated")
    add("--seed", type=_natural, default=1, help="of the chance; default 1")
    report = commands.add_parser("report", help="pages of runs, sweeps and all that is kept")
    verbs = report.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, says in (("make", "make the page anew"), ("open", "open the page in a browser")):
        verbs.add_parser(verb, parents=shared, help=says).add_argument("id", metavar="ID")


def _add_sweep(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    shared: list[argparse.ArgumentParser],
) -> None:
    sweep = commands.add_parser("sweep", help="try many parameters of a strategy")
    verbs = sweep.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", parents=shared, help="run a strategy with many parameters")
    add_options(run)
    _add_search(run)
    _add_executor(run)
    listing = verbs.add_parser("ls", parents=shared, help="list the sweeps that were kept")
    listing.add_argument("-n", "--count", type=_count, default=20, help="how many (default 20)")
    best = verbs.add_parser("best", parents=shared, help="show a sweep's best, with its doubts")
    best.add_argument("id", nargs="?", metavar="ID", help="default: the newest")
    best.add_argument("-n", "--count", type=_count, default=10, help="how many (default 10)")
    resume = verbs.add_parser("resume", parents=shared, help="go on with a sweep that ended early")
    resume.add_argument("id", nargs="?", metavar="ID", help="default: the newest")
    _add_executor(resume)


def _add_walk(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    shared: list[argparse.ArgumentParser],
) -> None:
    walk = commands.add_parser("walkforward", help="choose on some days, judge on others")
    verbs = walk.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", parents=shared, help="choose and judge, window after window")
    add_options(run)
    _add_search(run)
    _add_executor(run)
    add = run.add_argument
    add("--scheme", choices=SCHEMES, default="rolling", help="default rolling")
    add("--train", type=_count, default=1_260, metavar="DAYS", help="to choose on; default 1260")
    add("--test", type=_count, default=252, metavar="DAYS", help="to judge on; default 252")
    add("--gap", type=_natural, default=0, metavar="DAYS", help="between the two; default 0")
    add("--folds", type=_count, default=6, help="of folds and combinatorial; default 6")
    add("--tested", type=_count, default=2, help="folds at once, of combinatorial; default 2")
    add("--purge", type=_natural, default=5, metavar="DAYS",
        help="left out beside tested folds: as long as a trade is open; default 5")  # fmt: skip
    add("--embargo", type=_natural, default=5, metavar="DAYS", help="more after them; default 5")
    resume = verbs.add_parser("resume", parents=shared, help="go on with one that ended early")
    resume.add_argument("id", nargs="?", metavar="ID", help="default: the newest")
    _add_executor(resume)


def _add_search(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--param", action="append", default=[], metavar="NAME=LOW:HIGH:STEP",
        help="or NAME=A,B,C, or NAME alone: all that its bounds allow; repeatable")  # fmt: skip
    add("--method", choices=METHODS, default="grid", help="default grid")
    add("--trials", type=_count, default=100, metavar="N", help="of random and tpe; default 100")
    add("--seed", type=_natural, default=1, help="of the chance; default 1")
    add("--metric", choices=METRICS, default="sharpe", help="what is sought; default sharpe")


def _add_executor(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--executor", choices=EXECUTORS, default="pool",
        help="processes of this machine (default), this process, a Ray cluster")  # fmt: skip
    add("--workers", type=_count, metavar="N", help="jobs at once; default: processors")
    add("--engine", action="store_true", help="run every trial by the engine, follow no callbacks")
    add("--ray-address", default="local", metavar="URL", help="default: Ray on this machine")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _TRIALS_MAX:
        msg = f"{text!r} is no number from 1 to {_TRIALS_MAX}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 32:
        msg = f"{text!r} is no number from 0 to 2**32-1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _block(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 1 <= days <= 10_000:
        msg = f"{text!r} is no length from 1 to 10000 days"
        raise argparse.ArgumentTypeError(msg)
    return days
