"""Moving averages: simple, exponential, weighted and Wilder's.

``update`` takes the next value and returns the new average, None until there are ``length`` values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import Window, check, check_length

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sma(Indicator):
    """Mean of the last ``length`` values, rounded once."""

    _keeps = ("_window",)

    def __init__(self, length: int) -> None:
        self.length = self.warm_up = check_length("a simple average", length)
        self.value: float | None = None
        self._window = Window(length)

    def update(self, value: float) -> float | None:
        """Take the next value in constant time.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        window = self._window
        if window.push(value):
            self.value = window.total / (self.length << window.bits)
        return self.value

    def extend(self, values: Sequence[float]) -> float | None:
        """Take the next values, as ``update`` one after another; return the last average.

        Raises:
            NotFiniteError: one is NaN or infinite; those before it were taken.
        """
        window = self._window
        if window.extend(values[-self.length :]):
            self.value = window.total / (self.length << window.bits)
        return self.value


class Ema(Indicator):
    """Exponential average with weight ``2 / (length + 1)`` for the newest value.

    It begins with the mean of the first ``length`` values, as TA-Lib's does.
    """

    _keeps = ("_first",)

    def __init__(self, length: int) -> None:
        self.length = self.warm_up = check_length("an exponential average", length)
        self.value: float | None = None
        self._weight = self._weight_of(length)
        self._first = Sma(length)

    @staticmethod
    def _weight_of(length: int) -> float:
        return 2 / (length + 1)

    def update(self, value: float) -> float | None:
        """Take the next value.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        if self.value is None:
            self.value = self._first.update(value)
            if self.value is not None:
                self._first = Sma(self.length)  # its window has done its work
        else:
            self.value += self._weight * (check(value) - self.value)
        return self.value


class Rma(Ema):
    """Wilder's average: as ``Ema``, but with weight ``1 / length``.

    Source: J. Welles Wilder, New Concepts in Technical Trading Systems, 1978.
    """

    @staticmethod
    def _weight_of(length: int) -> float:
        return 1 / length


class Wma(Indicator):
    """Mean of the last ``length`` values, the newest with weight ``length``, the oldest with 1."""

    _keeps = ("_window",)

    def __init__(self, length: int) -> None:
        self.length = self.warm_up = check_length("a weighted average", length)
        self.value: float | None = None
        self._window = Window(length)
        self._weighted = 0
        self._weights = length * (length + 1) // 2

    def update(self, value: float) -> float | None:
        """Take the next value in constant time.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        window = self._window
        bits, total, count = window.bits, window.total, len(window)
        full = window.push(value)
        self._weighted <<= window.bits - bits
        # Every value that was there loses 1 of its weight when the window is full; the newest
        # has the whole.
        if count == self.length:
            self._weighted -= total << (window.bits - bits)
            count -= 1
        self._weighted += (count + 1) * window.added
        if full:
            self.value = self._weighted / (self._weights << window.bits)
        return self.value

    def _restore(self, state: list[Any]) -> None:
        super()._restore(state)
        self._weighted = sum(n * value for n, value in enumerate(self._window.whole(), 1))
