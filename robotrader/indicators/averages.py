"""Moving averages: simple and exponential.

``update`` takes the next value and returns the new average, None until there are ``length`` values.
"""

from __future__ import annotations

from collections import deque

from robotrader.indicators.exact import check, check_length, from_units, units


class Sma:
    """Mean of the last ``length`` values, rounded once."""

    def __init__(self, length: int) -> None:
        self.length = check_length("a simple average", length)
        self.value: float | None = None
        self._window: deque[int] = deque()
        self._total = 0

    def update(self, value: float) -> float | None:
        """Take the next value in constant time.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        added = units(value)
        self._window.append(added)
        self._total += added
        if len(self._window) > self.length:
            self._total -= self._window.popleft()
        if len(self._window) == self.length:
            self.value = from_units(self._total, self.length)
        return self.value


class Ema:
    """Exponential average with weight ``2 / (length + 1)`` for the newest value.

    It begins with the mean of the first ``length`` values, as TA-Lib's does.
    """

    def __init__(self, length: int) -> None:
        self.length = check_length("an exponential average", length)
        self.value: float | None = None
        self._weight = 2 / (length + 1)
        self._first = Sma(length)

    def update(self, value: float) -> float | None:
        """Take the next value.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        if self.value is None:
            self.value = self._first.update(value)
        else:
            self.value += self._weight * (check(value) - self.value)
        return self.value
