"""The store: the journal over any disk, with the rules for a disk that is full or broken.

- Opening adds one to the epoch, durably, before anything else is written.
- A batch is written as a whole or not at all. If the disk is almost full, what enters new exposure
  is refused and the rest is written; if it is full, the ballast is given up for the rest.
- After an error that leaves open what is on the disk, nothing is tried again: ``SafeMode``.
- Rows are read in pages, so that no reader stays open while the map grows.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from robotrader.journal import log, snapshots
from robotrader.journal.chain import Chain
from robotrader.journal.errors import CorruptJournal, DiskFull, InvalidEntry, JournalError, SafeMode
from robotrader.journal.frame import GENESIS, Tip, decode
from robotrader.journal.levels import Level, Watermarks
from robotrader.journal.ports import Health, Known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.journal.frame import Frame
    from robotrader.journal.index import Found, Index
    from robotrader.journal.ports import Disk, Entry, Receipt, Transaction
    from robotrader.journal.snapshots import Snapshot

T = TypeVar("T")

PAGE_ROWS: Final = 1_000
MAX_BATCH: Final = 4_096
"""Entries in one transaction: 16 group commits of 256; more is a runaway caller."""


class Journal:
    """A ``Store`` on ``disk``; ``known`` is what is known of this journal from elsewhere.

    Raises:
        CorruptJournal: the end of the journal is not what was written.
        JournalBehind: it is older than ``known``.
    """

    def __init__(
        self, disk: Disk, *, known: Known | None = None, watermarks: Watermarks | None = None
    ) -> None:
        self._disk = disk
        self._watermarks = Watermarks() if watermarks is None else watermarks
        self._problem: JournalError | None = None
        found = disk.read(log.state)
        log.check_known(found, Known() if known is None else known)
        self._state = log.State(found.epoch + 1, found.tip)
        self._begin()

    def _begin(self) -> None:
        """Write the new epoch; a start on a full disk gives up the ballast for it."""
        try:
            self._write(lambda txn: log.put_state(txn, self._state))
        except DiskFull:
            if not self._disk.ballast:
                raise
            self._disk.drop_ballast()
            self._write(lambda txn: log.put_state(txn, self._state))

    @property
    def epoch(self) -> int:
        """How often the store was opened, this time included."""
        return self._state.epoch

    @property
    def tip(self) -> Tip:
        """The last record."""
        return self._state.tip

    def append(self, batch: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Write a batch and its index rows, all or nothing; return when it is durable.

        Raises:
            InvalidEntry: an entry does not fit, or there are too many; nothing was written.
            DiskFull: nothing was written, and there is no ballast left to give up.
            SafeMode: the disk has failed; open the store anew after a look at it.
        """
        if len(batch) > MAX_BATCH:
            raise InvalidEntry(f"{len(batch)} entries in a batch", f"use at most {MAX_BATCH}")
        level = self._watermarks.level(self._disk.free_bytes())
        try:
            written = self._append(batch, entering=level is not Level.LOW)
        except DiskFull:
            if not self._disk.ballast:
                raise
            self._disk.drop_ballast()
            written = self._append(batch, entering=False)
        self._state = log.State(self.epoch, written.tip)
        if written.frames:
            self._wrote(written)
        return written.receipts

    def _append(self, batch: Sequence[Entry], *, entering: bool) -> log.Written:
        before = self._state
        return self._write(lambda txn: log.append(txn, before, batch, entering=entering))

    def _wrote(self, written: log.Written) -> None:
        """Hear of a batch that is durable; a store with a second copy writes it there too."""

    def replay(self, after: Tip = GENESIS) -> Iterator[Frame]:
        """Yield the records behind ``after`` up to the last one at the time of the call.

        Raises:
            CorruptJournal: the next record is not the one that was written, or the first one that
                is left comes later (start from a snapshot).
        """
        self._check_usable()
        until, chain = self.tip, Chain((after,))
        while chain.tip.seq < until.seq:
            count = min(PAGE_ROWS, until.seq - chain.tip.seq)
            rows = self._read(partial(log.page, first=chain.tip.seq + 1, count=count))
            for seq, data in rows:
                yield chain.follow(seq, data)
            if not rows:
                break
        chain.end(until)

    def page(self, after: Tip, count: int) -> tuple[list[Frame], Tip]:
        """Return up to ``count`` records behind ``after``, and the place of the last of them.

        Raises:
            CorruptJournal: as ``replay`` does.
        """
        chain = Chain((after,))
        rows = self._read(partial(log.page, first=after.seq + 1, count=count))
        return [chain.follow(seq, data) for seq, data in rows], chain.tip

    def find(self, index: Index, key: bytes) -> Found | None:
        """Return what a key leads to."""
        return self._read(lambda txn: log.find(txn, index, key))

    def put_snapshot(self, seq: int, state: bytes, wall_ns: int) -> Snapshot:
        """Keep ``state``, the fold of all records up to ``seq``, as one of three.

        Raises:
            InvalidEntry: there is no record ``seq``.
        """
        epoch = self.epoch

        def work(txn: Transaction) -> Snapshot:
            made = snapshots.make(log.place(txn, seq), epoch, wall_ns, state)
            snapshots.put(txn, made)
            return made

        return self._write(work)

    def put_piece(self, seq: int, number: int, piece: bytes) -> None:
        """Write a piece of the state of record ``seq``; the snapshot that counts it comes last."""
        self._write(lambda txn: snapshots.put_piece(txn, seq, number, piece))

    def drop_pieces(self, seq: int) -> None:
        """Remove the pieces of a snapshot that was given up."""
        self._write(lambda txn: snapshots.drop_pieces(txn, seq))

    def snapshot(self) -> tuple[Snapshot | None, tuple[JournalError, ...]]:
        """Return the newest sound snapshot, and what is wrong with the newer ones."""
        broken: list[JournalError] = []
        for seq in reversed(self._read(snapshots.seqs)):
            try:
                return self._read(partial(log.snapshot, seq=seq, tip=self.tip)), tuple(broken)
            except CorruptJournal as error:
                broken.append(error)
        return None, tuple(broken)

    def newest(self, count: int) -> Iterator[Frame]:
        """Yield the newest records, oldest first; what was archived is not among them."""
        first = max(1, self.tip.seq - count + 1)
        while rows := self._read(partial(log.page, first=first, count=PAGE_ROWS)):
            for seq, data in rows:
                yield decode(seq, data)
            first = rows[-1][0] + 1

    def health(self) -> Health:
        """Return how it is."""
        free = self._disk.free_bytes()
        level = self._watermarks.level(free)
        problem = "" if self._problem is None else str(self._problem)
        return Health(
            level, free, self.tip, self.epoch, self._disk.ballast, problem,
            used_bytes=self._disk.used_bytes,
        )  # fmt: skip

    def close(self) -> None:
        """End the use."""
        self._problem = SafeMode("the store was closed", "open it anew")

    def _read(self, work: Callable[[Transaction], T]) -> T:
        self._check_usable()
        return self._disk.read(work)

    def _write(self, work: Callable[[Transaction], T]) -> T:
        self._check_usable()
        try:
            return self._disk.write(work)
        except (SafeMode, CorruptJournal) as error:
            self._problem = error
            raise

    def _check_usable(self) -> None:
        if self._problem is not None:
            raise SafeMode(self._problem.what, self._problem.remedy)
