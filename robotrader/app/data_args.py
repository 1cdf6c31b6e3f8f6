"""The arguments of ``robotrader data``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import Final

from robotrader.app.cli_args import common

ADJUST: Final = ("all", "splits", "none")
MODELS: Final = ("gbm", "bridge")
_MOST: Final = 10_000


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``data`` and its commands to the command line."""
    shared = [common(defaults=False)]
    data = commands.add_parser("data", help="the catalogue of prices on this disk")
    verbs = data.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_import(verbs.add_parser("import", parents=shared, help="take prices into the catalogue"))
    _add_symbols(verbs.add_parser("ls", parents=shared, help="list what is there"))
    gaps = verbs.add_parser("gaps", parents=shared, help="show gaps, spikes, doubles, odd volumes")
    _add_symbols(gaps)
    add_choice(gaps)
    gaps.add_argument("-n", "--count", type=_count, default=20, help="places a series (default 20)")
    verify = verbs.add_parser("verify", parents=shared, help="read everything again and judge it")
    _add_symbols(verify)
    verify.add_argument("--strict", action="store_true", help="fail for gaps and spikes too")
    _add_export(verbs.add_parser("export", parents=shared, help="write a series to a file"))
    _add_synth(verbs.add_parser("synth", parents=shared, help="draw minutes from a seed"))


def _add_import(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("paths", nargs="*", type=Path, metavar="PATH", help="CSV, Parquet or LEAN files or folders")
    add("--bundled", action="store_true", help="the days that come with robotrader, instead")
    add("--actions", type=Path, metavar="FILE", help="splits and dividends, instead")
    add("--symbol", action="append", default=[], type=str.upper,
        help="of a file that is not named for it; of bundled days, repeatable")  # fmt: skip
    add("--bar", default="", metavar="LENGTH", help="of bars whose end is in no column, as 1m")
    add("--tz", default="", metavar="ZONE", help="of times that have none, as America/New_York")
    add("--source", default="", metavar="NAME", help="default: csv, parquet, lean or bundled")
    add("--licence", default="", metavar="TEXT", help="under which terms you have them")
    add("--calendar", default="", metavar="CODE", help="the exchange's (default XNYS)")
    add("--adjusted", action="store_true", help="they are adjusted for splits and dividends")
    add("--synthetic", action="store_true", help="they were made up")
    add("--replace", action="store_true", help="rows that differ from those there take their place")


def _add_export(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("symbol", type=str.upper, metavar="SYMBOL")
    add("file", type=Path, metavar="FILE", help="its ending says how: .csv, .csv.gz, .parquet")
    add_choice(parser)
    add("--from", dest="begin", type=day, metavar="DAY", help="first day")
    add("--to", dest="end", type=day, metavar="DAY", help="last day")
    add("--adjust", choices=ADJUST, default="none", help="for splits and dividends (default none)")
    add("--force", action="store_true", help="write over a file that is there")


def _add_synth(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("symbol", type=str.upper, metavar="SYMBOL")
    add("--from", dest="begin", type=day, required=True, metavar="DAY", help="first day")
    add("--to", dest="end", type=day, required=True, metavar="DAY", help="last day")
    add("--model", choices=MODELS, default="gbm",
        help="a random walk (default), or bridges through the days that are known")  # fmt: skip
    add("--seed", type=int, default=1, help="of everything that is drawn (default 1)")
    add("--price", type=float, default=100.0, metavar="USD", help="first price (default 100)")
    add("--drift", type=float, default=0.0, help="a year, of the logarithm (default 0)")
    add("--volatility", type=float, default=0.2, help="a year (default 0.2)")
    add("--source", default="synthetic", metavar="NAME", help="default: synthetic")
    add("--replace", action="store_true", help="rows that differ from those there take their place")


def _add_symbols(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("symbols", nargs="*", type=str.upper, metavar="SYMBOL", help="default: all")


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Add what chooses a series of a symbol."""
    parser.add_argument("--bar", default="", metavar="LENGTH", help="1m, 1h, 1d, trades, quotes")
    parser.add_argument("--source", default="", metavar="NAME", help="as `data ls` names it")


def day(text: str) -> date:
    """Return a day.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no day, as 2020-01-31"
        raise argparse.ArgumentTypeError(msg) from None


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _MOST:
        msg = f"{text!r} is no number from 1 to {_MOST}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
