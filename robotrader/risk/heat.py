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
    from collections.abc import Callable, Iterator, Sequence

    from robotrader.domain import Intent
    from robotrader.risk.case import Case
    from robotrader.risk.exposure import Exposure, Pending
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
            return max((price - self.trigger) * sign, ZERO)
        if self.distance is not None:
            return self.distance
        return price * (self.percent or ZERO) * _PERCENT


def stop_of(intent: Intent) -> StopAt | None:
    """Return where a stop stops, or the stop that an entry brings, None if it brings none."""
    orders = (intent,) if intent.purpose is Purpose.STOP else intent.legs
    if not orders:
        return None
    found = (StopAt.of(each.order_type, each.aux_price, each.trail_percent) for each in orders)
    return next((each for each in found if each is not None), None)


def heat_of(
    view: RiskView, con_id: int, own: Sequence[Pending], each: Exposure, bare: Decimal
) -> Decimal | None:
    """Return what a contract loses in the worse direction, None if a price is not known.

    Args:
        view: the world.
        con_id: the contract.
        own: what is on its way in it.
        each: its worst case.
        bare: the part of its worth that a share without a stop loses.
    """
    if not own:
        return None if each.unit is None else abs(each.high) * each.unit * bare
    long, short, stopped = _entered(view, con_id, own)
    if long <= ZERO and short <= ZERO:
        return ZERO
    if each.unit is not None and not stopped:
        return max(long, short) * each.unit * bare
    instrument = view.instruments.get(con_id)
    if each.unit is None or instrument is None:
        return None
    top = each.unit / instrument.multiplier
    worse = _lost(max(long, ZERO), own, top, top * bare, 1)
    if short > ZERO:
        bottom = _lowest(view, con_id, own, top)
        worse = max(worse, _lost(short, own, bottom, top * bare, -1))
    return worse * instrument.multiplier


def _entered(view: RiskView, con_id: int, own: Sequence[Pending]) -> tuple[Decimal, Decimal, bool]:
    """Return how many shares could be held long, and short, and whether any order is a stop.

    All entries of a side fill, whatever group they are in; what gives way to an exit opens nothing.
    """
    held = None if view.ledger is None else view.ledger.positions.get(con_id)
    long = ZERO if held is None else held.qty
    short, stopped = -long, False
    for each in own:
        stopped = stopped or each.stop is not None
        if not each.yields:
            if each.sign > 0:
                long += each.qty
            else:
                short += each.qty
    return long, short, stopped


def _lowest(view: RiskView, con_id: int, own: Sequence[Pending], top: Decimal) -> Decimal:
    """Return the lowest price at which a short may stand: from there its stop is farthest."""
    quote = view.quotes.get(con_id)
    held = None if view.ledger is None else view.ledger.positions.get(con_id)
    prices = [top, *(each.price for each in own if each.sign < 0 and not each.yields)]
    prices += [None if held is None else held.mark, market_price(None if not quote else quote.bid)]
    return min(price for price in prices if price is not None)


def _lost(
    qty: Decimal, own: Sequence[Pending], price: Decimal, bare: Decimal, sign: int
) -> Decimal:
    """Return what so many shares lose: stops, the farthest first, and what has none."""
    lost, left = ZERO, qty
    for loss, stopped in sorted(_stops(own, price, sign), reverse=True):
        taken = min(stopped, left)
        lost += taken * loss
        left -= taken
    return lost + left * bare


def _stops(own: Sequence[Pending], price: Decimal, sign: int) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield the loss of a share and the shares of each stop; of a group only one can fill."""
    grouped: dict[str, tuple[Decimal, Decimal]] = {}
    for each in own:
        if each.stop is None or each.sign != (-sign if each.protects else sign):
            continue
        loss, qty = each.stop.loss(price, sign), each.qty
        if each.group:
            known = grouped.get(each.group, (loss, qty))
            grouped[each.group] = (max(loss, known[0]), min(qty, known[1]))
        else:
            yield loss, qty
    yield from grouped.values()


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
