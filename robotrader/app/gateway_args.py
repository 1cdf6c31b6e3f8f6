"""The arguments of ``robotrader gateway``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robotrader.app.cli_args import common

if TYPE_CHECKING:
    import argparse

_ZONE = "America/New_York"


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``gateway`` and its commands to the command line."""
    gateway = commands.add_parser("gateway", help="run an emulated IB Gateway; look at any gateway")
    verbs = gateway.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_emulate(verbs.add_parser("emulate", help="serve a simulated market on the TWS API"))
    probe = verbs.add_parser("probe", help="open a proper API session and say what answers")
    probe.add_argument("address", metavar="HOST:PORT")
    probe.add_argument("--client-id", type=int, default=999, help="client id (default 999)")
    verbs.add_parser(
        "confirm", parents=[common(defaults=False)],
        help="say that a person has logged in or confirmed: a running system connects now",
    )  # fmt: skip
    errors = verbs.add_parser("errors", help="explain an error code")
    errors.add_argument("code", type=int)
    replay = verbs.add_parser("replay", help="show an event log, or play it to a client")
    replay.add_argument("log", type=Path)
    replay.add_argument("--port", type=int, help="play it to clients on this port (0: any free)")
    replay.add_argument("--speed", type=float, default=0.0, help="times as fast (0: at once)")


def _add_emulate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: loopback only)")
    add("--port", type=int, default=4002, help="port (default 4002, 0: any free one)")
    add("--control-port", type=int, help="port of the control interface (default: none)")
    add("--speed", type=float, default=1.0, help="emulated seconds a second (default 1)")
    add("--seed", type=int, default=1, help="seed of all prices (default 1)")
    add("--account", default="DU1234567", help="account name (default DU1234567)")
    add("--cash", default="1000000", help="its cash in USD (default 1000000)")
    add("--data", type=Path, help="folder or file of your own prices (default: bundled ones)")
    add("--data-zone", default=_ZONE, help=f"zone of times without one (default {_ZONE})")
    add("--start", help="emulated time to begin at: 2024-01-02 or 2024-01-02T09:30, New York")
    add("--calendar", action="store_true", help="trade in the New York Stock Exchange's sessions")
    add("--fault", action="append", default=[], help="fault program: a file or a row, as C6")
    add("--clients-max", type=int, default=32, help="connections at once (default 32)")
    add("--version-cap", type=int, default=200, help="newest server version (default 200)")
    add("--state", type=Path, help="file that orders and accounts are kept in over restarts")
    add("--resume", action="store_true", help="go on from the time of --state, if there is one")
    add("--log", type=Path, help="file that every frame is written to")
