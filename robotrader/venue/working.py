"""An order at work: what the venue keeps of it, and where on a price path it would fill."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import OrderType, TimeInForce
from robotrader.venue.commissions import NO_CHARGES
from robotrader.venue.events import OrderState, Status
from robotrader.venue.walk import first_above, first_below, price_at

if TYPE_CHECKING:
    from robotrader.domain import Order, OrderKey
    from robotrader.venue.walk import Hit, Path

STOPS: Final = frozenset(
    {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TRAIL, OrderType.TRAIL_LIMIT}
)
TRAILING: Final = frozenset({OrderType.TRAIL, OrderType.TRAIL_LIMIT})
TOUCHED: Final = frozenset({OrderType.MARKET_IF_TOUCHED, OrderType.LIMIT_IF_TOUCHED})
TRIGGERED: Final = STOPS | TOUCHED
LIMITED: Final = frozenset(
    {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.LIMIT_ON_CLOSE,
        OrderType.RELATIVE,
    }
)
AT_CLOSE: Final = frozenset({OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE})
AT_ONCE: Final = frozenset({TimeInForce.IOC, TimeInForce.FOK})
ZERO: Final = Decimal(0)
EVERYWHERE: Final = (inf, -inf)
"""The reach of an order that every bar means something to."""


# A member of an enum takes fifty times as long to look up as a name.
_PRE_SUBMITTED, _SUBMITTED = Status.PRE_SUBMITTED, Status.SUBMITTED
_OPG, _FOK = TimeInForce.OPG, TimeInForce.FOK
_MARKET_ON_OPEN, _RELATIVE = OrderType.MARKET_ON_OPEN, OrderType.RELATIVE


class Working:
    """A live order. ``sign`` is 1 for a buy; floats are what matching compares with.

    ``filled + remaining`` is always the order's quantity. ``exact`` is what remains before it is
    rounded down to whole shares, where an OCA group has taken its part; ``closed`` is how much of
    what this order has filled its children have closed again.
    """

    trigger: float | None
    """Where its stop or its touch is; None if it has none, or no price to begin at yet."""

    limit: float | None
    triggers: bool
    """Whether it begins with a trigger."""

    takes: bool
    """Whether it takes liquidity at whatever price there is, once it is triggered."""

    at_open: bool
    """Whether it wants the opening price and no other."""

    at_close: bool
    """Whether it waits for the closing auction."""

    __slots__ = (
        "asked_ns",
        "at_close",
        "at_open",
        "avg_price",
        "charges",
        "children",
        "closed",
        "done_ns",
        "done_text",
        "exact",
        "expires_ns",
        "filled",
        "hidden_until_ns",
        "key",
        "last_price",
        "limit",
        "number",
        "oca",
        "opens_ns",
        "order",
        "parent",
        "perm_id",
        "place",
        "released",
        "remaining",
        "sign",
        "status",
        "takes",
        "trigger",
        "triggered",
        "triggers",
        "value",
        "why_held",
    )

    def __init__(self, key: OrderKey, order: Order, perm_id: int, number: int, now_ns: int) -> None:
        self.key = key
        self.perm_id = perm_id
        self.number = number
        self.filled = ZERO
        self.value = ZERO
        self.last_price = ZERO
        self.charges = NO_CHARGES
        self.avg_price = ZERO
        self.expires_ns: int | None = None
        self.opens_ns = 0
        self.status = _PRE_SUBMITTED
        self.why_held = ""
        self.done_ns = 0
        self.done_text = ""
        self.parent: Working | None = None
        self.children: tuple[Working, ...] = ()
        self.closed = ZERO
        self.released = order.transmit
        self.oca = ""
        self.place = 0.0
        self.triggered = False
        self._take(order, now_ns)

    def change(self, order: Order, now_ns: int) -> None:
        """Take a modification; a trailing stop that it leaves alone stays where it got to."""
        old = self.order
        trigger, limit = self.trigger, self.limit
        self._take(order, now_ns)
        self.triggered = self.triggered and order.order_type is old.order_type
        if order.order_type in TRAILING and _trail(order) == _trail(old):
            self.trigger, self.limit = trigger, limit

    def _take(self, order: Order, now_ns: int) -> None:
        self.order = order
        self.sign = order.side.sign
        self.remaining = self.exact = order.qty - self.filled
        self.asked_ns = now_ns
        self.hidden_until_ns = order.good_after_ns or 0
        self.limit = None if order.limit_price is None else float(order.limit_price)
        kind = order.order_type
        self.takes = kind not in LIMITED
        self.at_open = order.tif is _OPG or kind is _MARKET_ON_OPEN
        self.at_close = kind in AT_CLOSE
        self.triggers = kind in TRIGGERED
        self.trigger = self._first_trigger() if self.triggers else None

    def resize(self, remaining: Decimal) -> None:
        """Work for another quantity from now on: what remains, rounded, is given."""
        self.remaining = remaining
        self.order = msgspec.structs.replace(self.order, qty=self.filled + remaining)

    def _first_trigger(self) -> float | None:
        order = self.order
        given = order.trail_stop_price if order.order_type in TRAILING else order.aux_price
        return None if given is None else float(given)

    # -- what it is waiting for --

    def waits(self, now_ns: int) -> bool:
        """Say whether it may not trade yet: held, locate, parent unfilled, good-after."""
        return (
            not self.released
            or bool(self.why_held)
            or now_ns < self.hidden_until_ns
            or (self.parent is not None and self.allowed() <= ZERO)
        )

    def allowed(self) -> Decimal:
        """Return how much may fill now: a child never more than its parent has filled."""
        return (
            self.remaining if self.parent is None else min(self.remaining, self.room(self.parent))
        )

    def room(self, parent: Working) -> Decimal:
        """Return what the parent's fills leave to do: its children may close it only once."""
        return parent.filled - (parent.closed if self._closes(parent) else self.filled)

    def coming(self) -> Decimal:
        """Return the signed quantity that the parent brings before this order can fill."""
        parent = self.parent
        if parent is None or parent.status.over or not self._closes(parent):
            return ZERO
        return parent.remaining * parent.sign

    def _closes(self, parent: Working) -> bool:
        return self.sign != parent.sign and self.order.con_id == parent.order.con_id

    @property
    def queued(self) -> bool:
        """Whether it is not at the exchange yet: a trigger, or an auction, is waited for."""
        if self.triggers:
            return not self.triggered
        return self.at_open or self.at_close

    # -- where it would fill --

    def hit(self, path: Path) -> Hit | None:
        """Return where on ``path``, from the order's own place on, it would fill."""
        if self.at_open:
            path = path[:1]
        start: Hit | None = (self.place, price_at(path, self.place))
        limit = self.limit
        if not self.triggered and self.triggers:
            stop, start = self._triggered_at(path)
            limit = self._limit_at(stop)
        if start is None or limit is None or self.takes:
            return start
        better = first_below if self.sign > 0 else first_above
        return better(path, start[0], limit)

    def reach(self) -> tuple[float, float]:
        """Return two prices: a bar above the first and below the other one changes nothing here.

        Not so for an order that changes with every bar, or that fills at any price.
        """
        kind, ready = self.order.order_type, self.triggered or not self.triggers
        limit = self.trigger if not ready else None if self.takes else self.limit
        moves = kind in TRAILING or kind is _RELATIVE or self.immediate or self.at_close
        if limit is None or moves or (ready and self.status is not _SUBMITTED):
            return EVERYWHERE
        rising = (self.sign > 0) == (kind in STOPS) if not ready else self.sign < 0
        return (-inf, limit) if rising else (limit, inf)

    def _limit_at(self, stop: float) -> float | None:
        """Return the limit once the stop is reached: a trailing one moves with it."""
        offset = self.order.limit_offset
        if self.order.order_type is not OrderType.TRAIL_LIMIT or offset is None:
            return self.limit
        return stop + self.sign * float(offset)

    def _triggered_at(self, path: Path) -> tuple[float, Hit | None]:
        """Return the stop as it stands then, and where on the path it is reached."""
        if self.order.order_type in TRAILING:
            return self._trailed(path, self._stop_from(price_at(path, self.place)))
        assert self.trigger is not None, "asked only where there is one"
        against = self.order.order_type in STOPS
        rising = (self.sign > 0) == against
        reached = (first_above if rising else first_below)(path, self.place, self.trigger)
        return self.trigger, reached

    def _stop_from(self, here: float) -> float:
        """Return the stop; one that nobody gave begins at its distance from the market."""
        return self.trigger if self.trigger is not None else here + self.sign * self._distance(here)

    def _distance(self, price: float) -> float:
        order = self.order
        if order.trail_percent is not None:
            return price * float(order.trail_percent) / 100
        return float(order.aux_price or 0)

    def _trailed(self, path: Path, stop: float) -> tuple[float, Hit | None]:
        """Follow the path: return the stop at its end, or where the stop was hit."""
        place, sign = self.place, self.sign
        for index in range(int(place), len(path)):
            here = price_at(path, place) if index == int(place) else path[index]
            if (here - stop) * sign >= 0:
                if index == int(place):
                    return stop, (place, here)
                start = price_at(path, place) if index - 1 == int(place) else path[index - 1]
                origin = place if index - 1 == int(place) else index - 1
                part = (stop - start) / (here - start)
                return stop, (origin + (index - origin) * part, stop)
            follows = here + sign * self._distance(here)
            stop = min(stop, follows) if sign > 0 else max(stop, follows)
        return stop, None

    def follow(self, path: Path) -> bool:
        """Live through ``path``: move a trailing stop, and return whether the trigger was hit."""
        if self.triggered or not self.triggers:
            return False
        self.trigger, reached = self._triggered_at(path)
        if reached is None:
            return False
        self.triggered = True
        self.limit = self._limit_at(self.trigger)
        return True

    # -- what happened --

    def fill(self, qty: Decimal, price: Decimal) -> None:
        """Count a fill."""
        first = not self.filled
        self.filled += qty
        self.remaining -= qty
        self.exact -= qty
        if self.parent is not None and self._closes(self.parent):
            self.parent.closed += qty
        self.value += qty * price
        self.last_price = price
        self.avg_price = price if first else self.value / self.filled

    @property
    def immediate(self) -> bool:
        """Whether what does not fill in the movement that it meets is cancelled."""
        if self.order.tif in AT_ONCE:
            return self.triggered or not self.triggers
        return self.at_open

    @property
    def whole(self) -> bool:
        """Whether it fills in one piece or not at all."""
        return self.order.all_or_none or self.order.tif is _FOK

    def state(self) -> OrderState:
        """Return the picture that others may have."""
        return OrderState(
            key=self.key,
            perm_id=self.perm_id,
            order=self.order,
            status=self.status,
            filled=self.filled,
            remaining=self.remaining,
            avg_price=self.avg_price,
            last_price=self.last_price,
            why_held=self.why_held,
            parent_perm_id=0 if self.parent is None else self.parent.perm_id,
            stop_price=self.trigger,
            done_ns=self.done_ns,
            done_text=self.done_text,
        )


def _trail(order: Order) -> tuple[object, ...]:
    """Return what makes a trailing stop the same one."""
    return (
        order.order_type,
        order.aux_price,
        order.trail_percent,
        order.trail_stop_price,
        order.limit_offset,
    )
