"""A frame: one record as it lies in the store, and how each is tied to the one before.

All integers are unsigned and big-endian::

    magic 4 | format 2 | type id 2 | schema version 2 | index length 2 | seq 8 | epoch 8
    | incarnation 8 | wall ns 8 | payload length 4 | previous frame's BLAKE2b-128 16
    | index rows | payload | CRC32 4

The CRC covers the key under which the frame is stored (its seq, 8 bytes) and then everything in
front of the CRC: a sum over the value alone does not see a flipped bit in the key. The hash of the
previous frame makes a hole, a swap or a replaced record visible that is sound in itself. The index
rows (``index.py``) lie in the frame so that the index can be proven and rebuilt from it alone.
"""

from __future__ import annotations

import struct
import zlib
from hashlib import blake2b
from typing import Final

import msgspec

from robotrader.journal.errors import CorruptJournal, InvalidEntry

MAGIC: Final = b"RTJF"
FORMAT: Final = 1
DIGEST_BYTES: Final = 16
MAX_PAYLOAD_BYTES: Final = 1 << 20
"""An event is small; a megabyte is a mistake, and it would hold up everybody's commit."""
MAX_INDEX_BYTES: Final = 0xFFFF

_HEADER: Final = struct.Struct(f">4sHHHHQQQQI{DIGEST_BYTES}s")
_KEY: Final = struct.Struct(">Q")
_CRC: Final = struct.Struct(">I")
HEADER_BYTES: Final = _HEADER.size
LEAST_BYTES: Final = _HEADER.size + _CRC.size
MAX_BYTES: Final = LEAST_BYTES + MAX_INDEX_BYTES + MAX_PAYLOAD_BYTES


class Tip(msgspec.Struct, frozen=True, gc=False):
    """A place in the journal: a record's number and the hash of its frame."""

    seq: int
    digest: bytes


GENESIS: Final = Tip(0, bytes(DIGEST_BYTES))
"""The place before the first record, which is number 1."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One record: ``type_id`` and ``version`` of its schema, its place, who wrote it and when.

    ``epoch`` counts the openings of the store, ``incarnation`` is the writing actor's; ``wall_ns``
    is nanoseconds since 1970 in UTC and orders nothing. ``prev`` is the hash of the frame before.
    """

    type_id: int
    version: int
    seq: int
    epoch: int
    incarnation: int
    wall_ns: int
    prev: bytes
    payload: bytes
    index: bytes = b""


def key_of(seq: int) -> bytes:
    """Return the key of a record: keys sort as numbers do."""
    return _KEY.pack(seq)


def seq_of(key: bytes) -> int:
    """Return the number that a key holds.

    Raises:
        CorruptJournal: the key does not have 8 bytes.
    """
    if len(key) != _KEY.size:
        msg = f"the key {key.hex()} has {len(key)} bytes and not {_KEY.size}"
        raise CorruptJournal(msg)
    return int.from_bytes(key, "big")


def digest(data: bytes) -> bytes:
    """Return the hash of an encoded frame: BLAKE2b of 128 bits."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame.

    Raises:
        InvalidEntry: a number does not fit its field, or the payload is too long.
    """
    return joined(
        frame.type_id, frame.version, frame.seq, frame.epoch, frame.incarnation, frame.wall_ns,
        frame.prev, frame.payload, frame.index,
    )  # fmt: skip


def joined(  # noqa: PLR0917 - the fields of a frame, in its order; names cost half a microsecond
    type_id: int, version: int, seq: int, epoch: int, incarnation: int, wall_ns: int,
    prev: bytes, payload: bytes, index: bytes,
) -> bytes:  # fmt: skip
    """Return the bytes of a frame of these parts; writing makes no ``Frame`` of them before.

    Raises:
        InvalidEntry: as ``encode`` does.
    """
    if len(payload) > MAX_PAYLOAD_BYTES or len(index) > MAX_INDEX_BYTES:
        msg = f"{len(payload)} bytes of payload and {len(index)} of index rows"
        remedy = f"split it: at most {MAX_PAYLOAD_BYTES} and {MAX_INDEX_BYTES}"
        raise InvalidEntry(msg, remedy, seq=seq)
    try:
        header = _HEADER.pack(
            MAGIC, FORMAT, type_id, version, len(index), seq, epoch, incarnation, wall_ns,
            len(payload), prev,
        )  # fmt: skip
    except struct.error as error:
        remedy = "correct the writer: ids have 16 bits, counters and times 64, none is negative"
        raise InvalidEntry(f"a number that does not fit: {error}", remedy, seq=seq) from error
    body = b"".join((header, index, payload))
    return body + _CRC.pack(zlib.crc32(body, zlib.crc32(_KEY.pack(seq))))


def decode(seq: int, data: bytes) -> Frame:
    """Return the frame that is stored as number ``seq``.

    Raises:
        CorruptJournal: it is not the frame that was written there.
    """
    size = len(data)
    if size < LEAST_BYTES:
        raise CorruptJournal(f"{size} bytes, at least {LEAST_BYTES} are needed", seq=seq)
    (
        magic, form, type_id, version, index_bytes, inner, epoch, incarnation, wall_ns, length, prev
    ) = _HEADER.unpack_from(data)  # fmt: skip
    if magic != MAGIC:
        raise CorruptJournal(f"begins with {magic.hex()} and not {MAGIC.hex()}", seq=seq)
    end = size - _CRC.size
    said = int.from_bytes(data[end:], "big")
    found = zlib.crc32(data[:end], zlib.crc32(_KEY.pack(seq)))  # to copy is quicker than to view
    if found != said:
        msg = f"the checksum of key and frame is {found:08x} and not {said:08x}"
        raise CorruptJournal(msg, seq=seq)
    if form != FORMAT:
        remedy = f"use the release that wrote it; this one reads format {FORMAT}"
        raise CorruptJournal(f"frame format {form}", remedy, seq=seq)
    middle = HEADER_BYTES + index_bytes
    if inner != seq or middle + length != end:
        msg = f"says that it is number {inner} with {index_bytes} + {length} bytes inside"
        raise CorruptJournal(f"{msg}, and has {end - HEADER_BYTES}", seq=seq)
    return Frame(
        type_id, version, seq, epoch, incarnation, wall_ns, prev, data[middle:end],
        data[HEADER_BYTES:middle],
    )  # fmt: skip


def outline(head: bytes) -> tuple[int, int] | None:
    """Return number and length of the frame that ``head`` begins; None where none begins.

    Nothing is checked but the magic: what is said may be wrong.
    """
    if len(head) < HEADER_BYTES or head[: len(MAGIC)] != MAGIC:
        return None
    _, _, _, _, index_bytes, seq, _, _, _, length, _ = _HEADER.unpack_from(head)
    total = LEAST_BYTES + index_bytes + length
    return (seq, total) if total <= MAX_BYTES else None
