"""The worst case by its definition: every position and every order gone through, nothing kept.

Nothing of the product's sums is used: only what a view says.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.risk import Correlations, Reservation, RiskView, StopAt, WorkingOrder

D = Decimal
ZERO = D(0)


class Order(NamedTuple):
    """An order that is on its way, whoever knows of it."""

    con_id: int
    sign: int
    qty: Decimal
    price: Decimal | None
    group: str
    strategy: str
    cause: str
    reduces: bool
    yields: bool
    protects: bool
    stop: StopAt | None


class Whole(NamedTuple):
    """All contracts together; None: a price is not known."""

    gross: Decimal | None
    high: Decimal | None
    low: Decimal | None
    heat: Decimal | None
    held: set[int]
    sectors: dict[str, Decimal | None]
    coming: dict[str, Decimal | None]
    budgets: dict[str, Decimal | None]
    orders: int


def whole(seen: RiskView, reserved: Iterable[Reservation], bare: Decimal) -> Whole:
    """Return what everything is worth in the worst case."""
    reserved, others = tuple(reserved), seen.others or ()
    orders = [*map(_ours, reserved), *map(_another, others)]
    shown = {(each.con_id, each.strategy, each.cause) for each in others if each.stop}
    orders = [
        each._replace(stop=None)
        if at < len(reserved) and not each.yields and each[0:1] + each[5:7] in shown
        else each
        for at, each in enumerate(orders)
    ]
    contracts = {each.con_id for each in orders} | set(_positions(seen))
    worst = {
        con_id: Contract(seen, con_id, [each for each in orders if each.con_id == con_id])
        for con_id in contracts
    }
    entries = [each for each in orders if not each.reduces]
    parts = {} if seen.ledger is None else seen.ledger.strategies
    return Whole(
        gross=added(each.worth for each in worst.values()),
        high=added(times(each.high, each.unit) for each in worst.values()),
        low=added(times(each.low, each.unit) for each in worst.values()),
        heat=added(each.heat(bare) for each in worst.values()),
        held={con_id for con_id, each in worst.items() if each.high or each.low},
        sectors={
            name: added(each.worth for c, each in worst.items() if seen.sectors.get(c, "") == name)
            for name in {*seen.sectors.values(), ""}
        },
        coming={
            name: added(
                times(each.qty, worst[each.con_id].unit)
                for each in entries
                if each.strategy.split("/")[0] == name
            )
            for name in {each.strategy.split("/")[0] for each in entries}
        },
        budgets={
            name: added(
                None if part.unrealized is None else abs(part.cost + part.unrealized)
                for own, part in parts.items()
                if own.split("/")[0] == name
            )
            for name in {own.split("/")[0] for own in parts}
        },
        orders=_count(reserved, others),
    )


class Contract:
    """One contract in the worst case."""

    def __init__(self, seen: RiskView, con_id: int, orders: list[Order]) -> None:
        self.seen, self.con_id, self.orders = seen, con_id, orders
        held = _positions(seen).get(con_id)
        self.qty = ZERO if held is None else held.qty
        self.mark = None if held is None else held.mark
        self.high = self.qty + self.fills(1)
        self.low = self.qty - self.fills(-1)
        self.unit = self.highest()

    def fills(self, sign: int) -> Decimal:
        """Shares of a side that could fill: of a group only the largest order."""
        groups: dict[str, Decimal] = {}
        alone = ZERO
        for each in self.orders:
            if each.sign == sign and each.group:
                groups[each.group] = max(groups.get(each.group, ZERO), each.qty)
            elif each.sign == sign:
                alone += each.qty
        return alone + sum(groups.values(), ZERO)

    def quoted(self) -> list[Decimal]:
        quote = self.seen.quotes.get(self.con_id)
        sides = () if quote is None else (quote.bid, quote.ask)
        return [D(repr(price)) for price in sides if math.isfinite(price) and price > 0]

    def highest(self) -> Decimal | None:
        prices = [self.mark, *self.quoted(), *(each.price for each in self.orders)]
        known = [price for price in prices if price is not None]
        return max(known) if known else None

    @property
    def worth(self) -> Decimal | None:
        return times(max(abs(self.high), abs(self.low)), self.unit)

    def heat(self, bare: Decimal) -> Decimal | None:
        """What is lost in the worse direction, share after share."""
        opens = [each for each in self.orders if not each.yields]
        long = self.qty + sum(each.qty for each in opens if each.sign > 0)
        short = sum(each.qty for each in opens if each.sign < 0) - self.qty
        if self.orders and long <= 0 and short <= 0:
            return ZERO
        if self.unit is None:
            return None
        quote = self.seen.quotes.get(self.con_id)
        bid = None if quote is None or not math.isfinite(quote.bid) or quote.bid <= 0 else quote.bid
        prices = [self.unit, self.mark, None if bid is None else D(repr(bid))]
        prices += [each.price for each in opens if each.sign < 0]
        bottom = min(price for price in prices if price is not None)
        return max(self.lost(long, 1, self.unit, bare), self.lost(short, -1, bottom, bare))

    def lost(self, qty: Decimal, sign: int, price: Decimal, bare: Decimal) -> Decimal:
        """What so many shares lose: those with the farthest stop first, the rest without one."""
        stops: list[tuple[Decimal, Decimal]] = []
        groups: dict[str, list[tuple[Decimal, Decimal]]] = {}
        for each in self.orders:
            if each.stop is not None and each.sign == (-sign if each.protects else sign):
                found = (each.stop.loss(price, sign), each.qty)
                groups.setdefault(each.group, []).append(found)
        stops += groups.pop("", [])
        for group in groups.values():
            stops.append((max(loss for loss, _ in group), min(many for _, many in group)))
        left, lost = max(qty, ZERO), ZERO
        for loss, many in sorted(stops, reverse=True):
            lost += min(many, left) * loss
            left -= min(many, left)
        assert self.unit is not None
        return lost + left * self.unit * bare


def cluster(
    seen: RiskView, known: Correlations, con_id: int, least: float, held: set[int]
) -> set[int]:
    """What is held and moves with a contract, directly or through others, or could: not known."""
    found = {con_id}
    while True:
        more = {
            other
            for other in held - found
            for one in found
            if (part := known.of(one, other)) is None or abs(part) >= least
        }
        if not more:
            return found
        found |= more


def worth_of(seen: RiskView, reserved: Iterable[Reservation], members: set[int]) -> Decimal | None:
    """What these contracts are worth in the worst case."""
    orders = [*map(_ours, reserved), *map(_another, seen.others or ())]
    return added(
        Contract(seen, con_id, [each for each in orders if each.con_id == con_id]).worth
        for con_id in members
    )


def added(parts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum, None if a part is not known."""
    known = list(parts)
    return None if None in known else sum((each for each in known if each is not None), ZERO)


def times(qty: Decimal, unit: Decimal | None) -> Decimal | None:
    return None if unit is None else qty * unit


def _positions(seen: RiskView) -> dict:  # type: ignore[type-arg]  # read only
    return {} if seen.ledger is None else seen.ledger.positions


def _count(reserved: tuple[Reservation, ...], others: tuple[WorkingOrder, ...]) -> int:
    """Every order once; of a bracket those legs too that nobody has shown yet."""
    hidden = 0
    for each in reserved:
        key = (each.con_id, each.strategy, each.cause)
        shown = [other for other in others if (other.con_id, other.strategy, other.cause) == key]
        hidden += max(each.legs - len(shown), 0) if each.legs else 0
    return len(reserved) + len(others) + hidden


def _ours(each: Reservation) -> Order:
    return Order(
        each.con_id, each.sign, each.qty, each.price, "", each.strategy, each.cause, each.reduces,
        each.yields, each.yields, each.stop,
    )  # fmt: skip


def _another(each: WorkingOrder) -> Order:
    return Order(
        each.con_id, each.side.sign, each.qty, each.price, each.group, each.strategy, each.cause,
        each.reduces, each.yields, each.protects, each.stop,
    )  # fmt: skip
