"""Days, bars, trades and quotes in Parquet files: columns as in CSV, times of any Arrow type.

Timestamps with a zone keep their nanoseconds, those without are in the layout's zone and keep
microseconds. The package is imported when a file is read: it takes half a second.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters.tables import Instant, Layout, Table, cells_of
from robotrader.market.quality import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from robotrader.adapters.tables import Row

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - for times without a zone
_ROWS: Final = 65_536
"""Read at once, so that a large file is never in memory twice."""


def read(path: Path, con_id: int, layout: Layout | None = None) -> list[Any]:
    """Return the rows of a file: all days, all bars, all trades or all quotes.

    Problems name the row, the first being 1.

    Raises:
        DataError: with every bad row, or because the file is no Parquet.
        OSError: it cannot be read.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    layout = layout or Layout()
    try:
        with pq.ParquetFile(path) as file:
            table = Table(str(path), layout.columns or file.schema_arrow.names, con_id, layout)
            batches = (_cells(batch) for batch in file.iter_batches(_ROWS))
            for number, cells in enumerate(chain.from_iterable(batches), 1):
                table.take(number, cells)
    except pa.ArrowInvalid as error:
        msg = f"{path}: no Parquet: {error}; export it again"
        raise DataError(msg) from error
    return table.rows()


def _cells(batch: Any) -> Any:
    """Yield the rows of a batch as values of Python."""
    return zip(*(_values(column) for column in batch.columns), strict=True)


def _values(column: Any) -> list[Any]:
    """Return a column's values: timestamps as nanoseconds, without a zone as wall-clock times."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return column.to_pylist()  # type: ignore[no-any-return] # pyarrow has no types
    counts = column.cast(pa.timestamp("ns", column.type.tz)).cast(pa.int64()).to_pylist()
    if column.type.tz is not None:
        return [Instant(count) if count is not None else None for count in counts]
    return [None if count is None else _EPOCH + timedelta(0, 0, count // 1000) for count in counts]


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows of one kind, times in nanoseconds; they are read back equal.

    Raises:
        ValueError: there are none.
        OSError: the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    header, cells = cells_of(rows)
    columns = dict(zip(header, zip(*cells, strict=True), strict=True))
    pq.write_table(pa.table({name: list(column) for name, column in columns.items()}), path)
