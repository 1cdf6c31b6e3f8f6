"""The journal's disk: every commit takes time, and a process may die before, in and after it."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec

from robotrader.domain import records as rec
from robotrader.journal import DiskFaults, DiskFull, Fate, MemoryDisk, MemoryStore, SafeMode
from robotrader.recovery import CATALOGUE
from supervision import Future
from supervision.faults import pause
from tests.simulation.outcome import Breach

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from robotrader.journal import Entry, Frame, Receipt
    from tests.simulation.core import CoreWorld
    from tests.simulation.plan import Plan

ANSWERED_LATE: Final = 0.25
"""How often others go on between a commit and its answer; a wait costs a change of thread."""

FREE_BYTES: Final = 1 << 36
TAIL_LOST: Final = "I9"
"""Who is excused once a disk has lost what it said it had written: its numbers begin again."""


class _Raw(msgspec.Struct, frozen=True, gc=False):
    """What the catalogue decodes."""

    type_id: int
    version: int
    payload: bytes
    seq: int = 0


class SimulatedStore(MemoryStore):
    """A process's use of the disk; see the module's prose."""

    def __init__(self, world: CoreWorld, disk: MemoryDisk) -> None:
        self._world = world
        super().__init__(disk)
        known = world.log[-1][0] if world.log else 0
        if self.tip.seq > known:  # written, and whoever wrote it died before it was told
            found = [
                (each.seq, CATALOGUE.decode(each)) for each in self.newest(self.tip.seq - known)
            ]
            world.committed(found)
        elif self.tip.seq < known and TAIL_LOST not in world.excused:
            text = f"{known} was durable, the journal ends with {self.tip.seq}"
            world.breaches.append(Breach("I9c what is durable stays", world.now_ns, text))

    def append(self, batch: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Write a batch; others go on meanwhile.

        Raises:
            DiskFull, SafeMode: as the disk says.
        """
        world = self._world
        names = {rec.TYPE_IDS[each.type_id].__name__ for each in batch}
        what = (*sorted(names), *(("entry",) if any(each.entering for each in batch) else ()))
        world.point("commit.before", *what)
        self._wait()
        world.point("commit.during", *what)
        if world.fail_commit:
            world.fail_commit = False
            set_faults(self.disk, eio_rate=1.0)
        try:
            receipts = super().append(batch)
        except SafeMode:
            world.reach("row 40")
            raise
        except DiskFull:
            world.reach("row 39")
            self._refused(batch)
            raise
        finally:
            set_faults(self.disk, eio_rate=0.0)
        fresh = [
            (receipt.seq, CATALOGUE.decode(cast("Frame", _Raw(e.type_id, e.version, e.payload))))
            for e, receipt in zip(batch, receipts, strict=True)
            if receipt.fate is Fate.WRITTEN
        ]
        world.committed(fresh)
        for entry in batch:
            world.digest.update(entry.payload)
        world.point("commit.durable", *what)
        if world.weather.random.random() < ANSWERED_LATE:
            self._wait()
        world.point("commit.after", *what)
        return receipts

    def _refused(self, batch: Sequence[Entry]) -> None:
        """Keep which cancels a full disk has not taken."""
        records = (CATALOGUE.decode(cast("Frame", _Raw(e.type_id, e.version, e.payload)))
                   for e in batch)  # fmt: skip
        for record in records:
            if isinstance(record, rec.CancelIntended):
                self._world.refused.append((self._world.now_ns, record.ref))

    def put_piece(self, seq: int, number: int, piece: bytes) -> None:
        """Write a piece of a snapshot."""
        self._world.point("snapshot.before")
        super().put_piece(seq, number, piece)
        self._world.point("snapshot.after")

    def _wait(self) -> None:
        """Let half of the commit's time pass."""
        world = self._world
        latency_ns = self.latency_ns // 2 + world.weather.extra_ns("slow_disk")
        pause(world.system, max(latency_ns, 1_000) / 1e9)


class Flipped:
    """A bit that has flipped somewhere in a disk's tables, until somebody puts it right."""

    def __init__(self, disk: MemoryDisk) -> None:
        before = {name: dict(table.rows) for name, table in disk._tables.items()}
        name, _ = disk.flip_bit()
        self._table, was = disk._tables[name], before[name]
        rows = self._table.rows
        self._rows = {  # a key that flips may become another row's
            key: (was.get(key), rows.get(key))
            for key in {*was, *rows}
            if was.get(key) != rows.get(key)
        }

    def mend(self) -> None:
        """Put the rows back, unless one was written anew or removed meanwhile."""
        rows = self._table.rows
        if any(rows.get(key) != bad for key, (_, bad) in self._rows.items()):
            return
        for key, (good, _) in self._rows.items():
            self._table.set(key, good)


class SimulatedLock:
    """A lock whose waiters wait in virtual time: a real one would stop the only thread."""

    def __init__(self) -> None:
        self._held = False
        self._waiting: list[Future[None]] = []

    def __enter__(self) -> None:
        while self._held:
            turn: Future[None] = Future()
            self._waiting.append(turn)
            turn.get(timeout=3_600)
        self._held = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._held = False
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.set(None)


def new_disk(plan: Plan) -> MemoryDisk:
    """Return a disk with room; it lies if it is to lose what it said it had written."""
    lies = any(each.kind == "lost_tail" for each in plan.faults)
    return MemoryDisk(plan.seed, DiskFaults(capacity_bytes=FREE_BYTES, lies=lies))


def set_faults(disk: MemoryDisk, **changes: Any) -> None:
    """Change what is wrong with a disk."""
    disk.faults = msgspec.structs.replace(disk.faults, **changes)


def new_digest() -> Any:
    """Return what a run's records are mixed into."""
    return blake2b(digest_size=8)
