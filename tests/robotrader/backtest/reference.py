"""A slow, obvious backtest of one contract, to compare the engine with: nothing is shared with it.

Whole cents, whole shares, one position, orders of the whole of it. A bar is walked in pieces of a
cent: open, nearer extreme (the low, if both are as near), other extreme, close.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Candle:
    """A bar in whole cents; ``new_day``: a day begins with it."""

    open: int
    high: int
    low: int
    close: int
    new_day: bool

    def path(self) -> Iterator[int]:
        """Walk the bar cent by cent."""
        if self.high - self.open < self.open - self.low:
            stops = (self.high, self.low, self.close)
        else:
            stops = (self.low, self.high, self.close)
        here = self.open
        yield here
        for goal in stops:
            while here != goal:
                here += 1 if goal > here else -1
                yield here


@dataclass(frozen=True)
class Wish:
    """What a strategy wants: signed shares at the market or at a limit, and an entry's stop."""

    qty: int
    limit: int | None = None
    stop: int | None = None
    cancel: bool = False


@dataclass(frozen=True)
class Filled:
    """A fill: in which bar, signed shares, the price in cents and what it cost."""

    bar: int
    qty: int
    price: int
    fee: Decimal


def wish(step: str, dice: Random, position: int, works: bool, close: int) -> Wish | None:
    """Return what a step of a random script comes to, as position and orders are."""
    qty, near, far = dice.randint(1, 130), dice.randint(1, 60), dice.randint(1, 150)
    if step == "cancel":
        return Wish(0, cancel=True) if works and not position else None
    if step == "close":
        return Wish(-position) if position else None
    if not step or works or position:
        return None
    sign = 1 if "buy" in step else -1
    limit = close - sign * near if "limit" in step else None
    stop = (limit or close) - sign * far if "stop" in step else None
    return Wish(sign * qty, limit, stop)


STEPS = (
    "", "", "close", "cancel", "buy", "sell", "buy limit", "sell limit", "buy stop",
    "sell stop", "buy limit stop", "sell limit stop",
)  # fmt: skip


def fee(qty: int, price: int) -> Decimal:
    """Return a cent a share, at least 30 cents, at most half a percent."""
    return min(max(abs(qty) * CENT, Decimal("0.3")), abs(qty) * price * CENT / 200)


@dataclass
class Reference:
    """See the module's prose."""

    cash: Decimal
    position: int = 0
    order: Wish | None = None
    asked: int = 0
    stop: int | None = None
    fills: list[Filled] = field(default_factory=list)

    def run(self, candles: list[Candle], steps: list[str], dice: Random) -> None:
        """Let each bar happen, then let the script act on it."""
        for number, candle in enumerate(candles):
            if candle.new_day:
                self._expire(number)
            for price in candle.path():
                self._at(number, price)
            self._act(number, wish(steps[number], dice, self.position, self.works, candle.close))

    @property
    def works(self) -> bool:
        """Whether an entry or an exit works; a stop does not count."""
        return self.order is not None

    def _expire(self, number: int) -> None:
        """An order is of its day, except for a stop; what was asked at midnight is of the new."""
        if self.order is not None and self.asked < number - 1:
            self.order = None

    def _at(self, number: int, price: int) -> None:
        """Let the price be there: the order first, then the stop that it brings."""
        order = self.order
        if order is not None and self._meets(order, price):
            self.order, self.stop = None, order.stop
            self._fill(number, order.qty, price)
        if self.stop is not None and self.position:
            sign = 1 if self.position > 0 else -1
            if (price - self.stop) * sign <= 0:
                self.stop = None
                self._fill(number, -self.position, price)

    @staticmethod
    def _meets(order: Wish, price: int) -> bool:
        if order.limit is None:
            return True
        return price <= order.limit if order.qty > 0 else price >= order.limit

    def _fill(self, number: int, qty: int, price: int) -> None:
        paid = fee(qty, price)
        self.position += qty
        self.cash -= qty * price * CENT + paid
        self.fills.append(Filled(number, qty, price, paid))

    def _act(self, number: int, wanted: Wish | None) -> None:
        if wanted is None:
            return
        if wanted.cancel:
            self.order = None
            return
        if self.position:
            self.stop = None  # it gives way to the exit
        self.order, self.asked = wanted, number
