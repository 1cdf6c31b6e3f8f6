"""On which side of a slow average a fast one is, bar by bar or for all at once, to the last bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

import numpy as np

from robotrader.indicators import Sma
from robotrader.indicators.exact import check

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from robotrader.strategies.signals import Floats, Times

T = TypeVar("T")

_EPSILON: Final = float(np.finfo(np.float64).eps)
_DIGITS: Final = 53
"""Binary digits of a float."""

_SUM_BITS: Final = 62

_ROUND: Final = 256
"""Closes after which a distance of averages is computed anew, if the slow one is not longer."""

_PLAIN: Final = (1e-200, 1e200)
"""Prices between which no product or sum of a few thousand leaves what floats can say."""


class Once(Protocol):
    """Who remembers what is computed of some bars: ``Frame.once``."""

    def __call__(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Return what is computed, from memory if it was."""
        ...


def _anew(what: Hashable, compute: Callable[[], T]) -> T:  # noqa: ARG001 - as ``Once``
    return compute()


class Sides:
    """On which side ``Sma(fast)`` is of ``Sma(slow)``, close by close.

    How far the averages are apart is kept up to date in floats, and computed anew each round of a
    ring of closes. In between each close adds less than eight roundings of what is below twice the
    largest close; where the averages are nearer to each other than all of these, they are asked.

    Args:
        fast: length of the one average, less than ``slow``.
        slow: length of the other.
    """

    def __init__(self, fast: int, slow: int) -> None:
        self._fast, self._slow, self._size = fast, slow, max(slow, _ROUND)
        self._a, self._b = 1 / fast, 1 / slow
        self._ring: list[float] = []
        self._at = self._laps = 0
        self._turn = -1
        self._ahead = self._near = self._high = 0.0
        self._one, self._other = Sma(fast), Sma(slow)
        self._told = 0

    def update(self, close: float) -> int | None:
        """Take the next close; return 1 above, -1 below, 0 on it, None until both are known.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        at, ring = self._at, self._ring
        if at < self._turn and 0.0 < close < self._high:
            fast, slow = close - ring[at - self._fast], close - ring[at - self._slow]
            ahead = self._ahead + fast * self._a - slow * self._b
            self._ahead, self._at, ring[at] = ahead, at + 1, close
            if ahead > self._near:
                return 1
            return -1 if ahead < -self._near else self._exact()
        return self._anew(close)

    def _anew(self, close: float) -> int | None:
        """Take a close that fills the ring, ends a round, or is of another size than others."""
        check(close)
        at, ring, slow = self._at, self._ring, self._slow
        if len(ring) < self._size:
            ring.append(close)
        else:
            ring[at] = close
        self._at = (at + 1) % self._size
        self._laps += not self._at
        if len(ring) < slow:
            return None
        newest = self._last(slow)
        most = max(newest)
        if not (min(newest) > 0 and _PLAIN[0] < most < _PLAIN[1]):
            self._turn = -1  # each close is taken here
            return self._exact()
        self._turn = len(ring) - 1 if len(ring) == self._size else -1
        self._high, self._near = 2 * most, 8 * (self._size + 1) * _EPSILON * 2 * most
        mean = math.fsum(self._last(self._fast)) * self._a
        ahead = self._ahead = mean - math.fsum(newest) * self._b
        if abs(ahead) > self._near:
            return 1 if ahead > 0 else -1
        return self._exact()

    def _last(self, count: int) -> list[float]:
        """Return the newest closes, oldest first."""
        at, ring = self._at, self._ring
        return ring[at - count : at] if count <= at else ring[at - count :] + ring[:at]

    def _exact(self) -> int:
        """Tell the averages what they were not told yet, and compare them."""
        seen = self._laps * self._size + self._at
        untold = self._last(min(seen - self._told, self._slow))
        self._told = seen
        one, other = self._one.extend(untold), self._other.extend(untold)
        assert one is not None, "as many were told as the slow one is long"
        assert other is not None, "as above"
        return (one > other) - (one < other)


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
