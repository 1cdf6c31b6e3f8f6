"""Rows of one struct as a Parquet file: its fields are the columns, named as in JSON.

Money and shares, decimals here, become the nearest doubles: every tool reads those. Times in
nanoseconds stay whole numbers, days are dates. A file of no rows has all columns.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_KINDS: Final = {str: "string", int: "int64", float: "float64", bool: "bool", date: "date32",
                 Decimal: "float64"}  # fmt: skip


def write(path: Path, kind: type[msgspec.Struct], rows: Sequence[Any]) -> None:
    """Write rows of ``kind``, whose fields are texts, numbers, decimals, days or None.

    Raises:
        KeyError: a field is of another type.
        OSError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {}
    for field in msgspec.structs.fields(kind):
        own, empty = _kind(field.type)
        values = [getattr(each, field.name) for each in rows]
        if own is Decimal:
            values = [None if each is None else float(each) for each in values]
        columns[field.encode_name] = (pa.array(values, _KINDS[own]), empty)
    schema = pa.schema([pa.field(n, each.type, nullable=e) for n, (each, e) in columns.items()])
    table = pa.Table.from_arrays([each for each, _ in columns.values()], schema=schema)
    pq.write_table(table, path)


def _kind(declared: Any) -> tuple[type[Any], bool]:
    """Return a field's type without None, and whether it may be that."""
    parts = get_args(declared) or (declared,)
    (own,) = (each for each in parts if each is not NoneType)
    return own, NoneType in parts
