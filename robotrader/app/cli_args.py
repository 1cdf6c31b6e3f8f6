"""The arguments of everything that works on a system; kept apart so that ``--help`` is quick.

The options that every command has may stand before or after the command's name.
"""

from __future__ import annotations

import argparse
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

LEVELS: Final = ("pause", "reduce", "cancel", "flatten")
SIDES: Final = ("BUY", "SELL", "SSHORT")
PERIODS: Final = {"daily": "day", "weekly": "week", "monthly": "month"}
LOG_LEVELS: Final = ("debug", "info", "warning", "error")
GROUPS: Final = ("ENV", "HOST", "CONF", "STORE", "IB")
_COUNT_MAX: Final = 10_000


def common(defaults: bool) -> argparse.ArgumentParser:
    """Return the options that every command has; a command's own parser sets no defaults."""
    parser = argparse.ArgumentParser(add_help=False)
    missing = None if defaults else argparse.SUPPRESS
    off = False if defaults else argparse.SUPPRESS
    add = parser.add_argument_group("configuration and output").add_argument
    add("--conf", type=Path, default=missing, metavar="DIR", help="folder of the configuration")
    add("--profile", default=missing, help="profile: demo, sim (default), paper or live")
    add("--set", action="append", default=missing, metavar="A.B=C", help="set one key; repeatable")
    add("--data-dir", default=missing, metavar="DIR", help="folder of the system that is meant")
    add("--json", action="store_true", default=off, help="print JSON")
    add("--quiet", action="store_true", default=off, help="print nothing but errors and JSON")
    add("--no-color", action="store_true", default=off, help="print without colours")
    return parser


def add_parsers(commands: Commands) -> None:
    """Add every command that works on a system or its configuration."""
    shared = [common(defaults=False)]
    _add_site(commands, shared)
    _add_looking(commands, shared)
    _add_acting(commands, shared)
    _add_config(commands, shared)


