"""Days, drawdowns, months and windows: closed forms, and the plain way as the oracle."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.market.hours import day_of
from robotrader.performance import (
    Track,
    by_day,
    deepest,
    drawdowns,
    months,
    rolling_beta,
    rolling_sharpe,
    rolling_volatility,
    summarize,
    ulcer,
    underwater,
    years,
)

DAYS = tuple(date(2024, 1, 30) + timedelta(days=n) for n in range(4))
RETURNS = st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=80)


def track(returns: list[float], base: float = 100.0) -> Track:
    first = date(2023, 11, 20)
    values = base * np.cumprod(1 + np.array(returns))
    days = tuple(first + timedelta(days=n) for n in range(len(returns)))
    return Track(base, days, tuple(values.tolist()))


def ns(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp()) * 10**9  # type: ignore[misc, arg-type]


def test_a_day_is_the_exchanges_and_its_last_value_counts() -> None:
    """01:00 UTC is still the day before in New York."""
    points = [
        (ns(2024, 1, 30, 15), 101.0),
        (ns(2024, 1, 31, 1), 102.0),
        (ns(2024, 1, 31, 15), 99.0),
    ]
    made = by_day(100.0, points, day_of)
    assert made.days == (date(2024, 1, 30), date(2024, 1, 31))
    assert made.values == (102.0, 99.0)


def test_money_that_is_paid_in_is_no_return() -> None:
    made = Track(100.0, DAYS[:2], (110.0, 160.0), (0.0, 50.0))
    assert made.returns.tolist() == pytest.approx([0.1, 0.0])


@pytest.mark.parametrize(
    ("base", "days", "values", "flows", "says"),
    [
        (0.0, DAYS[:1], (1.0,), (), "a base of 0.0"),
        (math.nan, DAYS[:1], (1.0,), (), "a base of nan"),
        (1.0, DAYS[:2], (1.0,), (), "2 days, 1 values, 0 flows"),
        (1.0, DAYS[1::-1], (1.0, 1.0), (), "2024-01-30 comes after 2024-01-31"),
        (1.0, DAYS[:2], (1.0, -2.0), (), "a value of -2.0 on 2024-01-31"),
        (1.0, DAYS[:1], (math.inf,), (), "a value of inf on 2024-01-30"),
        (1.0, DAYS[:1], (1.0,), (math.nan,), "a flow of nan on 2024-01-30"),
    ],
)
def test_what_is_no_track_is_refused_by_its_day(
    base: float,
    days: tuple[date, ...],
    values: tuple[float, ...],
    flows: tuple[float, ...],
    says: str,
) -> None:
    with pytest.raises(ValueError, match=says):
        Track(base, days, values, flows)


def test_two_drawdowns_by_hand() -> None:
    """100, 120, 90, 120, 60, 90: a quarter lost and won back, then a half that is not."""
    values = np.array([100, 120, 90, 120, 60, 90], dtype=float)
    first, second = drawdowns(values[1:] / values[:-1] - 1)
    assert (first.peak, first.trough, first.recovered, first.length) == (0, 1, 2, 2)
    assert first.depth == pytest.approx(0.25)
    assert (second.peak, second.trough, second.recovered, second.length) == (2, 3, None, 2)
    assert second.depth == pytest.approx(0.5)


@given(RETURNS)
def test_the_deepest_drawdown_is_the_worst_of_all_pairs(returns: list[float]) -> None:
    wealth = [1.0, *np.cumprod(1 + np.array(returns)).tolist()]
    worst = max(
        1 - after / before
        for at, before in enumerate(wealth)
        for after in wealth[at:]
    )  # fmt: skip
    assert deepest(returns) == pytest.approx(worst, abs=1e-12)
    assert max((each.depth for each in drawdowns(returns)), default=0) == pytest.approx(worst)
    assert ulcer(returns) == pytest.approx(math.sqrt(np.mean(np.square(underwater(returns)))))


@given(RETURNS)
def test_drawdowns_are_the_days_under_water_and_no_others(returns: list[float]) -> None:
    below = underwater(returns)
    covered = np.zeros(len(returns), dtype=bool)
    for each in drawdowns(returns):
        end = len(returns) if each.recovered is None else each.recovered
        assert each.peak < each.trough < end
        covered[each.peak + 1 : end] = True
    assert (covered == (below > 0)).all()


@given(RETURNS)
def test_months_and_years_compound_to_the_whole(returns: list[float]) -> None:
    made = track(returns)
    whole = made.values[-1] / made.base
    table = months(made)
    assert math.prod(1 + each for row in table.values() for each in row.values()) == pytest.approx(
        whole
    )
    assert math.prod(1 + each for each in years(made).values()) == pytest.approx(whole)
    assert {(day.year, day.month) for day in made.days} == {
        (year, month) for year, row in table.items() for month in row
    }


@given(st.lists(st.floats(-0.3, 0.3), min_size=1, max_size=60), st.integers(2, 20))
def test_windows_are_pandas(returns: list[float], window: int) -> None:
    other = returns[::-1]
    frame = pd.Series(returns)
    rolled = frame.rolling(window)
    found = rolling_volatility(returns, window, 1)
    assert found == pytest.approx(rolled.std().to_numpy(), abs=1e-7, nan_ok=True)
    sharpe = rolling_sharpe(returns, window, 1)
    beta = rolling_beta(returns, other, window)
    assert len(sharpe) == len(beta) == len(returns)
    for end in range(window, len(returns) + 1):
        part, theirs = np.array(returns[end - window : end]), np.array(other[end - window : end])
        if part.std() > 1e-6:
            assert sharpe[end - 1] == pytest.approx(part.mean() / part.std(ddof=1))
        if theirs.std() > 1e-6:
            slope = np.cov(part, theirs)[0, 1] / theirs.var(ddof=1)
            assert beta[end - 1] == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_a_window_of_one_period_is_refused() -> None:
    with pytest.raises(ValueError, match="a window of 1"):
        rolling_sharpe([0.1, 0.2], 1)


@given(RETURNS)
def test_a_summary_agrees_with_itself(returns: list[float]) -> None:
    made = track(returns)
    found = summarize(made, benchmark=returns)
    assert found.days == len(returns)
    assert found.total_return == pytest.approx(made.values[-1] / made.base - 1, abs=1e-9)
    assert found.against is not None
    assert (found.against.tracking_error or 0.0) == pytest.approx(0.0, abs=1e-9)
    if found.against.beta is not None and np.std(returns) > 1e-9:
        assert found.against.beta == pytest.approx(1.0, rel=1e-6)
    assert found.worst_day <= found.best_day


def test_a_track_without_a_day_has_no_figures() -> None:
    with pytest.raises(ValueError, match="without a day"):
        summarize(Track(1.0, (), ()))
