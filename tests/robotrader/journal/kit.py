"""What the tests of the journal share: entries, records of their own, a store full of both."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
from hypothesis import strategies as st

from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.journal import (
    Catalogue,
    DiskFull,
    Entry,
    Fate,
    Frame,
    Index,
    IndexRow,
    Kind,
    Known,
    Watermarks,
)
from robotrader.journal.store import Journal

NO_MARKS = Watermarks(0, 0)


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    ref: str
    qty_shares: Decimal
    price_usd: Decimal | None = None


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    exec_id: str
    qty_shares: Decimal


CATALOGUE = Catalogue([Kind(1, Placed), Kind(2, Filled)])


def store(
    path: Path,
    *,
    copy_to: Path | None = None,
    known: Known | None = None,
    watermarks: Watermarks = NO_MARKS,
    map_bytes: int = 1 << 28,
    ballast_bytes: int = 0,
) -> LmdbStore:
    """A store for tests: no ballast and no watermarks, unless they are what is tested."""
    return LmdbStore(
        path,
        copy_to=copy_to,
        known=known,
        watermarks=watermarks,
        map_bytes=map_bytes,
        ballast_bytes=ballast_bytes,
    )


def placed(number: int, *, entering: bool = False) -> Entry:
    record = Placed(ref=f"rt1-1-{number}", qty_shares=Decimal(number))
    kind, version, payload = CATALOGUE.encode(record)
    rows = (IndexRow(Index.REF, record.ref.encode()), IndexRow(Index.OID, b"%d" % number))
    return Entry(
        kind, version, payload, incarnation=1, wall_ns=number, rows=rows, entering=entering
    )


def filled(exec_id: str, revision: int = 1) -> Entry:
    kind, version, payload = CATALOGUE.encode(Filled(exec_id=exec_id, qty_shares=Decimal(1)))
    rows = (IndexRow(Index.EXEC, exec_id.encode(), b"value", revision),)
    return Entry(kind, version, payload, incarnation=1, wall_ns=1, rows=rows)


def fits(store: Journal, entry: Entry) -> bool:
    """Write an entry; False if the disk was full and the error has said what to do."""
    try:
        return store.append([entry])[0].fate is Fate.WRITTEN
    except DiskFull as error:
        return "make room" not in error.remedy


def full(path: Path, records: int, *, copy_to: Path | None = None) -> None:
    """Write a closed journal of ``records`` orders and fills."""
    journal = store(path, copy_to=copy_to)
    for first in range(0, records, 100):
        numbers = range(first, min(first + 100, records))
        journal.append([filled(f"e{n}") if n % 2 else placed(n) for n in numbers])
    journal.close()


u64 = st.integers(0, 2**64 - 1)
u16 = st.integers(0, 2**16 - 1)
digests = st.binary(min_size=16, max_size=16)
frames = st.builds(
    Frame,
    type_id=u16,
    version=u16,
    seq=u64,
    epoch=u64,
    incarnation=u64,
    wall_ns=u64,
    prev=digests,
    payload=st.binary(max_size=300),
    index=st.binary(max_size=100),
)
index_rows = st.builds(
    IndexRow,
    index=st.sampled_from(Index),
    key=st.binary(min_size=1, max_size=40),
    value=st.binary(max_size=40),
    revision=st.integers(0, 2**32 - 1),
)