def _add_site(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    init = commands.add_parser("init", parents=shared, help="make a configuration to begin with")
    init.add_argument("folder", nargs="?", type=Path, default=Path("conf"), metavar="DIR")
    init.add_argument("--account", default="", help="the paper or live account, for local.toml")
    init.add_argument("--yes", action="store_true", help="ask nothing")
    commands.add_parser("run", parents=shared, help="run the system until it is stopped")
    doctor = commands.add_parser("doctor", parents=shared, help="find what would not work")
    doctor.add_argument("--only", choices=GROUPS, action="append", help="one group; repeatable")
    doctor.add_argument("--fix", action="store_true", help="repair what can be repaired safely")
    commands.add_parser(
        "healthcheck", parents=shared, help="exit 0 if the system can trade, else 4"
    )


def _add_looking(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    status = commands.add_parser("status", parents=shared, help="show how the system is")
    status.add_argument("--watch", action="store_true", help="show it again and again")
    _add_interval(status)
    top = commands.add_parser("top", parents=shared, help="show the busiest actors")
    _add_interval(top)
    _add_actors(commands, shared)
    breakers = commands.add_parser("breakers", help="circuit breakers")
    verbs = breakers.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("ls", parents=shared, help="list them")
    orders = commands.add_parser("orders", parents=shared, help="list working orders")
    orders.add_argument("--ended", action="store_true", help="those that ended, too")
    commands.add_parser("positions", parents=shared, help="list what is held")
    trades = commands.add_parser("trades", parents=shared, help="list fills")
    trades.add_argument("--from", dest="begin", metavar="TIME", help="default: a day ago")
    trades.add_argument("--to", dest="end", metavar="TIME", help="default: now")
    trades.add_argument("--strategy", default="", help="only this strategy's")
    pnl = commands.add_parser("pnl", parents=shared, help="show profit and loss")
    pnl.add_argument("period", nargs="?", choices=PERIODS, default="daily")
    pnl.add_argument("--count", type=_count, default=30, help="how many periods (default 30)")
    _add_risk(commands, shared)
    commands.add_parser("account", parents=shared, help="show what the broker says of the account")
    compare = commands.add_parser("reconcile", parents=shared, help="compare with the broker")
    compare.add_argument("--fix", type=str.upper, metavar="SYMBOL",
        help="accept the broker's position of a halted symbol")  # fmt: skip
    compare.add_argument("--reason", type=_reason, metavar="TEXT", help="why; with --fix")
    compare.add_argument("--yes", action="store_true", help="without a question; with --fix")
    _add_logs(commands.add_parser("logs", parents=shared, help="show the log, running or not"))


def _add_risk(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    risk = commands.add_parser("risk", help="what is risked, and what may be")
    verbs = risk.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("limits", parents=shared, help="show how far each limit is used")
    change = verbs.add_parser("set", parents=shared, help="change a limit of the running system")
    change.add_argument("name", metavar="LIMIT", help="as `risk limits` and `risk check` name it")
    change.add_argument("value", type=_limit, metavar="VALUE",
        help="a number, or `configured`: what the configuration says")  # fmt: skip
    change.add_argument("--reason", required=True, type=_reason)
    change.add_argument("--yes", action="store_true", help="loosen without a question")
    var = verbs.add_parser("var", parents=shared, help="show what one day can cost")
    var.add_argument("--level", type=_level, default=0.99, help="as 0.95; default 0.99")
    verbs.add_parser("stress", parents=shared, help="show what scenarios would bring")
    check = verbs.add_parser(
        "check", parents=shared, help="show what the gate would say of an order"
    )
    check.add_argument("side", type=str.upper, choices=SIDES, metavar="BUY|SELL|SSHORT")
    check.add_argument("qty", type=_number, metavar="QTY")
    check.add_argument("symbol", type=str.upper, metavar="SYMBOL")
    check.add_argument("--limit", type=_number, metavar="PRICE", help="default: a market order")
    check.add_argument("--strategy", default="check", help="in whose name")
    check.add_argument("--exit", action="store_true", help="meant to close a position")
    check.add_argument("--outside-rth", action="store_true", help="also outside regular hours")
    verbs.add_parser("size", parents=shared, help="show the sizes that were used last, and why")


def _add_interval(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--interval", type=_seconds, default=2.0, metavar="S", help="default 2")
    parser.add_argument("--times", type=_count, metavar="N", help="end after N times")


def _add_actors(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    actors = commands.add_parser("actors", help="the supervised actors")
    verbs = actors.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, says in (("ls", "list them"), ("tree", "show who supervises whom")):
        listing = verbs.add_parser(verb, parents=shared, help=says)
        listing.add_argument("under", nargs="?", default="/", metavar="PATH")
    show = verbs.add_parser("show", parents=shared, help="show one, by its path or its name")
    show.add_argument("path", metavar="PATH")
    restart = verbs.add_parser("restart", parents=shared, help="restart one")
    restart.add_argument("path", metavar="PATH")
    restart.add_argument("--reason", required=True, type=_reason)


def _add_logs(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("-f", "--follow", action="store_true", help="go on with what is written")
    add("-n", "--count", type=_count, default=100, help="how many lines (default 100)")
    add("--min-level", choices=LOG_LEVELS, default="", help="no lines below this level")
    add("--actor", default="", help="only this actor's")
    add("--cause", default="", help="only lines with this correlation id")


def _add_acting(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    stop = commands.add_parser("stop", parents=shared, help="end the system in order")
    stop.add_argument("--drain", type=_seconds, nargs="?", const=30.0, default=0.0, metavar="S",
        help="wait for working orders, at most S seconds (30)")  # fmt: skip
    commands.add_parser(
        "checkin", parents=shared, help="say that a person is there (kill_switch.dead_man_s)"
    )
    kill = commands.add_parser("kill", parents=shared, help="trip the kill switch")
    kill.add_argument("--level", choices=LEVELS, default="pause", help="default: pause")
    kill.add_argument("--scope", default="all", help="all, account:X, symbol:X or strategy:X")
    kill.add_argument("--reason", required=True, type=_reason)
    kill.add_argument("--yes", action="store_true", help="at once, without preview and question")
    resume = commands.add_parser("resume", parents=shared, help="clear the kill switch")
    resume.add_argument("--scope", default="all", help="as in kill")
    resume.add_argument("--reason", required=True, type=_reason)


def _add_config(commands: Commands, shared: list[argparse.ArgumentParser]) -> None:
    config = commands.add_parser("config", help="show, check, compare configurations")
    verbs = config.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", parents=shared, help="show every value")
    show.add_argument("--origin", action="store_true", help="and where it comes from")
    verbs.add_parser("check", parents=shared, help="say everything that is wrong")
    schema = verbs.add_parser("schema", parents=shared, help="print the JSON Schema")
    schema.add_argument("--markdown", action="store_true", help="the reference instead")
    export = verbs.add_parser(
        "export", parents=shared, help="write the files for Prometheus, Grafana and IBC"
    )
    export.add_argument("folder", type=Path, metavar="DIR")
    diff = verbs.add_parser("diff", parents=shared, help="compare two profiles")
    diff.add_argument("one", metavar="PROFILE")
    diff.add_argument("other", metavar="PROFILE")


def add_journal_verbs(verbs: Commands) -> None:
    """Add the ``journal`` commands that ask a running system."""
    shared = [common(defaults=False)]
    tail = verbs.add_parser("tail", parents=shared, help="show a running system's newest records")
    tail.add_argument("-n", "--count", type=_count, default=20, help="how many (default 20)")
    query = verbs.add_parser("query", parents=shared, help="find records of a running system")
    query.add_argument("--after", type=_natural, default=0, help="only behind this number")
    query.add_argument("--kind", action="append", default=[], help="a record type; repeatable")
    query.add_argument("--match", default="", help="a ref, a symbol, a cause")
    query.add_argument("-n", "--count", type=_count, default=100, help="at most (default 100)")


def with_common_defaults(arguments: argparse.Namespace) -> argparse.Namespace:
    """Fill in the common options that were given nowhere."""
    for name, value in vars(common(defaults=True).parse_args([])).items():
        if not hasattr(arguments, name):
            setattr(arguments, name, value)
    return arguments


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= _COUNT_MAX:
        msg = f"{text!r} is no number from 1 to {_COUNT_MAX}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _level(text: str) -> float:
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0.51 <= level <= 0.9999:
        msg = f"{text!r} is no level from 0.51 to 0.9999, as 0.99"
        raise argparse.ArgumentTypeError(msg)
    return level


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal(0)
    if not number.is_finite() or number <= 0:
        msg = f"{text!r} is no number above 0, as 100 or 190.25"
        raise argparse.ArgumentTypeError(msg)
    return number


def _limit(text: str) -> Decimal | None:
    try:
        number = None if text == "configured" else Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if number is not None and (not number.is_finite() or number < 0):
        msg = f"{text!r} is no limit: write a number from 0 on, as 0.02 or 25000, or `configured`"
        raise argparse.ArgumentTypeError(msg)
    return number


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 63:
        msg = f"{text!r} is no number from 0 to 2**63-1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 < seconds <= 3600:
        msg = f"{text!r} is no time from 0 to 3600 seconds, as 30 or 30s"
        raise argparse.ArgumentTypeError(msg)
    return seconds


def _reason(text: str) -> str:
    if not text.strip() or len(text) > 500:
        msg = "a reason has 1 to 500 characters: it is kept in the journal"
        raise argparse.ArgumentTypeError(msg)
    return text
