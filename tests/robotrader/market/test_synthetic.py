"""Synthetic intraday prices: pinned to the real ones, the same for every reader, labelled."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters import bundled
from robotrader.market.path import bridge
from robotrader.market.series import SYNTHETIC
from robotrader.market.synthetic import MINUTE_NS, SyntheticMarket, weekdays_between

TODAY = date(2026, 11, 20)
SERIES = bundled.load(["AAPL", "SPX"])
AAPL = SERIES["AAPL"].instrument.con_id
CENTS = st.integers(100, 100_000).map(lambda cents: cents / 100)


@given(prices=st.tuples(CENTS, CENTS, CENTS, CENTS), steps=st.integers(3, 400), seed=st.integers())
def test_a_bridge_goes_through_its_four_prices_and_stays_inside(
    prices: tuple[float, ...], steps: int, seed: int
) -> None:
    low, one, other, high = sorted(prices)
    path = bridge(Random(seed), (one, high, low, other), steps)
    assert len(path) == steps + 1
    assert (path[0], path[-1]) == (one, other)
    assert (min(path), max(path)) == (low, high)


def market(*, always: bool, seed: int = 7) -> SyntheticMarket:
    return SyntheticMarket(SERIES, TODAY, seed, always=always)


def test_the_minutes_of_a_day_are_its_open_high_low_and_close() -> None:
    for always in (True, False):
        made = market(always=always)
        daily = made.daily(AAPL, TODAY)
        assert daily is not None
        bars = list(made.minute_bars(AAPL, TODAY))
        assert len(bars) == (1440 if always else 390)
        assert bars[0].open == daily.open
        assert bars[-1].close == daily.close
        assert max(bar.high for bar in bars) == daily.high
        assert min(bar.low for bar in bars) == daily.low


def test_any_part_is_the_same_whatever_was_asked_before() -> None:
    one, other = market(always=True), market(always=True)
    list(other.minute_bars(AAPL, TODAY - timedelta(1)))
    start_ns = one.hours.opening_ns(TODAY) + 77 * MINUTE_NS
    assert one.ticks(AAPL, start_ns, 60) == other.ticks(AAPL, start_ns, 60)
    assert one.ticks(AAPL, start_ns, 60) != market(always=True, seed=8).ticks(AAPL, start_ns, 60)


def test_the_ticks_of_a_minute_end_where_the_next_begins() -> None:
    made = market(always=True)
    bars = list(made.minute_bars(AAPL, TODAY))
    for bar in bars[:5]:
        ticks = made.ticks(AAPL, bar.start_ns, 12)
        assert len(ticks) == 12
        assert ticks[-1] == bar.close
        assert bar.low <= min(ticks) <= max(ticks) <= bar.high


def test_a_closed_market_has_no_ticks_and_a_weekend_no_day() -> None:
    made = market(always=False)
    night_ns = made.hours.opening_ns(TODAY) - MINUTE_NS
    assert made.ticks(AAPL, night_ns, 12) == []
    assert made.daily(AAPL, date(2026, 11, 21)) is None
    friday = made.daily(AAPL, TODAY)
    assert friday is not None
    assert made.previous_close(AAPL, date(2026, 11, 23)) == friday.close


def test_what_is_made_up_says_so() -> None:
    assert SYNTHETIC in market(always=True).provenance(AAPL).labels


@given(first=st.dates(date(2020, 1, 1), date(2030, 1, 1)), days=st.integers(-400, 400))
def test_weekdays_are_counted_as_one_by_one(first: date, days: int) -> None:
    last = first + timedelta(days)
    step = 1 if days >= 0 else -1
    passed = [first + timedelta(step * n) for n in range(1, abs(days) + 1)]
    if days < 0:
        passed = [day + timedelta(1) for day in passed]
    assert weekdays_between(first, last) == step * sum(day.weekday() < 5 for day in passed)
