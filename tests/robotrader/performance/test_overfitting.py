"""Luck and search, against the examples of the papers that the formulas come from."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.performance import (
    assessed,
    deflated_of,
    deflated_sharpe,
    expected_best,
    minimum_track_record,
    probabilistic_sharpe,
)


def test_the_hedge_fund_of_the_paper() -> None:
    """Bailey and Lopez de Prado (2012), section 5: SR 0.458 a month over 24 months.

    Skewness -2.448 and kurtosis 10.164 give 0.913, a normal distribution 0.982.
    """
    assert probabilistic_sharpe(0.458, 24, -2.448, 10.164) == pytest.approx(0.913, abs=1e-3)
    assert probabilistic_sharpe(0.458, 24) == pytest.approx(0.982, abs=1e-3)


@pytest.mark.parametrize(("a_year", "years"), [(252, 2.73), (52, 2.83), (12, 3.24)])
def test_minimum_track_records_of_the_paper(a_year: int, years: float) -> None:
    """The same, section 7: an annual ratio of 2 against one of 1, 95 %."""
    root = math.sqrt(a_year)
    periods = minimum_track_record(2 / root, above=1 / root)
    assert periods is not None
    assert periods / a_year == pytest.approx(years, abs=5e-3)


def test_the_deflated_ratio_of_the_paper() -> None:
    """Bailey and Lopez de Prado (2014), the numerical example.

    100 trials, annual variance 1/2, 1,250 days, annual ratio 2.5, skewness -3, kurtosis 10: the
    ratio to beat is 0.1132 a day and the deflated ratio 0.9004; after 46 trials it is 0.9505, and
    after 88 trials with normal returns 0.9505.
    """
    variance, ratio = 0.5 / 250, 2.5 / math.sqrt(250)
    assert expected_best(100, variance) == pytest.approx(0.1132, abs=5e-5)
    found = deflated_sharpe(ratio, 1250, trials=100, variance=variance, skew=-3, kurtosis=10)
    assert found == pytest.approx(0.9004, abs=5e-5)
    found = deflated_sharpe(ratio, 1250, trials=46, variance=variance, skew=-3, kurtosis=10)
    assert found == pytest.approx(0.9505, abs=5e-5)
    found = deflated_sharpe(ratio, 1250, trials=88, variance=variance)
    assert found == pytest.approx(0.9505, abs=5e-4)


def test_the_best_of_worthless_trials_is_what_a_simulation_finds() -> None:
    """An independent oracle: the mean maximum of normal numbers, 20,000 times."""
    random = np.random.default_rng(7)
    for trials in (50, 200):
        found = random.normal(0, 0.1, (20_000, trials)).max(axis=1).mean()
        assert expected_best(trials, 0.01) == pytest.approx(found, rel=0.02)


@given(st.floats(0.02, 0.5), st.floats(0.6, 0.99), st.floats(-2, 1), st.floats(4, 12))
def test_a_record_of_the_minimum_length_is_just_as_sure_as_asked(
    ratio: float, level: float, skew: float, excess: float
) -> None:
    kurtosis = excess + skew**2
    periods = minimum_track_record(ratio, skew, kurtosis, level=level)
    assert periods is not None
    if periods >= 2:
        just, before = math.ceil(periods), math.floor(periods)
        assert probabilistic_sharpe(ratio, just, skew, kurtosis) >= level - 1e-9
        if 2 <= before < periods:
            assert probabilistic_sharpe(ratio, before, skew, kurtosis) < level


def test_no_record_is_long_enough_for_a_ratio_that_is_not_above() -> None:
    assert minimum_track_record(0.1, above=0.1) is None
    assert minimum_track_record(-0.1) is None


@pytest.mark.parametrize(
    ("trials", "variance"), [(0, 1.0), (5, -1.0), (5, math.nan), (5, math.inf)]
)
def test_trials_that_cannot_be_are_refused(trials: int, variance: float) -> None:
    with pytest.raises(ValueError, match="trials with a variance"):
        expected_best(trials, variance)


def test_a_ratio_of_one_period_or_of_no_distribution_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        probabilistic_sharpe(0.1, 1)
    with pytest.raises(ValueError, match="no distribution"):
        probabilistic_sharpe(1.0, 10, 9.0, 1.0)


def test_returns_without_a_ratio_are_not_judged() -> None:
    assert assessed([0.01] * 9) is None
    assert deflated_of([0.01] * 9, [0.1, 0.2]) is None
    assert deflated_of([0.01, 0.02, 0.01], []) is None


@given(st.lists(st.floats(-0.1, 0.1), min_size=5, max_size=40), st.integers(2, 50))
def test_more_trials_never_make_the_best_more_certain(returns: list[float], more: int) -> None:
    few, many = [0.1, 0.3], [0.1, 0.3] * more
    some, fewer = deflated_of(returns, few), deflated_of(returns, few[:1])
    if some is None or fewer is None:
        return
    assert some <= fewer
    crowd = deflated_of(returns, many)
    assert crowd is not None
    assert 0 <= crowd <= 1
