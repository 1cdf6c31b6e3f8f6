"""What would be held in the worst case: positions and everything that is on its way (F22, F62).

Every pending order may fill or not, so a position lies between two bounds: all buys fill and no
sale, or all sales and no buy. Limits are compared with the worse of the two.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.ledger import market_price
from robotrader.ledger.money import ZERO
from robotrader.risk.heat import StopAt, Stopped
from robotrader.risk.malformed import TRIGGERED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from robotrader.domain import Instrument, Intent, Quote
    from robotrader.ledger import PositionView
    from robotrader.risk.view import RiskView, WorkingOrder


class Reservation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What the gate holds for an approved order until its executions are booked."""

    number: int
    con_id: int
    sign: int
    qty: Decimal
    price: Decimal | None
    reduces: bool
    strategy: str
    yields: bool = False
    """Whether it is a stop: an exit takes its shares."""

    stop: StopAt | None = None
    """Where it stops, or the stop that it brings."""

    cause: str = ""
    legs: int = 0
    """Orders that it brings along."""


class Pending(msgspec.Struct, frozen=True, gc=False):
    """A quantity of a contract that is on its way; of one ``group`` only one can fill."""

    con_id: int
    sign: int
    qty: Decimal
    price: Decimal | None
    group: str = ""
    yields: bool = False
    protects: bool = False
    stop: StopAt | None = None
    """Where a stop stops; of an entry the stop that it brings, until that works itself."""


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """One contract in the worst case: the position's two bounds, and the worth of one share."""

    high: Decimal
    low: Decimal
    unit: Decimal | None

    @property
    def qty(self) -> Decimal:
        """The larger of the bounds, unsigned."""
        if self.low >= ZERO:
            return self.high
        return max(abs(self.high), abs(self.low))

    @property
    def value(self) -> Decimal | None:
        """Its worth."""
        return None if self.unit is None else self.qty * self.unit


def pending(held: Iterable[Reservation], others: Iterable[WorkingOrder]) -> tuple[Pending, ...]:
    """Return everything that is on its way."""
    others, held = tuple(others), tuple(held)
    if not others:
        return tuple([_of_ours(each, its_stop_works=False) for each in held])
    if not held:
        return tuple([_of_another(each) for each in others])
    brings = any(each.stop is not None and not each.yields for each in held)
    legs = {led_to(each) for each in others if brings and each.stop is not None}
    reserved = [_of_ours(each, its_stop_works=bool(legs) and led_to(each) in legs) for each in held]
    working = map(_of_another, others)
    return (*reserved, *working)


def entry_of(
    con_id: int, sign: int, qty: Decimal, price: Decimal | None, stop: StopAt | None
) -> Pending:
    """Return an entry of our own; ``stop`` is the one that it brings."""
    return Pending(con_id, sign, qty, price, "", False, False, stop)


def led_to(each: Reservation | WorkingOrder) -> tuple[int, str, str]:
    """Return what an entry and the legs that it brought have in common."""
    return each.con_id, each.strategy, each.cause


def _of_ours(each: Reservation, *, its_stop_works: bool) -> Pending:
    return Pending(
        each.con_id,
        each.sign,
        each.qty,
        each.price,
        "",
        each.yields,
        each.yields,
        stop=None if its_stop_works and not each.yields else each.stop,
    )


def _of_another(each: WorkingOrder) -> Pending:
    return Pending(
        each.con_id,
        each.side.sign,
        each.qty,
        each.price,
        each.group,
        each.yields,
        each.protects,
        each.stop,
    )


def orders_of(held: Iterable[Reservation], others: Sequence[WorkingOrder]) -> int:
    """Return how many orders are on their way; a bracket is as many as it has, each of them once.

    A leg counts from its entry's approval on, and not twice when it works.
    """
    held = tuple(held)
    count = len(held) + len(others)
    for each in held:
        if each.legs:
            shown = sum(led_to(other) == led_to(each) for other in others)
            count += max(each.legs - shown, 0)
    return count


def coming(on_its_way: Iterable[Pending], con_id: int, sign: int) -> Decimal:
    """Return how many shares of a contract could be bought (1) or sold (-1) by what is pending."""
    alone = ZERO
    grouped: dict[str, Decimal] | None = None
    for each in on_its_way:
        if each.con_id == con_id and each.sign == sign:
            if each.group:
                grouped = {} if grouped is None else grouped
                grouped[each.group] = max(each.qty, grouped.get(each.group, ZERO))
            else:
                alone += each.qty
    return alone + sum(grouped.values(), ZERO) if grouped else alone


def asleep(held: Iterable[Reservation], others: Sequence[WorkingOrder]) -> dict[str, Decimal]:
    """Return how many shares the legs of each entry, by group, are for and cannot close yet.

    An entry that still works has not brought them: its legs sleep at the broker until it fills.
    """
    entries = {led_to(each): each.qty for each in held if not each.reduces}
    works = {each.ref: each.qty for each in others if not each.reduces}
    return {
        leg.group: works.get(leg.group, ZERO) + entries.get(led_to(leg), ZERO)
        for leg in others
        if leg.group and leg.reduces
    }


