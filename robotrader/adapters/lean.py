"""Data in the format of the LEAN engine: zip files of US stocks, one per symbol or day.

The format as it is published: ``equity/usa/{daily,hour}/SYMBOL.zip`` has a CSV with
``YYYYMMDD HH:MM,open,high,low,close,volume``. In ``equity/usa/{minute,second}/SYMBOL``, a
``YYYYMMDD_trade.zip`` has ``milliseconds,open,high,low,close,volume`` and a ``YYYYMMDD_quote.zip``
milliseconds, then open, high, low, close and last size of the bid, and the same of the ask. In
``equity/usa/tick/SYMBOL`` trades are ``milliseconds,price,size,exchange,condition,suspicious`` and
quotes ``milliseconds,bid,bid size,ask,ask size,exchange,condition,suspicious``, one side in each.
Prices are in hundredths of a cent; milliseconds, possibly with a fraction, are since midnight in
New York. Nothing is adjusted for splits or dividends.

A bar of quotes is its last quote, at its end. A tick's side that is not given is the best that
any exchange showed before; where that would cross, the older side is gone.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, TypeVar

from robotrader.adapters.tables import MOST_ROWS, SECOND_NS
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.hours import NEW_YORK, midnight_ns
from robotrader.market.quality import (
    DataError,
    Problems,
    fault,
    quote_fault,
    trade_fault,
)
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from robotrader.market.quality import Refused

BAR_S: Final = {"second": 1, "minute": 60, "hour": 3600}
_SCALE: Final = 10_000
_MILLISECOND_NS: Final = 1_000_000
_T = TypeVar("_T")


def read_daily(path: Path) -> list[Daily]:
    """Return the days of a ``daily`` file.

    Raises:
        DataError: with every bad line, or because the file is no such zip.
        OSError: it cannot be read.
    """

    def day(cells: list[str]) -> Daily:
        prices, volume = _prices(cells), float(cells[5])
        return _checked(fault(*prices, volume), Daily(_written(cells[0]).date(), *prices, volume))

    return _read(path, day, lambda row: row.day.toordinal())


def read_hours(path: Path, con_id: int) -> list[Bar]:
    """Return the bars of an ``hour`` file; errors as ``read_daily``."""

    def hour(cells: list[str]) -> Bar:
        start_ns = int(_written(cells[0]).timestamp()) * SECOND_NS
        return _bar(con_id, start_ns, BAR_S["hour"], cells)

    return _read(path, hour, lambda row: row.start_ns)


def read_bars(path: Path, con_id: int, bar_s: int) -> list[Bar]:
    """Return the bars of a ``minute`` or ``second`` file of trades; errors as ``read_daily``."""
    midnight = midnight_ns(_day(path))

    def bar(cells: list[str]) -> Bar:
        return _bar(con_id, midnight + _since(cells[0]), bar_s, cells)

    return _read(path, bar, lambda row: row.start_ns)


def read_quote_bars(path: Path, con_id: int, bar_s: int) -> list[Quote]:
    """Return the last quote of each bar of a file of quotes; errors as ``read_daily``."""
    midnight = midnight_ns(_day(path))

    def quote(cells: list[str]) -> Quote:
        bid, bid_size = _optional(cells[4]), float(cells[5] or 0)
        ask, ask_size = _optional(cells[9]), float(cells[10] or 0)
        # The venue learns of it when the bar is over, and before the next one begins.
        at_ns = midnight + _since(cells[0]) + bar_s * SECOND_NS - _MILLISECOND_NS
        made = Quote(con_id, at_ns, bid, ask, bid_size if bid else 0.0, ask_size if ask else 0.0)
        return _checked(quote_fault(made), made)

    return _read(path, quote, lambda row: row.time_ns)


def read_trades(path: Path, con_id: int) -> list[Trade]:
    """Return the trades of a ``tick`` file but the suspicious ones; errors as ``read_daily``."""
    midnight = midnight_ns(_day(path))

    def trade(cells: list[str]) -> Trade | None:
        price, size = _price(cells[1]), float(cells[2])
        at_ns = midnight + _since(cells[0])
        made = Trade(con_id, at_ns, price, size, cells[3])
        return None if _suspicious(cells[5]) else _checked(trade_fault(made), made)

    return _read(path, trade, lambda row: row.time_ns, doubles=True)


def read_quotes(path: Path, con_id: int) -> list[Quote]:
    """Return the best quote after each quote of a ``tick`` file; errors as ``read_daily``."""
    midnight, best = midnight_ns(_day(path)), _Best()

    def quote(cells: list[str]) -> Quote | None:
        bid, ask = _optional(cells[1]), _optional(cells[3])
        sizes = float(cells[2] or 0), float(cells[4] or 0)
        if _suspicious(cells[7]) or not (bid or ask):
            return None
        at_ns = midnight + _since(cells[0])
        made = Quote(con_id, at_ns, *best.after(cells[5], (bid, ask), sizes))
        return _checked(quote_fault(made), made)

    return _read(path, quote, lambda row: row.time_ns, doubles=True)


class _Best:
    """The best bid and ask of all exchanges, of which each shows one side at a time."""

    def __init__(self) -> None:
        self._bids: dict[str, tuple[float, float]] = {}
        self._asks: dict[str, tuple[float, float]] = {}

    def after(
        self, exchange: str, prices: tuple[float, float], sizes: tuple[float, float]
    ) -> tuple[float, float, float, float]:
        """Return bid, ask and their sizes after one exchange's quote; 0 for none."""
        (bid, ask), (bid_size, ask_size) = prices, sizes
        if bid:
            self._bids[exchange] = (bid, bid_size)
            self._asks = {at: each for at, each in self._asks.items() if each[0] >= bid}
        if ask:
            self._asks[exchange] = (ask, ask_size)
            self._bids = {at: each for at, each in self._bids.items() if each[0] <= ask}
        best_bid = max(self._bids.values(), default=(0.0, 0.0))
        best_ask = min(self._asks.values(), default=(0.0, 0.0))
        return best_bid[0], best_ask[0], best_bid[1], best_ask[1]


