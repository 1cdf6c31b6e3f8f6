"""Snapshots: the state of all actors at a record, so that a restart replays only what came after.

Three are kept, and one that is not sound gives way to the one before it. A snapshot holds the hash
of the record that it stands for, which ties it to this journal, and the hash of its state, which a
nightly proof compares with the fold of the records.

A large state is stored in pieces, a transaction each, so that no commit waits for more than one of
them; the snapshot itself, written last, counts and hashes them. Pieces without one are left from a
crash: nobody reads them, and the next snapshot removes them.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b
from itertools import count
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.journal.errors import CorruptJournal
from robotrader.journal.frame import DIGEST_BYTES, Tip, key_of, seq_of
from robotrader.journal.ports import SNAP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.journal.ports import Transaction

KEEP: Final = 3
FORMAT: Final = 1
_MAGIC: Final = b"RTJS"
_HEADER: Final = struct.Struct(f">4sHQQ{DIGEST_BYTES}s{DIGEST_BYTES}sQ")
_CRC: Final = struct.Struct(">I")
_NUMBER: Final = struct.Struct(">I")
_IN_PIECES: Final = struct.Struct(f">4sI{DIGEST_BYTES}s")
_PIECES: Final = b"RTJP"
_KEY_BYTES: Final = len(key_of(0))
REMEDY: Final = "use the snapshot before it and replay more; run `robotrader journal verify`"


class Snapshot(msgspec.Struct, frozen=True, gc=False):
    """``state`` after the record at ``tip``; ``state_hash`` is its BLAKE2b-128.

    Where ``state`` counts pieces, they are the state; see ``Pieces``.
    """

    tip: Tip
    epoch: int
    wall_ns: int
    state_hash: bytes
    state: bytes
    pieces: tuple[bytes, ...] = ()


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
        raise CorruptJournal("the checksum of its snapshot is wrong", REMEDY, seq=seq)
    magic, form, epoch, wall_ns, tip, hashed, length = _HEADER.unpack_from(body)
    state = body[_HEADER.size :]
    if magic != _MAGIC or form != FORMAT or length != len(state) or hashed != state_hash(state):
        msg = f"its snapshot is not of format {FORMAT}, or its state is not the one it was made of"
        raise CorruptJournal(msg, REMEDY, seq=seq)
    return Snapshot(Tip(seq, tip), epoch, wall_ns, hashed, state)


class Pieces:
    """Counts and hashes pieces; ``state`` is what the snapshot says of them."""

    def __init__(self, pieces: Iterable[bytes] = ()) -> None:
        self.count = 0
        self._hash = blake2b(digest_size=DIGEST_BYTES)
        for piece in pieces:
            self.add(piece)

    def add(self, piece: bytes) -> None:
        """Take in the next piece."""
        self.count += 1
        self._hash.update(_NUMBER.pack(len(piece)))
        self._hash.update(piece)

    @property
    def state(self) -> bytes:
        """The state of a snapshot that has these pieces and no other."""
        return _IN_PIECES.pack(_PIECES, self.count, self._hash.digest())


def in_pieces(state: bytes) -> bool:
    """Return whether a state only counts pieces."""
    return len(state) == _IN_PIECES.size and state.startswith(_PIECES)


def put_piece(txn: Transaction, seq: int, number: int, piece: bytes) -> None:
    """Store a piece of the snapshot that will be taken of record ``seq``."""
    key = key_of(seq) + _NUMBER.pack(number)
    txn.put(SNAP, key, piece + _CRC.pack(zlib.crc32(piece, zlib.crc32(key))))


def drop_pieces(txn: Transaction, seq: int) -> None:
    """Remove the pieces of a snapshot that was given up."""
    for key in list(txn.keys(SNAP)):
        if len(key) > _KEY_BYTES and seq_of(key[:_KEY_BYTES]) == seq:
            txn.delete(SNAP, key)


def _read_pieces(txn: Transaction, seq: int, state: bytes) -> tuple[bytes, ...]:
    """Return the pieces of a state.

    Raises:
        CorruptJournal: one is missing, or is not the one that was stored.
    """
    found = []
    for number in count():
        key = key_of(seq) + _NUMBER.pack(number)
        data = txn.get(SNAP, key)
        if data is None:
            break
        piece, crc = data[: -_CRC.size], data[-_CRC.size :]
        if _CRC.pack(zlib.crc32(piece, zlib.crc32(key))) != crc:
            msg = f"the checksum of piece {number} of its snapshot is wrong"
            raise CorruptJournal(msg, REMEDY, seq=seq)
        found.append(piece)
    if Pieces(found).state != state:
        msg = f"its snapshot was made of other pieces than the {len(found)} that are there"
        raise CorruptJournal(msg, REMEDY, seq=seq)
    return tuple(found)


def put(txn: Transaction, snapshot: Snapshot) -> None:
    """Store a snapshot; drop all but the newest ``KEEP`` and what older writings left behind."""
    newest = snapshot.tip.seq
    txn.put(SNAP, key_of(newest), encode(snapshot))
    keys = list(txn.keys(SNAP))
    kept = {seq_of(key) for key in [key for key in keys if len(key) == _KEY_BYTES][-KEEP:]}
    for key in keys:
        seq = seq_of(key[:_KEY_BYTES])
        if seq not in kept and seq <= newest:
            txn.delete(SNAP, key)


def seqs(txn: Transaction) -> list[int]:
    """Return the records for which there are snapshots, sound or not, oldest first."""
    return [seq_of(key) for key in txn.keys(SNAP) if len(key) == _KEY_BYTES]


def read(txn: Transaction, seq: int) -> Snapshot:
    """Return the snapshot of record ``seq`` with its pieces.

    Raises:
        CorruptJournal: it is not the one that was stored there.
    """
    found = decode(seq, txn.get(SNAP, key_of(seq)) or b"")
    if not in_pieces(found.state):
        return found
    pieces = _read_pieces(txn, seq, found.state)
    return msgspec.structs.replace(found, pieces=pieces)


def load(txn: Transaction) -> tuple[tuple[Snapshot, ...], tuple[CorruptJournal, ...]]:
    """Return the sound snapshots, oldest first, and what is wrong with the others."""
    sound, broken = [], []
    for seq in seqs(txn):
        try:
            sound.append(read(txn, seq))
        except CorruptJournal as error:
            broken.append(error)
    return tuple(sound), tuple(broken)
