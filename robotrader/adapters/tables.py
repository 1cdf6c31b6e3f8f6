"""Rows of a table that somebody has, made into days, bars, trades or quotes.

What a table holds is said by its columns; what they are called may differ (``NAMES``). Nothing is
guessed: a time without a zone is in the declared one, the length of a bar is given, and a row that
cannot be used is an error that says where it is, what is wrong and what to do; all are listed.
CSV and Parquet come here with the same rows and mean the same.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import (
    DataError,
    Problems,
    bar_fault,
    fault,
    quote_fault,
    trade_fault,
)
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.market.quality import Refused

SECOND_NS: Final = 1_000_000_000
DAY_NS: Final = 86_400 * SECOND_NS
MOST_ROWS: Final = 5_000_000
"""Read from one file: about two gigabytes of bars in memory."""

NAMES: Final = {
    "date": "time", "time": "time", "datetime": "time", "timestamp": "time", "start": "time",
    "epoch": "time", "end": "end",
    "open": "open", "high": "high", "low": "low", "close": "close",
    "volume": "volume", "vol": "volume", "wap": "wap", "vwap": "wap", "average": "wap",
    "count": "count", "barcount": "count", "trades": "count",
    "bid": "bid", "bidprice": "bid", "ask": "ask", "askprice": "ask",
    "bidsize": "bid_size", "asksize": "ask_size",
    "price": "price", "size": "size", "quantity": "size", "exchange": "exchange",
}  # fmt: skip
"""What a header may call each field, in small letters, without blanks and underscores.

A time's name may end in the unit that it is counted in since 1970: ``time_ms``, ``start_ns``.
"""

_UNITS_NS: Final = {"s": SECOND_NS, "ms": 1_000_000, "us": 1_000, "ns": 1}
_COUNTED: Final = re.compile(r"(time|timestamp|start|epoch|end)_(s|ms|us|ns)")
_NEEDED: Final = {
    "bars": ("time", "open", "high", "low", "close"),
    "quotes": ("time", "bid", "ask"),
    "trades": ("time", "price", "size"),
}
_SEPARATORS: Final = re.compile(r"[\s_]+")

Row: TypeAlias = Daily | Bar | Trade | Quote


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a table is written.

    ``columns`` names the field of each column (the values of ``NAMES``; an empty name is not read)
    of a table without a header; empty, its first line is the header. ``time_format`` is ``iso``,
    ``epoch_s``, ``epoch_ms``, ``epoch_us``, ``epoch_ns`` or a pattern as ``%d.%m.%Y %H:%M``; a
    column whose name ends in a unit needs none. ``zone`` is that of times without one; empty, such
    a time is an error. ``bar_s`` is the length of bars whose end is in no column; without either, a
    table of bars is one of days.

    Raises:
        DataError: from ``named_zone``, there is no such zone.
    """

    columns: tuple[str, ...] = ()
    time_format: str = "iso"
    zone: str = "America/New_York"
    bar_s: int | None = None

    def named_zone(self) -> ZoneInfo | None:
        """Return the zone, None if there is none."""
        try:
            return ZoneInfo(self.zone) if self.zone else None
        except (ZoneInfoNotFoundError, ValueError) as error:
            msg = f"no time zone {self.zone!r}: use a name as America/New_York or UTC"
            raise DataError(msg) from error


class _NoZone(ValueError):
    """A time without a zone, and no zone was given: no row of such a table can be read."""


class Instant(int):
    """Nanoseconds since 1970, whatever the layout says of whole numbers."""


