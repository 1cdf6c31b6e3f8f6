"""Portfolio heat: what would be lost if every stop were hit, from the prices of now.

Equity is marked to market, so a share loses what lies between its price and its stop: nothing, if
the stop is behind the price already. A stop that follows the price loses at most its distance. What
has no stop that is known loses a part of its worth that a limit names, at first all of it. Counted
is the worse of both directions after all entries that are on their way; stops and exits open
nothing. Of more stops than shares the farthest count. An entry's own stop counts as soon as it is
asked for.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import OrderType, Purpose
from robotrader.ledger import market_price
from robotrader.ledger.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from robotrader.domain import Instrument, Intent, Quote
    from robotrader.ledger import PositionView
    from robotrader.risk.case import Case
    from robotrader.risk.exposure import Exposure, Pending  # noqa: TC004 - never decoded
    from robotrader.risk.view import RiskView

_AT_A_PRICE: Final = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})
_BEHIND: Final = frozenset({OrderType.TRAIL})
_PERCENT: Final = Decimal("0.01")


class StopAt(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where a stop is: at a price, or behind the market by an amount or by a percentage."""

    trigger: Decimal | None = None
    distance: Decimal | None = None
    percent: Decimal | None = None

    @classmethod
    def of(
        cls, kind: str, aux_price: Decimal | None, trail_percent: Decimal | None = None
    ) -> StopAt | None:
        """Return where an order of a type stops, None if it does not or nobody knows."""
        if kind in _AT_A_PRICE and aux_price is not None:
            return cls(trigger=aux_price)
        if kind in _BEHIND and aux_price is not None:
            return cls(distance=aux_price)
        if kind in _BEHIND and trail_percent is not None:
            return cls(percent=trail_percent)
        return None

    def loss(self, price: Decimal, sign: int) -> Decimal:
        """Return what a share at ``price``, long (1) or short (-1), loses until it is hit."""
        if self.trigger is not None:
            away = price - self.trigger if sign > 0 else self.trigger - price
            return max(away, ZERO)
        if self.distance is not None:
            return self.distance
        return price * (self.percent or ZERO) * _PERCENT


def stop_of(intent: Intent) -> StopAt | None:
    """Return where a stop stops, or the stop that an entry brings, None if it brings none."""
    for each in (intent,) if intent.purpose is Purpose.STOP else intent.legs:
        found = StopAt.of(each.order_type, each.aux_price, each.trail_percent)
        if found is not None:
            return found
    return None


class Stopped(msgspec.Struct, frozen=True, gc=False):
    """What orders of one contract open, and what stops that."""

    orders: int = 0
    longs: Decimal = ZERO
    shorts: Decimal = ZERO
    """Shares of each side: all entries fill, whatever group they are in."""

    bottom: Decimal | None = None
    """The lowest price at which any of them could open a short position."""

    for_long: tuple[Pending, ...] = ()
    for_short: tuple[Pending, ...] = ()
    """What stops a long position, and a short one."""

    @classmethod
    def of(cls, own: Sequence[Pending]) -> Stopped:
        """Return what these orders are; what gives way to an exit opens nothing."""
        longs = shorts = ZERO
        bottom: Decimal | None = None
        for_long: tuple[Pending, ...] = ()
        for_short: tuple[Pending, ...] = ()
        for each in own:
            if each.stop is not None:
                if (each.sign > 0) is not each.protects:
                    for_long = (*for_long, each)
                else:
                    for_short = (*for_short, each)
            if each.yields:
                continue
            if each.sign > 0:
                longs += each.qty
            else:
                shorts += each.qty
                if each.price is not None and (bottom is None or each.price < bottom):
                    bottom = each.price
        return cls(len(own), longs, shorts, bottom, for_long, for_short)

    def plus(self, order: Pending) -> Stopped:
        """Return what these are with an entry more, in no group."""
        stops = None if order.stop is None else order
        return self.opened(order.sign, order.qty, order.price, stops)

    def opened(
        self, sign: int, qty: Decimal, price: Decimal | None, stops: Pending | None
    ) -> Stopped:
        """Return what these are with an entry more; it is what ``stops``, if it brings a stop."""
        bottom, for_long, for_short = self.bottom, self.for_long, self.for_short
        if sign > 0:
            if stops is not None:
                for_long = (*for_long, stops)
            long, short = self.longs + qty, self.shorts
        else:
            if price is not None and (bottom is None or price < bottom):
                bottom = price
            if stops is not None:
                for_short = (*for_short, stops)
            long, short = self.longs, self.shorts + qty
        return Stopped(self.orders + 1, long, short, bottom, for_long, for_short)


