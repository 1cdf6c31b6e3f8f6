"""The arguments of ``robotrader chaos``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from robotrader.app.cli_args import common

if TYPE_CHECKING:
    import argparse


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``chaos`` and its commands to the command line."""
    shared = [common(defaults=False)]
    chaos = commands.add_parser("chaos", help="break a running system on purpose (never live)")
    verbs = chaos.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs.add_parser("ls", parents=shared, help="list the scenarios")
    run = verbs.add_parser("run", parents=shared, help="run one, judge it, write a report")
    run.add_argument("scenario", metavar="SCENARIO", help="a name of `ls`, or a TOML file")
    run.add_argument("--yes", action="store_true", help="ask nothing (mode sim asks nothing)")
    verbs.add_parser("stop", parents=shared, help="end a run, and everything that it has broken")
    report = verbs.add_parser("report", parents=shared, help="show the newest report")
    report.add_argument("scenario", nargs="?", default="", metavar="SCENARIO", help="of this one")
    link = verbs.add_parser("link", help="what `run` puts before the broker's gateway, by itself")
    link.add_argument("--port", type=int, required=True, help="where the core connects")
    link.add_argument("--to", required=True, metavar="HOST:PORT", help="where the gateway is")
    link.add_argument("--socket", type=Path, required=True, help="where toxics are asked for")
