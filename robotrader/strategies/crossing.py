"""On which side of a slow average a fast one is, for all bars at once, to the last bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from robotrader.indicators import Sma

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from robotrader.strategies.signals import Floats, Times

T = TypeVar("T")

_EPSILON: Final = float(np.finfo(np.float64).eps)
_DIGITS: Final = 53
"""Binary digits of a float."""

_SUM_BITS: Final = 62


class Once(Protocol):
    """Who remembers what is computed of some bars: ``Frame.once``."""

    def __call__(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Return what is computed, from memory if it was."""
        ...


def _anew(what: Hashable, compute: Callable[[], T]) -> T:  # noqa: ARG001 - as ``Once``
    return compute()


def sides(closes: Floats, fast: int, slow: int, once: Once = _anew) -> Floats:
    """Return 1 where ``Sma(fast)`` is above ``Sma(slow)``, -1 below, 0 on it, NaN before both are.

    Sums of floats are off by less than ``length * epsilon * largest`` (Higham, Accuracy and
    Stability of Numerical Algorithms, 2002, 4.2); where the averages are nearer to each other than
    that, they are computed exactly, as they are bar by bar. ``once`` is ``Frame.once`` of the bars
    whose closes they are: then each average is computed once for all who ask.
    """
    if len(closes) < slow:
        return np.full(len(closes), np.nan)
    series = once(("closes",), lambda: _Closes(closes))
    one, other = (
        once(("sma", fast), lambda: series.means(fast)),
        once(("sma", slow), lambda: series.means(slow)),
    )
    found = np.empty(len(closes))  # written to in place: memory that is new costs as much again
    found[: slow - 1] = np.nan
    ahead = np.subtract(one[slow - fast :], other, out=found[slow - 1 :])
    near = np.flatnonzero(np.abs(ahead) <= 4 * slow * _EPSILON * series.most)
    np.sign(ahead, out=ahead)
    if near.size:
        ends = near + slow
        pairs = zip(series.exact(fast, ends), series.exact(slow, ends), strict=True)
        found[ends - 1] = [(one > other) - (one < other) for one, other in pairs]
    return found


class _Closes:
    """Closes with the sums of all before each, in whole numbers where they are not too many.

    A price is a whole number of ``2 ** -bits``. The sums may overflow 64 bits on the way: of a
    window, whose own sum does not, the difference is exact.
    """

    def __init__(self, closes: Floats) -> None:
        least, self.most = float(closes.min()), float(np.abs(closes).max())
        usable = 0 < least <= self.most < math.inf
        self._bits = _DIGITS - math.frexp(least)[1] if usable else 0
        self._free = _SUM_BITS - math.frexp(self.most)[1] - self._bits if usable else 0
        self._closes = closes
        units = (closes * 2.0**self._bits).astype(np.int64) if self._free > 0 else [0]
        self._sums: Times = np.concatenate(([0], np.cumsum(units)))

    def _fits(self, length: int) -> bool:
        return length.bit_length() <= self._free

    def means(self, length: int) -> Floats:
        """Return the means of all windows, off by a few last bits."""
        if not self._fits(length):
            return np.convolve(self._closes, np.ones(length), "valid") / length
        sums = self._sums[length:] - self._sums[:-length]
        return np.asarray(sums / (length * 2.0**self._bits), np.float64)

    def exact(self, length: int, ends: Times) -> list[float]:
        """Return the means of the windows that end there, rounded once as ``Sma`` rounds them."""
        if not self._fits(length):
            return [_exact(self._closes[end - length : end]) for end in ends.tolist()]
        sums = (self._sums[ends] - self._sums[ends - length]).tolist()
        return [each / (length << self._bits) for each in sums]


def _exact(closes: Floats) -> float:
    average, value = Sma(len(closes)), None
    for close in closes.tolist():
        value = average.update(close)
    assert value is not None, "the window is full"
    return value
