"""Where a strategy's entries get their stops: distances from the price, resolved to legs.

The legs are the broker's own orders: they rest there and protect while we are not. A stop at a
distance in dollars, percent or average true ranges is a STP order, a trailing one a TRAIL order,
which the broker moves, and only in the position's favour. What no broker knows is how long a
position may be held: that stop is synthetic, an exit that the host asks for, and says so.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from robotrader.domain import Leg, OrderType
from robotrader.indicators import Atr

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Bar

_MEMORY: Final = 4
"""Lengths of Wilder's average after which what came before weighs less than 2 percent."""

HELD_TOO_LONG: Final = "time stop (synthetic: it works while this process does)"


class StopKind(StrEnum):
    """What a stop's distance is measured in."""

    NONE = "none"
    FIXED = "fixed"
    """US dollars from the entry's price."""

    PERCENT = "percent"
    ATR = "atr"
    """Average true ranges of the bars before the entry."""

    TRAILING = "trailing"
    """Percent from the best price since the entry: the broker moves it, never back."""


class StopRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How every entry of a strategy is protected, where the strategy says nothing else."""

    kind: StopKind = StopKind.NONE
    value: Annotated[float, Meta(ge=0)] = 0.0
    """The distance: dollars, percent or average true ranges."""

    atr_bars: Annotated[int, Meta(ge=1, le=1_000)] = 14
    take_profit: Annotated[float, Meta(ge=0)] = 0.0
    """Percent from the entry's price at which the profit is taken; 0: nowhere."""

    hold_s: Annotated[float, Meta(ge=0)] = 0.0
    """Seconds after which a position is given up; 0: never."""

    def __post_init__(self) -> None:
        if self.kind is not StopKind.NONE and not self.value > 0:
            msg = f"a {self.kind} stop at a distance of {self.value}: give more than 0"
            raise ValueError(msg)
        if self.kind in {StopKind.PERCENT, StopKind.TRAILING} and self.value >= 100:
            msg = f"a {self.kind} stop of {self.value} percent: give less than 100"
            raise ValueError(msg)


NO_STOP: Final = StopRule()


class Stops:
    """A rule, and what it has to know of the market.

    Args:
        rule: how entries are protected.

    Attributes:
        idle: whether no price means anything to it: nothing rests in the market for an entry.
    """

    def __init__(self, rule: StopRule) -> None:
        self.rule = rule
        self._atr = Atr(rule.atr_bars) if rule.kind is StopKind.ATR else None
        self._last: float | None = None
        self.idle = rule.kind is StopKind.NONE and not rule.take_profit

    @property
    def warmup_bars(self) -> int:
        """How many bars it has to see before it can say a distance."""
        return 0 if self._atr is None else self.rule.atr_bars * _MEMORY

    def bar(self, bar: Bar) -> None:
        """Take the next finished bar."""
        self._last = bar.close
        if self._atr is not None:
            self._atr.update(bar.high, bar.low, bar.close)

    def price(self, price: float) -> None:
        """Take a newer price."""
        self._last = price

    def legs(
        self, sign: int, limit: float | None, on_grid: Callable[[str, float], Decimal]
    ) -> tuple[Leg, ...] | None:
        """Return the legs of an entry, None if what they depend on is not known yet.

        Args:
            sign: 1 for a long position, -1 for a short one.
            limit: the entry's limit, None where it is at the market.
            on_grid: makes a price of the instrument of a number; raises ValueError below zero.
        """
        rule = self.rule
        if self.idle:
            return ()
        price = self._last if limit is None else limit
        distance = None if price is None else self._distance(price)
        if price is None or distance is None:
            return None
        made = []
        if rule.take_profit:
            goal = on_grid("take_profit", price * (1 + sign * rule.take_profit / 100))
            made.append(Leg(order_type=OrderType.LIMIT, limit_price=goal))
        if rule.kind is StopKind.TRAILING:
            percent = Decimal(repr(rule.value))
            made.append(Leg(order_type=OrderType.TRAIL, trail_percent=percent))
        elif rule.kind is not StopKind.NONE:
            trigger = on_grid("stop", price - sign * distance)
            made.append(Leg(order_type=OrderType.STOP, aux_price=trigger))
        return tuple(made)

    def _distance(self, price: float) -> float | None:
        if self.rule.kind is StopKind.ATR:
            ranges = None if self._atr is None else self._atr.value
            return None if ranges is None else ranges * self.rule.value
        if self.rule.kind is StopKind.FIXED:
            return self.rule.value
        return price * self.rule.value / 100

    def overdue(self, since_ns: int, now_ns: int) -> bool:
        """Whether a position that is held since a time (0: unknown) has to be given up."""
        held_ns = now_ns - since_ns
        return bool(self.rule.hold_s and since_ns) and held_ns >= self.rule.hold_s * 1e9
