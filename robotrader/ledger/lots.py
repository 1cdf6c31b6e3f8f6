"""Lots of one contract, first in first out: what each trade opens, closes and realizes.

A lot's cost is what was paid for it, its commission included, as IBKR counts; a short lot's cost is
negative: what was received, less the commission. What a close realizes belongs to the strategy that
opened the lot; where a trade closes several lots, each bears its part of the commission.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from robotrader.ledger.money import ZERO, part
from robotrader.ledger.trips import Trips


class Lot(msgspec.Struct, frozen=True, gc=False):
    """Shares that were opened by one trade and are still held; ``qty`` is negative for a short."""

    qty: Decimal
    unit: Decimal
    """Money for one share or contract, its multiplier included."""

    fees: Decimal
    """The part of its trade's commission that is not realized yet."""

    strategy: str
    opened_ns: int = 0

    @property
    def cost(self) -> Decimal:
        """What was paid for it; negative for a short."""
        return self.qty * self.unit + self.fees


class Close(msgspec.Struct, frozen=True, gc=False):
    """A lot, or the part of one, that a trade has closed."""

    lot: Lot
    gain: Decimal
    """Net of both commissions: the lot's own part and the closing trade's."""

    fees: Decimal
    """Both commissions."""


class Matched(msgspec.Struct, frozen=True, gc=False):
    """What a trade did to the lots of its contract, oldest first."""

    closed: tuple[Close, ...]
    lots: tuple[Lot, ...]
    opened: Lot | None
    """The last of ``lots`` if the trade opened it."""

    unspent: Decimal
    """Commission of a trade that neither closed nor opened anything."""


class Trade(msgspec.Struct, frozen=True, gc=False):
    """An execution as it stands after all corrections, or an adoption (no money moves)."""

    family: str
    sign: int
    revision: int
    size: Decimal
    """Shares, unsigned; 0 where the broker took it back."""

    unit: Decimal
    fees: Decimal
    fees_revision: int
    strategy: str
    rolled: int
    """How many days had been rolled when it was booked."""

    adopts: bool = False
    time_ns: int = 0

    @property
    def qty(self) -> Decimal:
        """Shares, negative where they were sold."""
        return self.size * self.sign

    @property
    def outlay(self) -> Decimal:
        """What was paid; negative where money was received."""
        return ZERO if self.adopts else self.qty * self.unit + self.fees

    def corrected(self, revision: int, size: Decimal, unit: Decimal) -> Trade:
        """Return it with another quantity and price, if that revision is newer than its own."""
        if revision <= self.revision:
            return self
        return msgspec.structs.replace(self, revision=revision, size=size, unit=unit)

    def charged(self, revision: int, fees: Decimal) -> Trade:
        """Return it with another commission, unless that is an older revision's."""
        if revision < self.fees_revision:
            return self
        return msgspec.structs.replace(self, fees_revision=revision, fees=fees)


class Holding(msgspec.Struct, frozen=True):
    """One contract: its open lots, oldest first, and what it has realized so far."""

    lots: tuple[Lot, ...] = ()
    realized: dict[str, Decimal] = {}
    """Net of commissions, by the strategy that opened the lot."""

    adopted: Decimal = ZERO
    """Cost that came in by adoption, less what went out by it."""

    trips: Trips = Trips()
    reduced_ns: int = 0
    """When a trade last made the position smaller; 0: none did."""

    @property
    def qty(self) -> Decimal:
        """The position, signed."""
        held = ZERO
        for lot in self.lots:
            held += lot.qty
        return held


def match(lots: tuple[Lot, ...], trade: Trade) -> Matched:
    """Return what one trade more closes, oldest lots first, and what it opens."""
    left, fees = trade.qty, trade.fees
    if not lots and left:
        only = Lot(left, trade.unit, fees, trade.strategy, trade.time_ns)
        return Matched((), (only,), only, ZERO)
    closed, held = [], list(lots)
    while left and held and (held[0].qty > 0) != (left > 0):
        size = min(abs(left), abs(held[0].qty))
        lot, rest = _split(held[0], size)
        paid = part(fees, abs(left), size)
        held[:1] = [] if rest is None else [rest]
        left += lot.qty
        fees -= paid
        gain = lot.qty * (trade.unit - lot.unit) - lot.fees - paid
        closed.append(Close(lot, gain, lot.fees + paid))
    opened = Lot(left, trade.unit, fees, trade.strategy, trade.time_ns) if left else None
    after = (*held, opened) if opened else tuple(held)
    return Matched(tuple(closed), after, opened, ZERO if opened else fees)


def book(held: Holding, trade: Trade) -> Holding:
    """Return the holding after one trade more: it closes the oldest lots first, then opens."""
    found = match(held.lots, trade)
    realized, adopted, trips = dict(held.realized), held.adopted, held.trips
    reduces = bool(found.closed) and not trade.adopts
    reduced_ns = max(held.reduced_ns, trade.time_ns) if reduces else held.reduced_ns
    for close in found.closed:
        name = close.lot.strategy
        if trade.adopts:
            adopted -= close.lot.cost
            trips = trips.gained(name, None)
        else:
            realized[name] = realized.get(name, ZERO) + close.gain
            trips = trips.gained(name, close.gain)
    if trips.open:
        left = found.lots[:-1] if found.opened else found.lots
        trips = trips.ended({lot.strategy for lot in left}, trade.time_ns)
    if found.opened:
        adopted += found.opened.cost if trade.adopts else ZERO
        trips = trips.opened(trade.strategy, found.opened.qty * trade.unit)
    elif found.unspent:  # a trade that was taken back; what it cost, it cost
        realized[trade.strategy] = realized.get(trade.strategy, ZERO) - found.unspent
    return Holding(found.lots, realized, adopted, trips, reduced_ns)


def _split(lot: Lot, size: Decimal) -> tuple[Lot, Lot | None]:
    """Cut ``size`` shares from a lot; what is left keeps the remainder of the commission."""
    whole = abs(lot.qty)
    if size == whole:
        return lot, None
    qty = size if lot.qty > 0 else -size
    fees = part(lot.fees, whole, size)
    closed = msgspec.structs.replace(lot, qty=qty, fees=fees)
    return closed, msgspec.structs.replace(lot, qty=lot.qty - qty, fees=lot.fees - fees)
