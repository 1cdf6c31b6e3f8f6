"""Synthetic intraday prices: pinned to the real ones, the same for every reader, labelled."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from robotrader.adapters import bundled
from robotrader.adapters.calendar import sessions
from robotrader.market.hours import MINUTE_NS, RoundTheClock, TableHours
from robotrader.market.path import bridge
from robotrader.market.series import SYNTHETIC
from robotrader.market.synthetic import SyntheticMarket

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


@cache
def new_york() -> TableHours:
    """Made by who needs it: each process imports all of the suite."""
    return TableHours(sessions("XNYS", date(2026, 1, 1), date(2027, 12, 31)))


def market(*, always: bool, seed: int = 7) -> SyntheticMarket:
    return SyntheticMarket(SERIES, TODAY, seed, RoundTheClock() if always else new_york())


def opening_ns(made: SyntheticMarket, day: date) -> int:
    span = made.hours.regular(day)
    assert span is not None
    return span[0]


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
    start_ns = opening_ns(one, TODAY) + 77 * MINUTE_NS
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
    night_ns = opening_ns(made, TODAY) - MINUTE_NS
    assert made.ticks(AAPL, night_ns, 12) == []
    assert made.daily(AAPL, date(2026, 11, 21)) is None
    friday = made.daily(AAPL, TODAY)
    assert friday is not None
    assert made.previous_close(AAPL, date(2026, 11, 23)) == friday.close


def test_what_is_made_up_says_so() -> None:
    assert SYNTHETIC in market(always=True).provenance(AAPL).labels


def test_days_are_laid_over_sessions_so_that_a_holiday_takes_none() -> None:
    made = market(always=False)
    assert made.daily(AAPL, date(2026, 11, 26)) is None, "Thanksgiving"
    wednesday, friday = made.daily(AAPL, date(2026, 11, 25)), made.daily(AAPL, date(2026, 11, 27))
    days = SERIES["AAPL"].days
    assert wednesday is not None
    assert friday == days[days.index(wednesday) + 1]
    assert made.previous_close(AAPL, date(2026, 11, 27)) == wednesday.close
    assert made.previous_close(AAPL, date(2026, 11, 28)) == friday.close


def test_a_day_that_closes_early_has_fewer_minutes() -> None:
    bars = list(market(always=False).minute_bars(AAPL, date(2026, 11, 27)))
    assert len(bars) == 210


@given(st.dates(date(1990, 1, 1), date(2040, 1, 1)))
def test_a_day_round_the_clock_ends_when_the_next_begins(day: date) -> None:
    hours = RoundTheClock()
    one, after = hours.regular(day), hours.regular(day + timedelta(1))
    assert one is not None
    assert after is not None
    assert one[1] == after[0]
    assert (one[1] - one[0]) // MINUTE_NS in {23 * 60, 24 * 60, 25 * 60}
    assert hours.day(hours.number(day)) == day
