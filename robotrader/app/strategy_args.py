"""The arguments of ``robotrader strategy``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``strategy`` and its commands to the command line."""
    strategy = commands.add_parser("strategy", help="look at strategies")
    verbs = strategy.add_subparsers(dest="verb", required=True, metavar="VERB")
    check = verbs.add_parser("check", help="load a strategy and show its parameters")
    check.add_argument("where", metavar="STRATEGY", help="package.module:Class or file.py:Class")
    check.add_argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="a parameter, as JSON"
    )
