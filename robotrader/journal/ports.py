"""What a store does for its caller, and what it needs from a disk.

``Store`` is what the journal's actor sees: the same over LMDB and in a simulation. ``Disk`` and
``Transaction`` are the little that differs between the two: ordered tables of bytes, changed
together or not at all.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import msgspec

from robotrader.journal.frame import GENESIS, Frame, Tip
from robotrader.journal.index import Found, Index, IndexRow
from robotrader.journal.levels import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.journal.errors import JournalError
    from robotrader.journal.snapshots import Snapshot

T = TypeVar("T")

LOG: Final = "log"
META: Final = "meta"
SNAP: Final = "snap"
TABLES: Final = (LOG, META, SNAP, *(index.table for index in Index))


class Entry(msgspec.Struct, frozen=True, gc=False):
    """An event that is to be written, encoded by a ``Catalogue``.

    ``entering`` marks what leads to new exposure (an intent): it is refused when the disk is almost
    full, so that exits, fills and the kill switch can be written to the end.
    """

    type_id: int
    version: int
    payload: bytes
    incarnation: int = 0
    wall_ns: int = 0
    rows: tuple[IndexRow, ...] = ()
    entering: bool = False


class Fate(Enum):
    """What became of an entry."""

    WRITTEN = "written"
    DUPLICATE = "duplicate"
    REFUSED = "refused"


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """The answer for one entry; it is durable when it is there.

    ``seq`` is the event's number; of a duplicate, the number of the event that was first; of a
    refused one (the disk is almost full), 0.
    """

    fate: Fate
    seq: int


class Known(msgspec.Struct, frozen=True):
    """What is known of the journal from elsewhere: it has reached this number and this epoch."""

    seq: int = 0
    epoch: int = 0


class Health(msgspec.Struct, frozen=True):
    """How a store is. ``problem`` ends all writing; ``copy_problem`` ends the second copy only."""

    level: Level
    free_bytes: int
    tip: Tip
    epoch: int
    ballast: bool
    problem: str = ""
    copy_problem: str = ""
    used_bytes: int = 0
    """Size of the tables."""


class Store(Protocol):
    """The journal. One thread uses it; every method may raise ``JournalError``.

    Durability is the caller's choice: who needs it before an effect waits for the receipt.
    """

    @property
    def epoch(self) -> int:
        """How often the store was opened, this time included."""
        ...

    @property
    def tip(self) -> Tip:
        """The last record."""
        ...

    def append(self, batch: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Write a batch and its index rows, all or nothing; return when it is durable."""
        ...

    def replay(self, after: Tip = GENESIS) -> Iterator[Frame]:
        """Yield the records behind ``after``, which is the beginning or a snapshot's place."""
        ...

    def page(self, after: Tip, count: int) -> tuple[list[Frame], Tip]:
        """Return up to ``count`` records behind ``after``, and the place of the last of them."""
        ...

    def find(self, index: Index, key: bytes) -> Found | None:
        """Return what a key leads to."""
        ...

    def put_snapshot(self, seq: int, state: bytes, wall_ns: int) -> Snapshot:
        """Keep ``state``, the fold of all records up to ``seq``; the oldest of four is dropped."""
        ...

    def put_piece(self, seq: int, number: int, piece: bytes) -> None:
        """Write a piece of the state of record ``seq``; the snapshot that counts it comes last."""
        ...

    def drop_pieces(self, seq: int) -> None:
        """Remove the pieces of a snapshot that was given up."""
        ...

    def snapshot(self) -> tuple[Snapshot | None, tuple[JournalError, ...]]:
        """Return the newest sound snapshot, and what is wrong with the newer ones."""
        ...

    def newest(self, count: int) -> Iterator[Frame]:
        """Yield the newest records, oldest first; what was archived is not among them."""
        ...

    def health(self) -> Health:
        """Return how it is."""
        ...

    def close(self) -> None:
        """End the use; what was answered is on the disk already."""
        ...


class Transaction(Protocol):
    """Ordered tables of bytes, read and changed together."""

    def get(self, table: str, key: bytes) -> bytes | None:
        """Return a value."""
        ...

    def put(self, table: str, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        """Write a row; False, and nothing written, if it is there and may not be overwritten."""
        ...

    def put_all(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Write rows; of two with one key the later counts."""
        ...

    def extend(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        """Write rows behind the last one of a table, in the order of their keys.

        Raises:
            CorruptJournal: a key is not behind the one before it.
        """
        ...

    def delete(self, table: str, key: bytes) -> bool:
        """Remove a row; False if it is not there."""
        ...

    def rows(self, table: str, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows in the order of their keys, from ``start`` on."""
        ...

    def keys(self, table: str) -> Iterator[bytes]:
        """Yield the keys in their order, without reading the values."""
        ...

    def last(self, table: str) -> tuple[bytes, bytes] | None:
        """Return the row with the greatest key."""
        ...


class Disk(Protocol):
    """Where a store's tables are.

    A write returns when it is durable. It raises ``DiskFull`` if nothing of it was written for want
    of room, and ``SafeMode`` if nobody can know whether it was.
    """

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` in a transaction and commit it; ``work`` may be run twice."""
        ...

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on what was committed last."""
        ...

    def free_bytes(self) -> int:
        """Return the room that is left."""
        ...

    @property
    def used_bytes(self) -> int:
        """The size of the tables."""
        ...

    @property
    def ballast(self) -> bool:
        """Whether there is a reserve that can be given up."""
        ...

    def drop_ballast(self) -> None:
        """Give the reserve up, for what must be written when the disk is full."""
        ...
