"""How much prices move: standard deviation of a window, and average true range."""

from __future__ import annotations

from collections import deque

from robotrader.indicators.averages import Sma
from robotrader.indicators.exact import check, check_length, root_from_units, units


class RollingStd:
    """Standard deviation of the last ``length`` values.

    Args:
        length: more than ``ddof``.
        ddof: 1 for the sample's (divided by ``length - 1``), 0 for the population's.
    """

    def __init__(self, length: int, ddof: int = 1) -> None:
        self.length = check_length("a standard deviation", length, ddof + 1)
        self.value: float | None = None
        self._ddof = ddof
        self._window: deque[int] = deque()
        self._total = 0
        self._squares = 0

    def update(self, value: float) -> float | None:
        """Take the next value in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        added = units(value)
        self._window.append(added)
        self._total += added
        self._squares += added * added
        count = len(self._window)
        if count > self.length:
            gone = self._window.popleft()
            self._total -= gone
            self._squares -= gone * gone
            count -= 1
        if count == self.length:
            # Sum of squared distances, times count: exact, so never negative.
            distance = count * self._squares - self._total * self._total
            self.value = root_from_units(distance, count * (count - self._ddof))
        return self.value


class Atr:
    """Average true range after Wilder (New Concepts in Technical Trading Systems, 1978).

    The first is the mean of ``length`` true ranges; each following one has weight ``1 / length``.
    The first bar's true range is its high less its low: there is no close before it.
    """

    def __init__(self, length: int) -> None:
        self.length = check_length("an average true range", length)
        self.value: float | None = None
        self._first = Sma(length)
        self._close: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; return None until there are ``length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        reach = self._true_range(check(high), check(low))
        check(close)
        if self.value is None:
            self.value = self._first.update(reach)
        else:
            self.value += (reach - self.value) / self.length
        self._close = close
        return self.value

    def _true_range(self, high: float, low: float) -> float:
        if high < low:
            msg = f"high {high} is below low {low}: are they swapped?"
            raise ValueError(msg)
        if self._close is None:
            return high - low
        return max(high, self._close) - min(low, self._close)
