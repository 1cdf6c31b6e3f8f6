"""The market of data that somebody has: each day at its own date, recorded inside where it is.

A contract with a recording is replayed from it and nothing of it is drawn; one of which only days
are known is expanded as ``synthetic`` does it, and labelled so. Before the first and after the last
day there are no prices.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from robotrader.market.hours import day_of
from robotrader.market.series import SYNTHETIC, Daily
from robotrader.market.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from robotrader.domain import Bar
    from robotrader.market.hours import Hours
    from robotrader.market.recording import Recording
    from robotrader.market.series import Provenance, Series

AS_RECORDED: Final = "replayed as recorded"
NO_QUOTES: Final = "trades replayed as recorded, quotes made up round them"
BARS_ONLY: Final = "bars replayed as recorded, order of prices inside and quotes made up"


def label_of(recording: Recording | None) -> str:
    """Return what of the prices inside a day is real, and what is made up."""
    if recording is None:
        return SYNTHETIC
    if any(recording.quotes(day) for day in recording.days):
        return AS_RECORDED
    return NO_QUOTES if recording.has_trades else BARS_ONLY


def days_of(recording: Recording, hours: Hours) -> tuple[Daily, ...]:
    """Return a recording's days, from the trades of their regular sessions."""
    found = []
    for day in recording.days:
        daily = daily_of(day, within(recording.parts(day), hours, day))
        if daily is not None:
            found.append(daily)
    return tuple(found)


def within(parts: Iterable[Bar], hours: Hours, day: date) -> list[Bar]:
    """Return what of a day lies in its regular session; nothing if it has none."""
    span = hours.regular(day)
    return [] if span is None else [p for p in parts if span[0] <= p.start_ns < span[1]]


def daily_of(day: date, parts: Sequence[Bar]) -> Daily | None:
    """Return a day of its parts, None without any."""
    if not parts:
        return None
    high, low = max(part.high for part in parts), min(part.low for part in parts)
    volume = sum(part.volume for part in parts)
    return Daily(day, parts[0].open, high, low, parts[-1].close, volume)


class ReplayMarket(SyntheticMarket):
    """The market days of somebody's data.

    Args:
        series: daily prices by symbol, each day at its own date; with a recording they may lack
            days, which are then made from it.
        recordings: by contract number.
        seed: of what is drawn.
        hours: when a market day trades.
    """

    def __init__(
        self,
        series: Mapping[str, Series],
        recordings: Mapping[int, Recording],
        seed: int,
        hours: Hours | None = None,
    ) -> None:
        super().__init__(dict(series), _ANY_DAY, seed, hours)
        self._recordings = dict(recordings)
        self._days = {con_id: self._all_days(con_id) for con_id in self.series}
        self._dates = {con_id: [d.day for d in days] for con_id, days in self._days.items()}

    def _all_days(self, con_id: int) -> tuple[Daily, ...]:
        known = {daily.day: daily for daily in self.series[con_id].days}
        recording = self._recordings.get(con_id)
        if recording is not None:
            known = {d.day: d for d in days_of(recording, self.hours)} | known
        return tuple(known[day] for day in sorted(known))

    def provenance(self, con_id: int) -> Provenance:
        """Return where the prices come from, and what of them is made up."""
        return self.series[con_id].provenance.labelled(label_of(self._recordings.get(con_id)))

    def recording(self, con_id: int) -> Recording | None:
        """Return what is known of a contract inside its days, None if only the days are."""
        return self._recordings.get(con_id)

    def daily(self, con_id: int, day: date) -> Daily | None:
        """Return the prices of a day; None on one without."""
        dates = self._dates[con_id]
        place = bisect_left(dates, day)
        return self._days[con_id][place] if dates[place : place + 1] == [day] else None

    def previous_close(self, con_id: int, day: date) -> float:
        """Return the close of the last day before ``day``; 0 if there is none."""
        place = bisect_left(self._dates[con_id], day)
        return self._days[con_id][place - 1].close if place else 0.0

    def first_ns(self, con_id: int) -> int:
        """Return when the first thing that is known of a contract happened."""
        recording = self._recordings.get(con_id)
        firsts = [recording.first_ns] if recording is not None else []
        spans = (self.hours.regular(daily.day) for daily in self.series[con_id].days)
        firsts += [span[0] for span in spans if span is not None][:1]
        return min(firsts, default=0)

    def _make_minutes(self, con_id: int, day: date) -> tuple[int, list[float]]:
        """Draw the minutes of a day, but of nothing that is recorded."""
        return (0, []) if con_id in self._recordings else super()._make_minutes(con_id, day)


_ANY_DAY: Final = day_of(0)
"""Days are at their own dates here: none of them is today."""
