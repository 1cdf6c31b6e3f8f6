"""Value at risk and expected shortfall against published figures and other ways to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.risk.report import Tail, cornish_fisher, historical, parametric, tails

PROFITS = st.lists(st.integers(-1000, 1000).map(float), min_size=10, max_size=200)
LEVELS = st.sampled_from([0.9, 0.95, 0.975, 0.99])
QRM = {
    0.90: (162.1, 222.0),
    0.95: (208.1, 260.9),
    0.975: (247.9, 295.7),
    0.99: (294.3, 337.1),
    0.995: (325.8, 365.8),
}
"""McNeil, Frey and Embrechts, Quantitative Risk Management (2005), section 2.2: a position worth
10,000 with normal returns of 20 percent volatility in a year of 250 days."""


def normal_like(mean: float, deviation: float, count: int = 1000) -> list[float]:
    """Symmetric numbers with exactly this mean and this deviation of the sample."""
    grid = np.array([NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)])
    return [float(each) for each in mean + grid / grid.std(ddof=1) * deviation]


def known(tail: Tail) -> tuple[float, float]:
    assert tail.var is not None
    assert tail.es is not None
    return tail.var, tail.es


@pytest.mark.parametrize("level", QRM)
def test_the_normal_figures_are_those_of_the_published_table(level: float) -> None:
    profits = normal_like(0.0, 10_000 * 0.2 / math.sqrt(250))
    assert known(parametric(profits, level)) == pytest.approx(QRM[level], abs=0.06)


def test_a_mean_profit_makes_both_losses_smaller_by_as_much() -> None:
    without, with_it = (known(parametric(normal_like(m, 5.0), 0.99)) for m in (0.0, 1.0))
    assert [a - b for a, b in zip(without, with_it, strict=True)] == pytest.approx([1, 1])


def test_the_worst_days_of_a_hundred_are_averaged() -> None:
    profits = [float(-n) for n in range(1, 101)]
    assert known(historical(profits, 0.95)) == (95.0, 98.0), "the five worst: 96 to 100"
    assert known(historical(profits, 0.99)) == (99.0, 100.0)


def test_a_part_of_a_day_counts_as_a_part() -> None:
    profits = [float(-n) for n in range(1, 51)]
    expected = (48.0, (50 + 49 + 0.5 * 48) / 2.5)
    assert known(historical(profits, 0.95)) == pytest.approx(expected)


@given(PROFITS, LEVELS)
def test_the_historical_shortfall_is_the_least_of_rockafellar_and_uryasevs_function(
    profits: list[float], level: float
) -> None:
    """Their theorem of 2000: ES = min over a of a + E[max(loss - a, 0)] / (1 - level)."""
    tail = historical(profits, level)
    if tail.var is None or tail.es is None:
        assert len(profits) * (1 - level) < 1
        return
    losses = -np.array(profits)

    def function(at: float) -> float:
        return at + float(np.maximum(losses - at, 0).mean()) / (1 - level)

    assert tail.es == pytest.approx(min(map(function, losses)), abs=1e-6)
    assert function(tail.var) == pytest.approx(tail.es, abs=1e-6)
    assert tail.es >= tail.var


@given(PROFITS, LEVELS, st.data())
def test_the_shortfall_of_two_books_together_is_no_more_than_apart(
    one: list[float], level: float, data: st.DataObject
) -> None:
    size = len(one)
    other = data.draw(st.lists(st.integers(-999, 999).map(float), min_size=size, max_size=size))
    both = [a + b for a, b in zip(one, other, strict=True)]
    parts = [historical(each, level).es for each in (one, other, both)]
    if None not in parts:
        first, second, together = (each or 0.0 for each in parts)
        assert together <= first + second + 1e-6


@given(PROFITS, LEVELS, st.floats(0.01, 100), st.floats(-1000, 1000))
def test_figures_grow_with_the_position_and_move_with_what_is_added(
    profits: list[float], level: float, times: float, more: float
) -> None:
    for one, other in zip(
        tails(profits, level), tails([each * times + more for each in profits], level), strict=True
    ):
        if one.var is not None and other.var is not None:
            expected = [each * times - more for each in known(one)]
            assert known(other) == pytest.approx(expected, rel=1e-6, abs=1e-3)


def skewed(count: int = 2000) -> list[float]:
    """Numbers a little skewed and with a little more in the tails than normal ones."""
    grid = np.array([NormalDist().inv_cdf((n + 0.5) / count) for n in range(count)])
    return [float(each) for each in grid - 0.05 * (grid**2 - 1) + 0.02 * grid**3]


@pytest.mark.parametrize("level", QRM)
def test_cornish_fishers_shortfall_is_the_mean_of_its_own_quantiles_beyond(level: float) -> None:
    profits = skewed()
    step = (1 - level) / 400
    points = [1 - (n + 0.5) * step for n in range(400)]
    quantiles = [known(cornish_fisher(profits, each))[0] for each in points]
    assert known(cornish_fisher(profits, level))[1] == pytest.approx(np.mean(quantiles), rel=4e-3)


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
def test_cornish_fisher_is_nearer_to_the_truth_of_a_skewed_sample_than_the_normal(
    level: float,
) -> None:
    profits = skewed()
    truth = known(historical(profits, level))[0]
    expanded = known(cornish_fisher(profits, level))[0]
    assert abs(expanded - truth) < abs(known(parametric(profits, level))[0] - truth)


@pytest.mark.parametrize("level", QRM)
def test_cornish_fisher_of_normal_numbers_is_the_normal_one(level: float) -> None:
    profits = normal_like(1.0, 10.0, 20_001)
    assert known(cornish_fisher(profits, level)) == pytest.approx(
        known(parametric(profits, level)), rel=2e-3
    )


def test_outside_of_its_domain_cornish_fisher_says_nothing() -> None:
    tail = cornish_fisher([0.0] * 99 + [-100.0], 0.99)
    assert (tail.var, tail.es) == (None, None)
    assert "outside of its domain" in tail.why


def test_too_short_a_past_says_nothing() -> None:
    assert historical([1.0] * 99, 0.99).why == "99 days, 100 are needed"
    assert parametric([1.0], 0.99).why == "1 days, 2 are needed"
    assert cornish_fisher([1.0] * 3, 0.99).why == "3 days, 4 are needed"


def test_what_never_moves_loses_its_mean() -> None:
    for tail in tails([-2.0] * 200, 0.99):
        assert known(tail) == (2.0, 2.0)


@pytest.mark.parametrize("level", [0.5, 1.0, math.nan, -1.0])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match=r"give more than 0.5"):
        tails([1.0] * 10, level)


def test_a_profit_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="not finite"):
        tails([1.0, math.nan], 0.99)


@pytest.mark.parametrize("method", [historical, parametric, cornish_fisher])
def test_each_method_refuses_for_itself_what_is_none(
    method: Callable[[list[float], float], Tail],
) -> None:
    with pytest.raises(ValueError, match="not finite"):
        method([1.0, math.inf, 2.0, 3.0], 0.9)
    with pytest.raises(ValueError, match=r"a level of 1\.5"):
        method([1.0, 2.0, 3.0, 4.0], 1.5)


@given(st.lists(st.integers(-9, 9).map(float), min_size=4, max_size=40))
def test_cornish_fisher_speaks_only_where_its_quantiles_grow(profits: list[float]) -> None:
    """Its derivative over five deviations either way, at many places, from the definition."""
    sample = np.array(profits)
    if sample.std() <= 0:
        return
    standard = (sample - sample.mean()) / sample.std()
    skew, excess = (standard**3).mean(), (standard**4).mean() - 3
    z = np.linspace(-5, 5, 2_001)
    quantile = (
        z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    least = float((np.diff(quantile) / np.diff(z)).min())
    if abs(least) > 1e-4:
        assert (cornish_fisher(profits, 0.99).var is None) is (least < 0)
