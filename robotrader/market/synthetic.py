"""Intraday prices made from daily ones: seeded, the same for every reader, labelled synthetic.

A market day takes a day of the series: today's is the one at ``cursor``, earlier market days take
earlier ones, weekends have none. A day is a bridge of minutes, a minute a bridge of ticks. Any part
can be computed alone and is always the same: what is drawn depends on seed, contract and time.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from robotrader.domain import Bar
from robotrader.market.path import bridge
from robotrader.market.series import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.domain import Instrument
    from robotrader.market.series import Daily, Provenance, Series

NEW_YORK: Final = ZoneInfo("America/New_York")
SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
_KEPT_DAYS: Final = 256
"""Days of minutes kept at once: 22 symbols and their neighbours, about 10 MB."""

FUTURE_DAYS: Final = 750
"""Days of a series that are kept for the time after today."""


class Hours:
    """When a market day trades: minutes after midnight in New York.

    ``always`` trades round the clock; otherwise 9:30 to 16:00.
    """

    def __init__(self, *, always: bool) -> None:
        self.first, self.last = (0, 24 * 60) if always else (9 * 60 + 30, 16 * 60)

    @property
    def minutes(self) -> int:
        """Length of a day in minutes."""
        return self.last - self.first

    def opening_ns(self, day: date) -> int:
        """Return when ``day`` begins to trade."""
        hour, minute = divmod(self.first, 60)
        local = datetime.combine(day, time(hour, minute), NEW_YORK)
        return int(local.timestamp()) * SECOND_NS


def day_of(now_ns: int) -> date:
    """Return the calendar day in New York."""
    return datetime.fromtimestamp(now_ns / SECOND_NS, UTC).astimezone(NEW_YORK).date()


def weekdays_between(first: date, last: date) -> int:
    """Return how many weekdays lie from ``first`` (excluded) to ``last``; negative backwards."""
    if last < first:
        return -weekdays_between(last, first)
    weeks, rest = divmod((last - first).days, 7)
    return weeks * 5 + sum((first + timedelta(n)).weekday() < 5 for n in range(1, rest + 1))


class SyntheticMarket:
    """The market days of some series.

    Args:
        series: daily prices by symbol.
        today: the market day that is today.
        seed: of everything that is drawn.
        always: trade round the clock, weekends included.
    """

    def __init__(
        self, series: dict[str, Series], today: date, seed: int, *, always: bool = True
    ) -> None:
        self.series = {each.instrument.con_id: each for each in series.values()}
        self.hours = Hours(always=always)
        self._always = always
        self._today = today
        self._seed = seed
        self._minutes = lru_cache(_KEPT_DAYS)(self._make_minutes)

    def instruments(self) -> tuple[Instrument, ...]:
        """Return what there is."""
        return tuple(each.instrument for each in self.series.values())

    def provenance(self, con_id: int) -> Provenance:
        """Return where the prices come from; they are labelled synthetic."""
        return self.series[con_id].provenance.labelled(SYNTHETIC)

    # -- days --

    def trades_on(self, day: date) -> bool:
        """Say whether ``day`` is a market day."""
        return self._always or day.weekday() < 5

    def _index(self, con_id: int, day: date) -> int:
        distance = (day - self._today).days if self._always else weekdays_between(self._today, day)
        return len(self.series[con_id].days) - 1 - FUTURE_DAYS + distance

    def daily(self, con_id: int, day: date) -> Daily | None:
        """Return the prices that a market day has; None beyond the series or on a day without."""
        index = self._index(con_id, day)
        days = self.series[con_id].days
        if not self.trades_on(day) or not 0 <= index < len(days):
            return None
        return days[index]

    def previous_close(self, con_id: int, day: date) -> float:
        """Return the close of the market day before ``day``."""
        index = self._index(con_id, day) - 1
        days = self.series[con_id].days
        return days[min(max(index, 0), len(days) - 1)].close

    # -- minutes and ticks --

    def _rng(self, con_id: int, day: date, minute: int) -> Random:
        return Random(f"{self._seed}/{con_id}/{day.isoformat()}/{minute}")

    def _make_minutes(self, con_id: int, day: date) -> list[float]:
        daily = self.daily(con_id, day)
        if daily is None:
            return []
        prices = (daily.open, daily.high, daily.low, daily.close)
        return bridge(self._rng(con_id, day, -1), prices, self.hours.minutes)

    def minute_bars(self, con_id: int, day: date, first: int = 0) -> Iterator[Bar]:
        """Yield the minutes of a market day, from the one with the number ``first`` on."""
        points = self._minutes(con_id, day)
        if not points:
            return
        daily = self.daily(con_id, day)
        assert daily is not None, "it has minutes"
        start_ns = self.hours.opening_ns(day)
        volume = max(1.0, daily.volume // self.hours.minutes)
        for minute in range(first, self.hours.minutes):
            begin, end = points[minute], points[minute + 1]
            at_ns = start_ns + minute * MINUTE_NS
            high, low = max(begin, end), min(begin, end)
            wap = round((begin + end) / 2, 4)
            yield Bar(con_id, at_ns, at_ns + MINUTE_NS, begin, high, low, end, volume, wap, 60)

    def ticks(self, con_id: int, minute_ns: int, count: int) -> list[float]:
        """Return the price at ``count`` equal steps of the minute that begins at ``minute_ns``.

        Empty when the market is closed. ``count`` is at least 4.
        """
        day = day_of(minute_ns)
        points = self._minutes(con_id, day)
        minute = (minute_ns - self.hours.opening_ns(day)) // MINUTE_NS
        if not points or not 0 <= minute < self.hours.minutes:
            return []
        begin, end = points[minute], points[minute + 1]
        prices = (begin, max(begin, end), min(begin, end), end)
        return bridge(self._rng(con_id, day, minute), prices, count)[1:]