def awake(on_its_way: Iterable[Pending], sleeping: Mapping[str, Decimal]) -> list[Pending]:
    """Return what is on its way without the shares that its legs cannot close yet."""
    return [
        msgspec.structs.replace(each, qty=max(each.qty - sleeping.get(each.group, ZERO), ZERO))
        for each in on_its_way
    ]


class OnWay(msgspec.Struct, frozen=True, gc=False):
    """What is on its way in one contract, added up: prices move more often than orders."""

    own: tuple[Pending, ...] = ()
    buys: Decimal = ZERO
    sells: Decimal = ZERO
    """Shares that could be bought, and sold."""

    top: Decimal | None = None
    """The highest price that any of it could have."""

    stopped: Stopped = Stopped()

    @classmethod
    def of(cls, con_id: int, own: Sequence[Pending]) -> OnWay:
        """Return what is on its way in a contract; nothing of another is among it."""
        if not own:
            return NOTHING
        top: Decimal | None = None
        buys = sells = ZERO
        grouped = False
        for each in own:
            if each.price is not None:
                top = higher(top, each.price)
            if each.group:
                grouped = True
            elif each.sign > 0:
                buys += each.qty
            else:
                sells += each.qty
        if grouped:
            buys, sells = coming(own, con_id, 1), coming(own, con_id, -1)
        return cls(tuple(own), buys, sells, top, Stopped.of(own))

    def plus(self, order: Pending) -> OnWay:
        """Return what is on its way with an entry more, in no group."""
        buys, sells = self.buys, self.sells
        if order.sign > 0:
            buys += order.qty
        else:
            sells += order.qty
        top = higher(self.top, order.price)
        return OnWay((*self.own, order), buys, sells, top, self.stopped.plus(order))


NOTHING: Final = OnWay()


def exposure_of(view: RiskView, con_id: int, own: Sequence[Pending]) -> Exposure:
    """Return the worst case of a contract; ``own`` is what is on its way in it."""
    held = None if view.ledger is None else view.ledger.positions.get(con_id)
    quote, instrument = view.quotes.get(con_id), view.instruments.get(con_id)
    way = OnWay.of(con_id, own)
    return exposure_with(held, market_of(quote), instrument, way.buys, way.sells, way.top)


def exposure_with(  # noqa: PLR0917 - each of them is one thing of the contract
    held: PositionView | None,
    price: Decimal | None,
    instrument: Instrument | None,
    buys: Decimal = ZERO,
    sells: Decimal = ZERO,
    top: Decimal | None = None,
) -> Exposure:
    """Return the worst case of a contract with what is on its way in it.

    Args:
        held: what is held of it.
        price: its market's, the higher of both sides.
        instrument: the contract.
        buys, sells: shares that could be bought, and sold.
        top: the highest price that any of these could have.
    """
    if held is None:
        qty = ZERO
    else:
        qty, mark = held.qty, held.mark
        if price is None or (mark is not None and mark > price):
            price = mark
    if top is not None and (price is None or top > price):
        price = top
    if instrument is not None and instrument.multiplier == 1:  # which is what is nearly always so
        unit = price
    else:
        unit = unit_of(instrument, price)
    if buys is sells is ZERO:
        return Exposure(qty, qty, unit)
    return Exposure(qty + buys, qty - sells, unit)


def higher(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    """Return the higher of two prices, None if neither is known."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def unit_of(instrument: Instrument | None, price: Decimal | None) -> Decimal | None:
    """Return the worth of a share or contract at a price, None if that is not known."""
    if instrument is None or price is None:
        return None
    return price if instrument.multiplier == 1 else price * instrument.multiplier


def market_of(quote: Quote | None) -> Decimal | None:
    """Return the higher of a quote's prices, None if neither is one."""
    if quote is None:
        return None
    bid, ask = quote.bid, quote.ask
    if type(bid) is type(ask) is float and 0 < bid <= ask < math.inf:
        return market_price(ask)  # which is what is nearly always so
    return higher(market_price(bid), market_price(ask))


def worst_price(intent: Intent, market: Decimal | None) -> Decimal | None:
    """Return the highest price that an order could have, None where the market is not known.

    ``market`` is the ask for what is bought, else the bid.
    """
    if intent.side.sign > 0 and intent.limit_price is not None:
        return intent.limit_price
    if market is None:
        return None
    return max(market, intent.limit_price or market, trigger_price(intent) or market)


def trigger_price(intent: Intent) -> Decimal | None:
    """Return the market price at which an order begins to work, None if there is none."""
    return intent.aux_price if intent.order_type in TRIGGERED else None
