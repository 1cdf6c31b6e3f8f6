"""Every indicator, one value at a time, is what the whole series gives at once."""

from __future__ import annotations

import statistics
from itertools import pairwise
from math import inf, isclose, nan
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.indicators import Atr, Ema, NotFiniteError, RollingStd, Sma

if TYPE_CHECKING:
    from collections.abc import Sequence

PRICES = st.floats(min_value=1e-4, max_value=1e6)
ANY = st.floats(min_value=-1e150, max_value=1e150, allow_subnormal=True)
LENGTHS = st.integers(1, 12)


def run(indicator: Any, values: Sequence[float]) -> list[float | None]:
    return [indicator.update(value) for value in values]


@given(st.lists(ANY, max_size=40), LENGTHS)
def test_a_simple_average_is_the_exact_mean_of_its_window_rounded_once(
    values: list[float], length: int
) -> None:
    """``statistics.mean`` computes with fractions: the oracle for every bit."""
    got = run(Sma(length), values)
    for end, value in enumerate(got, 1):
        window = values[max(0, end - length) : end]
        assert value == (statistics.mean(window) if len(window) == length else None)


@given(st.lists(st.lists(ANY, max_size=15), max_size=5), LENGTHS)
def test_a_simple_average_takes_many_values_as_one_after_another(
    parts: list[list[float]], length: int
) -> None:
    one, other = Sma(length), Sma(length)
    for part in parts:
        last = run(one, part)[-1:] or [one.value]
        assert other.extend(part) == last[0]
        assert other.save() == one.save()


@given(st.lists(ANY, max_size=30), st.lists(PRICES, min_size=12, max_size=12), LENGTHS)
def test_nothing_from_before_the_window_is_left_in_an_average_or_deviation(
    before: list[float], window: list[float], length: int
) -> None:
    for make in (Sma, lambda n: RollingStd(n, ddof=0)):
        old, new = make(length), make(length)
        run(old, before)
        assert run(old, window)[-1] == run(new, window)[-1]


@given(st.lists(ANY, max_size=40), st.integers(2, 12), st.integers(0, 1))
def test_a_standard_deviation_is_that_of_its_window(
    values: list[float], length: int, ddof: int
) -> None:
    reference = statistics.stdev if ddof else statistics.pstdev
    for end, value in enumerate(run(RollingStd(length, ddof), values), 1):
        window = values[max(0, end - length) : end]
        if len(window) < length:
            assert value is None
        else:
            assert value is not None
            assert isclose(value, reference(window), rel_tol=4e-16)


def ema_at_once(values: Sequence[float], length: int) -> list[float | None]:
    out: list[float | None] = [None] * min(len(values), length - 1)
    for end in range(length, len(values) + 1):
        last = out[-1] if out else None
        if end == length:
            out.append(statistics.mean(values[:length]))
        else:
            assert last is not None
            out.append(last + 2 / (length + 1) * (values[end - 1] - last))
    return out


@given(st.lists(PRICES, max_size=40), LENGTHS)
def test_an_exponential_average_is_its_definition_over_the_whole_series(
    values: list[float], length: int
) -> None:
    assert run(Ema(length), values) == ema_at_once(values, length)


def wilder_at_once(bars: Sequence[tuple[float, float, float]], length: int) -> list[float | None]:
    reach = [bars[0][0] - bars[0][1]] if bars else []
    for (_, _, close), (high, low, _) in pairwise(bars):
        reach.append(max(high - low, abs(high - close), abs(low - close)))
    out: list[float | None] = []
    for end in range(1, len(reach) + 1):
        if end < length:
            out.append(None)
        elif end == length:
            out.append(statistics.mean(reach[:length]))
        else:
            last = out[-1]
            assert last is not None
            out.append((last * (length - 1) + reach[end - 1]) / length)
    return out


BARS = st.tuples(PRICES, PRICES, st.floats(0, 1)).map(
    lambda b: (max(b[:2]), min(b[:2]), min(b[:2]) + b[2] * (max(b[:2]) - min(b[:2])))
)


@given(st.lists(BARS, max_size=40), LENGTHS)
def test_an_average_true_range_is_wilders(
    bars: list[tuple[float, float, float]], length: int
) -> None:
    atr = Atr(length)
    got = [atr.update(*bar) for bar in bars]
    for value, wanted in zip(got, wilder_at_once(bars, length), strict=True):
        assert (value is None) == (wanted is None)
        if value is not None and wanted is not None:
            assert isclose(value, wanted, rel_tol=1e-9, abs_tol=1e-6)


def test_pandas_agrees_on_a_long_series() -> None:
    rng = Random(7)
    closes = [100.0]
    for _ in range(3_000):
        closes.append(max(0.01, closes[-1] * (1 + rng.gauss(0, 0.01))))
    series = pd.Series(closes)
    sma = np.array([v for v in run(Sma(30), closes) if v is not None])
    np.testing.assert_allclose(sma, series.rolling(30).mean().dropna(), rtol=1e-11)
    std = np.array([v for v in run(RollingStd(30), closes) if v is not None])
    np.testing.assert_allclose(std, series.rolling(30).std().dropna(), rtol=1e-6)
    seeded = pd.concat([pd.Series([series[:30].mean()]), series[30:]])
    ema = np.array([v for v in run(Ema(30), closes) if v is not None])
    np.testing.assert_allclose(ema, seeded.ewm(span=30, adjust=False).mean(), rtol=1e-11)


@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_what_is_no_number_is_refused_and_changes_nothing(bad: float) -> None:
    for make in (Sma, Ema, RollingStd):
        indicator, clean = make(3), make(3)
        for value in (1.0, 2.0, 4.0, 8.0):
            with pytest.raises(NotFiniteError, match="edge"):
                indicator.update(bad)
            assert indicator.update(value) == clean.update(value)
    atr = Atr(1)
    with pytest.raises(NotFiniteError):
        atr.update(2.0, 1.0, bad)
    assert atr.update(2.0, 1.0, 1.5) == 1.0


def test_an_impossible_length_or_bar_is_named() -> None:
    with pytest.raises(ValueError, match="simple average over 0 values: give at least 1"):
        Sma(0)
    with pytest.raises(ValueError, match="deviation over 1 values: give at least 2"):
        RollingStd(1)
    with pytest.raises(ValueError, match=r"high 1\.0 is below low 2\.0"):
        Atr(3).update(1.0, 2.0, 1.5)
