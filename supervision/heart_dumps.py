"""The files that hold the stacks of children that crashed or hung: few, and none empty.

A child's dump is opened before its process starts, since one that crashes cannot open anything,
and is kept under a number of its own only if something was written. The newest ``keep`` of each
child stay; faulthandler bounds one dump to 100 threads of 100 frames.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_DIGITS: Final = 6


class Dumps:
    """The dumps in ``folder``, which is made if it is missing; at most ``keep`` of each child.

    Raises:
        ValueError: ``keep`` is below 1.
        OSError: the folder cannot be made.
    """

    def __init__(self, folder: Path, keep: int = 8) -> None:
        if keep < 1:
            msg = f"keep is {keep}; use a count >= 1"
            raise ValueError(msg)
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._keep = keep

    def open(self, name: str) -> int:
        """Return a descriptor for the dump of the process that is about to start.

        What a heart that was itself killed left behind is kept first.

        Raises:
            OSError: the file cannot be made.
        """
        self.collect(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        return os.open(self._current(name), flags, 0o600)

    def collect(self, name: str) -> Path | None:
        """Keep what the process that has ended wrote, if anything, and return where.

        Raises:
            OSError: the folder cannot be written to.
        """
        current = self._current(name)
        if not current.exists():
            return None
        if current.stat().st_size == 0:
            current.unlink()
            return None
        kept = self.kept(name)
        last = int(kept[-1].name.split(".")[-2]) if kept else 0
        target = self._folder / f"{name}.{last + 1:0{_DIGITS}}.dump"
        current.rename(target)
        for old in kept[: len(kept) + 1 - self._keep]:
            old.unlink()
        return target

    def kept(self, name: str) -> list[Path]:
        """Return the dumps of a child, oldest first."""
        prefix, suffix = f"{name}.", ".dump"
        found = [
            path
            for path in self._folder.iterdir()
            if path.name.startswith(prefix)
            and path.name.endswith(suffix)
            and path.name[len(prefix) : -len(suffix)].isdigit()
        ]
        return sorted(found, key=lambda path: int(path.name[len(prefix) : -len(suffix)]))

    def _current(self, name: str) -> Path:
        return self._folder / f"{name}.current"
