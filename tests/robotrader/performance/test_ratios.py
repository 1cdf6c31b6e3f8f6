"""Ratios against published examples, scipy's results and what must hold for any returns."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats  # type: ignore[import-untyped]  # it carries no types

from robotrader.performance import (
    alpha,
    beta,
    cagr,
    calmar,
    correlation,
    downside,
    information_ratio,
    moments,
    sharpe,
    sharpe_error,
    sharpe_interval,
    sortino,
    total_return,
    tracking_error,
    volatility,
)

SORTINO = (0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04)
"""Rollinger and Hoffman, Sortino: A 'Sharper' Ratio (Red Rock Capital, 2013), annual returns."""

RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=3, max_size=60)


def test_the_published_sortino_ratio_is_met() -> None:
    """The paper: mean 10.0 %, target downside deviation 2.264 %, ratio 4.417."""
    assert downside(SORTINO) == pytest.approx(0.02264, abs=5e-6)
    assert sortino(SORTINO, a_year=1) == pytest.approx(4.417, abs=5e-4)


def test_the_sharpe_ratio_is_that_of_its_definition() -> None:
    """Mean excess 1 %, sample deviation 1 %: a ratio of 1 a period."""
    returns = (0.01, 0.02, 0.03)
    assert sharpe(returns, 0.01, 1) == pytest.approx(1.0)
    assert sharpe(returns, 0.01, 252) == pytest.approx(math.sqrt(252))


def test_growth_of_a_doubling_in_two_years_is_the_root_of_two() -> None:
    returns = [2 ** (1 / 504) - 1] * 504
    assert total_return(returns) == pytest.approx(1.0)
    assert cagr(returns) == pytest.approx(math.sqrt(2) - 1)


def test_what_is_not_defined_is_none_and_never_a_number() -> None:
    assert cagr([]) is None
    assert volatility([0.1]) is None
    assert sharpe([0.01] * 5) is None
    assert sharpe([0.1 + 0.2] * 3) is None
    assert sortino([0.01, 0.02]) is None
    assert calmar([0.01, 0.02]) is None
    assert moments([0.01] * 9) is None
    assert sharpe_interval([0.01] * 9) is None
    assert beta([0.1, 0.2, 0.3], [0.1] * 3) is None
    assert alpha([0.1, 0.2, 0.3], [0.1] * 3) is None
    assert correlation([0.1] * 3, [0.1, 0.2, 0.3]) is None
    assert information_ratio([0.1, 0.2], [0.1, 0.2]) is None


def test_who_lost_all_has_lost_all() -> None:
    assert total_return([0.5, -1.0, 0.5]) == -1.0
    assert cagr([0.5, -1.0, 0.5]) == -1.0


@pytest.mark.parametrize(
    ("returns", "says"),
    [
        ([0.1, math.nan], r"returns\[1\] is nan"),
        ([math.inf], r"returns\[0\] is inf"),
        ([0.1, -1.5], r"returns\[1\] is -1.5"),
        ([[0.1], [0.2]], "2 axes"),
    ],
)
def test_what_is_no_return_is_refused_by_its_place(returns: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sharpe(returns)


def test_days_that_are_not_the_benchmarks_are_refused() -> None:
    with pytest.raises(ValueError, match="3 returns and 2 of the benchmark"):
        beta([0.1, 0.2, 0.3], [0.1, 0.2])


@given(RETURNS, st.data())
def test_beta_alpha_and_correlation_are_those_of_a_regression(
    benchmark: list[float], data: st.DataObject
) -> None:
    returns = data.draw(
        st.lists(st.floats(-0.5, 0.5), min_size=len(benchmark), max_size=len(benchmark))
    )
    slope = beta(returns, benchmark)
    if slope is None or np.std(benchmark) < 1e-9 or np.std(returns) < 1e-9:
        return
    line = stats.linregress(benchmark, returns)
    assert slope == pytest.approx(line.slope, rel=1e-6, abs=1e-9)
    assert alpha(returns, benchmark, a_year=1) == pytest.approx(line.intercept, rel=1e-6, abs=1e-9)
    assert correlation(returns, benchmark) == pytest.approx(line.rvalue, rel=1e-6, abs=1e-7)


@given(RETURNS)
def test_skewness_and_kurtosis_are_scipys(returns: list[float]) -> None:
    shape = moments(returns)
    if shape is None or np.std(returns) < 1e-6:
        return
    assert shape[0] == pytest.approx(stats.skew(returns), rel=1e-6, abs=1e-6)
    assert shape[1] == pytest.approx(stats.kurtosis(returns, fisher=False), rel=1e-6)


@given(RETURNS, st.floats(0.01, 2.0))
def test_leverage_changes_risk_and_not_the_ratio(returns: list[float], times: float) -> None:
    ratio, levered = sharpe(returns), sharpe([each * times for each in returns])
    if ratio is None or levered is None or np.std(returns) < 1e-9:
        return
    assert levered == pytest.approx(ratio, rel=1e-6, abs=1e-9)


@given(RETURNS)
def test_a_benchmark_that_is_the_account_is_tracked_without_an_error(returns: list[float]) -> None:
    assert tracking_error(returns, returns) == 0.0
    assert information_ratio(returns, returns) is None


@pytest.mark.parametrize(
    ("ratio", "periods", "error"),
    [(0.5, 12, 0.306), (1.0, 24, 0.250), (1.5, 60, 0.188), (3.0, 500, 0.105), (2.0, 125, 0.155)],
)
def test_the_error_of_a_sharpe_ratio_is_lo_s(ratio: float, periods: int, error: float) -> None:
    """Lo, The Statistics of Sharpe Ratios (2002), table 1."""
    assert sharpe_error(ratio, periods) == pytest.approx(error, abs=5e-4)


@given(RETURNS)
def test_a_sharpe_ratio_is_in_the_middle_of_its_bounds(returns: list[float]) -> None:
    bounds, ratio = sharpe_interval(returns), sharpe(returns)
    if bounds is None or ratio is None:
        return
    assert bounds[0] <= ratio <= bounds[1]
    assert sum(bounds) / 2 == pytest.approx(ratio, rel=1e-6, abs=1e-6)
