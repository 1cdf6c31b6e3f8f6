"""The period of repeated openings: growth, cap, jitter and when the row starts again (78-87)."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from supervision.breaker import BreakerConfig, Exponential, JitterShape, State
from supervision.breaker.intervals import LONGEST_S
from supervision.clock import NANOSECONDS, to_ns
from tests.supervision.breaker.support import Bench


def flap(bench: Bench, letters: str) -> list[float]:
    """Make one result in each period and return the seconds of each opening."""
    periods = []
    for letter in letters:
        bench.results(letter)
        if bench.state() is State.OPEN:
            periods.append(bench.remaining_ns() / NANOSECONDS)
            bench.clock.advance_ns(bench.remaining_ns())
            bench.tick()
    return periods


def test_breaker_078_each_opening_in_a_row_lasts_longer_up_to_the_cap() -> None:
    bench = Bench(
        minimum_calls=1, permitted_half_open=1, open_s=2.0, open_factor=5.0, open_cap_s=60.0
    )
    assert flap(bench, "FFFFF") == [2, 10, 50, 60, 60]


def test_breaker_079_after_closed_the_first_period_comes_again() -> None:
    bench = Bench(minimum_calls=1, permitted_half_open=1, open_s=2.0, open_factor=2.0)
    assert flap(bench, "FFFSF") == [2, 4, 8, 2]


def draws(count: int, jitter: float, shape: JitterShape, seed: int = 1) -> list[float]:
    config, rng = BreakerConfig(open_s=10.0, jitter=jitter, jitter_shape=shape), random.Random(seed)
    return [config.open_period_ns(1, rng) / NANOSECONDS for _ in range(count)]


def test_breaker_080_upward_jitter_lies_within_its_fraction_and_0_is_exact() -> None:
    periods = draws(1000, 0.2, JitterShape.UP)
    assert min(periods) >= 10
    assert max(periods) <= 12
    assert max(periods) - min(periods) > 1.9, "it spreads over the range"
    assert set(draws(10, 0.0, JitterShape.UP)) == {10.0}


def test_breaker_081_jitter_around_stays_within_half_of_the_period() -> None:
    periods = draws(50, 0.5, JitterShape.AROUND)
    assert all(5 <= period <= 15 for period in periods)
    assert min(periods) < 10 < max(periods)


def test_breaker_082_the_exponential_grows_strictly_for_50_attempts() -> None:
    interval = Exponential(0.5, 1.5)
    periods = [interval(attempt) for attempt in range(1, 51)]
    assert all(later > earlier for earlier, later in pairwise(periods))


def test_breaker_082_a_capped_one_reaches_its_cap_at_attempt_12_and_stays() -> None:
    interval = Exponential(1.0, 2.0, 2.0**11)
    assert interval(11) == 2.0**10
    assert [interval(attempt) for attempt in (12, 13, 14, 1000)] == [2.0**11] * 4


def test_breaker_083_what_counts_as_an_attempt() -> None:
    bench = Bench(minimum_calls=1, permitted_half_open=1, open_s=1.0)
    assert bench.machine.attempt == 0
    bench.results("F")
    assert bench.machine.attempt == 1, "an opening by threshold counts"
    bench.move(State.FORCED_OPEN)
    assert bench.machine.attempt == 2, "a forced one too"
    bench.move(State.CLOSED)
    assert bench.machine.attempt == 0, "closing starts again"
    bench.move(State.OPEN, open_for_ns=5)
    assert bench.machine.attempt == 0, "one with its own duration does not count"


@pytest.mark.parametrize("factor", [1.0, 1.000_001, 2.0, 1e6])
def test_breaker_084_attempt_2_to_the_31_does_not_overflow(factor: float) -> None:
    assert Exponential(1.0, factor, 300.0)(2**31) <= 300
    assert Exponential(1.0, factor)(2**31) <= LONGEST_S


def test_breaker_085_equal_seeds_give_equal_periods() -> None:
    assert draws(20, 0.2, JitterShape.UP, seed=7) == draws(20, 0.2, JitterShape.UP, seed=7)
    assert draws(20, 0.2, JitterShape.UP, seed=7) != draws(20, 0.2, JitterShape.UP, seed=8)


def test_breaker_086_full_jitter_is_uniform() -> None:
    periods, cells = draws(10_000, 0.0, JitterShape.FULL), [0] * 20
    assert all(0 < period <= 10 for period in periods)
    for period in periods:
        cells[min(19, int(period * 2))] += 1
    chi_square = sum((cell - 500) ** 2 / 500 for cell in cells)
    # 19 degrees of freedom: 43.8 is exceeded once in a thousand seeds, and the seed is fixed.
    assert chi_square < 43.8


def test_breaker_087_a_flapping_service_does_not_reset_the_backoff() -> None:
    bench = Bench(
        minimum_calls=1, permitted_half_open=1, open_s=1.0, open_factor=2.0, stable_for_s=60.0
    )
    assert flap(bench, "F" + "SF" * 3) == [1, 2, 4, 8]
    bench.results("S")
    bench.advance(59.999_999_999)
    assert bench.machine.attempt == 4
    bench.advance(0.000_000_001)
    assert flap(bench, "SF") == [1]


def test_breaker_087_the_time_of_stability_is_exact() -> None:
    bench = Bench(
        minimum_calls=1, permitted_half_open=1, open_s=1.0, open_factor=2.0, stable_for_s=60.0
    )
    flap(bench, "FS")
    bench.clock.advance_ns(to_ns(60) - 1)
    bench.results("F")
    assert bench.remaining_ns() == to_ns(2)
