"""What a ledger should say, computed another way: every single share is an object of its own."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from fractions import Fraction

from robotrader.domain.records import CommissionBooked, FillBooked, FillCorrected, Record


@dataclass
class Truth:
    """A fill as it stands in the end."""

    con_id: int
    sign: int
    qty: int
    price: Fraction
    fee: Fraction
    strategy: str


@dataclass
class Shares:
    """One contract's shares, oldest first: the sign, the price, the fee and the opener of each."""

    held: deque[tuple[int, Fraction, Fraction, str]] = field(default_factory=deque)
    realized: dict[str, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def trade(self, fill: Truth) -> None:
        if not fill.qty:
            self.realized[fill.strategy] -= fill.fee
            return
        fee = fill.fee / fill.qty
        for _ in range(fill.qty):
            if self.held and self.held[0][0] != fill.sign:
                sign, price, paid, opener = self.held.popleft()
                self.realized[opener] += sign * (fill.price - price) - paid - fee
            else:
                self.held.append((fill.sign, fill.price, fee, fill.strategy))

    @property
    def qty(self) -> int:
        return sum(share[0] for share in self.held)

    @property
    def cost(self) -> Fraction:
        return sum((sign * price + fee for sign, price, fee, _ in self.held), Fraction())


def truth(records: list[Record]) -> list[Truth]:
    """The fills in their order, each with the last word on its quantity, price and commission."""
    fills: dict[str, Truth] = {}
    newest: dict[str, int] = {}
    for each in records:
        if isinstance(each, FillBooked):
            sign = 1 if each.side == "BUY" else -1
            price = Fraction(each.price)
            fills[each.family] = Truth(
                each.con_id, sign, int(each.qty), price, Fraction(), each.strategy
            )
    for each in records:
        if isinstance(each, FillCorrected):
            revision = int(each.exec_id[-2:])
            if revision > newest.get(each.family, 1):
                newest[each.family] = revision
                fills[each.family].qty = int(each.qty)
                fills[each.family].price = Fraction(each.price)
        elif isinstance(each, CommissionBooked):
            fills[each.family].fee = Fraction(each.commission)
    return list(fills.values())


def shares_of(records: list[Record]) -> dict[int, Shares]:
    """Every contract's shares at the end."""
    books: dict[int, Shares] = defaultdict(Shares)
    for fill in truth(records):
        books[fill.con_id].trade(fill)
    return books


def cash_spent(records: list[Record]) -> Fraction:
    """What all fills cost."""
    return sum((f.sign * f.qty * f.price + f.fee for f in truth(records)), Fraction())
