"""Longer bars of shorter ones: every volume once, any order of steps, and pandas says the same."""

from __future__ import annotations

from datetime import date
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.domain import Bar
from robotrader.market.lengths import bar_ns, written
from robotrader.market.quality import DataError
from robotrader.market.resample import days_of_bars, resampled

if TYPE_CHECKING:
    from robotrader.venue import Session

M: Final = 60 * 10**9
H: Final = 60 * M
NOVEMBER: Final = (date(2024, 10, 31), date(2024, 11, 5))
"""Clocks go back on the 3rd."""

MARCH: Final = (date(2024, 3, 7), date(2024, 3, 12))
"""They go forward on the 10th."""

THANKS: Final = (date(2024, 11, 27), date(2024, 12, 2))
"""A holiday on the 28th, an early close on the 29th."""


@cache
def table(window: tuple[date, date]) -> tuple[Session, ...]:
    return sessions(US_STOCKS, *window)


@st.composite
def minutes(draw: st.DrawFn, *, extended: bool = True) -> tuple[list[Bar], tuple[Session, ...]]:
    """Some of the minutes of some days, with whole volumes."""
    days = table(draw(st.sampled_from((NOVEMBER, MARCH, THANKS))))
    made: list[Bar] = []
    for session in days:
        begin = session.extended_open_ns if extended else session.open_ns
        end = session.extended_close_ns if extended else session.close_ns
        count = (end - begin) // M
        chosen = sorted(draw(st.sets(st.integers(0, count - 1), max_size=8)))
        made += [one(draw, begin + minute * M) for minute in chosen]
    return made, days


def one(draw: st.DrawFn, start_ns: int) -> Bar:
    four = sorted(draw(st.lists(st.integers(1, 500), min_size=4, max_size=4)))
    low, opened, close, high = (price / 4 for price in four)
    volume = draw(st.integers(0, 10_000))
    wap = draw(st.integers(int(low * 4), int(high * 4))) / 4
    return Bar(1, start_ns, start_ns + M, opened, high, low, close, volume, wap, volume // 7)


def rough(bar: Bar) -> tuple[object, ...]:
    """A bar without its mean price, which is rounded each time it is made."""
    return tuple(getattr(bar, name) for name in bar.__struct_fields__ if name != "wap")


@settings(max_examples=40)
@given(minutes())
def test_an_hour_of_five_minutes_is_an_hour_of_minutes(
    made: tuple[list[Bar], tuple[Session, ...]],
) -> None:
    bars, days = made
    five, lost = resampled(bars, 5 * M, days)
    again, lost_again = resampled(five, H, days)
    once, _ = resampled(bars, H, days)
    assert list(map(rough, again)) == list(map(rough, once))
    assert [bar.wap for bar in again] == pytest.approx([bar.wap for bar in once], abs=2e-4)
    assert lost == lost_again == 0
    assert days_of_bars(five, days) == days_of_bars(bars, days) == days_of_bars(once, days)


@settings(max_examples=40)
@given(minutes(), st.sampled_from([M, 2 * M, 5 * M, 15 * M, 30 * M, H]))
def test_what_was_traded_is_kept_and_nothing_crosses_an_open_or_a_close(
    made: tuple[list[Bar], tuple[Session, ...]], length_ns: int
) -> None:
    bars, days = made
    found, _ = resampled(bars, length_ns, days)
    for name in ("volume", "count"):
        assert sum(getattr(bar, name) for bar in found) == sum(getattr(bar, name) for bar in bars)
    edges = {edge for day in days for edge in (day.open_ns, day.close_ns)}
    for bar in found:
        assert not any(bar.start_ns < edge < bar.end_ns for edge in edges)
        inside = [each for each in bars if bar.start_ns <= each.start_ns < bar.end_ns]
        assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
        assert bar.high == max(each.high for each in inside)
        assert bar.low == min(each.low for each in inside)
    assert all(one.end_ns <= two.start_ns for one, two in pairwise(found))


@settings(max_examples=40)
@given(minutes(extended=False), st.sampled_from([5, 15, 30, 60]))
@example(([], table(MARCH)), 60)
def test_pandas_makes_the_same_bars_of_a_session(
    made: tuple[list[Bar], tuple[Session, ...]], length_min: int
) -> None:
    """Sessions open at a half hour, where pandas begins an hour: its first one is half empty."""
    bars, days = made
    found, _ = resampled(bars, length_min * M, days)
    frame = pd.DataFrame(
        {name: [getattr(bar, name) for bar in bars] for name in
         ("open", "high", "low", "close", "volume")},
        index=pd.to_datetime([bar.start_ns for bar in bars], utc=True),
    )  # fmt: skip
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    if bars:
        frame = frame.resample(f"{length_min}min").agg(how).dropna()
    wanted = [tuple(row) for row in frame.itertuples(index=False)]
    assert [(b.open, b.high, b.low, b.close, b.volume) for b in found] == wanted
    starts = [max(at, next(d.open_ns for d in days if d.close_ns > at))
              for at in frame.index.as_unit("ns").asi8.tolist()]  # fmt: skip
    assert [bar.start_ns for bar in found] == starts


def test_an_early_close_ends_the_day_and_its_last_hour() -> None:
    friday = next(day for day in table(THANKS) if day.day == date(2024, 11, 29))
    starts = range(friday.open_ns, friday.extended_close_ns, M)
    bars = [Bar(1, at, at + M, 1, 2, 1, 2, 10, 1.5, 1) for at in starts]
    hours, _ = resampled(bars, H, table(THANKS))
    assert hours[3].end_ns == friday.close_ns
    assert [len(bars), sum(bar.volume for bar in hours)] == [450, 4500]
    (day,) = days_of_bars(bars, table(THANKS))
    assert (day.day, day.volume) == (friday.day, 2100.0)


def test_what_lies_in_no_session_is_left_out_and_counted() -> None:
    night = Bar(1, table(MARCH)[0].extended_close_ns + H, table(MARCH)[0].extended_close_ns + H + M,
                1, 1, 1, 1, 10)  # fmt: skip
    assert resampled([night], 5 * M, table(MARCH)) == ([], 1)


def test_a_length_that_cannot_be_made_is_one_clear_error() -> None:
    opened = table(MARCH)[0].open_ns
    bars = [Bar(1, opened, opened + 5 * M, 1, 1, 1, 1, 10)]
    with pytest.raises(DataError, match="bars of 7m cannot be made: use a length that divides"):
        resampled(bars, 7 * M, table(MARCH))
    with pytest.raises(DataError, match="bars of 1m cannot be made of bars of 5m: use longer"):
        resampled(bars, M, table(MARCH))


@given(st.integers(1, 99_999), st.sampled_from("smhd"))
def test_a_length_is_read_as_it_is_written(number: int, unit: str) -> None:
    length_ns = bar_ns(f"{number}{unit}")
    assert bar_ns(written(length_ns)) == length_ns


@pytest.mark.parametrize("text", ["", "m", "0m", "1", "1.5m", "1M", "-1m", "1m ", "trades"])
def test_anything_else_is_no_length(text: str) -> None:
    with pytest.raises(ValueError, match="is no length of bars: write it as 5s, 1m, 1h or 1d"):
        bar_ns(text)


@pytest.mark.parametrize("length_ns", [0, -M, 1, M + 1])
def test_parts_of_seconds_are_no_length(length_ns: int) -> None:
    with pytest.raises(ValueError, match="a whole number of seconds"):
        written(length_ns)
