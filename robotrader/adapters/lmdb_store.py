"""The journal on LMDB: ``Journal``'s rules on an ``LmdbDisk``, with a second copy of every record.

At the opening the second copy tells whether this is the newest journal: if it has records that the
store does not have, the store was put back from a backup and is refused. While it runs, the copy is
written after the commit, so it can only lag by one batch, which the next opening makes up for.
If the copy fails, the journal goes on without it and ``health()`` says so.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.adapters.journal_files import SegmentCopy, pack
from robotrader.adapters.lmdb_disk import BALLAST_BYTES, MAP_BYTES, LmdbDisk, take_lease
from robotrader.journal import log, snapshots
from robotrader.journal.auditor import audit
from robotrader.journal.errors import CorruptJournal, InvalidEntry
from robotrader.journal.frame import Tip, decode, digest
from robotrader.journal.ports import Health, Known
from robotrader.journal.store import PAGE_ROWS, Journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.journal.levels import Watermarks

ARCHIVE_RECORDS: Final = 50_000
"""Records in an archive file: it is read back in memory, and a snapshot is taken as often."""


class Archived(msgspec.Struct, frozen=True):
    """What an archiving did: the files that were written and the records that were deleted."""

    files: tuple[Path, ...]
    records: int


class Compacted(msgspec.Struct, frozen=True):
    """The size of the data file before and after."""

    before_bytes: int
    after_bytes: int


def check_copy(folder: Path, tip: Tip) -> None:
    """Check that a copy of the tables has no fault and ends at ``tip``.

    Raises:
        CorruptJournal: it has, or it does not.
    """
    disk = LmdbDisk(folder, readonly=True)
    try:
        found = disk.read(audit)
    finally:
        disk.close()
    problems = found.problems or (() if found.tip == tip else (f"it ends at {found.tip.seq}",))
    if problems:
        msg = f"the copy in {folder} is not sound: {'; '.join(problems)}"
        raise CorruptJournal(msg, "keep the original; run `robotrader journal verify` on it")


class LmdbStore(Journal):
    """A ``Store`` in the folder ``path``; ``copy_to`` is the second copy's, on another disk.

    One process may have it open, and one thread at a time may use it. ``known`` is what is known of
    the journal from elsewhere: the greatest record and epoch that the broker's orders name.

    Raises:
        JournalInUse: another process has it open; its number is in the error.
        JournalBehind: this is a backup of the past.
        CorruptJournal: the journal, or the newest file of the copy, is not what was written.
        OSError: a folder cannot be used.
    """

    def __init__(
        self,
        path: Path,
        *,
        copy_to: Path | None = None,
        known: Known | None = None,
        watermarks: Watermarks | None = None,
        map_bytes: int = MAP_BYTES,
        ballast_bytes: int = BALLAST_BYTES,
    ) -> None:
        path.mkdir(parents=True, exist_ok=True)
        known = Known() if known is None else known
        self._copy: SegmentCopy | None = None
        self._copy_problem = ""
        with ExitStack() as stack:
            stack.callback(take_lease(path).release)
            self._lmdb = LmdbDisk(path, map_bytes=map_bytes, ballast_bytes=ballast_bytes)
            stack.callback(self._lmdb.close)
            if copy_to is not None:
                self._copy = SegmentCopy(copy_to)
                stack.callback(self._close_copy, self._copy)
                copied = 0 if self._copy.tip is None else self._copy.tip.seq
                known = Known(max(known.seq, copied), max(known.epoch, self._copy.epoch))
            super().__init__(self._lmdb, known=known, watermarks=watermarks)
            self._catch_up()
            self._open = stack.pop_all()

    def _catch_up(self) -> None:
        """Give the copy what it lacks: all of it, or the batch before a crash."""
        if self._copy is None:
            return
        if self._copy.tip is not None and self._copy.tip.seq:
            self._check_same(self._copy.tip)
        first = 1 if self._copy.tip is None else self._copy.tip.seq + 1
        for rows in self._pages(first, self.tip.seq):
            seq, data = rows[0]
            before = Tip(seq - 1, decode(seq, data).prev)
            self._copy.append([data for _, data in rows], before)

    def _check_same(self, tip: Tip) -> None:
        rows = self._disk.read(partial(log.page, first=tip.seq, count=1))
        if rows and rows[0][0] == tip.seq and digest(rows[0][1]) != tip.digest:
            msg = "the second copy has another record of this number: it is of another journal"
            raise CorruptJournal(msg, "give each journal a folder of its own", seq=tip.seq)

    def _pages(self, first: int, last: int) -> Iterator[list[tuple[int, bytes]]]:
        """Yield the rows from ``first`` to ``last``, as far as they are left, in pages."""
        while first <= last:
            count = min(PAGE_ROWS, last - first + 1)
            rows = self._read(partial(log.page, first=first, count=count))
            rows = [row for row in rows if row[0] <= last]
            if not rows:
                return
            yield rows
            first = rows[-1][0] + 1

    def _wrote(self, written: log.Written) -> None:
        """Write a durable batch to the copy too; its failure is shown, not raised."""
        if self._copy is None or self._copy_problem:
            return
        first = written.frames[0]
        seq = written.tip.seq - len(written.frames) + 1
        try:
            self._copy.append(written.frames, Tip(seq - 1, decode(seq, first).prev))
        except OSError as error:
            self._copy_problem = f"the second copy ends before record {seq}: {error}"

    def _close_copy(self, copy: SegmentCopy) -> None:
        try:
            copy.close()
        except OSError as error:
            self._copy_problem = f"the second copy was not finished: {error}"

    def health(self) -> Health:
        """Return how it is, the second copy included."""
        return msgspec.structs.replace(super().health(), copy_problem=self._copy_problem)

    def archive(self, folder: Path) -> Archived:
        """Move the records up to the oldest kept snapshot into files; the index keeps its rows.

        A file is read back and checked before its records are deleted, 1,000 a transaction; a crash
        in between leaves records in both, which is no harm.

        Raises:
            InvalidEntry: there is no snapshot, or one is not sound: take new ones first.
            CorruptJournal: a record, or a file that was just written, is not what it should be.
            OSError: a file cannot be written.
        """
        sound, broken = self._read(snapshots.load)
        if broken or not sound:
            what = str(broken[0]) if broken else "there is no snapshot"
            raise InvalidEntry(f"nothing is archived: {what}", "take snapshots, then archive")
        limit = sound[0].tip.seq
        folder.mkdir(parents=True, exist_ok=True)
        files = tuple(pack(folder, rows) for rows in self._followed(limit))
        return Archived(files, self._drop(limit))

    def _followed(self, limit: int) -> Iterator[list[tuple[int, bytes]]]:
        """Yield the rows up to the oldest snapshot, for a file each, as parts of one chain."""
        chain, rows = self._read(log.chain_from), list[tuple[int, bytes]]()
        for page in self._pages(1, limit):
            for seq, data in page:
                chain.follow(seq, data)
            rows += page
            if len(rows) >= ARCHIVE_RECORDS or page[-1][0] == limit:
                yield rows
                rows = []
        if rows:
            raise CorruptJournal("is missing, and the oldest snapshot stands for it", seq=limit)

    def _drop(self, up_to: int) -> int:
        dropped = 0
        while count := self._write(partial(log.drop, up_to=up_to)):
            dropped += count
        return dropped

    def backup(self, folder: Path) -> None:
        """Write a compacted, audited copy into ``folder``, which must not exist.

        Raises:
            CorruptJournal: the copy, and so the journal, has a fault.
            FileExistsError: the folder is there.
        """
        self._lmdb.copy(folder)
        check_copy(folder, self.tip)

    def compact(self) -> Compacted:
        """Give back the room of what was archived: audit a copy, then swap it in by a rename.

        Raises:
            CorruptJournal: the copy has a fault; the original stays.
        """
        before, after = self._lmdb.compact(partial(check_copy, tip=self.tip))
        return Compacted(before, after)

    def close(self) -> None:
        """Finish the copy and let other processes in."""
        super().close()
        self._open.close()
