"""The arguments of ``robotrader strategy``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from robotrader.app.backtest_args import add_history
from robotrader.app.cli_args import common

TEMPLATES: Final = ("minimal", "sma", "breakout", "reversion")
_STRATEGY: Final = "a section of the configuration, package.module:Class, or file.py"


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``strategy`` and its commands to the command line."""
    shared = [common(defaults=False)]
    strategy = commands.add_parser("strategy", help="make strategies, and look at them")
    verbs = strategy.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("ls", parents=shared, help="list those of the configuration and of the box")
    show = verbs.add_parser("show", parents=shared, help="load one and show its parameters")
    check = verbs.add_parser(
        "check", parents=shared, help="find look-ahead, too short a warm-up, chance, lost state"
    )
    for each in (show, check):
        each.add_argument("where", metavar="STRATEGY", help=_STRATEGY)
        each.add_argument(
            "--param", action="append", default=[], metavar="NAME=VALUE",
            help="a parameter, as JSON; repeatable",
        )  # fmt: skip
    _add_check(check)
    _add_new(verbs.add_parser("new", parents=shared, help="write one, with a test that passes"))


def _add_check(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--symbol",
        default="",
        help="real bars of this symbol, of a spread as A,B; default: a random walk",
    )
    add("--bar", default="", help="length of the bars, as 1m or 1d; default: its section's, or 1m")
    add_history(parser)
    add("--bars", type=_count, default=1_200, metavar="N", help="how many bars (default 1200)")
    add("--seed", type=int, default=1, help="of the random walk, and of where it is cut")
    add("--tolerance", type=_part, default=1e-6, metavar="X",
        help="part by which numbers may differ after another warm-up (default 1e-6)")  # fmt: skip
    add("--digest", action="store_true", help=argparse.SUPPRESS)


def _add_new(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", help="small letters, digits and _, as dip_buyer")
    add("--template", choices=TEMPLATES, default="minimal", help="what it begins with")
    add("--folder", type=Path, default=Path("strategies"), metavar="DIR", help="default strategies")
    add("--symbols", default="", metavar="A,B", help="default: the first of the universe")
    add("--bar", default="1d", help="length of its bars (default 1d)")


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 10 <= int(text) <= 1_000_000:
        msg = f"{text!r} is no number of bars from 10 to 1000000"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _part(text: str) -> float:
    try:
        part = float(text)
    except ValueError:
        part = -1.0
    if not 0 <= part < 1:
        msg = f"{text!r} is no part from 0 to 1, as 1e-6"
        raise argparse.ArgumentTypeError(msg)
    return part