def heat_of(
    view: RiskView, con_id: int, own: Stopped | Sequence[Pending], each: Exposure, bare: Decimal
) -> Decimal | None:
    """Return what a contract of a view loses in the worse direction; see ``heat_with``."""
    held = None if view.ledger is None else view.ledger.positions.get(con_id)
    quote, instrument = view.quotes.get(con_id), view.instruments.get(con_id)
    own = own if isinstance(own, Stopped) else Stopped.of(own)
    return heat_with(held, quote, instrument, own, each, bare)


def heat_with(  # noqa: PLR0917 - each of them is one thing of the contract
    held: PositionView | None,
    quote: Quote | None,
    instrument: Instrument | None,
    own: Stopped,
    each: Exposure,
    bare: Decimal,
    bid: Decimal | None = None,
) -> Decimal | None:
    """Return what a contract loses in the worse direction, None if a price is not known.

    Args:
        held: what is held of it.
        quote: its newest quote.
        instrument: the contract.
        own: what is on its way in it.
        each: its worst case.
        bare: the part of its worth that a share without a stop loses.
        bid: the quote's as money, where somebody has it already.
    """
    unit, long, short = each.unit, own.longs, own.shorts
    if not own.orders:
        return None if unit is None else abs(each.high) * unit * bare
    if held is not None:
        long, short = long + held.qty, short - held.qty
    if long <= ZERO and short <= ZERO:
        return ZERO
    for_long, for_short = own.for_long, own.for_short
    if unit is not None and not (for_long or for_short):
        return max(long, short) * unit * bare
    if unit is None or instrument is None:
        return None
    many = instrument.multiplier
    top = unit if many == 1 else unit / many
    worse = _lost(long, for_long, top, top, bare, 1) if long > ZERO else ZERO
    if short > ZERO:
        if bid is None and quote is not None:
            bid = market_price(quote.bid)
        bottom = _lowest(held, bid, own.bottom, top)
        worse = max(worse, _lost(short, for_short, bottom, top, bare, -1))
    return worse if many == 1 else worse * many


def _lowest(
    held: PositionView | None, market: Decimal | None, bottom: Decimal | None, top: Decimal
) -> Decimal:
    """Return the lowest price at which a short may stand: from there its stop is farthest."""
    lowest = top if market is None or top < market else market
    if bottom is not None and bottom < lowest:
        lowest = bottom
    mark = None if held is None else held.mark
    return lowest if mark is None or lowest < mark else mark


def _lost(  # noqa: PLR0917 - see above
    qty: Decimal, own: Sequence[Pending], price: Decimal, top: Decimal, bare: Decimal, sign: int
) -> Decimal:
    """Return what so many shares lose: stops, the farthest first, and what has none.

    Those lose a part, ``bare``, of the highest price, ``top``; to a stop it is from ``price``.
    """
    if len(own) == 1 and own[0].stop is not None:  # which is what is nearly always so
        stopped, loss = own[0].qty, own[0].stop.loss(price, sign)
        if qty <= stopped:
            return qty * loss
        return stopped * loss + (qty - stopped) * top * bare
    lost, left = ZERO, qty
    for loss, stopped in sorted(_stops(own, price, sign), reverse=True):
        taken = min(stopped, left)
        lost += taken * loss
        left -= taken
    return lost + left * top * bare


def _stops(own: Sequence[Pending], price: Decimal, sign: int) -> list[tuple[Decimal, Decimal]]:
    """Return the loss of a share and the shares of each stop; of a group only one can fill."""
    found: list[tuple[Decimal, Decimal]] = []
    grouped: dict[str, tuple[Decimal, Decimal]] = {}
    for each in own:
        if each.stop is None:
            continue
        loss, qty = each.stop.loss(price, sign), each.qty
        if each.group:
            known = grouped.get(each.group, (loss, qty))
            grouped[each.group] = (max(loss, known[0]), min(qty, known[1]))
        else:
            found.append((loss, qty))
    return [*found, *grouped.values()] if grouped else found


def heat(case: Case) -> str:
    """What would be lost if every stop were hit is no too large part of equity."""
    part = case.limits.max_heat
    if part is None:
        return ""
    if case.equity is None:
        return "equity is not known"
    lost = case.after.heat
    if lost is None:
        return "a price of what is held or on its way is not known"
    most = part * case.equity
    if lost <= most:
        return ""
    return f"{lost} USD would be lost if every stop were hit, {most} are the limit ({part})"


CHECKS: Final[tuple[tuple[str, Callable[[Case], str]], ...]] = (("heat", heat),)
