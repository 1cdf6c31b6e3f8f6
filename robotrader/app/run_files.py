"""The files of one backtest: its report, its tables, its candles, its page.

Each table is there twice, with the same rows and columns: as JSON, exact, and as Parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from robotrader.adapters import parquet_rows
from robotrader.backtest import (
    Charts,
    DayRow,
    FillRow,
    OrderRow,
    Report,
    Tables,
    TradeRow,
    tearsheet,
)
from robotrader.domain.errors import ConfigurationError
from robotrader.performance import RoundTrip

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

REPORT: Final = "report.json"
TRADES: Final = "trades.json"
EQUITY: Final = "equity.json"
CANDLES: Final = "candles.json"
PAGE: Final = "tearsheet.html"
ROWS: Final[dict[str, type[msgspec.Struct]]] = {
    "orders": OrderRow,
    "fills": FillRow,
    "trades": TradeRow,
    "equity": DayRow,
}
"""What the rows of each table are; its file's name."""


def write_run(folder: Path, made: Report, tables: Tables, charts: Charts) -> None:
    """Keep a run; the page is written last.

    Raises:
        OSError: the disk is full, or may not be written.
    """
    (folder / REPORT).write_bytes(msgspec.json.format(msgspec.json.encode(made)))
    for name in Tables.__struct_fields__:
        rows = getattr(tables, name)
        (folder / f"{name}.json").write_bytes(msgspec.json.encode(rows))
        parquet_rows.write(folder / f"{name}.parquet", ROWS[name], rows)
    (folder / CANDLES).write_bytes(msgspec.json.encode(charts))
    (folder / PAGE).write_text(page_of(folder), "utf-8")


def page_of(folder: Path) -> str:
    """Return the page of a run that is kept; one of an older version has no candles."""
    made = read_report(folder)
    if not (folder / CANDLES).is_file():
        return tearsheet(made)
    charts = read_kept(folder / CANDLES, Charts)
    return tearsheet(made, charts, read_kept(folder / EQUITY, tuple[DayRow, ...]))


def read_trades(folder: Path) -> tuple[RoundTrip, ...]:
    """Return them; raises ConfigurationError if there are none of this version."""
    return read_kept(folder / TRADES, tuple[RoundTrip, ...])


def read_report(folder: Path) -> Report:
    """Return the report of a run.

    Raises:
        ConfigurationError: there is no such run, or it is of another version.
    """
    path = folder / REPORT
    if not path.is_file():
        msg = f"no run {folder.name} in {folder.parent}: `robotrader backtest ls` lists them"
        raise ConfigurationError(msg)
    return read_kept(path, Report)


def read_kept(path: Path, kind: type[T]) -> T:
    """Return what a file holds; raises ConfigurationError if that is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        msg = f"there is no {path}: run it again"
        raise ConfigurationError(msg) from None
    except msgspec.MsgspecError as error:
        msg = f"{path} is not of this version ({error}): run it again, or remove it"
        raise ConfigurationError(msg) from error
