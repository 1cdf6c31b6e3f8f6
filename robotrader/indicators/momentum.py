"""Which way prices go, and how strongly: Wilder's and Appel's, and Lambert's channel index."""

from __future__ import annotations

from typing import Any, NamedTuple

from robotrader.indicators.averages import Ema, Rma
from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import Window, check, check_bar, check_length
from robotrader.indicators.spread import true_range


class Rsi(Indicator):
    """Relative strength index: the part of the ups in all movement, 0 to 100.

    Source: Wilder 1978, with his averages. Without any movement it is 50, its middle; TA-Lib gives
    0 there, which reads as oversold.
    """

    _keeps = ("_before", "_downs", "_ups")

    def __init__(self, length: int = 14) -> None:
        self.length, self.warm_up = check_length("a relative strength", length), length + 1
        self.value: float | None = None
        self._ups, self._downs = Rma(length), Rma(length)
        self._before: float | None = None

    def update(self, value: float) -> float | None:
        """Take the next value; return None until there are ``length + 1``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        check(value)
        before, self._before = self._before, value
        if before is None:
            return None
        change = value - before
        ups = self._ups.update(change if change > 0 else 0.0)
        downs = self._downs.update(-change if change < 0 else 0.0)
        if ups is not None and downs is not None:
            moved = ups + downs
            self.value = 100 * (ups / moved) if moved else 50.0
        return self.value


class MacdLines(NamedTuple):
    """Moving average convergence and divergence, its signal line, and what is between them."""

    macd: float
    signal: float
    histogram: float


class Macd(Indicator):
    """The fast exponential average less the slow one, and an exponential average of that.

    Source: Gerald Appel, The Moving Average Convergence-Divergence Trading Method, 1985. The fast
    average begins so late that both have their first value together, as TA-Lib's do.
    """

    _keeps = ("_count", "_fast", "_signal", "_slow")

    def __init__(self, fast: int = 12, slow: int = 26, signal: int = 9) -> None:
        if fast >= slow:
            msg = (
                f"a fast average over {fast} values and a slow one over {slow}: fast has to be less"
            )
            raise ValueError(msg)
        self._fast, self._slow, self._signal = Ema(fast), Ema(slow), Ema(signal)
        self._late, self._count = slow - fast, 0
        self.warm_up = slow + signal - 1
        self.value: MacdLines | None = None

    def update(self, value: float) -> MacdLines | None:
        """Take the next value; return None until the signal line is known.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
        """
        slow = self._slow.update(value)
        self._count += 1
        fast = self._fast.update(value) if self._count > self._late else None
        if fast is None or slow is None:
            return None
        signal = self._signal.update(fast - slow)
        if signal is not None:
            macd = fast - slow
            self.value = MacdLines(macd, signal, macd - signal)
        return self.value

    def _result(self, plain: Any) -> Any:
        return None if plain is None else MacdLines(*plain)


class Directions(NamedTuple):
    """Wilder's directional movement: up and down (0 to 100), and how one-sided it has been."""

    plus: float
    minus: float
    adx: float


class Adx(Indicator):
    """Average directional index, with the directional indicators +DI and -DI.

    Source: Wilder 1978, with the sums that TA-Lib has: they begin with ``length - 1`` bars.

    Attributes:
        plus: +DI, known a ``length`` before the index is.
        minus: -DI.
    """

    _keeps = ("_bar", "_bars", "_down", "_dx", "_range", "_up", "minus", "plus")

    def __init__(self, length: int = 14) -> None:
        self.length, self.warm_up = check_length("a directional index", length, 2), 2 * length
        self.value: Directions | None = None
        self.plus: float | None = None
        self.minus: float | None = None
        self._bar: list[float] | None = None
        self._bars = 0
        self._up = self._down = self._range = 0.0
        self._dx = Rma(length)

    def update(self, high: float, low: float, close: float) -> Directions | None:
        """Take the next bar; return None until there are ``2 * length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check_bar(high, low, close)
        before, self._bar = self._bar, [high, low, close]
        self._bars += 1
        if before is None:
            return None
        up, down = high - before[0], before[1] - low
        # The first sums are of length - 1 bars; from then on each loses a part of itself.
        stays = 1.0 if self._bars <= self.length else 1 - 1 / self.length
        self._up = self._up * stays + (up if up > down and up > 0 else 0.0)
        self._down = self._down * stays + (down if down > up and down > 0 else 0.0)
        self._range = self._range * stays + true_range(high, low, before[2])
        if self._bars > self.length:
            self._direct()
        return self.value

    def _direct(self) -> None:
        reach = self._range
        self.plus = 100 * (self._up / reach) if reach else 0.0
        self.minus = 100 * (self._down / reach) if reach else 0.0
        both = self.plus + self.minus
        if both:
            adx = self._dx.update(100 * (abs(self.plus - self.minus) / both))
        else:  # nothing moved: it says nothing new
            adx = self._dx.update(self._dx.value or 0.0)
        if adx is not None:
            self.value = Directions(self.plus, self.minus, adx)

    def _result(self, plain: Any) -> Any:
        return None if plain is None else Directions(*plain)


class Cci(Indicator):
    """Commodity channel index: the typical price's distance from its average, in mean deviations.

    Source: Donald Lambert, Commodities, October 1980: 0.015 puts most values between -100 and 100.
    The mean deviation is of distances from a mean that moves, so each update costs ``length``
    steps. A window without deviations gives 0.
    """

    _keeps = ("_window",)

    def __init__(self, length: int = 20) -> None:
        self.length = self.warm_up = check_length("a channel index", length, 2)
        self.value: float | None = None
        self._window = Window(length)

    def update(self, high: float, low: float, close: float) -> float | None:
        """Take the next bar; return None until there are ``length``.

        Raises:
            NotFiniteError: a price is NaN or infinite; nothing has changed.
            ValueError: the high is below the low.
        """
        check_bar(high, low, close)
        window = self._window
        if window.push(typical(high, low, close)):
            count, total = self.length, window.total
            away = sum(abs(count * value - total) for value in window.whole())
            mine = count * window.added - total
            self.value = (mine * count / away) / 0.015 if away else 0.0
        return self.value


def typical(high: float, low: float, close: float) -> float:
    """Return a bar's typical price: the mean of high, low and close."""
    return (high + low + close) / 3


class Roc(Indicator):
    """Return over the last ``length`` values: the newest by the one ``length`` before, less 1."""

    _keeps = ("_window",)

    def __init__(self, length: int) -> None:
        self.length, self.warm_up = check_length("a rate of change", length), length + 1
        self.value: float | None = None
        self._window = Window(length + 1)

    def update(self, value: float) -> float | None:
        """Take the next value, above 0; return None until there are ``length + 1``.

        Raises:
            NotFiniteError: it is NaN or infinite; nothing has changed.
            ValueError: it is not above 0.
        """
        if check(value) <= 0:
            msg = f"a return of a price of {value}: prices are above 0"
            raise ValueError(msg)
        if self._window.push(value):
            self.value = value / self._window.oldest - 1
        return self.value
