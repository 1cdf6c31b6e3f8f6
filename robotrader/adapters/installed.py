"""What is installed: a digest of the program's own source files, and whether it is still the same.

A process goes on with the code that it has loaded. After an upgrade beside it, what is on disk and
what trades are two programs (F26). Files are looked at by size, time and number first, and read
only if one of these has changed.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

DIGITS: Final = 12
"""Hexadecimal digits of a build's name: enough to tell builds apart, short enough to be read."""

CHANGING: Final = "changing"
"""In place of a digest while a file cannot be read: an upgrade is under way."""

_Sight: TypeAlias = tuple[tuple[int, int, int], ...]


class Installed:
    """The Python sources below ``folders``: those of the packages that this process runs.

    ``running`` is their digest at the time of the construction, as near to the start as can be.
    """

    def __init__(self, folders: Iterable[Path]) -> None:
        self._folders = tuple(folders)
        self._watched: tuple[str, ...] = ()
        """Files and folders: a folder's time changes with what is in it."""

        self._seen: _Sight = ()
        self._digest = CHANGING
        self.running = self.now()

    @classmethod
    def of_packages(cls) -> Installed:
        """Return the packages of the checkout or installation that this module is a part of."""
        root = Path(__file__).resolve().parents[2]
        return cls(root / name for name in ("robotrader", "actors", "supervision"))

    def now(self) -> str:
        """Return the digest of what is on disk now, ``CHANGING`` if it cannot be read."""
        try:
            if self._digest == CHANGING or self._changed():
                self._digest = self._read()
        except OSError:
            self._digest = CHANGING
        return self._digest

    def _changed(self) -> bool:
        try:
            return self._look() != self._seen
        except FileNotFoundError:
            return True

    def _look(self) -> _Sight:
        found = map(os.stat, self._watched)
        return tuple((each.st_size, each.st_mtime_ns, each.st_ino) for each in found)

    def _read(self) -> str:
        """Read everything; what changes meanwhile is seen to have changed by the next look."""
        files = [
            (f"{folder.name}/{file.relative_to(folder).as_posix()}", file)
            for folder in self._folders
            for file in sorted(folder.rglob("*.py"))
        ]
        below = (each for folder in self._folders for each in folder.rglob("*") if each.is_dir())
        places = (*self._folders, *below, *(file for _, file in files))
        self._watched = tuple(map(str, places))
        self._seen = self._look()
        made = hashlib.sha256()
        for name, file in files:
            content = file.read_bytes()
            made.update(f"{name}\0{len(content)}\0".encode())
            made.update(content)
        return made.hexdigest()[:DIGITS]
