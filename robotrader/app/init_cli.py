"""``robotrader init``: a folder of configuration to begin with, safe as it is.

The files are those of ``conf/`` in the repository, which are carried in the package. Nothing that
exists is changed; an account goes into ``local.toml``, which is of this machine alone.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Final

from robotrader.app import carried, exits
from robotrader.app.config_files import load
from robotrader.app.control_client import RefusedError
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

_ACCOUNT: Final = re.compile(r"(?:D[UF]|U)[0-9]{4,12}")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    return exits.guarded(lambda: _init(arguments))


def _init(arguments: argparse.Namespace) -> int:
    folder: Path = arguments.folder
    refuse_full(folder)
    account = arguments.account
    if not account and not arguments.yes and sys.stdin.isatty():
        account = _question("paper account, as DU1234567 (empty: only simulation): ")
    if account and not _ACCOUNT.fullmatch(account):
        msg = f"{account!r} is no account: it begins with DU, DF or U, as DU1234567"
        raise ConfigurationError(msg)
    written = carried.write(folder, carried.configuration())
    if account:
        written += carried.write(folder, [("local.toml", _local(account))])
    load(folder, "paper" if account.startswith("D") else "sim", [], {})
    if not arguments.quiet:
        print(f"{len(written)} files in {folder}; next: robotrader doctor --conf {folder}")
    return exits.OK


def refuse_full(folder: Path) -> None:
    """Raise RefusedError if there is something in a folder that is to be written."""
    if folder.exists() and any(folder.iterdir()):
        msg = f"{folder} exists and is not empty: name another folder"
        raise RefusedError(msg)


def _question(text: str) -> str:
    print(text, end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()


def _local(account: str) -> str:
    """Return a live account as a comment: sim would refuse to start with it."""
    line = f'account = "{account}"\n'
    live = account.startswith("U")
    return "# What this machine adds; not for the repository.\n" + (f"# {line}" if live else line)
