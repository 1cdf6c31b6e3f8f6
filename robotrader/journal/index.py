"""Index rows: what an order, an order number or an execution is found by.

A row lies in the frame of its event, and as ``key -> event's number, revision, value, CRC32`` in a
table of the store that is written in the same transaction. Rows of ``EXEC`` make fills happen once:
a row whose key is there with the same or a higher revision is a duplicate, and its event is not
written. In the other tables the newest row of a key counts.
"""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.journal.errors import CorruptJournal, InvalidEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_KEY_BYTES: Final = 255
"""LMDB takes 511; an order reference has 32, an execution id about 30."""
MAX_VALUE_BYTES: Final = 4096

_ROW: Final = struct.Struct(">BBHI")
_STORED: Final = struct.Struct(">QI")
_CRC: Final = struct.Struct(">I")
_TABLES: Final = ("", "idx_ref", "idx_oid", "idx_perm", "idx_exec")


class Index(IntEnum):
    """The four indices; the numbers are part of the format."""

    __hash__ = int.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    REF = 1
    OID = 2
    PERM = 3
    EXEC = 4

    @property
    def table(self) -> str:
        """The name of its table in the store."""
        return _TABLES[self]


class IndexRow(msgspec.Struct, frozen=True, gc=False):
    """``key`` leads to the event and to ``value``; see the module for ``revision``."""

    index: Index
    key: bytes
    value: bytes = b""
    revision: int = 0


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a key leads to: the number of the event that wrote it, and the row's own content."""

    seq: int
    value: bytes
    revision: int


def pack(rows: Sequence[IndexRow]) -> bytes:
    """Return rows as they lie in a frame.

    Raises:
        InvalidEntry: a key is empty or too long, or a value or revision does not fit.
    """
    if len(rows) == 1:  # nearly always
        return _packed(rows[0])
    return b"".join([_packed(row) for row in rows])


def _packed(row: IndexRow) -> bytes:
    key, value = row.key, row.value
    fits = 0 < len(key) <= MAX_KEY_BYTES and len(value) <= MAX_VALUE_BYTES
    if not fits or not 0 <= row.revision < 1 << 32:
        remedy = f"use keys of 1 to {MAX_KEY_BYTES} bytes and values of up to {MAX_VALUE_BYTES}"
        raise InvalidEntry(f"an index row that does not fit: {row!r:.200}", remedy)
    return _ROW.pack(row.index, len(key), len(value), row.revision) + key + value


def unpack(data: bytes, seq: int | None = None) -> Iterator[IndexRow]:
    """Yield the rows of a frame; ``seq`` is named in errors.

    Raises:
        CorruptJournal: the bytes are no rows.
    """
    at = 0
    while at < len(data):
        try:
            number, key_bytes, value_bytes, revision = _ROW.unpack_from(data, at)
            index = Index(number)
        except (struct.error, ValueError) as error:
            raise CorruptJournal(f"index rows that are none: {error}", seq=seq) from error
        middle = at + _ROW.size + key_bytes
        at_next = middle + value_bytes
        if at_next > len(data):
            raise CorruptJournal("index rows that end in the middle of one", seq=seq)
        yield IndexRow(index, data[at + _ROW.size : middle], data[middle:at_next], revision)
        at = at_next


def stored(row: IndexRow, seq: int) -> bytes:
    """Return what the table holds for a row of event ``seq``; the CRC covers table and key too."""
    body = _STORED.pack(seq, row.revision) + row.value
    return body + _CRC.pack(zlib.crc32(body, zlib.crc32(row.key, row.index)))


def _sum(index: Index, key: bytes, body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(key, index))


def read(index: Index, key: bytes, data: bytes) -> Found:
    """Return what a table's value says.

    Raises:
        CorruptJournal: it is not what was written under this key.
    """
    body, crc = data[: -_CRC.size], data[-_CRC.size :]
    if len(body) < _STORED.size or _CRC.pack(_sum(index, key, body)) != crc:
        msg = f"{index.table}: the checksum of the row of {key!r} is wrong"
        raise CorruptJournal(msg)
    seq, revision = _STORED.unpack_from(body)
    return Found(seq, body[_STORED.size :], revision)
