"""The journal's tables as functions of a transaction: begin, append, read, drop.

Every rule that makes a row right stands here once; the stores differ only in what a transaction is.
"""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.journal import frame as frames
from robotrader.journal import index as indices
from robotrader.journal import snapshots
from robotrader.journal.chain import Chain
from robotrader.journal.errors import CorruptJournal, InvalidEntry, JournalBehind
from robotrader.journal.frame import DIGEST_BYTES, GENESIS, Frame, Tip, key_of, seq_of
from robotrader.journal.index import Index, IndexRow
from robotrader.journal.ports import LOG, META, Entry, Fate, Known, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.journal.ports import Transaction

DROP_ROWS: Final = 1_000
"""Rows that one transaction deletes: more would hold up the commits of the living."""

_TIP: Final = struct.Struct(f">Q{DIGEST_BYTES}s")
_U64: Final = struct.Struct(">Q")
_CRC: Final = struct.Struct(">I")
_EXEC: Final = Index.EXEC
_Rows: TypeAlias = "defaultdict[Index, list[tuple[bytes, bytes]]]"
"""Rows by their index, in the order in which they come: of two with one key the later counts."""


class State(msgspec.Struct, frozen=True):
    """What ``meta`` says: how often the store was opened, and its last record."""

    epoch: int = 0
    tip: Tip = GENESIS


class Written(msgspec.Struct, frozen=True):
    """What a batch became: an answer for each entry, the new last record, the new frames."""

    receipts: tuple[Receipt, ...]
    tip: Tip
    frames: tuple[bytes, ...]


def state(txn: Transaction) -> State:
    """Return what ``meta`` says; a new store says nothing.

    Raises:
        CorruptJournal: it cannot be read, or it does not fit the last record.
    """
    epoch, tip = _meta(txn, b"epoch"), _meta(txn, b"tip")
    if epoch is None and tip is None:
        if txn.last(LOG) is not None:
            raise CorruptJournal("records are there and the table meta is empty")
        return State()
    if epoch is None or tip is None or len(epoch) != _U64.size or len(tip) != _TIP.size:
        raise CorruptJournal("the table meta is incomplete")
    seq, digest = _TIP.unpack(tip)
    found = State(_U64.unpack(epoch)[0], Tip(seq, digest))
    _check_tip(txn, found.tip)
    return found


def _check_tip(txn: Transaction, tip: Tip) -> None:
    last = txn.last(LOG)
    if last is None:
        sound, _ = snapshots.load(txn)
        if tip != GENESIS and tip not in {snapshot.tip for snapshot in sound}:
            raise CorruptJournal(f"no record is left of {tip.seq}, and no snapshot stands for them")
    elif seq_of(last[0]) != tip.seq or frames.digest(last[1]) != tip.digest:
        msg = f"the last record is {seq_of(last[0])}, meta says {tip.seq} with another hash"
        raise CorruptJournal(msg)


def check_known(found: State, known: Known) -> None:
    """Check that the journal is not older than what is known of it.

    Raises:
        JournalBehind: it is: somebody has put a backup of the past in its place.
    """
    if found.tip.seq < known.seq or found.epoch < known.epoch:
        msg = (
            f"the journal reaches record {found.tip.seq} of epoch {found.epoch}, and record "
            f"{known.seq} of epoch {known.epoch} is known to exist: this is a backup of the past"
        )
        remedy = "do not trade: run `robotrader journal restore` from the second copy"
        raise JournalBehind(msg, remedy)


def put_state(txn: Transaction, new: State) -> None:
    """Write ``meta``."""
    _put_meta(txn, b"epoch", _U64.pack(new.epoch))
    _put_meta(txn, b"tip", _TIP.pack(new.tip.seq, new.tip.digest))


def _meta(txn: Transaction, name: bytes) -> bytes | None:
    data = txn.get(META, name)
    if data is None:
        return None
    value, crc = data[: -_CRC.size], data[-_CRC.size :]
    if _CRC.pack(zlib.crc32(value, zlib.crc32(name))) != crc:
        raise CorruptJournal(f"the checksum of {name.decode()} in the table meta is wrong")
    return value


def _put_meta(txn: Transaction, name: bytes, value: bytes) -> None:
    txn.put(META, name, value + _CRC.pack(zlib.crc32(value, zlib.crc32(name))))


