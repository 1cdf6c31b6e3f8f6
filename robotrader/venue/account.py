"""One account: cash, positions at average cost, profit and loss. Money is exact.

A position's cost is what was paid for it, commissions included, as IBKR counts; a short one's cost
is negative, what was received less commissions. Realized and unrealized profit follow from that, so
that a flat account's realized profit is its change of cash, to the last digit.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

ZERO: Final = Decimal(0)
_EXACT: Final = Decimal("1e-8")
"""Parts of a cost are rounded to this, so that adding and taking away stay exact."""


@lru_cache(4096)
def exact(price: float) -> Decimal:
    """Return a price as it is written: all positions are valued at each order, most as before."""
    return Decimal(repr(price))


class AccountSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an account begins: its cash in ``currency``, and whether it may borrow."""

    cash: Decimal
    currency: str = "USD"
    kind: Literal["margin", "cash"] = "margin"


class Position(msgspec.Struct, gc=False):
    """A holding: signed quantity, signed cost, and what was realized on it."""

    qty: Decimal = ZERO
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    realized_before: Decimal = ZERO
    day_value: Decimal = ZERO
    """Worth at the start of the day: what a day's profit is measured from."""

    day_outlay: Decimal = ZERO
    """Paid for it, net of what was received, since the start of the day."""

    def average_cost(self) -> Decimal:
        """Return the cost of one share or contract (with its multiplier), 0 when flat."""
        return self.cost / self.qty if self.qty else ZERO

    def trade(self, qty: Decimal, outlay: Decimal) -> Decimal | None:
        """Book a signed quantity for ``outlay`` (what was paid; negative: received).

        Returns what it realized, None if it only opened.
        """
        held = self.qty
        self.qty = held + qty
        self.day_outlay += outlay
        if not held or (held > ZERO) == (qty > ZERO):
            self.cost += outlay
            return None
        if abs(qty) <= abs(held):
            removed = self.cost if not self.qty else (self.cost * -qty / held).quantize(_EXACT)
            closing = outlay
        else:
            removed = self.cost
            closing = (outlay * held / -qty).quantize(_EXACT)
        realized = -closing - removed
        self.cost += outlay - closing - removed
        self.realized += realized
        return realized

    def correct(self, qty: Decimal, outlay: Decimal, *, bought: bool) -> None:
        """Book what an execution was corrected by; ``bought`` is its side.

        A price alone changes the cost of a position that the execution opened or added to, and
        otherwise what was realized.
        """
        if qty:
            self.trade(qty, outlay)
        elif self.qty and (self.qty > ZERO) == bought:
            self.cost += outlay
            self.day_outlay += outlay
        else:
            self.realized -= outlay
            self.day_outlay += outlay

    def value(self, price: float | None, multiplier: int) -> Decimal:
        """Return its worth at ``price``; at cost where no price is known."""
        if price is None:
            return self.cost
        return self.qty * exact(price) * multiplier


class Account(msgspec.Struct):
    """Cash and positions of one account."""

    setup: AccountSetup
    cash: Decimal
    positions: dict[int, Position] = {}
    day_equity: Decimal = ZERO
    """Equity at the start of the day."""

    commissions: Decimal = ZERO
    day_trades: int = 0
    fills_today: dict[int, Decimal] = {}
    """Net quantity opened today, by contract: what makes a closing trade a day trade."""

    @classmethod
    def open(cls, setup: AccountSetup) -> Account:
        """Open an account."""
        return cls(setup=setup, cash=setup.cash, day_equity=setup.cash)

    def position(self, con_id: int) -> Position:
        """Return the position in a contract, made when needed."""
        held = self.positions.get(con_id)
        if held is None:
            held = self.positions[con_id] = Position()
        return held

    def trade(
        self, con_id: int, qty: Decimal, value: Decimal, commission: Decimal
    ) -> Decimal | None:
        """Book a signed quantity of that signed value; return what it realized, or None."""
        self.cash -= value + commission
        self.commissions += commission
        opened = self.fills_today.get(con_id, ZERO)
        if opened and (opened > ZERO) != (qty > ZERO):
            self.day_trades += 1
        self.fills_today[con_id] = opened + qty
        return self.position(con_id).trade(qty, value + commission)

    def correct(self, con_id: int, qty: Decimal, value: Decimal, *, bought: bool) -> None:
        """Book the difference that a corrected execution makes; it is no trade of its own."""
        self.cash -= value
        self.position(con_id).correct(qty, value, bought=bought)

    def equity(self, prices: Mapping[int, float], multipliers: Mapping[int, int]) -> Decimal:
        """Return cash and the worth of all positions."""
        return self.cash + self.holdings(prices, multipliers)

    def holdings(self, prices: Mapping[int, float], multipliers: Mapping[int, int]) -> Decimal:
        """Return the worth of all positions, shorts negative."""
        worth = ZERO
        for con_id, held in self.positions.items():
            if held.qty:
                worth += held.value(prices.get(con_id), multipliers[con_id])
        return worth

    def roll_day(self, prices: Mapping[int, float], multipliers: Mapping[int, int]) -> None:
        """Begin a new day: daily figures start from here."""
        self.day_equity = self.equity(prices, multipliers)
        self.fills_today.clear()
        for con_id, held in self.positions.items():
            held.day_value = held.value(prices.get(con_id), multipliers[con_id])
            held.day_outlay = ZERO
            held.realized_before = held.realized
        flat = [con_id for con_id, held in self.positions.items() if not held.qty]
        for con_id in flat:
            del self.positions[con_id]
