"""The store in memory, on a simulated disk that is as bad as it is told to be, by seed.

``MemoryDisk`` is the disk and outlives the process; ``MemoryStore`` is one process's use of it. A
kill is a new ``MemoryStore`` on the same disk. ``power_loss`` on a disk that lies (it answers
before it has written) takes the last commits away; ``flip_bit`` damages a row. The rules of the
journal are the same code as over LMDB.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from random import Random
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import msgspec

from robotrader.journal.errors import DiskFull, SafeMode, out_of_order
from robotrader.journal.ports import TABLES
from robotrader.journal.store import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.journal.levels import Watermarks
    from robotrader.journal.ports import Known, Transaction

T = TypeVar("T")

Undo: TypeAlias = "list[tuple[str, bytes, bytes | None]]"

LATENCY_MEDIAN_NS: Final = 310_000
LATENCY_SIGMA: Final = 1.28
"""A log-normal with the measured median of 310 us and 99th percentile of 6.1 ms."""

LIES_MAX: Final = 64
"""Commits that a lying disk may hold back: what a controller's cache takes."""


class DiskFaults(msgspec.Struct, frozen=True):
    """What is wrong with a disk.

    ``capacity_bytes`` is all the room that it has, ``ballast_bytes`` what of it is a reserve;
    ``eio_rate`` is the share of commits that fail with EIO, after which half are written; a disk
    that ``lies`` may lose up to ``LIES_MAX`` commits in a power loss.
    """

    capacity_bytes: int = 1 << 40
    ballast_bytes: int = 0
    eio_rate: float = 0.0
    lies: bool = False


class _Table:
    """An ordered table of bytes."""

    def __init__(self) -> None:
        self.rows: dict[bytes, bytes] = {}
        self.keys: list[bytes] = []

    def set(self, key: bytes, value: bytes | None) -> bytes | None:
        """Write a row, or with None remove it; return what was there."""
        before = self.rows.get(key)
        if value is None:
            if before is not None:
                del self.rows[key]
                del self.keys[bisect_left(self.keys, key)]
            return before
        if before is None:
            insort(self.keys, key)
        self.rows[key] = value
        return before


