"""New histories from one that happened, by drawing its days again in blocks.

Returns of days that follow each other depend on each other; drawn one by one they would not, and
every drawdown would be too short. Circular blocks: Politis and Romano, A Circular Block-Resampling
Procedure for Stationary Data (1992). Stationary bootstrap, blocks of random length: Politis and
Romano, The Stationary Bootstrap (1994). How long blocks should be: Politis and White, Automatic
Block-Length Selection for the Dependent Bootstrap (2004), with Patton's correction (2009).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from robotrader.performance.track import Floats

Places: TypeAlias = NDArray[np.int64]

_NO_RISK: Final = 1e-12
"""Relative to the largest return: what is left of rounding when all returns are the same."""


def circular(size: int, length: int, source: np.random.Generator) -> Places:
    """Return ``size`` places of blocks of ``length`` that begin anywhere; the end meets the start.

    Raises:
        ValueError: a length below 1, or no places.
    """
    _check(size, length)
    starts = source.integers(size, size=-(-size // length))
    found: Places = ((starts[:, None] + np.arange(length)) % size).ravel()[:size]
    return found


def stationary(size: int, length: float, source: np.random.Generator) -> Places:
    """Return ``size`` places of blocks whose length is geometric with the mean ``length``.

    Raises as ``circular``.
    """
    _check(size, length)
    starts = source.integers(size, size=size)
    begins = source.random(size) < 1.0 / length
    begins[0] = True
    at = np.arange(size)
    first = np.maximum.accumulate(np.where(begins, at, 0))
    found: Places = (starts[first] + at - first) % size
    return found


def block_lengths(returns: Floats) -> tuple[float, float]:
    """Return how long blocks should be on average: of the stationary, of the circular bootstrap.

    1 where days do not depend on each other, or there are fewer than 10. See the module's prose;
    the estimate is that of the paper's section 3.2, at most the smaller of three roots of the
    size and a third of it.
    """
    size = returns.size
    if size < 10 or float(returns.std()) <= _NO_RISK * float(np.abs(returns).max()):
        return 1.0, 1.0
    centred = returns - returns.mean()
    run = max(5, math.floor(math.log10(size)))
    most = math.ceil(math.sqrt(size)) + run
    lags = range(min(most + 1, size - 1))
    covariance = np.array([float(centred[lag:] @ centred[: size - lag]) for lag in lags]) / size
    width = min(2 * _last_lag(centred, run, most), most)
    flat = covariance[1 : width + 1]
    weight = _flat_top(np.arange(1, flat.size + 1) / width if width else np.zeros(0))
    slope = 2.0 * float((weight * np.arange(1, flat.size + 1) * flat).sum())
    level = float(covariance[0] + 2.0 * (weight * flat).sum())
    longest = math.ceil(min(3.0 * math.sqrt(size), size / 3.0))
    each = (2.0 * level**2, 4.0 / 3.0 * level**2)
    found = [
        (2.0 * slope**2 / each_one * size) ** (1 / 3) if each_one else 1.0 for each_one in each
    ]
    first, second = (min(max(one, 1.0), float(longest)) for one in found)
    return first, second


def _last_lag(centred: Floats, run: int, most: int) -> int:
    """Return the last lag that counts: ``run`` correlations behind it are none at 95 %."""
    size = centred.size
    bound = 2.0 * math.sqrt(math.log10(size) / size)
    small = []
    for lag in range(1, min(most, size - 2) + 1):
        behind, ahead = centred[:-lag], centred[lag:]
        scale = math.sqrt(float(behind @ behind) * float(ahead @ ahead))
        small.append(scale == 0.0 or abs(float(behind @ ahead)) / scale < bound)
    for lag in range(len(small) - run + 1):
        if all(small[lag : lag + run]):
            return max(lag, 1)
    large = [lag for lag, is_small in enumerate(small, 1) if not is_small]
    return large[-1] if large else 1


def _flat_top(at: Floats) -> Floats:
    """Return the paper's window: 1 to the half, then down to 0 in a line."""
    found: Floats = np.clip(2.0 * (1.0 - np.abs(at)), 0.0, 1.0)
    return found


def _check(size: int, length: float) -> None:
    if size < 1 or length < 1 or not math.isfinite(length):
        msg = f"{size} places in blocks of {length}: give at least 1 of each"
        raise ValueError(msg)
