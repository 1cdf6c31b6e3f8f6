"""A segment: frames in a flat file, for the second copy, the archive and shipping.

A file is a header, then frames, each behind its length (4 bytes, big-endian)::

    "RTJSEG" | format 2 | number of the first record 8 | hash of the record before it 16 | CRC32 4

A file that was being appended to when its machine died may end in the middle of a frame: a torn
tail, which is cut off. If a sound frame comes after the broken place it is no torn tail but a
corrupt file, and nothing of it is dropped silently.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from robotrader.journal import frame as frames
from robotrader.journal.chain import Chain
from robotrader.journal.errors import CorruptJournal
from robotrader.journal.frame import DIGEST_BYTES, MAGIC, Tip

if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

    Buffer: TypeAlias = "bytes | mmap"

_HEAD: Final = struct.Struct(f">6sHQ{DIGEST_BYTES}s")
_U32: Final = struct.Struct(">I")
_NAME: Final = b"RTJSEG"
HEAD_BYTES: Final = _HEAD.size + _U32.size


class Scan(msgspec.Struct, frozen=True):
    """What a segment holds: the places before its first and at its last record, and its tail."""

    before: Tip
    tip: Tip
    sound_bytes: int
    torn_bytes: int


def head(before: Tip) -> bytes:
    """Return the header of a segment whose first record follows ``before``."""
    body = _HEAD.pack(_NAME, frames.FORMAT, before.seq + 1, before.digest)
    return body + _U32.pack(zlib.crc32(body))


def read_head(data: Buffer) -> Tip:
    """Return the place before the first record.

    Raises:
        CorruptJournal: the file does not begin as a segment.
    """
    if len(data) < HEAD_BYTES or data[: len(_NAME)] != _NAME:
        raise CorruptJournal("no segment file", "use the files that the journal's copy has written")
    (said,) = _U32.unpack_from(data, _HEAD.size)
    if zlib.crc32(data[: _HEAD.size]) != said:
        raise CorruptJournal("the checksum of the segment's header is wrong")
    _, form, first, before = _HEAD.unpack_from(data)
    if form != frames.FORMAT or not first:
        raise CorruptJournal(f"segment format {form} from record {first}")
    return Tip(first - 1, before)


def entry(data: bytes) -> bytes:
    """Return an encoded frame as it lies in a segment."""
    return _U32.pack(len(data)) + data


def entries(data: Buffer) -> Iterator[tuple[int, bytes]]:
    """Yield number and bytes of the frames up to the torn tail.

    Raises:
        CorruptJournal: the file is broken before its end.
    """
    for _, seq, found in _walk(data):
        yield seq, found


def _walk(data: Buffer) -> Iterator[tuple[int, int, bytes]]:
    """Yield where each entry ends, its number and its frame."""
    seq, at = read_head(data).seq + 1, HEAD_BYTES
    while at < len(data):
        found = _frame_at(data, at, seq)
        if found is None:
            _check_torn(data, at, seq)
            return
        at += _U32.size + len(found)
        yield at, seq, found
        seq += 1


def _frame_at(data: Buffer, at: int, seq: int) -> bytes | None:
    """Return the sound frame of number ``seq`` at ``at``, if it is one."""
    begin = at + _U32.size
    found = _sound_at(data, begin)
    if found is None or found[0] != seq or data[at:begin] != _U32.pack(len(found[1])):
        return None
    return found[1]


def _sound_at(data: Buffer, begin: int) -> tuple[int, bytes] | None:
    """Return number and bytes of the frame that begins at ``begin``, if it is sound."""
    said = frames.outline(data[begin : begin + frames.HEADER_BYTES])
    if said is None:
        return None
    seq, length = said
    found = data[begin : begin + length]
    try:
        frames.decode(seq, found)
    except CorruptJournal:
        return None
    return seq, found


def _check_torn(data: Buffer, at: int, seq: int) -> None:
    """Raise if a sound frame follows the broken place at ``at``."""
    begin = data.find(MAGIC, at + _U32.size + 1)
    while begin >= 0:
        later = _sound_at(data, begin)
        if later is not None:
            msg = f"is broken in the segment at byte {at}, and {later[0]} after it is sound"
            raise CorruptJournal(msg, seq=seq)
        begin = data.find(MAGIC, begin + 1)


def scan(data: Buffer) -> Scan:
    """Read a whole segment: its chain, and how much of its end is torn.

    Raises:
        CorruptJournal: the file is broken before its end.
    """
    before = read_head(data)
    chain, sound = Chain((before,)), HEAD_BYTES
    for end, seq, found in _walk(data):
        chain.follow(seq, found)
        sound = end
    return Scan(before, chain.tip, sound, len(data) - sound)
