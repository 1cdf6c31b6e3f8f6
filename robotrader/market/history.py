"""Bars of the past, of any size, from a market: what a history request is answered from.

Drawn small bars are made of ticks, minutes and longer ones of minutes; recorded ones of what was
recorded, and none is smaller than that. Days and longer ones are made of days. A bar never crosses
a day, the last one of a day may be short, and no bar reaches past the end.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from robotrader.domain import Bar
from robotrader.market.durations import DAY_S
from robotrader.market.hours import MINUTE_NS, SECOND_NS, day_of, midnight_ns
from robotrader.market.recording import mids
from robotrader.market.replay import within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from robotrader.market.recording import Recording
    from robotrader.market.synthetic import SyntheticMarket

DAY_NS: Final = DAY_S * SECOND_NS
MOST_BARS: Final = 50_000
"""A request for more is refused: no gateway sends as many."""

OF_QUOTES: Final = frozenset({"BID", "ASK", "MIDPOINT", "BID_ASK"})
"""Kinds of bars that are made of quotes where quotes are recorded."""


class TooFine(ValueError):
    """Bars that are shorter than what was recorded."""


def merge(bars: Iterable[Bar], bar_ns: int) -> Iterator[Bar]:
    """Join neighbouring bars of a day into longer ones, at multiples of ``bar_ns`` of the day."""
    group: list[Bar] = []
    until_ns = midnight = 0
    for bar in bars:
        if group and bar.start_ns >= until_ns:
            yield _joined(group, until_ns - bar_ns)
            group = []
        if not group:
            midnight = midnight or midnight_ns(day_of(bar.start_ns))
            until_ns = bar.start_ns - (bar.start_ns - midnight) % bar_ns + bar_ns
        group.append(bar)
    if group:
        yield _joined(group, until_ns - bar_ns)


def _grouped(days: list[Bar], bar_ns: int) -> Iterator[Bar]:
    """Join days into weeks and months that begin with the first of them."""
    group: list[Bar] = []
    for day in days:
        if group and day.start_ns >= group[0].start_ns + bar_ns:
            yield _joined(group, group[0].start_ns)
            group = []
        group.append(day)
    if group:
        yield _joined(group, group[0].start_ns)


def _joined(bars: list[Bar], start_ns: int) -> Bar:
    """Return one bar of some; of trades, which have no length, it begins at ``start_ns``."""
    volume = sum(bar.volume for bar in bars)
    worth = sum(bar.wap * bar.volume for bar in bars)
    first, last = bars[0], bars[-1]
    return Bar(
        con_id=first.con_id,
        start_ns=start_ns if first.start_ns == first.end_ns else first.start_ns,
        end_ns=last.end_ns,
        open=first.open,
        high=max(bar.high for bar in bars),
        low=min(bar.low for bar in bars),
        close=last.close,
        volume=volume,
        wap=round(worth / volume, 4) if volume and worth else last.close,
        count=sum(bar.count for bar in bars),
    )


def bars(
    market: SyntheticMarket,
    con_id: int,
    span_ns: tuple[int, int],
    bar_s: int,
    shown: str = "TRADES",
    *,
    regular: bool = True,
) -> list[Bar]:
    """Return the bars of ``bar_s`` seconds that overlap ``span_ns``.

    ``shown`` is IBKR's ``whatToShow``; without recorded quotes all kinds are of trades.
    ``regular``: of regular sessions only.

    Raises:
        TooFine: what was recorded is coarser.
        ValueError: that would be more than ``MOST_BARS``.
    """
    start_ns, end_ns = span_ns
    if (end_ns - start_ns) // (bar_s * SECOND_NS) > MOST_BARS:
        msg = f"more than {MOST_BARS} bars: ask for a shorter duration or larger bars"
        raise ValueError(msg)
    recording = market.recording(con_id)
    if recording is not None and has_quotes(recording, span_ns) and shown in OF_QUOTES:
        made = _of_quotes(market, recording, span_ns, bar_s, shown)
    elif bar_s >= DAY_S:
        made = _daily(market, con_id, span_ns, bar_s)
    elif recording is not None:
        made = _recorded(market, recording, span_ns, bar_s, regular=regular)
    else:
        made = _intraday(market, con_id, span_ns, bar_s)
    return [
        bar
        for bar in made
        if max(bar.end_ns, bar.start_ns + 1) > start_ns and bar.start_ns < end_ns
    ]


def _days(span_ns: tuple[int, int]) -> Iterator[date]:
    day, last = day_of(span_ns[0]), day_of(span_ns[1])
    while day <= last:
        yield day
        day += timedelta(days=1)


def _daily(
    market: SyntheticMarket, con_id: int, span_ns: tuple[int, int], bar_s: int
) -> Iterator[Bar]:
    made: list[Bar] = []
    for day in _days(span_ns):
        daily, hours = market.daily(con_id, day), market.hours.regular(day)
        if daily is None or hours is None or hours[0] >= span_ns[1]:
            continue
        if hours[1] > span_ns[1]:
            made += _joined_day(so_far(market, con_id, day, span_ns[1]), hours[0])
            continue
        wap = round((daily.high + daily.low + 2 * daily.close) / 4, 4)
        count = (hours[1] - hours[0]) // SECOND_NS
        made.append(
            Bar(
                con_id, *hours, daily.open, daily.high, daily.low, daily.close,
                daily.volume, wap, count,
            )
        )  # fmt: skip
    yield from made if bar_s == DAY_S else _grouped(made, bar_s * SECOND_NS)


def _joined_day(parts: Iterable[Bar], opens_ns: int) -> list[Bar]:
    """Return the day so far: what comes later today is not known yet."""
    known = list(parts)
    return [_joined(known, opens_ns)] if known else []


def so_far(
    market: SyntheticMarket, con_id: int, day: date, now_ns: int, since_ns: int = 0
) -> list[Bar]:
    """Return the smallest pieces of a day's regular session that ended from ``since_ns`` on."""
    recording = market.recording(con_id)
    if recording is not None:
        parts: Iterable[Bar] = within(recording.parts(day), market.hours, day)
    else:
        parts = market.minute_bars(con_id, day, _first(market, day, since_ns))
    return [part for part in parts if since_ns <= part.end_ns <= now_ns]


