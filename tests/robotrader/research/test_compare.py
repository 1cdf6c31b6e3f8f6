"""Whether one record is better than another: the error of the difference, by simulation."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.research import compared, sharpe_difference_error
from tests.robotrader.research.kit import noise, track


@pytest.mark.parametrize(
    ("first", "second", "rho"), [(0.1, 0.3, 0.0), (0.5, 0.2, 0.6), (0, 0, 0.9)]
)
def test_the_error_of_a_difference_is_what_simulation_finds(
    first: float, second: float, rho: float
) -> None:
    source, days, runs = np.random.default_rng(9), 500, 3_000
    drawn = source.multivariate_normal([first, second], [[1, rho], [rho, 1]], size=(runs, days))
    ratios = drawn.mean(axis=1) / drawn.std(axis=1, ddof=1)
    simulated = float((ratios[:, 1] - ratios[:, 0]).std())
    assert sharpe_difference_error(first, second, rho, days) == pytest.approx(simulated, rel=0.06)


@given(st.floats(-1, 1), st.integers(1, 10_000))
def test_two_worthless_records_differ_by_what_they_do_not_share(rho: float, days: int) -> None:
    """Both ratios 0: the root of 2 (1 - rho) / T."""
    expected = math.sqrt(2 * (1 - rho) / days)
    assert sharpe_difference_error(0, 0, rho, days) == pytest.approx(expected)


def test_the_error_of_a_ratio_against_a_constant_none_is_lo_s() -> None:
    """Uncorrelated with a ratio of 0: the variances add up, (1 + s^2/2)/T and 1/T."""
    s, days = 0.4, 250
    assert sharpe_difference_error(s, 0, 0, days) == pytest.approx(
        math.sqrt((1 + s**2 / 2) / days + 1 / days)
    )


def test_only_days_that_both_have_count() -> None:
    one, other = track(noise(300, 1)), track(noise(300, 2), date(2020, 4, 10))
    found = compared(one, other)
    assert found.days == 200
    both = noise(300, 1)[100:], noise(300, 2)[:200]
    assert found.correlation == pytest.approx(np.corrcoef(*both)[0, 1])


def test_the_better_one_is_so_from_both_sides() -> None:
    one, other = track(noise(300, 1)), track(noise(300, 2, 0.002))
    there, back = compared(one, other).better, compared(other, one).better
    assert there is not None
    assert back is not None
    assert there > 0.9
    assert there + back == pytest.approx(1)


def test_a_record_is_not_compared_with_itself_or_with_none_of_its_days() -> None:
    own = track(noise(100, 1))
    assert compared(own, own).better is None
    apart = compared(own, track(noise(100, 1), date(2030, 1, 1)))
    assert (apart.days, apart.better, apart.correlation) == (0, None, None)
