"""Snapshots: the state of all actors at a record, so that a restart replays only what came after.

Three are kept, and one that is not sound gives way to the one before it. A snapshot holds the hash
of the record that it stands for, which ties it to this journal, and the hash of its state, which a
nightly proof compares with the fold of the records.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.journal.errors import CorruptJournal
from robotrader.journal.frame import DIGEST_BYTES, Tip, key_of, seq_of
from robotrader.journal.ports import SNAP

if TYPE_CHECKING:
    from robotrader.journal.ports import Transaction

KEEP: Final = 3
FORMAT: Final = 1
_MAGIC: Final = b"RTJS"
_HEADER: Final = struct.Struct(f">4sHQQ{DIGEST_BYTES}s{DIGEST_BYTES}sQ")
_CRC: Final = struct.Struct(">I")
_REMEDY: Final = "use the snapshot before it and replay more; run `robotrader journal verify`"


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """``state`` after the record at ``tip``; ``state_hash`` is its BLAKE2b-128."""

    tip: Tip
    epoch: int
    wall_ns: int
    state_hash: bytes
    state: bytes


def state_hash(state: bytes) -> bytes:
    """Return the hash by which two states are compared."""
    return blake2b(state, digest_size=DIGEST_BYTES).digest()


def make(tip: Tip, epoch: int, wall_ns: int, state: bytes) -> Snapshot:
    """Return the snapshot of a state."""
    return Snapshot(tip, epoch, wall_ns, state_hash(state), state)


def encode(snapshot: Snapshot) -> bytes:
    """Return a snapshot's bytes; the checksum covers its key too."""
    header = _HEADER.pack(
        _MAGIC, FORMAT, snapshot.epoch, snapshot.wall_ns, snapshot.tip.digest, snapshot.state_hash,
        len(snapshot.state),
    )  # fmt: skip
    body = header + snapshot.state
    return body + _CRC.pack(zlib.crc32(body, zlib.crc32(key_of(snapshot.tip.seq))))


def decode(seq: int, data: bytes) -> Snapshot:
    """Return the snapshot that is stored for record ``seq``.

    Raises:
        CorruptJournal: it is not the one that was stored there.
    """
    body, crc = data[: -_CRC.size], data[-_CRC.size :]
    if _CRC.pack(zlib.crc32(body, zlib.crc32(key_of(seq)))) != crc or len(body) < _HEADER.size:
        raise CorruptJournal("the checksum of its snapshot is wrong", _REMEDY, seq=seq)
    magic, form, epoch, wall_ns, tip, hashed, length = _HEADER.unpack_from(body)
    state = body[_HEADER.size :]
    if magic != _MAGIC or form != FORMAT or length != len(state) or hashed != state_hash(state):
        msg = f"its snapshot is not of format {FORMAT}, or its state is not the one it was made of"
        raise CorruptJournal(msg, _REMEDY, seq=seq)
    return Snapshot(Tip(seq, tip), epoch, wall_ns, hashed, state)


def put(txn: Transaction, snapshot: Snapshot) -> None:
    """Store a snapshot and drop what is older than the newest ``KEEP``."""
    txn.put(SNAP, key_of(snapshot.tip.seq), encode(snapshot))
    keys = [key for key, _ in txn.rows(SNAP)]
    for key in keys[:-KEEP]:
        txn.delete(SNAP, key)


def load(txn: Transaction) -> tuple[tuple[Snapshot, ...], tuple[CorruptJournal, ...]]:
    """Return the sound snapshots, oldest first, and what is wrong with the others."""
    sound, broken = [], []
    for key, data in txn.rows(SNAP):
        try:
            sound.append(decode(seq_of(key), data))
        except CorruptJournal as error:
            broken.append(error)
    return tuple(sound), tuple(broken)
