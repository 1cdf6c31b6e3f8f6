"""The audit: whether every row of a journal is what was written, and none is missing.

Snapshots are checked first, because the chain may begin at one; then the chain to its end; then
the index, both ways: every row of a frame must be found, and every row that is found must come
from a frame. An audit reports and does not raise; its list of problems is empty or it is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.journal import frame as frames
from robotrader.journal import index as indices
from robotrader.journal import log, snapshots
from robotrader.journal.errors import CorruptJournal, JournalError
from robotrader.journal.frame import GENESIS, Frame, Tip, key_of, seq_of
from robotrader.journal.index import Index, IndexRow
from robotrader.journal.ports import LOG

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.journal.ports import Transaction


class Audit(msgspec.Struct, frozen=True):
    """What was found; ``first`` is 0 where no record is left in the log."""

    first: int
    tip: Tip
    records: int
    epoch: int
    snapshots: tuple[int, ...]
    index_rows: int
    problems: tuple[str, ...]


class _Findings:
    """What an audit has seen so far."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.state = log.State()
        self.snapshots: tuple[int, ...] = ()
        self.first = self.records = self.index_rows = 0
        self.tip = GENESIS

    def note(self, error: JournalError) -> None:
        self.problems.append(str(error))


def audit(txn: Transaction) -> Audit:
    """Return what there is to say about a journal, read in one transaction."""
    found = _Findings()
    try:
        found.state = log.state(txn)
    except JournalError as error:
        found.note(error)
    _snapshots(txn, found)
    try:
        _records(txn, found)
    except JournalError as error:
        found.note(error)
    else:  # what a broken log says about its index is worth nothing
        for index in Index:
            _index(txn, index, found)
    return Audit(
        found.first, found.tip, found.records, found.state.epoch, found.snapshots, found.index_rows,
        tuple(found.problems),
    )  # fmt: skip


def _snapshots(txn: Transaction, found: _Findings) -> None:
    sound = []
    tip = Tip(1 << 64, b"") if found.problems else found.state.tip  # without meta none is too new
    for seq in snapshots.seqs(txn):
        try:
            log.snapshot(txn, seq, tip)
        except JournalError as error:
            found.note(error)
        else:
            sound.append(seq)
    found.snapshots = tuple(sound)


def _records(txn: Transaction, found: _Findings) -> None:
    chain = log.chain_from(txn)
    for key, data in txn.rows(LOG):
        frame = chain.follow(seq_of(key), data)
        found.first = found.first or frame.seq
        found.records, found.tip = found.records + 1, chain.tip
        if frame.epoch > found.state.epoch:
            msg = f"is of epoch {frame.epoch}, meta says {found.state.epoch}"
            raise CorruptJournal(msg, seq=frame.seq)
        for row in indices.unpack(frame.index, frame.seq):
            _check_found(txn, frame, row)
    found.tip = chain.end(found.state.tip)


def _check_found(txn: Transaction, frame: Frame, row: IndexRow) -> None:
    there = log.find(txn, row.index, row.key)
    if there is None:
        raise CorruptJournal(f"{row.index.table} has no row of {row.key!r}", seq=frame.seq)
    if there.seq < frame.seq:
        msg = f"{row.index.table} leads from {row.key!r} to the older record {there.seq}"
        raise CorruptJournal(msg, seq=frame.seq)


def _index(txn: Transaction, index: Index, found: _Findings) -> None:
    rows = txn.rows(index.table)
    for key, data in rows:
        found.index_rows += 1
        try:
            _check_row(txn, index, key, data, found)
        except JournalError as error:
            found.note(error)
            return


def _check_row(txn: Transaction, index: Index, key: bytes, data: bytes, found: _Findings) -> None:
    there = indices.read(index, key, data)
    if found.first == 0 or there.seq < found.first:
        return  # its record was archived
    frame_data = txn.get(LOG, key_of(there.seq))
    expected = IndexRow(index, key, there.value, there.revision)
    if frame_data is None or expected not in _rows_of(there.seq, frame_data):
        msg = f"{index.table} has a row of {key!r} that the record does not have"
        raise CorruptJournal(msg, seq=there.seq)


def _rows_of(seq: int, data: bytes) -> Iterator[IndexRow]:
    return indices.unpack(frames.decode(seq, data).index, seq)
