"""The lease of a directory: one system in a data directory, one process with a journal.

An ``flock`` ends with the process that holds it, however it ends, so nothing is left behind that a
person or a program would have to delete. What the file says is for people; only the lock counts.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Final

from robotrader.domain.errors import RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "lease"
EXIT_CODE: Final = 75
"""What a process exits with that did not get it: EX_TEMPFAIL of sysexits.h."""


class LeaseHeldError(RoboTraderError):
    """Another process has the directory; ``who`` is its pid, as text."""

    def __init__(self, folder: Path, who: str) -> None:
        self.who = who
        super().__init__(f"{folder} is in use by process {who}: stop it, or use another data_dir")


class Lease:
    """The lease of a directory that is there, held until it is released.

    Raises:
        LeaseHeldError: another process, or another lease of this one, has it.
    """

    def __init__(self, folder: Path, name: str = NAME) -> None:
        self._file = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _locked(self._file):
            who = _written(self._file)
            os.close(self._file)
            raise LeaseHeldError(folder, who)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def fileno(self) -> int:
        """Return what a child can be given, so that it holds the lease too."""
        return self._file

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the lease of a directory, which is made (0700) if need be.

    Raises LeaseHeldError, with the holder's pid, at once if another process has it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    lease = Lease(data_dir)
    try:
        yield
    finally:
        lease.release()


def holder(data_dir: Path, name: str = NAME) -> str | None:
    """Return the pid that holds a directory's lease, as text, or None if nobody does."""
    try:
        file = os.open(data_dir / name, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(file):
            return None
        return _written(file)
    finally:
        os.close(file)


def _written(file: int) -> str:
    return os.pread(file, 64, 0).decode("ascii", "replace").strip() or "unknown"


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
