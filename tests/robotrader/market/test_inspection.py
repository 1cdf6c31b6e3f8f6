"""What is missing, doubled or out of place is found, and nothing of what is right is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from math import exp
from random import Random
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.drawn import Walk, walked
from robotrader.market.inspection import Gap, inspected
from robotrader.market.resample import resampled
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from robotrader.venue import Session

M: Final = 60 * 10**9
FIRST, LAST = date(2024, 11, 25), date(2024, 12, 2)
"""Five sessions: a holiday on the 28th, an early close on the 29th."""


@cache
def table() -> tuple[Session, ...]:
    return sessions(US_STOCKS, FIRST - timedelta(7), LAST + timedelta(7))


@cache
def minutes() -> tuple[Bar, ...]:
    asked = [each for each in table() if FIRST <= each.day <= LAST]
    return tuple(walked(Walk(seed=3), 1, "X", asked))


def test_a_whole_series_has_nothing_to_say() -> None:
    found = inspected(minutes(), table(), M)
    assert (found.rows, found.expected) == (4 * 390 + 210, 4 * 390 + 210)
    assert (found.absent, found.gaps, found.strange, found.coverage) == (0, (), (), 1.0)
    assert (found.closed, found.outside, found.duplicates, found.unordered) == (0, 0, 0, 0)


@settings(max_examples=40)
@given(st.sets(st.integers(1, 1768), max_size=400))
def test_every_minute_that_is_taken_away_is_missing_and_no_other(taken: set[int]) -> None:
    left = [bar for number, bar in enumerate(minutes()) if number not in taken]
    found = inspected(left, table(), M)
    assert found.absent == len(taken)
    assert found.missing == len(taken), "no whole session is taken: 400 are less than two of them"
    named = {
        begin + n * M for gap in found.gaps for begin in [ns(gap.first)] for n in range(gap.missing)
    }
    assert named == {minutes()[number].start_ns for number in taken}


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 10**9


def test_sessions_without_a_row_are_one_gap() -> None:
    days = {date(2024, 11, 26), date(2024, 11, 27)}
    left = [bar for bar in minutes() if datetime.fromtimestamp(bar.start_ns // 10**9, UTC).date()
            not in days]  # fmt: skip
    found = inspected(left, table(), M)
    assert found.gaps == (Gap("2024-11-26", "2024-11-27", 2, "sessions"),)
    assert (found.missing, found.missing_sessions, found.absent) == (0, 2, 780)


def test_half_hours_that_an_hour_is_cut_to_are_no_gaps() -> None:
    hours, _ = resampled(minutes(), 60 * M, table())
    found = inspected(hours, table(), 60 * M)
    assert (found.expected, found.absent) == (4 * 7 + 4, 0)
    late = inspected(hours[1:], table(), 60 * M)
    assert late.gaps == (Gap("2024-11-25T14:30:00Z", "2024-11-25T14:30:00Z", 1, "bars"),)


def test_doubles_disorder_and_rows_of_the_night_are_counted() -> None:
    bars = list(minutes()[:10])
    night = msgspec.structs.replace(bars[0], start_ns=bars[0].start_ns - 600 * M,
                                    end_ns=bars[0].end_ns - 600 * M)  # fmt: skip
    early = msgspec.structs.replace(bars[0], start_ns=bars[0].start_ns - 60 * M,
                                    end_ns=bars[0].end_ns - 60 * M)  # fmt: skip
    found = inspected([night, early, *bars, bars[-1]], table(), M)
    assert (found.closed, found.outside, found.duplicates, found.unordered) == (1, 1, 1, 0)
    assert inspected([*bars, bars[3]], table(), M).unordered == 1
    half = msgspec.structs.replace(bars[5], start_ns=bars[5].start_ns - M // 2)
    assert inspected([*bars[:5], half], table(), M).unordered == 1


def closes(prices: list[float]) -> list[Daily]:
    days = [each.day for each in table()][: len(prices)]
    return [Daily(day, c, c, c, c, 1.0) for day, c in zip(days, prices, strict=True)]


def test_a_price_that_leaves_and_comes_back_is_a_spike() -> None:
    found = inspected(closes([100.0, 100.1, 100.0, 150.0, 100.1, 100.0, 99.9]), table(), 0)
    assert (found.spikes, found.splits) == (1, 0)
    (spike,) = found.strange
    assert spike.why == "spike: close 100.0, 150.0, 100.1"
    assert spike.at == found_day(3)


def found_day(number: int) -> str:
    return table()[number].day.isoformat()


@pytest.mark.parametrize(
    ("prices", "said"),
    [([100.0, 101.0, 25.1, 25.0], "a split of 4:1?"), ([1.0, 1.01, 10.2, 10.1], "of 1:10?")],
)
def test_a_jump_by_a_ratio_of_splits_asks_whether_it_is_one(prices: list[float], said: str) -> None:
    found = inspected(closes(prices), table(), 0)
    assert (found.spikes, found.splits) == (0, 1)
    assert found.strange[0].why.endswith(said)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.floats(0.001, 0.03))
def test_a_walk_has_neither_spikes_nor_splits(seed: int, move: float) -> None:
    rng, price, prices = Random(seed), 100.0, []
    for _ in table():
        prices.append(price)
        price *= exp(rng.gauss(0, move))
    found = inspected(closes(prices), table(), 0)
    assert (found.spikes, found.splits) == (0, 0)


def test_rows_that_cannot_be_are_named() -> None:
    bad = [Daily(table()[0].day, 1, 0.5, 2, 1, 1), Daily(table()[1].day, 1, 1, 1, 1, 0)]
    found = inspected(bad, table(), 0)
    assert [each.at for each in found.unusable] == [found_day(0)]
    assert found.zero_volume == 1
    opened = table()[0].open_ns
    ticks = [Trade(1, opened, 0.0, 1.0), Trade(1, opened, 1.0, 1.0)]
    assert len(inspected(ticks, table(), 0).unusable) == 1
    assert inspected(ticks, table(), 0).duplicates == 0, "two trades may be at one time"
    quotes = [Quote(1, opened, 2.0, 1.0, 1.0, 1.0)]
    assert "crossed" in inspected(quotes, table(), 0).unusable[0].why


def test_nothing_is_shown_of_nothing() -> None:
    found = inspected([], table(), M)
    assert (found.rows, found.expected, found.coverage) == (0, 0, None)
