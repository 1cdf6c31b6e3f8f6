"""The figures of ``report.tails`` by other ways to the last digits: moments and integrals of scipy.

Its neighbours in ``test_tails`` hold them against published tables; here every term counts.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermeder, hermeval
from scipy import integrate, stats  # type: ignore[import-untyped]  # it carries no types

from robotrader.risk.report import cornish_fisher, historical, parametric
from robotrader.risk.report.tails import _grows

PROFITS = st.lists(st.integers(-50, 50).map(float), min_size=4, max_size=60)
LEVELS = st.sampled_from([0.51, 0.9, 0.95, 0.99])


def quantile(z: float, skew: float, excess: float) -> float:
    """Cornish and Fisher's expansion in Hermite polynomials, to the second order."""
    he = [float(hermeval(z, [0] * n + [1])) for n in range(4)]
    return z + he[2] * skew / 6 + he[3] * excess / 24 - (2 * he[3] + he[1]) * skew**2 / 36


@given(PROFITS, LEVELS)
def test_the_expansion_is_that_of_hermites_polynomials_and_its_shortfall_their_integral(
    profits: list[float], level: float
) -> None:
    found = cornish_fisher(profits, level)
    mean, deviation = np.mean(profits), np.std(profits, ddof=1)
    if deviation == 0:
        assert found.var == found.es == -mean
        return
    if found.var is None:
        assert "outside of its domain" in found.why
        return
    skew, excess = float(stats.skew(profits)), float(stats.kurtosis(profits))
    edge = float(stats.norm.ppf(1 - level))
    assert found.var == pytest.approx(-mean - quantile(edge, skew, excess) * deviation, abs=1e-9)
    below, _ = integrate.quad(
        lambda z: quantile(z, skew, excess) * stats.norm.pdf(z), -math.inf, edge, epsabs=1e-12
    )
    assert found.es == pytest.approx(-mean - deviation * below / (1 - level), abs=1e-6)


@settings(max_examples=20)
@given(st.floats(-0.06, 0.06), st.floats(0.03, 0.08), st.integers(40, 90), LEVELS)
def test_of_profits_a_little_skewed_and_with_longer_tails_it_has_every_term(
    bend: float, tail: float, count: int, level: float
) -> None:
    """Lists of any numbers are nearly always outside of the domain, where there are no figures."""
    z = stats.norm.ppf((np.arange(count) + 0.5) / count)
    profits = [float(each) for each in 3 + 7 * (z + bend * z**2 + tail * z**3)]
    found = cornish_fisher(profits, level)
    mean, deviation = np.mean(profits), np.std(profits, ddof=1)
    skew, excess = float(stats.skew(profits)), float(stats.kurtosis(profits))
    edge = float(stats.norm.ppf(1 - level))
    below, _ = integrate.quad(
        lambda z: quantile(z, skew, excess) * stats.norm.pdf(z), -math.inf, edge, epsabs=1e-12
    )
    assert found.var == pytest.approx(-mean - quantile(edge, skew, excess) * deviation, abs=1e-9)
    assert found.es == pytest.approx(-mean - deviation * below / (1 - level), abs=1e-6)


@settings(max_examples=20)
@given(PROFITS, LEVELS)
def test_the_normal_figures_are_the_quantile_and_the_integral_of_the_normal_density(
    profits: list[float], level: float
) -> None:
    found = parametric(profits, level)
    mean, deviation = np.mean(profits), np.std(profits, ddof=1)
    edge = float(stats.norm.ppf(1 - level))
    below, _ = integrate.quad(lambda z: z * stats.norm.pdf(z), -math.inf, edge, epsabs=1e-12)
    assert found.var == pytest.approx(-mean - edge * deviation, abs=1e-9)
    assert found.es == pytest.approx(-mean - deviation * below / (1 - level), abs=1e-7)


@pytest.mark.parametrize(
    ("skew", "excess", "grows"),
    [
        (0.0, 0.0, True),
        (0.0, -0.3333, True),  # 1 + excess / 8 * (z ** 2 - 1) is 0 five deviations away
        (0.0, -0.3334, False),
        (0.0, 7.9999, True),  # and in the middle, where it is least
        (0.0, 8.0001, False),
        (0.5, 0.5, True),
        (-0.5, 0.5, True),
        (0.5, 0.13, False),
        (2.0, 4.0, False),
        (-2.0, 4.0, False),
        (3.0, 12.0, False),
        (0.0, 8.0, True),  # exactly nothing is not less
    ],
)
def test_the_expansion_has_to_grow_to_five_deviations_on_either_side(
    skew: float, excess: float, *, grows: bool
) -> None:
    assert _grows(skew, excess) is grows


@given(st.floats(-3, 3), st.floats(-2, 12))
def test_it_grows_where_no_slope_of_it_is_negative(skew: float, excess: float) -> None:
    """Slopes by differences, at many places of the same five deviations."""
    z = np.linspace(-5, 5, 4_001)
    values = (
        z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    least = float((np.diff(values) / np.diff(z)).min())
    if abs(least) > 1e-2:
        assert _grows(skew, excess) is (least > 0)


def least_slope(skew: float, excess: float) -> float:
    """The least of the expansion's derivative to five deviations, by Hermite's polynomials."""
    series = [0, 1 - skew**2 / 36, skew / 6, excess / 24 - skew**2 / 18]
    return float(hermeval(np.linspace(-5, 5, 2_001), hermeder(series)).min())


def edge_of(skew: float, inside: float, outside: float) -> float:
    """The excess at which the least slope is 0, between one where it grows and one where not."""
    for _ in range(40):
        middle = (inside + outside) / 2
        if least_slope(skew, middle) > 0:
            inside = middle
        else:
            outside = middle
    return inside


@settings(max_examples=20)
@given(st.floats(-1.8, 1.8))
def test_the_domain_ends_where_the_least_slope_is_nothing(skew: float) -> None:
    """The least of straight lines of the excess is above 0 in one stretch of them: both ends."""
    inside = max(np.linspace(0, 8, 81), key=lambda excess: least_slope(skew, excess))
    assert least_slope(skew, inside) > 0
    for outside, way in ((-1.0, -1), (12.0, 1)):
        edge = edge_of(skew, inside, outside)
        assert _grows(skew, edge - way * 1e-3)
        assert not _grows(skew, edge + way * 1e-3)


def test_the_fewest_days_of_each_method_are_enough() -> None:
    assert parametric([1.0, 3.0], 0.9).var is not None
    assert cornish_fisher([1.0, 2.0, 3.0, 4.0], 0.9).why != "4 days, 4 are needed"
    assert historical([-1.0] * 9 + [-5.0], 0.9).var == 1.0
    assert historical([-1.0] * 9, 0.9).why == "9 days, 10 are needed"
    assert historical([-1.0] * 19, 0.95).why == "19 days, 20 are needed"


@pytest.mark.parametrize(("level", "days"), [(0.9, 10), (0.95, 20), (0.99, 100), (0.6, 3)])
def test_as_many_days_are_asked_for_as_one_of_them_is_the_tail(level: float, days: int) -> None:
    assert historical([0.0] * days, level).var == 0
    assert historical([0.0] * (days - 1), level).why == f"{days - 1} days, {days} are needed"


def test_a_shortfall_is_never_less_than_the_value_at_risk() -> None:
    """By rounding alone it would be: a third of a day is no number of the processor."""
    found = historical([0.1] * 37, 0.93)
    assert found.var is not None
    assert found.es is not None
    assert found.es >= found.var
