"""Minutes from a seed: usable, the same again, and as variable as was asked for."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from math import log, sqrt
from statistics import fmean, pstdev

from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.market.drawn import Walk, walked
from robotrader.market.quality import bar_fault
from robotrader.market.resample import days_of_bars
from robotrader.venue import Session


def week() -> tuple[Session, ...]:
    """A week with a holiday and an early close."""
    return sessions(US_STOCKS, date(2024, 11, 25), date(2024, 11, 29))


@settings(max_examples=15)
@given(st.integers(0, 2**64), st.floats(0.02, 10_000), st.floats(-4, 4), st.floats(0, 4))
def test_every_bar_can_be_and_covers_its_minute(
    seed: int, price: float, drift: float, volatility: float
) -> None:
    walk = Walk(seed=seed, price=price, drift=drift, volatility=volatility)
    bars = list(walked(walk, 1, "X", week()[-2:]))
    assert [fault for fault in map(bar_fault, bars) if fault is not None] == []
    assert len(bars) == 390 + 210, "the day after Thanksgiving closes early"
    assert bars[0].start_ns == week()[-2].open_ns
    assert bars[-1].end_ns == week()[-1].close_ns
    assert bars == list(walked(walk, 1, "X", week()[-2:]))


def test_seeds_and_symbols_make_different_days() -> None:
    made = {
        tuple(bar.close for bar in walked(Walk(seed=seed), 1, symbol, week()[:1]))
        for seed in (1, 2)
        for symbol in ("X", "Y")
    }
    assert len(made) == 4


def test_days_move_as_much_as_was_asked_for() -> None:
    """The standard error of a deviation of n normal draws is 1/sqrt(2 n): five of them."""
    table = sessions(US_STOCKS, date(2023, 1, 3), date(2023, 12, 29))
    bars = list(walked(Walk(seed=5, price=500.0, volatility=0.3), 1, "X", table))
    closes = [day.close for day in days_of_bars(bars, table)]
    moves = [log(after / before) for before, after in pairwise(closes)]
    assert abs(pstdev(moves) * sqrt(252) / 0.3 - 1) < 5 / sqrt(2 * len(moves))
    assert abs(fmean(moves)) < 5 * 0.3 / sqrt(252 * len(moves))


def test_without_variance_the_drift_is_all_there_is() -> None:
    bars = list(walked(Walk(seed=1, volatility=0.0, drift=0.252), 1, "X", week()[:2]))
    assert all(one.close <= two.close for one, two in pairwise(bars))
    part = 0.75 * 390 / (252 * 390) * 2 + 0.25 / 252
    assert abs(log(bars[-1].close / 100) - 0.252 * part) < 1e-4