def append(
    txn: Transaction, before: State, batch: Iterable[Entry], *, entering: bool = True
) -> Written:
    """Write a batch behind ``before.tip``; without ``entering`` what enters is refused.

    Raises:
        InvalidEntry: an entry does not fit; the transaction must be aborted.
    """
    (seq, digest), receipts, made = (before.tip.seq, before.tip.digest), [], []
    log: list[tuple[bytes, bytes]] = []
    found_by: _Rows = defaultdict(list)
    for entry in batch:
        if entry.entering and not entering:
            receipts.append(Receipt(Fate.REFUSED, 0))
            continue
        packed = indices.pack(entry.rows)  # first of all, because it checks them
        first = _put_rows(txn, entry.rows, seq + 1, found_by)
        if first is not None:
            receipts.append(Receipt(Fate.DUPLICATE, first))
            continue
        seq += 1
        data = frames.joined(
            entry.type_id, entry.version, seq, before.epoch, entry.incarnation, entry.wall_ns,
            digest, entry.payload, packed,
        )  # fmt: skip
        digest = frames.digest(data)
        log.append((key_of(seq), data))
        made.append(data)
        receipts.append(Receipt(Fate.WRITTEN, seq))
    for index, rows in found_by.items():
        txn.put_all(index.table, rows)
    if made:
        txn.extend(LOG, log)
        _put_meta(txn, b"tip", _TIP.pack(seq, digest))
    return Written(tuple(receipts), Tip(seq, digest), tuple(made))


def _put_rows(txn: Transaction, rows: Sequence[IndexRow], seq: int, later: _Rows) -> int | None:
    """Note the index rows of event ``seq``, or return the event of which it is a duplicate.

    Rows of executions are written at once: the next entry of the batch may be a duplicate of this
    one. All others are written ``later``, a table at a time.
    """
    fill = None
    for row in rows:
        if row.index == _EXEC:
            if fill is not None:
                msg = "more than one execution in one entry"
                raise InvalidEntry(msg, "write an entry for each: each may be a duplicate", seq=seq)
            fill = row
    first = None if fill is None else _put_fill(txn, fill, seq)
    if first is not None:
        return first
    for row in rows:
        if row is not fill:
            later[row.index].append((row.key, indices.stored(row, seq)))
    return None


def _put_fill(txn: Transaction, row: IndexRow, seq: int) -> int | None:
    value = indices.stored(row, seq)
    if txn.put(row.index.table, row.key, value, overwrite=False):
        return None
    there = find(txn, row.index, row.key)
    if there is None or there.revision >= row.revision:
        return 0 if there is None else there.seq
    txn.put(row.index.table, row.key, value)
    return None


def adopt(txn: Transaction, frame: Frame, data: bytes) -> None:
    """Write a frame that was written before, with its index rows: restoring is this, in order."""
    for row in indices.unpack(frame.index, frame.seq):
        txn.put(row.index.table, row.key, indices.stored(row, frame.seq))
    txn.put(LOG, key_of(frame.seq), data)


def find(txn: Transaction, index: Index, key: bytes) -> indices.Found | None:
    """Return what a key leads to.

    Raises:
        CorruptJournal: the row is not what was written.
    """
    data = txn.get(index.table, key)
    return None if data is None else indices.read(index, key, data)


def page(txn: Transaction, first: int, count: int) -> list[tuple[int, bytes]]:
    """Return up to ``count`` rows from number ``first`` on."""
    return [(seq_of(key), data) for key, data in islice(txn.rows(LOG, key_of(first)), count)]


def place(txn: Transaction, seq: int) -> Tip:
    """Return the place of a record; of an archived one, if a snapshot stands for it.

    Raises:
        InvalidEntry: there is none of this number.
    """
    if seq == 0:
        return GENESIS
    data = txn.get(LOG, key_of(seq))
    if data is not None:
        return Tip(seq, frames.digest(data))
    for snapshot in snapshots.load(txn)[0]:
        if snapshot.tip.seq == seq:
            return snapshot.tip
    raise InvalidEntry("is not there", "use the number of a record that is", seq=seq)


def snapshot(txn: Transaction, seq: int, tip: Tip) -> snapshots.Snapshot:
    """Return the snapshot of record ``seq``, in a journal that ends at ``tip``.

    Raises:
        CorruptJournal: it is not the one that was stored, or not one of this journal.
    """
    found = snapshots.read(txn, seq)
    data = txn.get(LOG, key_of(seq))
    if seq > tip.seq:
        msg = f"a snapshot stands for it, and the journal ends at record {tip.seq}"
        raise CorruptJournal(msg, snapshots.REMEDY, seq=seq)
    if data is not None and frames.digest(data) != found.tip.digest:
        msg = "its snapshot is of a journal with another record there"
        raise CorruptJournal(msg, snapshots.REMEDY, seq=seq)
    return found


def drop(txn: Transaction, up_to: int) -> int:
    """Delete the first rows, at most ``DROP_ROWS`` and none above ``up_to``; return how many."""
    keys: list[bytes] = []
    for key, _ in txn.rows(LOG):
        if seq_of(key) > up_to or len(keys) == DROP_ROWS:
            break
        keys.append(key)
    for key in keys:
        txn.delete(LOG, key)
    return len(keys)


def chain_from(txn: Transaction) -> Chain:
    """Return a chain that the first row has to join: at the beginning or at a sound snapshot."""
    sound, _ = snapshots.load(txn)
    return Chain((GENESIS, *(snapshot.tip for snapshot in sound)))