def underway(market: SyntheticMarket, con_id: int, now_ns: int, bar_s: int) -> Bar | None:
    """Return the bar of ``bar_s`` seconds that has begun and not ended, as far as it is known."""
    recorded = market.recording(con_id) is not None
    day, bar_ns = day_of(now_ns), bar_s * SECOND_NS
    since_ns = 0 if bar_s >= DAY_S else now_ns - 2 * bar_ns
    parts = so_far(market, con_id, day, now_ns, since_ns) if recorded or bar_s >= 60 else []
    if not recorded:
        for minute in market.minute_bars(con_id, day, _first(market, day, now_ns)):
            if minute.start_ns <= now_ns < minute.end_ns:
                parts += _small(market, minute, now_ns, min(bar_s, 5))
            break
    if bar_s >= DAY_S:
        return _joined(parts, parts[0].start_ns) if parts else None
    return max(merge(parts, bar_ns), key=lambda bar: bar.start_ns, default=None)


def _intraday(
    market: SyntheticMarket, con_id: int, span_ns: tuple[int, int], bar_s: int
) -> Iterator[Bar]:
    start_ns, end_ns = span_ns
    for day in _days(span_ns):
        made = market.minute_bars(con_id, day, _first(market, day, start_ns - bar_s * SECOND_NS))
        minutes = takewhile(lambda minute: minute.start_ns < end_ns, made)
        if bar_s >= 60:
            done = (bar for bar in minutes if bar.end_ns <= end_ns)
            yield from merge(done, bar_s * SECOND_NS)
        else:
            for minute in minutes:
                yield from _small(market, minute, end_ns, bar_s)


def _first(market: SyntheticMarket, day: date, since_ns: int) -> int:
    """Return the number of a day's first minute that matters from ``since_ns`` on."""
    span = market.hours.regular(day)
    return 0 if span is None else max(since_ns - span[0], 0) // MINUTE_NS


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


# -- of what was recorded --


def has_quotes(recording: Recording, span_ns: tuple[int, int]) -> bool:
    """Say whether quotes were recorded on a day of the span."""
    return any(recording.quotes(day) for day in _recorded_days(recording, span_ns))


def _recorded_days(recording: Recording, span_ns: tuple[int, int]) -> Iterator[date]:
    first, last = day_of(span_ns[0]), day_of(span_ns[1])
    return (day for day in recording.days if first <= day <= last)


def _recorded(
    market: SyntheticMarket,
    recording: Recording,
    span_ns: tuple[int, int],
    bar_s: int,
    *,
    regular: bool,
) -> Iterator[Bar]:
    for day in _recorded_days(recording, span_ns):
        parts = recording.parts(day)
        _check_length(parts, bar_s)
        if regular:
            parts = within(parts, market.hours, day)
        yield from merge((part for part in parts if part.end_ns <= span_ns[1]), bar_s * SECOND_NS)


def _check_length(parts: Iterable[Bar], bar_s: int) -> None:
    longest_s = max((part.end_ns - part.start_ns for part in parts), default=0) // SECOND_NS
    if longest_s > bar_s:
        msg = f"what was recorded are bars of {longest_s} s: ask for bars as long or longer"
        raise TooFine(msg)


def _of_quotes(
    market: SyntheticMarket,
    recording: Recording,
    span_ns: tuple[int, int],
    bar_s: int,
    shown: str,
) -> Iterator[Bar]:
    """Yield bars of quotes."""
    found: list[Bar] = []
    for day in _recorded_days(recording, span_ns):
        known = (quote for quote in recording.quotes(day) if quote.time_ns <= span_ns[1])
        parts = within(mids(list(known), shown), market.hours, day)
        found += merge(parts, min(bar_s, DAY_S) * SECOND_NS)
    yield from found if bar_s <= DAY_S else _grouped(found, bar_s * SECOND_NS)