# -- cells --


def _day(path: Path) -> date:
    """Return the day that a file's name begins with."""
    try:
        return datetime.strptime(path.name[:8], "%Y%m%d").date()  # noqa: DTZ007 - a day
    except ValueError as error:
        msg = f"{path}: its name does not begin with a day as 20240102; name it as LEAN does"
        raise DataError(msg) from error


def _written(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%d %H:%M").replace(tzinfo=NEW_YORK)


def _since(text: str) -> int:
    """Return nanoseconds since midnight."""
    try:
        return int(Decimal(text) * _MILLISECOND_NS)
    except InvalidOperation:
        msg = f"time {text!r} is no number of milliseconds; write the file anew"
        raise ValueError(msg) from None


def _price(text: str) -> float:
    return float(text) / _SCALE


def _optional(text: str) -> float:
    return _price(text) if text else 0.0


def _prices(cells: list[str]) -> tuple[float, float, float, float]:
    return _price(cells[1]), _price(cells[2]), _price(cells[3]), _price(cells[4])


def _bar(con_id: int, start_ns: int, bar_s: int, cells: list[str]) -> Bar:
    prices, volume = _prices(cells), float(cells[5])
    end_ns = start_ns + bar_s * SECOND_NS
    return _checked(fault(*prices, volume), Bar(con_id, start_ns, end_ns, *prices, volume))


def _suspicious(text: str) -> bool:
    return text.strip() not in {"", "0"}


def _checked(refused: Refused | None, row: _T) -> _T:
    if refused is not None:
        raise ValueError(refused.remedy)
    return row


# -- files --


def _read(
    path: Path,
    made: Callable[[list[str]], _T | None],
    key: Callable[[_T], int],
    *,
    doubles: bool = False,
) -> list[_T]:
    """Return what ``made`` makes of each line; ``key`` has to ascend, unless ``doubles`` may be."""
    problems, before = Problems(str(path)), -1
    found: list[_T] = []
    for line, cells in _lines(path):
        try:
            row = made(cells)
        except (ValueError, IndexError) as error:
            few = "it has too few cells; write the file anew"
            problems.add(line, few if isinstance(error, IndexError) else str(error))
            continue
        if row is None:
            continue
        if key(row) < before or (key(row) == before and not doubles):
            problems.add(line, "its time is not after the line before; sort, remove doubles")
            continue
        before = key(row)
        found.append(row)
        if len(found) > MOST_ROWS:
            msg = f"{path}:{line}: more than {MOST_ROWS} lines; take longer bars or fewer days"
            raise DataError(msg)
    problems.check()
    return found


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of every line of the one CSV in a zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".csv")]
            if len(names) != 1:
                msg = f"{path}: {len(names)} CSV files in it, one is needed; write the file anew"
                raise DataError(msg)
            with archive.open(names[0]) as file:
                reader = csv.reader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
                yield from ((reader.line_num, cells) for cells in reader if cells)
    except (zipfile.BadZipFile, csv.Error, UnicodeDecodeError) as error:
        msg = f"{path}: no zip of a CSV: {error}; copy or write the file anew"
        raise DataError(msg) from error
