"""The record types that a journal of robotrader holds, and by what each is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import records as rec
from robotrader.journal import Catalogue, Index, IndexRow, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.domain.records import Record

CATALOGUE: Final = Catalogue(Kind(type_id, struct) for type_id, struct in rec.TYPE_IDS.items())


def index_rows(record: Record) -> Iterator[IndexRow]:
    """Yield what a record is found by; an execution is booked once by its row."""
    if isinstance(record, rec.OrderIntended):
        yield IndexRow(Index.REF, record.ref.encode())
        yield IndexRow(Index.OID, record.order_id.to_bytes(8, "big"), record.ref.encode())
    elif isinstance(record, rec.OrderAcked) and record.perm_id:
        yield IndexRow(Index.PERM, record.perm_id.to_bytes(8, "big"), record.ref.encode())
    elif isinstance(record, rec.FillBooked | rec.FillCorrected):
        last = record.exec_id.rpartition(".")[2]
        revision = int(last) if last.isdigit() else 0
        yield IndexRow(Index.EXEC, record.family.encode(), revision=revision)