class _MemoryTransaction:
    """Changes tables in place and notes how to take it back."""

    def __init__(self, tables: dict[str, _Table]) -> None:
        self._tables = tables
        self.undo: Undo = []

    def get(self, table: str, key: bytes) -> bytes | None:
        return self._tables[table].rows.get(key)

    def put(self, table: str, key: bytes, value: bytes, *, overwrite: bool = True) -> bool:
        if not overwrite and key in self._tables[table].rows:
            return False
        self.undo.append((table, key, self._tables[table].set(key, value)))
        return True

    def put_all(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        for key, value in rows:
            self.put(table, key, value)

    def extend(self, table: str, rows: Sequence[tuple[bytes, bytes]]) -> None:
        for key, value in rows:
            last = self.last(table)
            if last is not None and key <= last[0]:
                raise out_of_order(table)
            self.put(table, key, value)

    def delete(self, table: str, key: bytes) -> bool:
        before = self._tables[table].set(key, None)
        if before is not None:
            self.undo.append((table, key, before))
        return before is not None

    def rows(self, table: str, start: bytes = b"") -> Iterator[tuple[bytes, bytes]]:
        found = self._tables[table]
        for key in found.keys[bisect_left(found.keys, start) :]:
            yield key, found.rows[key]

    def keys(self, table: str) -> Iterator[bytes]:
        return iter(tuple(self._tables[table].keys))

    def last(self, table: str) -> tuple[bytes, bytes] | None:
        found = self._tables[table]
        return (found.keys[-1], found.rows[found.keys[-1]]) if found.keys else None


class MemoryDisk:
    """A disk whose faults and latencies follow from ``seed``."""

    def __init__(self, seed: int = 0, faults: DiskFaults | None = None) -> None:
        self.faults = DiskFaults() if faults is None else faults
        self.used_bytes = 0
        self.latency_ns = 0
        """How long the last commit would have taken; a simulation lets this time pass."""
        self._random = Random(seed)
        self._tables = {table: _Table() for table in TABLES}
        self._ballast_bytes = self.faults.ballast_bytes
        self._held: list[Undo] = []

    @property
    def ballast(self) -> bool:
        """Whether there is a reserve that can be given up."""
        return self._ballast_bytes > 0

    def drop_ballast(self) -> None:
        """Give the reserve up."""
        self._ballast_bytes = 0

    def free_bytes(self) -> int:
        """Return the room that is left."""
        room = self.faults.capacity_bytes - self._ballast_bytes - self.used_bytes
        return max(room, 0)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` on what was committed last."""
        return work(_MemoryTransaction(self._tables))

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` and commit it.

        Raises:
            DiskFull: nothing was written.
            SafeMode: EIO; whether it was written is for the next opening to see.
        """
        txn = _MemoryTransaction(self._tables)
        try:
            done = work(txn)
        except BaseException:
            self._take_back(txn.undo)
            raise
        self._commit(txn.undo)
        return done

    def _commit(self, undo: Undo) -> None:
        self.latency_ns = int(LATENCY_MEDIAN_NS * self._random.lognormvariate(0, LATENCY_SIGMA))
        growth = self._growth(undo)
        if growth > self.free_bytes():
            self._take_back(undo)
            raise DiskFull(f"{growth} bytes more do not fit", "make room on the disk")
        failed = self._random.random() < self.faults.eio_rate
        if failed and self._random.random() < 0.5:
            self._take_back(undo)
        else:
            self.used_bytes += growth
            if self.faults.lies:
                self._held = [*self._held, undo][-LIES_MAX:]
        if failed:
            raise SafeMode("the disk failed (EIO)", "check the disk, then open the store anew")

    def _growth(self, undo: Undo) -> int:
        first: dict[tuple[str, bytes], bytes | None] = {}
        for table, key, before in undo:
            first.setdefault((table, key), before)
        growth = 0
        for (table, key), before in first.items():
            now = self._tables[table].rows.get(key)
            growth += 0 if now is None else len(key) + len(now)
            growth -= 0 if before is None else len(key) + len(before)
        return growth

    def _take_back(self, undo: Undo) -> None:
        for table, key, before in reversed(undo):
            self._tables[table].set(key, before)

    def power_loss(self) -> int:
        """Lose the commits that a lying disk has not written yet; return how many."""
        lost = self._random.randint(0, len(self._held))
        for undo in reversed(self._held[len(self._held) - lost :]):
            self.used_bytes -= self._growth(undo)
            self._take_back(undo)
        self._held = []
        return lost

    def flip_bit(self) -> tuple[str, bytes]:
        """Flip one bit of a key or a value anywhere; return table and key that were hit."""
        rows = [(name, key) for name, table in self._tables.items() for key in table.keys]
        name, key = self._random.choice(rows)
        table = self._tables[name]
        value = table.rows[key]
        whole = bytearray(key + value)
        bit = self._random.randrange(len(whole) * 8)
        whole[bit // 8] ^= 1 << bit % 8
        table.set(key, None)
        table.set(bytes(whole[: len(key)]), bytes(whole[len(key) :]))
        return name, key


class MemoryStore(Journal):
    """The journal on a ``MemoryDisk``: a process's use of it, from its opening to its death."""

    def __init__(
        self,
        disk: MemoryDisk,
        *,
        known: Known | None = None,
        watermarks: Watermarks | None = None,
    ) -> None:
        super().__init__(disk, known=known, watermarks=watermarks)
        self.disk = disk

    @property
    def latency_ns(self) -> int:
        """How long the last commit would have taken on a real disk."""
        return self.disk.latency_ns
