"""The lease of a data directory: one system at a time, held by the kernel.

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
    """Another process has the directory."""


@contextlib.contextmanager
def held(data_dir: Path) -> Iterator[None]:
    """Hold the lease of a directory, which is made (0700) if need be.

    Raises LeaseHeldError, with the holder's pid, at once if another process has it.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = os.open(data_dir / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _locked(file):
            who = os.pread(file, 64, 0).decode("ascii", "replace").strip() or "unknown"
            msg = f"{data_dir} is in use by process {who}: stop it, or use another data_dir"
            raise LeaseHeldError(msg)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(file)


def holder(data_dir: Path) -> str | None:
    """Return the pid that holds a directory's lease, as text, or None if nobody does."""
    try:
        file = os.open(data_dir / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        if _locked(file):
            return None
        return os.pread(file, 64, 0).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
