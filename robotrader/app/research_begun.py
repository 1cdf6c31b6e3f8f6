"""What was begun and may be gone on with: which it is, and whether it is still the same.

The trials that are left are run by this program on this history. They belong to those that are kept
only if both are what they were.
"""

from __future__ import annotations

import inspect
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from robotrader.adapters.installed import Installed
from robotrader.adapters.loader import load_class
from robotrader.app.building import chosen
from robotrader.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from robotrader.app.research_job import Loaded
    from robotrader.config import Config


def kept_folder(parent: Path, name: str | None, file: str, what: str) -> Path:
    """Return the folder of what is meant, or of the newest.

    Args:
        parent: where all of its kind are.
        name: which; None: the newest.
        file: what says what it is.
        what: its kind, as its command is called.

    Raises:
        ConfigurationError: there is none of that name, or none at all.
    """
    known = sorted(each.parent for each in parent.glob(f"*/{file}"))
    if name is not None and parent / name not in known:
        listed = ", ".join(each.name for each in known[-5:]) or "none"
        raise ConfigurationError(f"no {what} {name} in {parent}: the newest are {listed}")
    if not known:
        msg = f"no {what}s in {parent}: begin one with `robotrader {what} run`"
        raise ConfigurationError(msg)
    return known[-1] if name is None else parent / name


def unchanged(name: str, config: Config, code: str, data: str, history: Loaded) -> None:
    """Refuse to go on with what is not as it was.

    Raises:
        ConfigurationError: program, a strategy's file or history has changed; it says which.
    """
    for what, was, now in (
        ("program or a strategy's file", code, code_of(config)),
        ("history", data, history.digest),
    ):
        if was != now:
            msg = f"the {what} has changed since {name} was begun: run it anew"
            raise ConfigurationError(msg)


def window_of(history: Loaded) -> str:
    """Return the days of trading, in words.

    Raises:
        ConfigurationError: there are none.
    """
    days = history.days
    if not days:
        msg = "no bar lies in that window: give an earlier --from or a later --to"
        raise ConfigurationError(msg)
    return f"{days[0]} to {days[-1]}, {len(days)} days"


def code_of(config: Config) -> str:
    """Return what tells this program and these strategies' files from others."""
    made = blake2b(Installed.of_packages().running.encode(), digest_size=8)
    for each in chosen(config).values():
        made.update(Path(inspect.getfile(load_class(each.class_))).read_bytes())
    return made.hexdigest()
