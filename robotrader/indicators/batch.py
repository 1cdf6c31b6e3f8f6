"""The indicators over whole series: numpy's arrays in and out, NaN until the first value.

What remembers everything (``ema``, ``rsi``, ``atr``, ``macd``, ``adx``, ``keltner``), simple and
weighted averages, channels and stochastics give the same bits as one value at a time. What is
measured in squares or products is computed from distances to the mean, and differs in the last
digits. Sources and formulas are those of the classes. Each function raises ``NotFiniteError`` for
NaN and infinity in what it is given, and ``ValueError`` for a length that is none, or for series
that are not equally long.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from robotrader.indicators.averages import Ema
from robotrader.indicators.exact import NotFiniteError, check_length
from robotrader.indicators.momentum import Adx
from robotrader.indicators.windows import means, reduced, two_reduced, weighted_means

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Floats: TypeAlias = NDArray[np.float64]

Three: TypeAlias = "tuple[Floats, Floats, Floats]"


def sma(values: ArrayLike, length: int) -> Floats:
    """Return simple averages."""
    (series,) = _series(values)
    return means(series, check_length("a simple average", length))


def wma(values: ArrayLike, length: int) -> Floats:
    """Return weighted averages."""
    (series,) = _series(values)
    return weighted_means(series, check_length("a weighted average", length))


def ema(values: ArrayLike, length: int) -> Floats:
    """Return exponential averages."""
    (series,) = _series(values)
    return _smoothed(series, check_length("an exponential average", length), 2 / (length + 1))


def rma(values: ArrayLike, length: int) -> Floats:
    """Return Wilder's averages."""
    (series,) = _series(values)
    return _smoothed(series, check_length("an exponential average", length), 1 / length)


def rsi(values: ArrayLike, length: int = 14) -> Floats:
    """Return relative strength indices."""
    (series,) = _series(values)
    moves = np.diff(series)
    ups = _smoothed(np.maximum(moves, 0.0), check_length("a relative strength", length), 1 / length)
    downs = _smoothed(np.maximum(-moves, 0.0), length, 1 / length)
    return _behind(_parts(ups, downs), 1, len(series))


def macd(values: ArrayLike, fast: int = 12, slow: int = 26, signal: int = 9) -> Three:
    """Return the lines macd, signal and histogram; all begin with the signal line's first value."""
    (series,) = _series(values)
    slows = _smoothed(series, slow, 2 / (slow + 1))
    fasts = _smoothed(series[slow - fast :], fast, 2 / (fast + 1))
    line = (fasts[fast - 1 :] if len(fasts) >= fast else fasts[:0]) - slows[slow - 1 :]
    signals = _smoothed(line, signal, 2 / (signal + 1))
    line = np.where(np.isnan(signals), np.nan, line)
    return (
        _behind(line, slow - 1, len(series)),
        _behind(signals, slow - 1, len(series)),
        _behind(line - signals, slow - 1, len(series)),
    )


def std(values: ArrayLike, length: int, ddof: int = 1) -> Floats:
    """Return standard deviations."""
    (series,) = _series(values)
    check_length("a standard deviation", length, ddof + 1)
    squares = reduced(series, length, lambda w, m: np.square(w - m).sum(axis=1))
    return np.sqrt(squares / (length - ddof))


def bollinger(values: ArrayLike, length: int = 20, width: float = 2.0) -> Three:
    """Return the lower, middle and upper bands."""
    middle, reach = sma(values, length), width * std(values, length, 0)
    return middle - reach, middle, middle + reach


def zscore(values: ArrayLike, length: int, ddof: int = 1) -> Floats:
    """Return distances from the mean in standard deviations."""
    (series,) = _series(values)
    deviations = std(series, length, ddof)
    away = series - means(series, length)
    return np.divide(away, deviations, out=_like(deviations, 0.0), where=deviations != 0)


def atr(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, length: int, *, first_bar: bool = True
) -> Floats:
    """Return average true ranges."""
    highs, lows, closes = _bars(high, low, close)
    check_length("an average true range", length)
    ranges = _true_ranges(highs, lows, closes)
    skipped = 0 if first_bar else min(1, len(highs))
    return _behind(_smoothed(ranges[skipped:], length, 1 / length), skipped, len(highs))


def keltner(
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    length: int = 20,
    *,
    width: float = 2.0,
    atr_length: int = 10,
) -> Three:
    """Return the lower, middle and upper line of the channel."""
    middle = ema(close, length)
    reach = width * atr(high, low, close, atr_length, first_bar=False)
    middle = np.where(np.isnan(reach), np.nan, middle)
    return middle - reach, middle, middle + reach


