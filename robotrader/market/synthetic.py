"""Intraday prices made from daily ones: seeded, the same for every reader, labelled synthetic.

A market day takes a day of the series: today's is ``FUTURE_DAYS`` before its end, earlier market
days take earlier ones, days without a session have none. A day is a bridge of minutes, a minute a
bridge of ticks. Any part can be computed alone and is always the same: what is drawn
depends on seed, contract and time.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import Bar
from robotrader.market.hours import MINUTE_NS, RoundTheClock, day_of
from robotrader.market.path import bridge
from robotrader.market.series import SYNTHETIC

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from robotrader.domain import Instrument
    from robotrader.market.hours import Hours
    from robotrader.market.recording import Recording
    from robotrader.market.series import Daily, Provenance, Series

_KEPT_DAYS: Final = 256
"""Days of minutes kept at once: 22 symbols and their neighbours, about 10 MB."""

FUTURE_DAYS: Final = 750
"""Days of a series that are kept for the time after today."""


class SyntheticMarket:
    """The market days of some series.

    Args:
        series: daily prices by symbol.
        today: the market day that is today.
        seed: of everything that is drawn.
        hours: when a market day trades; round the clock, weekends included, by default.
    """

    def __init__(
        self, series: dict[str, Series], today: date, seed: int, hours: Hours | None = None
    ) -> None:
        self.series = {each.instrument.con_id: each for each in series.values()}
        self.hours = hours or RoundTheClock()
        self._today = self.hours.number(today)
        self._seed = seed
        self._minutes = lru_cache(_KEPT_DAYS)(self._make_minutes)

    def instruments(self) -> tuple[Instrument, ...]:
        """Return what there is."""
        return tuple(each.instrument for each in self.series.values())

    def provenance(self, con_id: int) -> Provenance:
        """Return where the prices come from; they are labelled synthetic."""
        return self.series[con_id].provenance.labelled(SYNTHETIC)

    def recording(self, con_id: int) -> Recording | None:  # noqa: ARG002 - nothing is recorded here
        """Return what is known of a contract inside its days: nothing, it is drawn."""
        return None

    # -- days --

    def trades_on(self, day: date) -> bool:
        """Say whether ``day`` is a market day."""
        return self.hours.regular(day) is not None

    def _index(self, con_id: int, day: date) -> int:
        """Return the place in the series of ``day``, or of the market day before it."""
        distance = self.hours.number(day) - self._today
        return len(self.series[con_id].days) - 1 - FUTURE_DAYS + distance

    def daily(self, con_id: int, day: date) -> Daily | None:
        """Return the prices that a market day has; None beyond the series or on a day without."""
        index = self._index(con_id, day)
        days = self.series[con_id].days
        if not self.trades_on(day) or not 0 <= index < len(days):
            return None
        return days[index]

    def previous_close(self, con_id: int, day: date) -> float:
        """Return the close of the market day before ``day``; 0 if it is not known."""
        index = self._index(con_id, day) - (1 if self.trades_on(day) else 0)
        days = self.series[con_id].days
        return days[min(max(index, 0), len(days) - 1)].close

    def first_ns(self, con_id: int) -> int:
        """Return when the first known day of a contract begins."""
        series_first = self._today - (len(self.series[con_id].days) - 1 - FUTURE_DAYS)
        span = self.hours.regular(self.hours.day(series_first))
        assert span is not None, "a numbered day is a market day"
        return span[0]

    # -- minutes and ticks --

    def _rng(self, con_id: int, day: date, minute: int) -> Random:
        return Random(f"{self._seed}/{con_id}/{day.isoformat()}/{minute}")

    def _make_minutes(self, con_id: int, day: date) -> tuple[int, list[float]]:
        """Return when a market day begins and its prices, a minute apart; none if it has none."""
        daily, span = self.daily(con_id, day), self.hours.regular(day)
        if daily is None or span is None:
            return 0, []
        prices = (daily.open, daily.high, daily.low, daily.close)
        minutes = (span[1] - span[0]) // MINUTE_NS
        return span[0], bridge(self._rng(con_id, day, -1), prices, minutes)

    def minute_bars(self, con_id: int, day: date, first: int = 0) -> Iterator[Bar]:
        """Yield the minutes of a market day, from the one with the number ``first`` on."""
        start_ns, points = self._minutes(con_id, day)
        daily = self.daily(con_id, day)
        if not points or daily is None:
            return
        volume = max(1.0, daily.volume // (len(points) - 1))
        for minute in range(first, len(points) - 1):
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
        start_ns, points = self._minutes(con_id, day)
        minute = (minute_ns - start_ns) // MINUTE_NS
        if not 0 <= minute < len(points) - 1:
            return []
        begin, end = points[minute], points[minute + 1]
        prices = (begin, max(begin, end), min(begin, end), end)
        return bridge(self._rng(con_id, day, minute), prices, count)[1:]
