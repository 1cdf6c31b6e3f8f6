"""What makes an order unacceptable, whoever's it is: checks that need no account.

Each answer has the code and the words that IBKR uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.domain import OrderType, TimeInForce
from robotrader.venue.ports import Rejection
from robotrader.venue.rules import on_tick
from robotrader.venue.working import AT_ONCE, LIMITED, TOUCHED, TRAILING, ZERO

if TYPE_CHECKING:
    from robotrader.domain import Instrument, Order
    from robotrader.venue.rules import VenueRules
    from robotrader.venue.working import Working

REJECTED: Final = 201
_NO_PRICE: Final = 10**9
"""Above any price; a number beyond would also be beyond exact arithmetic."""

_NEEDS_TRIGGER: Final = TOUCHED | {OrderType.STOP, OrderType.STOP_LIMIT}
_NEEDS_LIMIT: Final = LIMITED - {OrderType.TRAIL_LIMIT, OrderType.RELATIVE}
_AUCTION_ONLY: Final = frozenset(
    {OrderType.MARKET_ON_OPEN, OrderType.MARKET_ON_CLOSE, OrderType.LIMIT_ON_CLOSE}
)


# A member of an enum takes fifty times as long to look up as a name.
_TRAIL_LIMIT, _GTD = OrderType.TRAIL_LIMIT, TimeInForce.GTD


def rejected(why: str) -> Rejection:
    """Return a rejection in IBKR's general form."""
    return Rejection(REJECTED, f"Order rejected - reason:{why}")


def refusal(
    order: Order, instrument: Instrument, rules: VenueRules, price: float | None, now_ns: int
) -> Rejection | None:
    """Return why the venue does not take ``order``, None if it does.

    ``price`` is the last one, if there is any; ``now_ns`` UTC.
    """
    verdict = _quantity(order, instrument, rules) or _fields(order, now_ns)
    if verdict is not None or not _priced(order):
        return verdict
    return _prices(order) or _ticks(order, instrument) or _collar(order, rules, price)


def _priced(order: Order) -> bool:
    return not (
        order.limit_price is None
        and order.aux_price is None
        and order.trail_percent is None
        and order.trail_stop_price is None
        and order.limit_offset is None
    )


def change_refusal(
    working: Working,
    order: Order,
    instrument: Instrument,
    rules: VenueRules,
    *,
    price: float | None,
    now_ns: int,
) -> Rejection | None:
    """Return why a live order may not become ``order``, None if it may."""
    old = working.order
    if (order.con_id, order.side, order.account) != (old.con_id, old.side, old.account):
        return Rejection(105, "Order being modified does not match original order")
    verdict = refusal(order, instrument, rules, price, now_ns)
    if verdict is None and order.qty <= working.filled:
        return rejected(f"{working.filled} shares are filled already.")
    return verdict


def _quantity(order: Order, instrument: Instrument, rules: VenueRules) -> Rejection | None:
    if not instrument.tradable:
        return rejected(f"{instrument.symbol} is an index: it cannot be traded.")
    if not order.qty.is_finite() or order.qty <= ZERO:
        return rejected(f"Invalid quantity {order.qty}: it must be above 0.")
    if order.qty > rules.max_qty:
        return rejected(f"Quantity {order.qty} is above the limit of {rules.max_qty}.")
    if order.qty % instrument.size_step:
        return rejected(f"Quantity {order.qty} is no multiple of {instrument.size_step}.")
    least = order.min_qty
    if least is not None and not (least.is_finite() and ZERO <= least <= order.qty):
        return rejected(f"Minimum quantity {least} is not between 0 and {order.qty}.")
    return None


def _fields(order: Order, now_ns: int) -> Rejection | None:
    kind = order.order_type
    if kind in _NEEDS_LIMIT and order.limit_price is None:
        return rejected(f"{kind} needs a limit price.")
    if kind in _NEEDS_TRIGGER and order.aux_price is None:
        return rejected(f"{kind} needs a trigger price.")
    if kind in TRAILING and (order.aux_price is None) == (order.trail_percent is None):
        return rejected(f"{kind} needs either a trailing amount or a trailing percentage.")
    if kind is _TRAIL_LIMIT and order.limit_offset is None:
        return rejected("TRAIL LIMIT needs a limit price offset.")
    if order.tif is _GTD and (order.good_till_ns or 0) <= now_ns:
        return rejected("GTD needs a time in the future.")
    if order.tif in AT_ONCE and kind in _AUCTION_ONLY:
        return rejected(f"{kind} cannot be {order.tif}.")
    return None


def _prices(order: Order) -> Rejection | None:
    """Refuse what is no price: below zero, not finite, or beyond anything that is traded."""
    given = [
        price
        for price in (order.limit_price, order.aux_price, order.trail_stop_price,
                      order.trail_percent, order.limit_offset)
        if price is not None
    ]  # fmt: skip
    for price in given:
        if not (price.is_finite() and ZERO <= price < _NO_PRICE):
            return rejected(f"Invalid price {price}.")
    wanted = [order.limit_price] if order.order_type in _NEEDS_LIMIT else []
    if order.order_type in _NEEDS_TRIGGER or order.order_type in TRAILING:
        wanted += [order.aux_price, order.trail_percent]
    if ZERO in wanted:
        return rejected("Invalid price 0: it must be above 0.")
    return None


def _ticks(order: Order, instrument: Instrument) -> Rejection | None:
    trigger = order.aux_price if order.order_type in _NEEDS_TRIGGER else None
    for price in (order.limit_price, order.trail_stop_price, trigger):
        if price is not None and not on_tick(instrument, price):
            break
    else:
        return None
    return Rejection(
        110, "The price does not conform to the minimum price variation for this contract."
    )


def _collar(order: Order, rules: VenueRules, price: float | None) -> Rejection | None:
    if rules.collar_pct is None or not price or order.limit_price is None:
        return None
    beyond = (float(order.limit_price) - price) * order.side.sign / price * 100
    if beyond <= rules.collar_pct:
        return None
    return Rejection(
        163,
        "The price specified would violate the percentage constraint specified in the default "
        f"order settings: {order.limit_price} is {beyond:.1f} % beyond {price}.",
    )
