"""The arguments of ``robotrader journal``; kept apart so that ``--help`` loads nothing else."""

from __future__ import annotations

import argparse
from pathlib import Path

from robotrader.app import cli_args


def add_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``journal`` and its commands to the command line."""
    journal = commands.add_parser("journal", help="verify, show, back up, restore a journal")
    verbs = journal.add_subparsers(dest="verb", required=True, metavar="VERB")
    cli_args.add_journal_verbs(verbs)
    verify = verbs.add_parser("verify", help="check every record, index row and snapshot")
    verify.add_argument("path", type=Path, metavar="PATH", help="the journal's folder")
    dump = verbs.add_parser("dump", help="show records, a line of JSON each")
    dump.add_argument("path", type=Path, metavar="PATH", help="the journal's folder")
    dump.add_argument("--after", type=_natural, default=0, help="only behind this number")
    dump.add_argument("--count", type=_natural, help="at most so many (default: all)")
    backup = verbs.add_parser("backup", help="write a compacted, verified copy")
    backup.add_argument("path", type=Path, metavar="PATH", help="the journal's folder")
    backup.add_argument("to", type=Path, metavar="TO", help="a folder that does not exist")
    _add_restore(verbs.add_parser("restore", help="build a journal anew from its second copy"))


def _add_restore(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("path", type=Path, metavar="PATH", help="the journal's folder; what is there is moved")
    add("--from", dest="folders", type=Path, action="append", required=True, metavar="FOLDER",
        help="folder of the second copy, or of the archive; may be given again")  # fmt: skip
    add("--epoch", type=_natural, default=0, help="least epoch, if a greater one was in use")
    add("--apply", action="store_true", help="do it; without it, only say what would be done")


def _natural(text: str) -> int:
    """Return a number that is not negative, or raise what ``argparse`` shows."""
    if not text.isascii() or not text.isdigit() or int(text) >= 1 << 64:
        msg = f"{text!r} is no number from 0 to 2**64-1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)
