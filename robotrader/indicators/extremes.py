"""The highest and the lowest of a window, and what is measured between them."""

from __future__ import annotations

from collections import deque
from typing import Any, NamedTuple

from robotrader.indicators.averages import Sma
from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import check, check_bar, check_length
from robotrader.indicators.spread import Bands


class RollingExtremes(Indicator):
    """The highest high and the lowest low of the last ``length`` bars.

    Each bar enters and leaves either queue once: constant time on average, by a queue whose values
    only fall (or rise), as in Daniel Lemire, Streaming Maximum-Minimum Filter, 2006.
    """

    _keeps = ("_count", "_highs", "_lows")

    def __init__(self, length: int) -> None:
        self.length = self.warm_up = check_length("a channel", length)
        self.value: tuple[float, float] | None = None
        self._count = 0
        self._highs: deque[tuple[int, float]] = deque()
        self._lows: deque[tuple[int, float]] = deque()

    def update(self, high: float, low: float) -> tuple[float, float] | None:
        """Take the next bar; return lowest and highest, None until there are ``length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check_bar(high, low, low)
        self._count = count = self._count + 1
        highs, lows = self._highs, self._lows
        while highs and highs[-1][1] <= high:
            highs.pop()
        highs.append((count, high))
        while lows and lows[-1][1] >= low:
            lows.pop()
        lows.append((count, low))
        out = count - self.length
        if highs[0][0] <= out:
            highs.popleft()
        if lows[0][0] <= out:
            lows.popleft()
        if out >= 0:
            self.value = lows[0][1], highs[0][1]
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else tuple(plain)


class Donchian(Indicator):
    """Donchian's channel: the lowest low and the highest high of the last ``length`` bars.

    Source: Richard Donchian's four-week rule (1960). The newest bar is in it: a breakout is judged
    by the channel of the bar before.
    """

    _keeps = ("_extremes",)

    def __init__(self, length: int = 20) -> None:
        self._extremes = RollingExtremes(length)
        self.length = self.warm_up = length
        self.value: Bands | None = None

    def update(self, high: float, low: float) -> Bands | None:
        """Take the next bar; return None until there are ``length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        found = self._extremes.update(high, low)
        if found is not None:
            lowest, highest = found
            self.value = Bands(lowest, lowest / 2 + highest / 2, highest)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else Bands(*plain)


class WilliamsR(Indicator):
    """Williams %R: how far the close lies below the highest high, 0 to -100 percent of the range.

    Source: Larry Williams, How I Made One Million Dollars, 1973. A window without a range gives
    -50, its middle; TA-Lib gives 0 there, which reads as the strongest of closes.
    """

    _keeps = ("_extremes",)

    def __init__(self, length: int = 14) -> None:
        self._extremes = RollingExtremes(length)
        self.length = self.warm_up = length
        self.value: float | None = None

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; return None until there are ``length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check(close)
        found = self._extremes.update(high, low)
        if found is not None:
            lowest, highest = found
            reach = highest - lowest
            self.value = -100 * (highest - close) / reach if reach else -50.0
        return self.value


class KD(NamedTuple):
    """A stochastic's two lines, in percent: %K, and %D, its average."""

    k: float
    d: float


class FastStochastic(Indicator):
    """Where the close lies in its window's range (%K), and the average of that (%D).

    Source: George Lane, Lane's Stochastics, 1984. A window without a range gives 50, its middle;
    TA-Lib gives 0 there, which reads as the weakest of closes.
    """

    _keeps = ("_average", "_extremes", "k")

    def __init__(self, length: int = 5, average: int = 3) -> None:
        self._extremes, self._average = RollingExtremes(length), Sma(average)
        self.length, self.warm_up = length, length + average - 1
        self.value: KD | None = None
        self.k: float | None = None

    def update(self, high: float, low: float, close: float) -> KD | None:
        """Take the next bar; return None until %D is known. ``k`` is known before.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check(close)
        found = self._extremes.update(high, low)
        if found is None:
            return None
        lowest, highest = found
        reach = highest - lowest
        self.k = 100 * (close - lowest) / reach if reach else 50.0
        average = self._average.update(self.k)
        if average is not None:
            self.value = KD(self.k, average)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else KD(*plain)


class SlowStochastic(Indicator):
    """The stochastic with %K averaged once more: slow %K is the fast one's %D (Lane 1984)."""

    _keeps = ("_average", "_fast")

    def __init__(self, length: int = 5, smooth: int = 3, average: int = 3) -> None:
        self._fast, self._average = FastStochastic(length, smooth), Sma(average)
        self.length, self.warm_up = length, length + smooth + average - 2
        self.value: KD | None = None

    def update(self, high: float, low: float, close: float) -> KD | None:
        """Take the next bar; return None until %D is known.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        fast = self._fast.update(high, low, close)
        average = None if fast is None else self._average.update(fast.d)
        if fast is not None and average is not None:
            self.value = KD(fast.d, average)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else KD(*plain)
