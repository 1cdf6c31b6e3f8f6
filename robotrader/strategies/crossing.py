"""On which side of a slow average a fast one is, for all bars at once, to the last bit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from robotrader.indicators import Sma

if TYPE_CHECKING:
    from robotrader.strategies.signals import Floats

_EPSILON: Final = float(np.finfo(np.float64).eps)


def sides(closes: Floats, fast: int, slow: int) -> Floats:
    """Return 1 where ``Sma(fast)`` is above ``Sma(slow)``, -1 below, 0 on it, NaN before both are.

    Sums of floats are off by less than ``length * epsilon * largest`` (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, 4.2); where the averages are nearer to each other than
    that, they are computed exactly, as they are bar by bar.
    """
    found = np.full(len(closes), np.nan)
    if len(closes) < slow:
        return found
    ahead = _means(closes, fast)[slow - fast :] - _means(closes, slow)
    found[slow - 1 :] = np.sign(ahead)
    doubt = 4 * slow * _EPSILON * float(np.abs(closes).max())
    for at in np.flatnonzero(np.abs(ahead) <= doubt).tolist():
        end = at + slow
        one, other = _exact(closes[end - fast : end]), _exact(closes[at:end])
        found[end - 1] = (one > other) - (one < other)
    return found


def _means(closes: Floats, length: int) -> Floats:
    return np.convolve(closes, np.ones(length), "valid") / length


def _exact(closes: Floats) -> float:
    average, value = Sma(len(closes)), None
    for close in closes.tolist():
        value = average.update(close)
    assert value is not None, "the window is full"
    return value
