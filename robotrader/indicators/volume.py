"""Prices weighed with what was traded: money flow, on-balance volume, the day's average price."""

from __future__ import annotations

from robotrader.indicators.base import Indicator
from robotrader.indicators.exact import Total, Window, check, check_bar, check_length
from robotrader.indicators.momentum import typical


class Mfi(Indicator):
    """Money flow index: the part of the money that changed hands on rising bars, 0 to 100.

    Source: Gene Quong and Avrum Soudack, Stocks & Commodities, March 1989: the typical price times
    the volume, of bars whose typical price is above (or below) the one before. Where no money
    flowed it is 50, its middle; TA-Lib gives 0 for flows below 1.
    """

    _keeps = ("_before", "_falling", "_rising")

    def __init__(self, length: int = 14) -> None:
        self.length, self.warm_up = check_length("a money flow", length), length + 1
        self.value: float | None = None
        self._rising, self._falling = Window(length), Window(length)
        self._before: float | None = None

    def update(self, high: float, low: float, close: float, volume: float) -> float | None:
        """Take the next bar in constant time; return None until there are ``length + 1``.

        Raises:
            NotFiniteError: a number is NaN or infinite; nothing has changed.
            ValueError: the high is below the low, or the volume below 0.
        """
        check_bar(high, low, close)
        check_volume(volume)
        price = typical(high, low, close)
        flow = check(price * volume)
        before, self._before = self._before, price
        if before is None:
            return None
        self._rising.push(flow if price > before else 0.0)
        if self._falling.push(flow if price < before else 0.0):
            self.value = self._share()
        return self.value

    def _share(self) -> float:
        rising, falling = self._rising, self._falling
        up, down = rising.total << falling.bits, falling.total << rising.bits
        return 100 * (up / (up + down)) if up + down else 50.0


class Obv(Indicator):
    """On-balance volume: volume added on rising closes and taken away on falling ones, exactly.

    Source: Joseph Granville, New Key to Stock Market Profits, 1963. It begins with the first bar's
    volume, as TA-Lib's does; only its changes mean something.
    """

    _keeps = ("_before", "_total")
    warm_up = 1

    def __init__(self) -> None:
        self.value: float | None = None
        self._total = Total()
        self._before: float | None = None

    def update(self, close: float, volume: float) -> float:
        """Take the next bar in constant time.

        Raises:
            NotFiniteError: a number is NaN or infinite; nothing has changed.
            ValueError: the volume is below 0.
        """
        check(close)
        check_volume(volume)
        before, self._before = self._before, close
        if before is None or close > before:
            self._total.add(volume)
        elif close < before:
            self._total.add(-volume)
        self.value = total = self._total.value
        return total


class Vwap(Indicator):
    """Volume-weighted average price of a session so far, from each bar's typical price."""

    _keeps = ("_money", "_session", "_volume")
    warm_up = 1

    def __init__(self) -> None:
        self.value: float | None = None
        self._money, self._volume = Total(), Total()
        self._session: int | None = None

    def update(
        self, high: float, low: float, close: float, volume: float, session: int
    ) -> float | None:
        """Take the next bar in constant time; return None while nothing was traded in its session.

        Args:
            high: price.
            low: price.
            close: price.
            volume: what was traded, 0 or more.
            session: a number that is another one in another session, as the day's ordinal.

        Raises:
            NotFiniteError: a number is NaN or infinite; nothing has changed.
            ValueError: the high is below the low, or the volume below 0.
        """
        check_bar(high, low, close)
        check_volume(volume)
        money = check(typical(high, low, close) * volume)
        if session != self._session:
            self._session = session
            self._money.clear()
            self._volume.clear()
        self._money.add(money)
        self._volume.add(volume)
        self.value = self._money.over(self._volume)
        return self.value


def check_volume(volume: float) -> None:
    """Check a volume.

    Raises:
        NotFiniteError: it is NaN or infinite.
        ValueError: it is below 0.
    """
    if check(volume) < 0:
        msg = f"a volume of {volume}: give 0 or more"
        raise ValueError(msg)
