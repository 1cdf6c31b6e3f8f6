"""How much prices move: deviations of a window and what is measured in them; true ranges."""

from __future__ import annotations

from typing import Any, NamedTuple

from robotrader.indicators.averages import Ema, Rma
from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import Window, check_bar, check_length, root


class Bands(NamedTuple):
    """A middle and what lies as far below as above it."""

    lower: float
    middle: float
    upper: float


class RollingStd(Indicator):
    """Standard deviation of the last ``length`` values.

    Args:
        length: more than ``ddof``.
        ddof: 1 for the sample's (divided by ``length - 1``), 0 for the population's.

    Attributes:
        mean: of the same window, rounded once; None until it is full.
    """

    _keeps = ("_window", "mean")

    def __init__(self, length: int, ddof: int = 1) -> None:
        self.length = self.warm_up = check_length("a standard deviation", length, ddof + 1)
        self.value: float | None = None
        self.mean: float | None = None
        self._ddof = ddof
        self._window = Window(length)
        self._squares = 0

    def update(self, value: float) -> float | None:
        """Take the next value in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        window, bits = self._window, self._window.bits
        full = window.push(value)
        added, gone = window.added, window.gone
        if window.bits != bits:
            self._squares <<= 2 * (window.bits - bits)
        self._squares += added * added - gone * gone
        if full:
            count, total = self.length, window.total
            # Sum of squared distances, times count: exact, so never negative.
            distance = count * self._squares - total * total
            parts = count * (count - self._ddof)
            self.value = root(distance, parts << 2 * window.bits)
            self.mean = total / (count << window.bits)
        return self.value

    def _restore(self, state: list[Any]) -> None:
        super()._restore(state)
        self._squares = sum(value * value for value in self._window.whole())


class ZScore(Indicator):
    """How many standard deviations the newest value lies above the mean of its window.

    A window of equal values has none: 0. Args as of ``RollingStd``.
    """

    _keeps = ("_std",)

    def __init__(self, length: int, ddof: int = 1) -> None:
        self._std = RollingStd(length, ddof)
        self.length = self.warm_up = length
        self.value: float | None = None

    def update(self, value: float) -> float | None:
        """Take the next value in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        deviation, mean = self._std.update(value), self._std.mean
        if deviation is not None and mean is not None:
            self.value = (value - mean) / deviation if deviation else 0.0
        return self.value


class Bollinger(Indicator):
    """Bollinger's bands: a simple average, and ``width`` standard deviations to either side.

    Source: John Bollinger, Bollinger on Bollinger Bands, 2001; the deviation is the population's.
    """

    _keeps = ("_std",)

    def __init__(self, length: int = 20, width: float = 2.0) -> None:
        self._std = RollingStd(length, ddof=0)
        self.length = self.warm_up = length
        self.width = width
        self.value: Bands | None = None

    def update(self, value: float) -> Bands | None:
        """Take the next value in constant time; return None until there are ``length``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        deviation, mean = self._std.update(value), self._std.mean
        if deviation is not None and mean is not None:
            reach = self.width * deviation
            self.value = Bands(mean - reach, mean, mean + reach)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else Bands(*plain)


class Atr(Indicator):
    """Average true range after Wilder (New Concepts in Technical Trading Systems, 1978).

    The first is the mean of ``length`` true ranges; each following one has weight ``1 / length``.

    Args:
        length: bars.
        first_bar: whether the first bar, which has no close before it, counts with its high less
            its low. TA-Lib leaves it out, and so has its first result a bar later.
    """

    _keeps = ("_average", "_close")

    def __init__(self, length: int, *, first_bar: bool = True) -> None:
        self.length = check_length("an average true range", length)
        self.warm_up = length + (not first_bar)
        self.value: float | None = None
        self._first_bar = first_bar
        self._average = Rma(length)
        self._close: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; return None until there are ``warm_up``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check_bar(high, low, close)
        before, self._close = self._close, close
        if before is not None or self._first_bar:
            self.value = self._average.update(true_range(high, low, before))
        return self.value


def true_range(high: float, low: float, before: float | None) -> float:
    """Return a bar's range together with the gap from the close before it (Wilder 1978)."""
    if before is None:
        return high - low
    return (max(before, high)) - (min(before, low))


class Keltner(Indicator):
    """Keltner's channel: an exponential average of closes, ``width`` average true ranges around.

    Source: Linda Bradford Raschke's form of Chester Keltner's (1960), with Wilder's ranges.
    """

    _keeps = ("_average", "_range")

    def __init__(self, length: int = 20, width: float = 2.0, atr: int = 10) -> None:
        self._average, self._range = Ema(length), Atr(atr, first_bar=False)
        self.length, self.width = length, width
        self.warm_up = max(length, self._range.warm_up)
        self.value: Bands | None = None

    def update(self, high: float, low: float, close: float) -> Bands | None:
        """Take the next bar; return None until average and range are known.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        ranges = self._range.update(high, low, close)
        middle = self._average.update(close)
        if ranges is not None and middle is not None:
            reach = self.width * ranges
            self.value = Bands(middle - reach, middle, middle + reach)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else Bands(*plain)