def adx(high: ArrayLike, low: ArrayLike, close: ArrayLike, length: int = 14) -> Three:
    """Return +DI, -DI and the index, all from the first bar on that has all three."""
    columns = _bars(high, low, close)
    one = Adx(length)
    rows = [one.update(*bar) for bar in zip(*(each.tolist() for each in columns), strict=True)]
    nothing = (np.nan,) * 3
    table = np.array([row or nothing for row in rows], dtype=np.float64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def donchian(high: ArrayLike, low: ArrayLike, length: int = 20) -> Three:
    """Return the lower, middle and upper line of the channel."""
    highs, lows = _bars(high, low)
    lowest, highest = _extremes(highs, lows, length)
    return lowest, lowest / 2 + highest / 2, highest


def williams_r(high: ArrayLike, low: ArrayLike, close: ArrayLike, length: int = 14) -> Floats:
    """Return Williams %R."""
    highs, lows, closes = _bars(high, low, close)
    lowest, highest = _extremes(highs, lows, length)
    reach = highest - lowest
    below = -100 * (highest - closes)
    return np.divide(below, reach, out=_like(reach, -50.0), where=reach != 0)


def fast_stochastic(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, length: int = 5, average: int = 3
) -> tuple[Floats, Floats]:
    """Return %K and %D from the first bar on that has both."""
    highs, lows, closes = _bars(high, low, close)
    k = _percent_k(highs, lows, closes, length)
    begun = k[length - 1 :]
    d = _behind(means(begun, check_length("an average", average)), length - 1, len(k))
    return np.where(np.isnan(d), np.nan, k), d


def slow_stochastic(
    high: ArrayLike,
    low: ArrayLike,
    close: ArrayLike,
    length: int = 5,
    *,
    smooth: int = 3,
    average: int = 3,
) -> tuple[Floats, Floats]:
    """Return slow %K and slow %D from the first bar on that has both."""
    _, k = fast_stochastic(high, low, close, length, smooth)
    late = length + smooth - 2
    d = _behind(means(k[late:], check_length("an average", average)), late, len(k))
    return np.where(np.isnan(d), np.nan, k), d


def cci(high: ArrayLike, low: ArrayLike, close: ArrayLike, length: int = 20) -> Floats:
    """Return commodity channel indices."""
    prices = _typical(*_bars(high, low, close))
    check_length("a channel index", length, 2)
    away = reduced(prices, length, lambda w, m: np.abs(w - m).sum(axis=1)) / length
    mine = prices - means(prices, length)
    return np.divide(mine, 0.015 * away, out=_like(away, 0.0), where=away != 0)


def mfi(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, length: int = 14
) -> Floats:
    """Return money flow indices."""
    highs, lows, closes, volumes = _bars(high, low, close, volume)
    prices = _typical(highs, lows, closes)
    flows, moves = (prices * volumes)[1:], np.diff(prices)
    check_length("a money flow", length)
    rising = means(np.where(moves > 0, flows, 0.0), length)
    falling = means(np.where(moves < 0, flows, 0.0), length)
    return _behind(_parts(rising, falling), 1, len(prices))


def obv(close: ArrayLike, volume: ArrayLike) -> Floats:
    """Return on-balance volumes; exact for whole volumes."""
    closes, volumes = _series(close, volume)
    signs = np.sign(np.diff(closes, prepend=closes[:1]))
    signs[:1] = 1.0
    sums: Floats = np.cumsum(signs * volumes)
    return sums


def vwap(
    high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike, session: ArrayLike
) -> Floats:
    """Return volume-weighted average prices; ``session`` has a number for each bar's session."""
    highs, lows, closes, volumes = _bars(high, low, close, volume)
    money, numbers = _typical(highs, lows, closes) * volumes, np.asarray(session)
    starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    out = np.full(len(numbers), np.nan)
    for begin, end in pairwise(starts):
        traded = np.cumsum(volumes[begin:end])
        paid = np.cumsum(money[begin:end])
        np.divide(paid, traded, out=out[begin:end], where=traded != 0)
    return out


def correlation(x: ArrayLike, y: ArrayLike, length: int) -> Floats:
    """Return Pearson's correlations; NaN where a series does not move."""
    xx, yy, xy = _centred(x, y, check_length("a correlation", length, 2))
    size = np.sqrt(xx) * np.sqrt(yy)
    found: Floats = np.divide(xy, size, out=_like(size, np.nan), where=size > 0)
    return found.clip(-1.0, 1.0)


def regression(x: ArrayLike, y: ArrayLike, length: int) -> Three:
    """Return slopes, intercepts and r2 of y on x; NaN where x does not move."""
    xx, yy, xy = _centred(x, y, check_length("a regression", length, 2))
    first, second = _series(x, y)
    slope = np.divide(xy, xx, out=_like(xx, np.nan), where=xx > 0)
    intercept = means(second, length) - slope * means(first, length)
    r2 = np.divide(slope * xy, yy, out=_like(yy, 1.0), where=yy > 0)
    return slope, intercept, np.where(np.isnan(slope), np.nan, r2)


def roc(values: ArrayLike, length: int) -> Floats:
    """Return the changes over ``length`` values, as parts of the older one."""
    (series,) = _series(values)
    check_length("a rate of change", length)
    return _behind(series[length:] / series[:-length] - 1, length, len(series))


# -- what they are made of --


def _series(*columns: ArrayLike) -> list[Floats]:
    made = [np.asarray(each, dtype=np.float64) for each in columns]
    for each in made:
        if each.shape != made[0].shape or each.ndim != 1:
            shapes = ", ".join(str(other.shape) for other in made)
            msg = f"series of the shapes {shapes}: give one value of each for every bar"
            raise ValueError(msg)
        bad = np.flatnonzero(~np.isfinite(each))
        if len(bad):
            msg = f"{each[bad[0]]} at {bad[0]} of {len(each)} values: refuse it at the edge"
            raise NotFiniteError(msg)
    return made


def _bars(high: ArrayLike, low: ArrayLike, *others: ArrayLike) -> list[Floats]:
    made = _series(high, low, *others)
    bad = np.flatnonzero(made[0] < made[1])
    if len(bad):
        at = bad[0]
        msg = f"high {made[0][at]} is below low {made[1][at]} at {at}: are they swapped?"
        raise ValueError(msg)
    return made


def _like(other: Floats, value: float) -> Floats:
    """Return ``value`` where there is a result, NaN before."""
    filled: Floats = np.where(np.isnan(other), np.nan, value)
    return filled


def _behind(values: Floats, late: int, count: int) -> Floats:
    """Return values that begin ``late`` bars after their series."""
    return np.concatenate([np.full(min(late, count), np.nan), values])[:count]


def _smoothed(values: Floats, length: int, weight: float) -> Floats:
    """Return exponential averages as ``Ema`` makes them, step by step: the same bits."""
    out = np.full(len(values), np.nan)
    if len(values) < length:
        return out
    first = Ema(length)
    for each in values[:length].tolist():
        first.update(each)
    assert first.value is not None, "it has had as many values as it needs"
    out[length - 1 :] = list(_steps(first.value, values[length:].tolist(), weight))
    return out


def _steps(value: float, others: Iterable[float], weight: float) -> Iterable[float]:
    yield value
    for each in others:
        value += weight * (each - value)
        yield value


def _parts(ups: Floats, downs: Floats) -> Floats:
    """Return the ups' part of both in percent; 50 of nothing."""
    both = ups + downs
    parts: Floats = np.divide(ups, both, out=_like(both, 0.5), where=both != 0)
    return parts * 100


def _true_ranges(high: Floats, low: Floats, close: Floats) -> Floats:
    ranges = high - low
    ranges[1:] = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    return ranges


def _extremes(high: Floats, low: Floats, length: int) -> tuple[Floats, Floats]:
    check_length("a channel", length)
    lowest = reduced(low, length, lambda w, _: w.min(axis=1), mean=False)
    return lowest, reduced(high, length, lambda w, _: w.max(axis=1), mean=False)


def _percent_k(high: Floats, low: Floats, close: Floats, length: int) -> Floats:
    lowest, highest = _extremes(high, low, length)
    reach = highest - lowest
    return np.divide(100 * (close - lowest), reach, out=_like(reach, 50.0), where=reach != 0)


def _typical(high: Floats, low: Floats, close: Floats) -> Floats:
    prices: Floats = (high + low + close) / 3
    return prices


def _centred(x: ArrayLike, y: ArrayLike, length: int) -> Three:
    """Return sums of squared distances of both series, and of their products."""
    first, second = _series(x, y)
    xx = reduced(first, length, lambda w, m: np.square(w - m).sum(axis=1))
    yy = reduced(second, length, lambda w, m: np.square(w - m).sum(axis=1))
    return xx, yy, two_reduced(first, second, length)
