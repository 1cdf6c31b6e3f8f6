"""TA-Lib as the oracle: the same numbers from the same bar on, wherever the series moves.

Where nothing moves TA-Lib gives 0, which reads as the weakest of closes; ours are neutral there
(``test_batch``). TA-Lib leaves the first bar out of the average true range; ours can.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader import indicators as one
from robotrader.indicators import batch
from tests.robotrader.indicators.test_batch import Columns, told

Make = Callable[[int], Any]
Asks = Callable[[dict[str, Any], int], Any]


def ma(kind: Callable[..., Any]) -> Asks:
    return lambda b, n: kind(b["c"], timeperiod=n)


def dmi(b: dict[str, Any], n: int) -> Any:
    return (
        talib.PLUS_DI(b["h"], b["l"], b["c"], n),
        talib.MINUS_DI(b["h"], b["l"], b["c"], n),
        talib.ADX(b["h"], b["l"], b["c"], n),
    )


def bands(b: dict[str, Any], n: int) -> Any:
    upper, middle, lower = talib.BBANDS(b["c"], n, 2.0, 2.0)
    return lower, middle, upper


def keltner(b: dict[str, Any], n: int) -> Any:
    middle = talib.EMA(b["c"], n)
    reach = 2.0 * talib.ATR(b["h"], b["l"], b["c"], n)
    return middle - reach, np.where(np.isnan(reach), np.nan, middle), middle + reach


def donchian(b: dict[str, Any], n: int) -> Any:
    low, high = talib.MIN(b["l"], n), talib.MAX(b["h"], n)
    return low, (low + high) / 2, high


ORACLES: Final[dict[str, tuple[Make, str, Asks]]] = {
    "SMA": (one.Sma, "c", ma(talib.SMA)),
    "EMA": (one.Ema, "c", ma(talib.EMA)),
    "WMA": (one.Wma, "c", ma(talib.WMA)),
    "RSI": (one.Rsi, "c", ma(talib.RSI)),
    "ROCP": (one.Roc, "c", ma(talib.ROCP)),
    "STDDEV": (lambda n: one.RollingStd(n, ddof=0), "c", ma(talib.STDDEV)),
    "MACD": (
        lambda n: one.Macd(n, 2 * n + 1, n + 1), "c",
        lambda b, n: talib.MACD(b["c"], n, 2 * n + 1, n + 1),
    ),
    "BBANDS": (one.Bollinger, "c", bands),
    "ATR": (
        lambda n: one.Atr(n, first_bar=False), "hlc",
        lambda b, n: talib.ATR(b["h"], b["l"], b["c"], n),
    ),
    "KELTNER": (lambda n: one.Keltner(n, 2.0, n), "hlc", keltner),
    "ADX": (one.Adx, "hlc", dmi),
    "DONCHIAN": (one.Donchian, "hl", donchian),
    "STOCHF": (
        lambda n: one.FastStochastic(n, 3), "hlc",
        lambda b, n: talib.STOCHF(b["h"], b["l"], b["c"], n, 3),
    ),
    "STOCH": (
        lambda n: one.SlowStochastic(n, 3, 4), "hlc",
        lambda b, n: talib.STOCH(b["h"], b["l"], b["c"], n, slowk_period=3, slowd_period=4),
    ),
    "CCI": (one.Cci, "hlc", lambda b, n: talib.CCI(b["h"], b["l"], b["c"], n)),
    "WILLR": (one.WilliamsR, "hlc", lambda b, n: talib.WILLR(b["h"], b["l"], b["c"], n)),
    "MFI": (one.Mfi, "hlcv", lambda b, n: talib.MFI(b["h"], b["l"], b["c"], b["v"], n)),
    "OBV": (lambda _: one.Obv(), "cv", lambda b, _: talib.OBV(b["c"], b["v"])),
    "CORREL": (one.RollingCorrelation, "cv", lambda b, n: talib.CORREL(b["c"], b["v"], n)),
}  # fmt: skip
ADX_BEFORE: Final = 2
"""The columns of the directional movement that TA-Lib has before the index: +DI, -DI."""


def walk(seed: int, count: int) -> Columns:
    """Bars whose price always moves, so that nothing is divided by nothing."""
    rng, close = Random(seed), 100.0
    made: Columns = {"h": [], "l": [], "c": [], "v": []}
    for _ in range(count):
        opened, close = close, close * (1 + rng.gauss(0, 0.02) + 1e-6)
        made["h"].append(max(opened, close) * (1 + rng.uniform(0.001, 0.01)))
        made["l"].append(min(opened, close) * (1 - rng.uniform(0.001, 0.01)))
        made["c"].append(close)
        made["v"].append(float(rng.randrange(100, 10_000)))
    return made


@pytest.mark.parametrize("name", ORACLES)
@given(seed=st.integers(0, 10**6), length=st.integers(2, 15), count=st.integers(1, 120))
@settings(max_examples=10, deadline=None)
def test_it_is_what_talib_says_from_the_same_bar_on(
    name: str, seed: int, length: int, count: int
) -> None:
    make, takes, asks = ORACLES[name]
    columns = walk(seed, count)
    made = asks({key: np.array(values) for key, values in columns.items()}, length)
    wanted = np.stack(made if isinstance(made, tuple | list) else (made,), axis=1)
    bars = list(zip(*(columns[each] for each in takes), strict=True))
    got = np.array(told(make(length), bars, wanted.shape[1]))
    known = ~np.isnan(wanted)
    if name == "ADX":
        known[:, :ADX_BEFORE] &= known[:, -1:]
    np.testing.assert_array_equal(~np.isnan(got), known)
    np.testing.assert_allclose(got[known], wanted[known], rtol=1e-8, atol=1e-8)


def test_a_long_series_does_not_drift() -> None:
    """Sums that are rolled lose digits over a million values; ours and the plain mean do not."""
    rng = Random(1)
    series = [rng.choice([1e9, 1.0, 1e-6]) * rng.random() for _ in range(20_000)] + [0.1] * 7
    sma, std = one.Sma(7), one.RollingStd(7)
    for value in series:
        sma.update(value)
        std.update(value)
    assert (sma.value, std.value) == (0.1, 0.0)


@pytest.mark.parametrize("length", [2, 20])
def test_pandas_agrees_on_correlation_regression_and_scores(length: int) -> None:
    rng = Random(length)
    x = [rng.gauss(100, 5) for _ in range(300)]
    y = [2 * each + rng.gauss(0, 3) for each in x]
    frame = pd.DataFrame({"x": x, "y": y})
    rolled = frame["x"].rolling(length)
    slope = rolled.cov(frame["y"]) / rolled.var()
    wanted = {
        "corr": rolled.corr(frame["y"]),
        "slope": slope,
        "intercept": frame["y"].rolling(length).mean() - slope * rolled.mean(),
        "r2": rolled.corr(frame["y"]) ** 2,
        "z": (frame["x"] - rolled.mean()) / rolled.std(),
    }
    pairs = list(zip(x, y, strict=True))
    line = np.array(told(one.RollingRegression(length), pairs, 3))
    got = {
        "corr": np.array(told(one.RollingCorrelation(length), pairs))[:, 0],
        "slope": line[:, 0],
        "intercept": line[:, 1],
        "r2": line[:, 2],
        "z": np.array(told(one.ZScore(length), [(each,) for each in x]))[:, 0],
    }
    for name, series in wanted.items():
        np.testing.assert_allclose(got[name], series, rtol=1e-6, atol=1e-6, err_msg=name)


@given(st.lists(st.tuples(st.integers(-999, 999), st.integers(-999, 999)), min_size=3, max_size=20))
@settings(max_examples=60)
def test_a_regression_is_numpys_least_squares(pairs: list[tuple[int, int]]) -> None:
    regression = one.RollingRegression(len(pairs))
    (*_, found) = [regression.update(*pair) for pair in pairs]
    x, y = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    if len(set(x.tolist())) == 1:
        assert found is None
        return
    assert found is not None
    (slope, intercept), *_ = np.linalg.lstsq(np.stack([x, np.ones_like(x)], axis=1), y)
    np.testing.assert_allclose([found.slope, found.intercept], [slope, intercept], atol=1e-6)
    left = y - (found.intercept + found.slope * x)
    spread = np.square(y - y.mean()).sum()
    if spread:
        assert found.r2 == pytest.approx(1 - np.square(left).sum() / spread, abs=1e-9)


def test_the_days_average_price_is_money_by_volume_and_begins_anew_each_session() -> None:
    bars = [(11.0, 9.0, 10.0, 5.0, 1), (14.0, 10.0, 12.0, 15.0, 1), (9.0, 9.0, 9.0, 0.0, 2),
            (8.0, 8.0, 8.0, 2.0, 2)]  # fmt: skip
    vwap = one.Vwap()
    wanted = [10.0, (10 * 5 + 12 * 15) / 20, None, 8.0]
    assert [vwap.update(*bar) for bar in bars] == wanted
    np.testing.assert_allclose(
        batch.vwap(*zip(*bars, strict=True)), [10.0, 11.5, np.nan, 8.0], rtol=1e-15
    )
