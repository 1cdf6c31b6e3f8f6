"""The arguments of ``robotrader backtest``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

import argparse
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from robotrader.app.cli_args import common
from robotrader.app.data_args import ADJUST

PLANS: Final = ("fixed", "tiered", "none")


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``backtest`` and its commands to the command line."""
    shared = [common(defaults=False)]
    backtest = commands.add_parser("backtest", help="run strategies on history")
    verbs = backtest.add_subparsers(dest="verb", required=True, metavar="VERB")
    run = verbs.add_parser("run", parents=shared, help="run strategies of the configuration")
    add_options(run)
    listing = verbs.add_parser("ls", parents=shared, help="list the runs that were kept")
    listing.add_argument("-n", "--count", type=int, default=20, help="how many (default 20)")
    show = verbs.add_parser("show", parents=shared, help="show a run again")
    show.add_argument("id", metavar="ID")
    opened = verbs.add_parser("open", parents=shared, help="open a run's page in a browser")
    opened.add_argument("id", nargs="?", metavar="ID", help="default: the newest")
    opened.add_argument("--print", action="store_true", help="only print where the page is")
    compare = verbs.add_parser("compare", parents=shared, help="show runs beside each other")
    compare.add_argument("id", metavar="ID")
    compare.add_argument("others", nargs="+", metavar="ID")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what says which strategies run, on which history and at what costs."""
    add = parser.add_argument
    add("strategy", nargs="*", metavar="STRATEGY", help="its section; default: all that are on")
    add_history(parser)
    add("--cash", type=_cash, default=Decimal(100_000), metavar="USD", help="default 100000")
    help_fill = "at the next bar's open (default), or flattering: at the close of the bar itself"
    add("--fill", choices=("open", "close"), default="open", help=help_fill)
    add("--slippage", type=_bps, default=0.0, metavar="BPS", help="basis points; default 0")
    add("--plan", choices=PLANS, default="fixed", help="IBKR's commissions; default fixed")
    help_quotes = "trade by the quotes and trades of own data, and tell strategies of quotes"
    add("--quotes", action="store_true", help=help_quotes)
    help_signals = "let strategies compute their signals at once: faster, the same result"
    add("--signals", action="store_true", help=help_signals)


def add_history(parser: argparse.ArgumentParser) -> None:
    """Add what says which history: ``backtest_data.history_of`` reads it."""
    add = parser.add_argument
    help_data = "own data, or `catalogue`; default: that, where it has them, or bundled days"
    add("--data", type=Path, metavar="DIR", help=help_data)
    add("--source", default="", metavar="NAME", help="of several in the catalogue, as `data ls`")
    add("--adjust", choices=ADJUST, default="all", help="the catalogue's prices (default all)")
    add("--data-zone", default="America/New_York", help="of times in own data that have none")
    add("--from", dest="begin", type=day, metavar="DAY", help="first day of trading")
    add("--to", dest="end", type=day, metavar="DAY", help="last day")
    parser.set_defaults(quotes=False)


def day(text: str) -> date:
    """Return the day that an argument says."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        msg = f"{text!r} is no day, as 2020-01-31"
        raise argparse.ArgumentTypeError(msg) from None


def _cash(text: str) -> Decimal:
    try:
        cash = Decimal(text)
    except InvalidOperation:
        cash = Decimal(0)
    if not cash.is_finite() or not 0 < cash < Decimal("1e12"):
        msg = f"{text!r} is no sum above 0, as 100000"
        raise argparse.ArgumentTypeError(msg)
    return cash


def _bps(text: str) -> float:
    try:
        bps = float(text)
    except ValueError:
        bps = -1.0
    if not 0 <= bps <= 1_000:
        msg = f"{text!r} is no number of basis points from 0 to 1000, as 2.5"
        raise argparse.ArgumentTypeError(msg)
    return bps
