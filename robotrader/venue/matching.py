"""One movement of the market: who fills, in which order, how much, at which price.

A movement is a price path for buyers and one for sellers (a bar has one for both, a quote the ask
and the bid), with what may be taken on the way. Orders fill in the order in which the path reaches
them; what a fill changes (a child comes alive, a sibling is cancelled) counts from that place on.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Protocol

from robotrader.domain import OrderType
from robotrader.venue.events import Status
from robotrader.venue.rules import tick_at, to_tick
from robotrader.venue.walk import bar_path
from robotrader.venue.working import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import Bar, Instrument, Quote, Trade
    from robotrader.venue.rules import Slippage, VenueRules
    from robotrader.venue.walk import Hit, Path
    from robotrader.venue.working import Working


# A member of an enum takes fifty times as long to look up as a name.
_RELATIVE: Final = OrderType.RELATIVE
_PRE_SUBMITTED: Final = Status.PRE_SUBMITTED


class Movement:
    """Prices, and how much there is of them; ``None`` is as much as anybody wants."""

    __slots__ = (
        "at_ns",
        "began_ns",
        "con_id",
        "left",
        "paths",
        "shared",
        "triggers",
        "volume",
    )

    def __init__(self, con_id: int, began_ns: int, at_ns: int, buyers: Path, sellers: Path) -> None:
        self.con_id = con_id
        self.began_ns = began_ns
        self.at_ns = at_ns
        self.paths: dict[int, Path] = {1: buyers, -1: sellers}
        self.left: dict[int, Decimal | None] = {1: None, -1: None}
        self.shared = False
        self.triggers = True
        self.volume = 0.0

    @property
    def low(self) -> float:
        """The lowest price that was traded."""
        return min(*self.paths[1], *self.paths[-1])

    @property
    def high(self) -> float:
        """The highest price that was traded."""
        return max(*self.paths[1], *self.paths[-1])

    def take(self, sign: int, qty: Decimal) -> None:
        """Use up what was there."""
        for side in (1, -1) if self.shared else (sign,):
            left = self.left[side]
            if left is not None:
                self.left[side] = left - qty


def bar_movement(bar: Bar, rules: VenueRules) -> Movement:
    """Return what a bar offers: its path, and a part of its volume."""
    path = bar_path(bar)
    movement = Movement(bar.con_id, bar.start_ns, bar.end_ns, path, path)
    movement.volume = bar.volume
    if rules.participation is not None:
        most = Decimal(int(bar.volume * rules.participation))
        movement.left = {1: most, -1: most}
        movement.shared = True
    return movement


def quote_movement(quote: Quote, rules: VenueRules) -> Movement | None:
    """Return what a quote offers; None if a side is missing."""
    if not quote.bid or not quote.ask:
        return None
    movement = Movement(quote.con_id, quote.time_ns, quote.time_ns, (quote.ask,), (quote.bid,))
    if rules.quote_size:
        movement.left = {1: Decimal(int(quote.ask_size)), -1: Decimal(int(quote.bid_size))}
    return movement


def trade_movement(trade: Trade, rules: VenueRules) -> Movement:
    """Return what a trade offers where there are no quotes: its price, once, for its size."""
    path = (trade.price,)
    movement = Movement(trade.con_id, trade.time_ns, trade.time_ns, path, path)
    if rules.quote_size:
        most = Decimal(int(trade.size))
        movement.left = {1: most, -1: most}
        movement.shared = True
    return movement


class Host(Protocol):
    """What matching needs from the venue."""

    rules: VenueRules
    instruments: dict[int, Instrument]

    def filled(self, order: Working, qty: Decimal, price: Decimal) -> Iterable[Working]:
        """Book a fill; return the orders that came alive by it."""
        ...

    def may_trade(self, order: Working, began_ns: int) -> bool:
        """Say whether an order may meet a movement that began at ``began_ns``."""
        ...

    def works(self, order: Working) -> None:
        """Announce that an order is at the exchange."""
        ...


def run(
    host: Host,
    movement: Movement,
    orders: list[Working],
    began_ns: int,
) -> list[Working]:
    """Let ``orders`` meet the movement, which began then; return those that had their chance."""
    ready = [
        order
        for order in orders
        if host.may_trade(order, began_ns) and _enter(host, order, movement, 0.0)
    ]
    met = list(ready)
    while ready:
        best = _first(ready, movement)
        if best is None:
            break
        order, (place, price) = best
        qty = _fillable(order, movement)
        ready.remove(order)
        if qty <= ZERO:
            continue
        movement.take(order.sign, qty)
        paid = _price(host, order, movement, price, qty)
        for child in host.filled(order, qty, paid):
            if child.order.con_id != movement.con_id or child in met:
                continue
            if host.may_trade(child, began_ns) and _enter(host, child, movement, place):
                ready.append(child)
                met.append(child)
        if ready:
            ready = [each for each in ready if not each.status.over]
    for order in met:
        if not order.status.over and order.follow(movement.paths[order.sign]):
            host.works(order)
    return met


def _enter(host: Host, order: Working, movement: Movement, place: float) -> bool:
    """Let an order meet the movement from ``place`` on; say whether it looks at it at all."""
    if not _awake(order, movement):
        return False
    order.place = place
    if order.order.order_type is _RELATIVE:
        _peg(order, movement, host.instruments[movement.con_id])
    if order.status is _PRE_SUBMITTED and not order.queued:
        host.works(order)
    return True


def _awake(order: Working, movement: Movement) -> bool:
    """Say whether an order looks at this movement: an unhit trigger may look at trades only."""
    return movement.triggers or order.triggered or not order.triggers


def _peg(order: Working, movement: Movement, instrument: Instrument) -> None:
    """Set a relative order's limit: its offset better than the near side, up to its cap.

    A bar has no near side; it is taken to be one step off the open.
    """
    near = movement.paths[-order.sign][0]
    if movement.paths[1] is movement.paths[-1]:
        near -= order.sign * float(tick_at(instrument, Decimal(repr(near))))
    limit = near + order.sign * float(order.order.aux_price or 0)
    cap = order.order.limit_price
    if cap is not None:
        limit = min(limit, float(cap)) if order.sign > 0 else max(limit, float(cap))
    order.limit = limit


def _first(ready: list[Working], movement: Movement) -> tuple[Working, Hit] | None:
    """Return whom the path reaches first; of several at one place, who came first."""
    if len(ready) == 1:
        (only,) = ready
        hit = only.hit(movement.paths[only.sign])
        return None if hit is None else (only, hit)
    best: tuple[float, int, Working, Hit] | None = None
    for order in ready:
        hit = order.hit(movement.paths[order.sign])
        if hit is not None and (best is None or (hit[0], order.number) < best[:2]):
            best = (hit[0], order.number, order, hit)
    return None if best is None else (best[2], best[3])


def _fillable(order: Working, movement: Movement) -> Decimal:
    qty = order.allowed()
    left = movement.left[order.sign]
    if left is not None and left < qty:
        qty = left
    if order.whole and qty < order.remaining:
        return ZERO
    least = order.order.min_qty
    if least is not None and not order.filled and qty < least:
        return ZERO
    return qty


def _price(host: Host, order: Working, movement: Movement, price: float, qty: Decimal) -> Decimal:
    """Return what is paid; see ``paid_price``."""
    instrument, slippage = host.instruments[order.order.con_id], host.rules.slippage
    share = float(qty) / movement.volume if movement.volume else 0.0
    if order.takes and slippage.model != "none":
        price = slipped(instrument, slippage, order.sign, price, share)
        price = min(max(price, movement.low), movement.high)
    up = (order.sign > 0) == order.takes
    paid = to_tick(instrument, price, up=up)
    if float(paid) == price:  # which is what is nearly always so
        return paid
    return paid_price(instrument, price, movement.low, movement.high, up=up)


def slipped(
    instrument: Instrument, slippage: Slippage, sign: int, price: float, share: float
) -> float:
    """Return the price of what takes liquidity; ``share`` is its part of the volume."""
    tick = float(instrument.tick_table[-1][1])
    return price + sign * slippage.worse_by(price, tick, share)


def paid_price(
    instrument: Instrument, price: float, low: float, high: float, *, up: bool
) -> Decimal:
    """Return a price on the grid, ``up`` or down, inside the range of what was traded."""
    paid = to_tick(instrument, price, up=up)
    if float(paid) == price:
        return paid
    if not low <= float(paid) <= high:  # the step leads out of what was traded
        paid = to_tick(instrument, price, up=not up)
    return paid


def opening_price(
    instrument: Instrument, slippage: Slippage, sign: int, bar: Bar, share: float = 0.0
) -> Decimal:
    """Return what a market order pays that waits for a bar: its open, and slippage in its range."""
    price = bar.open
    if slippage.model != "none":
        price = slipped(instrument, slippage, sign, price, share)
        price = min(max(price, bar.low), bar.high)
    return paid_price(instrument, price, bar.low, bar.high, up=sign > 0)


def auction(order: Working, price: float) -> bool:
    """Say whether an order fills in an auction at ``price``."""
    if order.limit is None:
        return True
    return (price - order.limit) * order.sign <= 0
