"""Days, bars, trades and quotes in CSV files: one a line, in order of time, with a header.

A file that ends in ``.gz`` is unpacked while it is read. What columns mean is ``tables``' matter.
"""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING, Any, TextIO

from robotrader.adapters.tables import Layout, Table, cells_of
from robotrader.market.quality import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from robotrader.adapters.tables import Row


def read(path: Path, con_id: int, layout: Layout | None = None) -> list[Any]:
    """Return the rows of a file: all days, all bars, all trades or all quotes.

    Raises:
        DataError: with every bad line, or because the file is empty or no CSV.
        OSError: it cannot be read.
    """
    layout = layout or Layout()
    lines = _lines(path)
    table = None
    if layout.columns:
        table = Table(str(path), layout.columns, con_id, layout)
    for line, cells in lines:
        if table is None:
            table = Table(str(path), cells, con_id, layout)
        else:
            table.take(line, cells)
    if table is None:
        msg = f"{path}:1: empty; a header and lines are needed"
        raise DataError(msg)
    return table.rows()


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of every line that is not empty."""
    with _reading(path) as file:
        reader = csv.reader(file)
        try:
            for cells in reader:
                if any(cells):
                    yield reader.line_num, cells
        except (csv.Error, UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
            msg = f"{path}:{reader.line_num + 1}: no CSV in UTF-8: {error}; export it again"
            raise DataError(msg) from error


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows of one kind with a header and times in nanoseconds; they are read back equal.

    Raises:
        ValueError: there are none.
        OSError: the file cannot be written.
    """
    header, cells = cells_of(rows)
    with _writing(path) as file:
        csv.writer(file).writerows([header, *cells])


def _reading(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _writing(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "wt", encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")
