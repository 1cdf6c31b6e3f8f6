"""Days, bars, trades and quotes as the catalogue's Parquet files: the same rows, the same bytes.

Times are Arrow timestamps in UTC with nanoseconds, days are dates, so that pandas, Polars or DuckDB
read the files as they are. The package is imported when a file is read or written.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.adapters.tables import Row

_PRICES: Final = dict.fromkeys(("open", "high", "low", "close", "volume"), "float")
_COLUMNS: Final[dict[type, dict[str, str]]] = {
    Daily: {"date": "date", **_PRICES},
    Bar: {"start": "time", "end": "time", **_PRICES, "wap": "float", "count": "int"},
    Trade: {"time": "time", "price": "float", "size": "float", "exchange": "text"},
    Quote: {"time": "time", "bid": "float", "ask": "float", "bid_size": "float",
            "ask_size": "float"},
}  # fmt: skip
_FIELDS: Final = {"date": "day", "start": "start_ns", "end": "end_ns", "time": "time_ns"}
"""What a column is called in the row, where it is not called the same."""

_ROW_GROUP: Final = 131_072
"""Rows a group: what a reader of a part has to unpack."""


def encoded(rows: Sequence[Row]) -> bytes:
    """Return the file of some rows of one kind.

    Raises:
        ValueError: there are none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not rows:
        msg = "no rows to write: a file says by its columns what it holds"
        raise ValueError(msg)
    columns = _COLUMNS[type(rows[0])]
    arrays = {
        name: pa.array([getattr(row, _FIELDS.get(name, name)) for row in rows], _type(kind))
        for name, kind in columns.items()
    }
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(arrays), sink, row_group_size=_ROW_GROUP, compression="zstd")
    return sink.getvalue().to_pybytes()  # type: ignore[no-any-return] # pyarrow has no types


def decoded(data: bytes, con_id: int, place: str) -> list[Any]:
    """Return the rows of a file, of the contract ``con_id``; ``place`` names it in errors.

    Raises:
        DataError: it is no such file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(pa.BufferReader(data))
    except pa.ArrowException as error:
        msg = f"{place}: no Parquet: {error}; import it again"
        raise DataError(msg) from error
    kind = next((k for k, names in _COLUMNS.items() if list(names) == table.column_names), None)
    if kind is None:
        msg = f"{place}: columns {', '.join(table.column_names)} are not ours; import it again"
        raise DataError(msg)
    cells = [_values(table.column(name)) for name in table.column_names]
    return list(map(kind, *cells) if kind is Daily else map(kind, repeat(con_id), *cells))


def _type(kind: str) -> Any:
    import pyarrow as pa

    return {
        "date": pa.date32(),
        "time": pa.timestamp("ns", "UTC"),
        "float": pa.float64(),
        "int": pa.int64(),
        "text": pa.string(),
    }[kind]


def _values(column: Any) -> list[Any]:
    """Return a column's values, times as nanoseconds."""
    import pyarrow as pa

    counted = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return counted.to_pylist()  # type: ignore[no-any-return] # pyarrow has no types