class Table:
    """Takes rows of one table and returns what they are.

    Args:
        place: the file, for errors.
        header: the names of the columns.
        con_id: whose prices these are.
        layout: how the table is written.

    Raises:
        DataError: columns are missing, unknown where they were declared, or there twice.
    """

    def __init__(self, place: str, header: Sequence[str], con_id: int, layout: Layout) -> None:
        self._place, self._con_id, self._layout = place, con_id, layout
        self._zone = layout.named_zone()
        unit_ns = _UNITS_NS.get(layout.time_format.removeprefix("epoch_"))
        fields = [(name, unit_ns) for name in layout.columns]
        fields = fields or [_field(name, unit_ns) for name in header]
        self._at = {name: at for at, (name, _) in enumerate(fields) if name}
        self._units_ns = dict(fields)
        self.kind = self._kind([name for name, _ in fields])
        self._problems = Problems(place)
        self._rows: list[Any] = []
        self._before = -(1 << 70)
        self._made = self._maker()

    def _kind(self, names: list[str]) -> str:
        named = [name for name in names if name]
        wrong = sorted({n for n in named if named.count(n) > 1 or n not in NAMES.values()})
        if wrong:
            said = ", ".join(wrong)
            msg = f"{self._place}:1: columns {said} are there twice or unknown; rename them"
            raise DataError(msg)
        for kind, needed in _NEEDED.items():
            if set(needed) <= set(named):
                days = kind == "bars" and self._layout.bar_s is None and "end" not in named
                return "days" if days else kind
        needs = "; or ".join(", ".join(needed) for needed in _NEEDED.values())
        msg = f"{self._place}:1: columns are missing: {needs} are needed; name them in a header"
        raise DataError(msg)

    def _maker(self) -> Callable[[Sequence[Any]], tuple[int, int, Row]]:
        return {
            "days": self._day,
            "bars": self._bar,
            "trades": self._trade,
            "quotes": self._quote,
        }[self.kind]

    # -- rows --

    def take(self, line: int, cells: Sequence[Any]) -> None:
        """Read a row; what is wrong with it is noted.

        Raises:
            DataError: too many are wrong, or there are too many.
        """
        try:
            begins, ends, row = self._made(cells)
        except _NoZone as error:
            raise DataError(f"{self._place}:{line}: {error}") from None
        except ValueError as error:
            self._problems.add(line, str(error))
            return
        except IndexError:
            self._problems.add(line, f"it has {len(cells)} cells, too few; complete or remove it")
            return
        if begins < self._before:
            self._problems.add(line, "its time is not after the row before; sort, remove doubles")
            return
        self._before = ends
        self._rows.append(row)
        if len(self._rows) > MOST_ROWS:
            msg = f"{self._place}:{line}: more than {MOST_ROWS} rows; take longer bars"
            raise DataError(msg)

    def rows(self) -> list[Any]:
        """Return the days, bars, trades or quotes, in order of time.

        Raises:
            DataError: with every row that is wrong, or because there is none.
        """
        self._problems.check()
        if not self._rows:
            msg = f"{self._place}:1: no rows; remove the file or fill it"
            raise DataError(msg)
        return self._rows

    def _day(self, cells: Sequence[Any]) -> tuple[int, int, Row]:
        day = self._date(cells)
        prices, volume = self._prices(cells), self._number(cells, "volume", 0.0)
        _refuse(fault(*prices, volume))
        return day.toordinal(), day.toordinal() + 1, Daily(day, *prices, volume)

    def _bar(self, cells: Sequence[Any]) -> tuple[int, int, Row]:
        start_ns = self._time(cells, "time")
        if "end" in self._at:
            end_ns = self._time(cells, "end")
        else:
            end_ns = start_ns + (self._layout.bar_s or 0) * SECOND_NS
        volume = self._number(cells, "volume", 0.0)
        wap, count = self._number(cells, "wap", 0.0), int(self._number(cells, "count", 0.0))
        bar = Bar(self._con_id, start_ns, end_ns, *self._prices(cells), volume, wap, count)
        _refuse(bar_fault(bar))
        return start_ns, end_ns, bar

    def _trade(self, cells: Sequence[Any]) -> tuple[int, int, Row]:
        at_ns = self._time(cells, "time")
        price, size = self._number(cells, "price"), self._number(cells, "size")
        place = self._at.get("exchange")
        exchange = "" if place is None else str(cells[place] or "")
        trade = Trade(self._con_id, at_ns, price, size, exchange)
        _refuse(trade_fault(trade))
        return at_ns, at_ns, trade

    def _quote(self, cells: Sequence[Any]) -> tuple[int, int, Row]:
        at_ns = self._time(cells, "time")
        bid, ask = self._number(cells, "bid"), self._number(cells, "ask")
        sizes = [
            self._number(cells, f"{name}_size", 100.0 if price else 0.0)
            for name, price in (("bid", bid), ("ask", ask))
        ]
        quote = Quote(self._con_id, at_ns, bid, ask, *sizes)
        _refuse(quote_fault(quote))
        return at_ns, at_ns, quote

    # -- cells --

    def _prices(self, cells: Sequence[Any]) -> tuple[float, float, float, float]:
        at = self._at
        try:
            return (
                float(cells[at["open"]]),
                float(cells[at["high"]]),
                float(cells[at["low"]]),
                float(cells[at["close"]]),
            )
        except (TypeError, ValueError):
            for name in ("open", "high", "low", "close"):
                self._number(cells, name)
            raise

    def _number(self, cells: Sequence[Any], name: str, absent: float | None = None) -> float:
        place = self._at.get(name)
        if place is None and absent is not None:
            return absent
        cell = cells[self._at[name]]
        try:
            return float(cell)
        except (TypeError, ValueError):
            shown = "empty" if cell in {None, ""} else f"{cell!r}, no number"
            msg = f"{name} is {shown}; correct it or remove the line"
            raise ValueError(msg) from None

    def _moment(self, cell: Any) -> datetime:
        """Read a time; without a zone it stays without."""
        if isinstance(cell, datetime):
            return cell
        if isinstance(cell, date):
            return datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 - a day has no zone
        text = str(cell or "").strip()
        try:
            if self._layout.time_format == "iso":
                return datetime.fromisoformat(text)
            form = self._layout.time_format
            return datetime.strptime(text, form)  # noqa: DTZ007 - it may have none
        except ValueError:
            form = self._layout.time_format
            msg = f"time {text!r} is not as {form!r}; correct it or say how times are written"
            raise ValueError(msg) from None

    def _count(self, cell: Any, unit_ns: int | None) -> int | None:
        """Return nanoseconds since 1970 of a time that is counted; None for a written one."""
        if isinstance(cell, Instant):
            return cell
        if unit_ns is None and not isinstance(cell, int):
            return None
        try:
            return int(cell) * _known(unit_ns)
        except (TypeError, ValueError):
            msg = f"time {cell!r} is no count of a known unit; name the column time_ms or the like"
            raise ValueError(msg) from None

    def _time(self, cells: Sequence[Any], name: str) -> int:
        """Return nanoseconds since 1970."""
        cell = cells[self._at[name]]
        count = self._count(cell, self._units_ns[name])
        if count is not None:
            return count
        moment = self._moment(cell)
        if self._layout.time_format == "iso" and len(str(cell).strip()) <= _DAY_LENGTH:
            msg = f"time {cell} is a day without a time; for days give no length of bars"
            raise ValueError(msg)
        if moment.tzinfo is None:
            moment = self._zoned(moment)
        since = moment - _EPOCH
        return (since.days * 86_400 + since.seconds) * SECOND_NS + since.microseconds * 1_000

    def _zoned(self, moment: datetime) -> datetime:
        """Put a wall-clock time into the zone; an hour that comes twice is the first one."""
        if self._zone is None:
            raise _NoZone(f"time {moment} has no zone; say which with --tz, as America/New_York")
        zoned = moment.replace(tzinfo=self._zone)
        if zoned.astimezone(UTC).astimezone(self._zone).replace(tzinfo=None) != moment:
            msg = f"time {moment} does not exist in {self._layout.zone}: clocks go forward"
            raise ValueError(msg)
        return zoned

    def _date(self, cells: Sequence[Any]) -> date:
        """Return a day: one that is written, or a midnight in UTC or in the zone."""
        cell = cells[self._at["time"]]
        count = self._count(cell, self._units_ns["time"])
        if count is None:
            moment = self._moment(cell)
        else:
            moment = datetime.fromtimestamp(count // SECOND_NS, UTC)
            if count % DAY_NS and self._zone is None:
                raise _NoZone(f"day {cell} is no midnight in UTC; say its zone with --tz")
            moment = moment if count % DAY_NS == 0 else moment.astimezone(self._zone)
        if (moment.hour, moment.minute, moment.second) != (0, 0, 0):
            msg = (
                f"time {cell} is inside a day, and the length of these bars is not known; "
                "put the file into a folder as bars_1min, or import it with --bar 1m"
            )
            raise ValueError(msg)
        return moment.date()


_DAY_LENGTH: Final = len("2024-01-02")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _field(name: str, unit_ns: int | None) -> tuple[str, int | None]:
    """Return the field that a column's name stands for, and the unit if it is a count."""
    said = name.strip().lower()
    counted = _COUNTED.fullmatch(said)
    if counted is not None:
        said, unit_ns = counted[1], _UNITS_NS[counted[2]]
    return NAMES.get(_SEPARATORS.sub("", said), ""), unit_ns


def _known(unit_ns: int | None) -> int:
    if unit_ns is None:
        raise ValueError
    return unit_ns


def _refuse(refused: Refused | None) -> None:
    if refused is not None:
        raise ValueError(refused.remedy)


WRITTEN: Final[dict[type, tuple[str, ...]]] = {
    Daily: ("date", "open", "high", "low", "close", "volume"),
    Bar: ("start_ns", "end_ns", "open", "high", "low", "close", "volume", "wap", "count"),
    Trade: ("time_ns", "price", "size", "exchange"),
    Quote: ("time_ns", "bid", "ask", "bid_size", "ask_size"),
}
"""The columns that each kind of row is written with; they are read back equal."""


def cells_of(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Return header and cells of rows of one kind.

    Raises:
        ValueError: there are none.
    """
    if not rows:
        msg = "no rows to write: a table says by its columns what it holds"
        raise ValueError(msg)
    header = WRITTEN[type(rows[0])]
    fields = ["day" if name == "date" else name for name in header]
    return header, [[getattr(row, field) for field in fields] for row in rows]
