"""Log files: lines of JSON in one folder, by one writer, with a bound on all of them together.

The file that is written is ``robotrader.jsonl``; at its size it gets the next number and a new one
begins. The oldest go first when all together would be too much. One process writes a folder; two
that rotate one log lose lines. A disk that is full loses lines too, which is counted, and never
stops who logs.
"""

from __future__ import annotations

import itertools
import os
import re
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CURRENT: Final = "robotrader.jsonl"
_NUMBERED: Final = re.compile(r"^robotrader-([0-9]{8})\.jsonl$")
_BLOCK: Final = 1 << 16
FOLLOW_S: Final = 0.25
"""How long a person who follows a log waits for a line, at most."""

LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class LogFiles:
    """The writer of a folder. ``lost`` counts lines that could not be written."""

    def __init__(self, folder: Path, *, file_bytes: int, total_bytes: int) -> None:
        if not 0 < file_bytes <= total_bytes // 2:
            msg = f"two files of {file_bytes} bytes do not fit into {total_bytes}"
            raise ValueError(msg)
        self._folder = folder
        self._file_bytes = file_bytes
        self._total_bytes = total_bytes
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self.lost = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def write(self, line: bytes) -> None:
        """Append a line, which has no line end yet; a longer one than a file is cut."""
        data = line[: self._file_bytes - 1].replace(b"\n", b" ") + b"\n"
        with self._lock:
            try:
                self._append(data)
            except OSError:
                self.lost += 1

    def close(self) -> None:
        """Close the file; a later line opens it again."""
        with self._lock:
            self._close()

    def _append(self, data: bytes) -> None:
        if self._file is None:
            self._open()
        if self._size and self._size + len(data) > self._file_bytes:
            self._rotate()
        if self._file is not None:
            self._size += os.write(self._file, data)

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._folder / CURRENT, flags, 0o600)
        self._size = os.fstat(self._file).st_size

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _rotate(self) -> None:
        self._close()
        numbered = _numbered(self._folder)
        following = _number(numbered[-1]) + 1 if numbered else 1
        full = self._folder / f"robotrader-{following:08d}.jsonl"
        (self._folder / CURRENT).rename(full)
        self._forget([*numbered, full])
        self._open()

    def _forget(self, oldest_first: list[Path]) -> None:
        """Remove files until the rest leaves room for a new one."""
        total = sum(path.stat().st_size for path in oldest_first)
        for path in oldest_first:
            if total + self._file_bytes <= self._total_bytes:
                return
            total -= path.stat().st_size
            path.unlink()


def _number(path: Path) -> int:
    found = _NUMBERED.match(path.name)
    return int(found[1]) if found else 0


def _numbered(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("robotrader-*.jsonl") if _number(path))


def newest(
    folder: Path, count: int, *, min_level: str = "", actor: str = "", cause: str = ""
) -> list[dict[str, Any]]:
    """Return the newest ``count`` lines that fit, the newest last.

    A line that is no JSON, as the last one of a crash, is returned as ``{"event": its text}``.
    """
    found: list[dict[str, Any]] = []
    paths = [*_numbered(folder), folder / CURRENT]
    for path in reversed(paths):
        for line in _backwards(path):
            entry = _entry(line)
            if fits(entry, min_level, actor, cause):
                found.append(entry)
            if len(found) == count:
                return found[::-1]
    return found[::-1]


def _backwards(path: Path) -> Iterator[bytes]:
    """Yield a file's lines, the last first, reading no more than is asked for."""
    try:
        file = path.open("rb")
    except FileNotFoundError:  # rotated away meanwhile, or never written
        return
    with file:
        at = file.seek(0, os.SEEK_END)
        rest = b""
        while at:
            start = max(0, at - _BLOCK)
            file.seek(start)
            pieces = (file.read(at - start) + rest).split(b"\n")
            rest = pieces[0]
            yield from (piece for piece in reversed(pieces[1:]) if piece)
            at = start
        if rest:
            yield rest


def _entry(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {"event": line.decode("utf-8", "replace")}


def fits(entry: dict[str, Any], min_level: str, actor: str, cause: str) -> bool:
    """Return whether a line is of a level at least, of an actor, of a cause; empty: of any."""
    level = entry.get("level", "info")
    if min_level and level in LEVELS and LEVELS.index(level) < LEVELS.index(min_level):
        return False
    if actor and entry.get("actor") != actor:
        return False
    return not cause or entry.get("cause") == cause


def follow(folder: Path, wait: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """Yield lines as they are written, for ever; ``wait`` is called where there are none.

    A file that was renamed is read to its end, and then the one after it, before the current one.
    """
    file = _reading(folder / CURRENT)
    if file is not None:
        file.seek(0, os.SEEK_END)
    while file is None and (file := _oldest(folder)) is None:
        wait(FOLLOW_S)
    rest = b""
    try:
        while True:
            if file is None and (file := _reading(folder / CURRENT)) is None:
                wait(FOLLOW_S)
                continue
            # Asked before reading: to what was renamed already nothing is added any more.
            over = not _is_current(file, folder)
            *lines, rest = (rest + (data := file.read(_BLOCK))).split(b"\n")
            yield from (_entry(line) for line in lines if line)
            if not data and over:
                file = _following(file, folder)
            elif not data:
                wait(FOLLOW_S)
    finally:
        if file is not None:
            file.close()


def _oldest(folder: Path) -> BinaryIO | None:
    return _reading([*_numbered(folder), folder / CURRENT][0])


def _following(file: BinaryIO, folder: Path) -> BinaryIO | None:
    """Close a file that was renamed and open the one that was begun after it."""
    inode = os.fstat(file.fileno()).st_ino
    file.close()
    paths = [*_numbered(folder), folder / CURRENT]
    for path, after in itertools.pairwise(paths):
        if path.exists() and path.stat().st_ino == inode:
            return _reading(after)
    return _reading(paths[0])


def _reading(path: Path) -> BinaryIO | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _is_current(file: BinaryIO, folder: Path) -> bool:
    try:
        return os.fstat(file.fileno()).st_ino == (folder / CURRENT).stat().st_ino
    except FileNotFoundError:  # between a rename and the first line after it
        return False
