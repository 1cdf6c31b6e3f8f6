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
        within = [_within(folder) for folder in self._folders]
        files = [file for _, found in within for file in found]
        below = (place for places, _ in within for place in places)
        self._watched = (*below, *(path for _, path in files))
        self._seen = self._look()
        made = hashlib.sha256()
        for name, path in files:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - a start waits for hundreds
                content = file.read()
            made.update(f"{name}\0{len(content)}\0".encode())
            made.update(content)
        return made.hexdigest()[:DIGITS]


def _within(folder: Path) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the folder and all below it; the sources in them with their names, part by part."""
    top, places, found = len(str(folder.parent)) + 1, list[str](), list[tuple[list[str], str]]()
    for place, _, names in os.walk(folder, onerror=_refuse):
        places.append(place)
        parts = place[top:].split("/")
        found += [([*parts, name], f"{place}/{name}") for name in names if name.endswith(".py")]
    return places, [("/".join(parts), path) for parts, path in sorted(found)]


def _refuse(error: OSError) -> None:
    """Leave out what nobody may read; what is gone by now was an upgrade's."""
    if not isinstance(error, PermissionError):
        raise error
