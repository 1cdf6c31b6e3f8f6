"""Windows over numpy's arrays: exact means by whole numbers, and anything else block by block.

A mean is rounded once, as that of ``exact.Window`` is, to the same bits: values become integers of
two limbs, whose sums over a window are differences of running sums. Blocks keep the range of their
numbers and the memory small; a block whose numbers lie too far apart is done one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from robotrader.indicators.averages import Sma, Wma

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]

_BLOCK: Final = 1 << 14
_LIMB: Final = 31
_MOST_RANGE: Final = 8
"""Powers of two between the largest value and the smallest one's own precision, above 53."""

_MOST_WEIGHT: Final = 1 << 30
_GUARD: Final = 7
_ENOUGH: Final = 1 << 55
"""From here on an integer has two bits more than a float keeps: a sticky bit rounds it once."""


def means(values: Floats, length: int) -> Floats:
    """Return the mean of each window, rounded once; NaN where none is full."""
    return _blocks(values, length, lambda part: _means(part, length))


def weighted_means(values: Floats, length: int) -> Floats:
    """Return the mean of each window with weights 1, 2, ..., rounded once."""
    return _blocks(values, length, lambda part: _weighted(part, length))


def reduced(
    values: Floats, length: int, reduce: Callable[[Floats, Floats], Floats], *, mean: bool = True
) -> Floats:
    """Return ``reduce(windows, means)`` block by block; each row of windows is one."""

    def done(part: Floats) -> Floats:
        middle = _means(part, length)[:, None] if mean else part[:0]
        return reduce(sliding_window_view(part, length), middle)

    return _blocks(values, length, done, block=max(_BLOCK // length, 256))


def two_reduced(x: Floats, y: Floats, length: int) -> Floats:
    """Return each window's sum of products of both series' distances from their means."""
    out = np.full(len(x), np.nan)
    block = max(_BLOCK // length, 256)
    for begin in range(0, len(x) - length + 1, block):
        end = min(begin + block + length - 1, len(x))
        one, other = x[begin:end], y[begin:end]
        away = sliding_window_view(one, length) - _means(one, length)[:, None]
        others = sliding_window_view(other, length) - _means(other, length)[:, None]
        out[begin + length - 1 : end] = (away * others).sum(axis=1)
    return out


def _blocks(
    values: Floats, length: int, done: Callable[[Floats], Floats], block: int = _BLOCK
) -> Floats:
    out = np.full(len(values), np.nan)
    for begin in range(0, len(values) - length + 1, block):
        end = min(begin + block + length - 1, len(values))
        out[begin + length - 1 : end] = done(values[begin:end])
    return out


def _means(values: Floats, length: int) -> Floats:
    """Return the mean of each full window of a block."""
    limbs = _limbs(values) if length < _MOST_WEIGHT else None
    if limbs is None:
        return _one_by_one(Sma(length), values)
    high, low, exponent = limbs
    sums = _sums(high, length), _sums(low, length)
    return _quotient(sums, length, exponent, Sma(length), values)


def _weighted(values: Floats, length: int) -> Floats:
    """Return the weighted mean of each full window of a block."""
    weights = length * (length + 1) // 2
    limbs = _limbs(values) if weights < _MOST_WEIGHT else None
    if limbs is None:
        return _one_by_one(Wma(length), values)
    high, low, exponent = limbs
    sums = _weighted_sums(high, length), _weighted_sums(low, length)
    return _quotient(sums, weights, exponent, Wma(length), values)


def _sums(limb: Ints, length: int) -> Ints:
    """Return each window's sum; running sums may wrap around, their differences do not."""
    running = np.concatenate([np.zeros(1, np.int64), np.cumsum(limb)])
    sums: Ints = running[length:] - running[:-length]
    return sums


def _weighted_sums(limb: Ints, length: int) -> Ints:
    """Return each window's sum with weights 1, 2, ...: numbered values less what is too much."""
    numbers = np.arange(1, len(limb) + 1, dtype=np.int64)
    first = np.arange(len(limb) - length + 1, dtype=np.int64)
    return _sums(limb * numbers, length) - first * _sums(limb, length)


def _limbs(values: Floats) -> tuple[Ints, Ints, int] | None:
    """Return values as integers ``high * 2**31 + low`` in units of ``2**exponent``.

    None where they lie too far apart for 63 bits.
    """
    found = np.abs(values[values != 0])
    if not len(found):
        zeros = np.zeros(len(values), np.int64)
        return zeros, zeros, 0
    _, powers = np.frexp(np.array([found.min(), found.max()]))
    exponent = int(powers[0]) - 53
    if powers[1] - powers[0] > _MOST_RANGE or exponent - _GUARD < -1000 or powers[1] > 1000:
        return None
    scaled = np.ldexp(values, -exponent)
    high = np.floor(np.ldexp(scaled, -_LIMB))
    low = scaled - np.ldexp(high, _LIMB)
    return high.astype(np.int64), low.astype(np.int64), exponent


def _quotient(
    sums: tuple[Ints, Ints], count: int, exponent: int, one: Sma | Wma, values: Floats
) -> Floats:
    """Return ``(high * 2**31 + low) / count * 2**exponent``, rounded once: long division."""
    high, low = sums
    first, rest = np.divmod(high, count)
    second, rest = np.divmod((rest << _LIMB) + low, count)
    whole = (first << _LIMB) + second
    wide = np.abs(whole) >= _ENOUGH
    third, left = np.divmod(rest << _GUARD, count)
    fine = np.where(wide, whole, (whole << _GUARD) + third)
    rest = np.where(wide, rest, left)
    fine |= rest != 0
    out = np.ldexp(fine.astype(np.float64), np.where(wide, exponent, exponent - _GUARD))
    few = (np.abs(fine) < _ENOUGH) & (rest != 0)
    if few.any():  # values of both signs, or nothing beside much: too few bits to round by
        out[few] = _one_by_one(one, values)[few]
    return out


def _one_by_one(one: Sma | Wma, values: Floats) -> Floats:
    found = [one.update(each) for each in values.tolist()]
    return np.array(found[one.length - 1 :], dtype=np.float64)
