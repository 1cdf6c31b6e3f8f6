"""A journal on LMDB whose disk can be full on purpose: the fault point of chaos.

While ``full()`` says so, nothing is written and ``DiskFull`` is raised, as the disk's own ENOSPC
does once the reserve is used up; what was written before stays, and is read. The reserve itself is
not given up for a disk that is not really full.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.journal import DiskFull

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from robotrader.journal import Entry, Receipt
    from robotrader.journal.ports import Transaction

T = TypeVar("T")


class FillableStore(LmdbStore):
    """``LmdbStore``, with ``full`` asked before every write; ``given`` are its other arguments."""

    def __init__(self, path: Path, *, full: Callable[[], bool], **given: Any) -> None:
        self._full = full
        super().__init__(path, **given)

    def append(self, batch: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Write a batch. Raises DiskFull while the disk is said to be full."""
        self._check_room()
        return super().append(batch)

    def _write(self, work: Callable[[Transaction], T]) -> T:
        self._check_room()
        return super()._write(work)

    def _check_room(self) -> None:
        if self._full():
            raise DiskFull("nothing was written: a chaos run fills the disk", "wait for its end")
