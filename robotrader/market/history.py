"""Bars of the past, of any size, from a synthetic market: what a history request is answered from.

Small bars are made of ticks, minutes and longer ones of minutes, days and longer ones of days. A
bar never crosses a day, the last one of a day may be short, and no bar reaches past the end.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from robotrader.domain import Bar
from robotrader.market.durations import DAY_S
from robotrader.market.synthetic import MINUTE_NS, SECOND_NS, day_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from robotrader.market.synthetic import SyntheticMarket

DAY_NS: Final = DAY_S * SECOND_NS
MOST_BARS: Final = 50_000
"""A request for more is refused: no gateway sends as many."""


def merge(bars: Iterable[Bar], bar_ns: int) -> Iterator[Bar]:
    """Join neighbouring bars into longer ones that begin at multiples of ``bar_ns``."""
    group: list[Bar] = []
    for bar in bars:
        if group and bar.start_ns >= group[0].start_ns + bar_ns:
            yield _joined(group)
            group = []
        group.append(bar)
    if group:
        yield _joined(group)


def _joined(bars: list[Bar]) -> Bar:
    volume = sum(bar.volume for bar in bars)
    worth = sum(bar.wap * bar.volume for bar in bars)
    return Bar(
        con_id=bars[0].con_id,
        start_ns=bars[0].start_ns,
        end_ns=bars[-1].end_ns,
        open=bars[0].open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=bars[-1].close,
        volume=volume,
        wap=round(worth / volume, 4) if volume else bars[-1].close,
        count=sum(bar.count for bar in bars),
    )


def bars(market: SyntheticMarket, con_id: int, start_ns: int, end_ns: int, bar_s: int) -> list[Bar]:
    """Return the bars of ``bar_s`` seconds that end after ``start_ns`` and begin before ``end_ns``.

    Raises:
        ValueError: that would be more than ``MOST_BARS``.
    """
    if (end_ns - start_ns) // (bar_s * SECOND_NS) > MOST_BARS:
        msg = f"more than {MOST_BARS} bars: ask for a shorter duration or larger bars"
        raise ValueError(msg)
    found = _daily if bar_s >= DAY_S else _intraday
    return [
        bar
        for bar in found(market, con_id, start_ns, end_ns, bar_s)
        if bar.end_ns > start_ns and bar.start_ns < end_ns
    ]


def _days(start_ns: int, end_ns: int) -> Iterator[date]:
    day, last = day_of(start_ns), day_of(end_ns)
    while day <= last:
        yield day
        day += timedelta(days=1)


def _daily(
    market: SyntheticMarket, con_id: int, start_ns: int, end_ns: int, bar_s: int
) -> Iterator[Bar]:
    made: list[Bar] = []
    for day in _days(start_ns, end_ns):
        daily = market.daily(con_id, day)
        opens_ns = market.hours.opening_ns(day)
        closes_ns = opens_ns + market.hours.minutes * MINUTE_NS
        if daily is None or opens_ns >= end_ns:
            continue
        if closes_ns > end_ns:
            made += _today(market, con_id, opens_ns, end_ns)
            continue
        wap = round((daily.high + daily.low + 2 * daily.close) / 4, 4)
        made.append(
            Bar(
                con_id, opens_ns, closes_ns, daily.open, daily.high, daily.low, daily.close,
                daily.volume, wap, 60 * market.hours.minutes,
            )
        )  # fmt: skip
    yield from made if bar_s == DAY_S else merge(made, bar_s * SECOND_NS)


def _today(market: SyntheticMarket, con_id: int, opens_ns: int, end_ns: int) -> Iterator[Bar]:
    """Return the day so far: what comes later today is not known yet."""
    minutes = market.minute_bars(con_id, day_of(opens_ns))
    return merge((bar for bar in minutes if bar.end_ns <= end_ns), DAY_NS)


def _intraday(
    market: SyntheticMarket, con_id: int, start_ns: int, end_ns: int, bar_s: int
) -> Iterator[Bar]:
    step = max(bar_s // 60, 1)
    for day in _days(start_ns, end_ns):
        # What lies before the bar that is under way at the start need not be made.
        first = max(start_ns - market.hours.opening_ns(day), 0) // MINUTE_NS // step * step
        made = market.minute_bars(con_id, day, first)
        minutes = takewhile(lambda minute: minute.start_ns < end_ns, made)
        if bar_s >= 60:
            done = (bar for bar in minutes if bar.end_ns <= end_ns)
            yield from merge(done, bar_s * SECOND_NS)
        else:
            for minute in minutes:
                yield from _small(market, minute, end_ns, bar_s)


def _small(market: SyntheticMarket, minute: Bar, end_ns: int, bar_s: int) -> Iterator[Bar]:
    """Return the bars inside a minute, of one price a second."""
    prices = [minute.open, *market.ticks(minute.con_id, minute.start_ns, 60)]
    volume = minute.volume / 60
    for second in range(0, 60, bar_s):
        at_ns = minute.start_ns + second * SECOND_NS
        until_ns = at_ns + bar_s * SECOND_NS
        if until_ns > end_ns:
            return
        part = prices[second : second + bar_s + 1]
        wap = round(sum(part) / len(part), 4)
        yield Bar(
            minute.con_id, at_ns, until_ns, part[0], max(part), min(part), part[-1],
            round(volume * bar_s), wap, bar_s,
        )  # fmt: skip
