"""The venue's accounts: who may trade, what a fill costs, what everything is worth.

``Books`` is pure: prices are written by the venue, nothing is read from outside.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import OrderType
from robotrader.venue.account import Account, AccountSetup, exact
from robotrader.venue.admission import rejected
from robotrader.venue.commissions import FixedPlan, OrderCharges
from robotrader.venue.margin import MarginRules, Preview, Requirement, requirement
from robotrader.venue.ports import Hold

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from robotrader.domain import Instrument, Order
    from robotrader.venue.account import Position
    from robotrader.venue.commissions import CommissionPlan
    from robotrader.venue.ports import Rejection

ZERO: Final = Decimal(0)


class Locates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which shares can be borrowed.

    ``limited`` gives the shares that there are, by contract (0: none); ``to_locate`` are contracts
    whose short sales wait until shares have been found. All others are easy to borrow.
    """

    limited: dict[int, Decimal] = {}
    to_locate: frozenset[int] = frozenset()

    def changed(self, con_id: int, shares: Decimal | None, *, to_locate: bool) -> Locates:
        """Return these with another rule for one contract; ``shares`` None: as many as wanted."""
        limited = {each: left for each, left in self.limited.items() if each != con_id}
        if shares is not None:
            limited[con_id] = shares
        only = frozenset({con_id})
        return Locates(limited, self.to_locate | only if to_locate else self.to_locate - only)


class PnL(msgspec.Struct, frozen=True):
    """Profit and loss: of the day, not yet realized, and realized since the day began."""

    daily: Decimal
    unrealized: Decimal
    realized: Decimal


class Books:
    """See the module's prose.

    Args:
        accounts: how each begins, by name.
        instruments: all contracts.
        plan: what trading costs.
        margin: how much may be borrowed.
        locates: what may be sold short.
    """

    def __init__(
        self,
        accounts: Mapping[str, AccountSetup],
        instruments: Iterable[Instrument],
        plan: CommissionPlan | None = None,
        margin: MarginRules | None = None,
        locates: Locates | None = None,
    ) -> None:
        self.accounts = {name: Account.open(setup) for name, setup in accounts.items()}
        self.prices: dict[int, float] = {}
        self.instruments = {each.con_id: each for each in instruments}
        self.multipliers = {each.con_id: each.multiplier for each in instruments}
        self.plan: CommissionPlan = plan or FixedPlan()
        self.margin = margin or MarginRules()
        self.locates = locates or Locates()

    # -- what the venue asks --

    def check(
        self, order: Order, instrument: Instrument, coming: Decimal = ZERO
    ) -> Rejection | Hold | None:
        """Judge an order by its account's funds, margin and borrowed shares.

        ``coming`` is the signed quantity that its parent brings before it can fill.
        """
        account = self.accounts.get(order.account)
        if account is None:
            return rejected("Invalid or missing IBCustAcctNo")
        held = account.positions.get(order.con_id)
        before = (held.qty if held is not None else ZERO) + coming
        after = before + order.qty * order.side.sign
        refused = None
        if abs(after) > abs(before):
            refused = self._check_funds(account, order, before, after)
        if refused is None and after < ZERO and after < before:
            return self._check_short(account, instrument, max(before, ZERO) - before, -after)
        return refused

    def _check_funds(
        self, account: Account, order: Order, before: Decimal, after: Decimal
    ) -> Rejection | None:
        price = self._price_of(order)
        if price is None:
            return None  # nothing is known yet that it could be valued by
        value = (after - before) * price * self.multipliers[order.con_id]
        if account.setup.kind == "cash":
            if value <= account.cash and after >= ZERO:
                return None
            return rejected(f"Settled cash {account.cash:.2f} does not cover {abs(value):.2f}.")
        equity = account.equity(self.prices, self.multipliers)
        needed = self._required(account, order.con_id, after, price).initial
        if needed <= equity:
            return None
        return rejected(
            f"Equity with loan value {equity:.2f} {account.setup.currency} must exceed the initial "
            f"margin {needed:.2f} {account.setup.currency}."
        )

    def _check_short(
        self, account: Account, instrument: Instrument, already: Decimal, wanted: Decimal
    ) -> Rejection | Hold | None:
        if account.setup.kind == "cash":
            return rejected("A cash account cannot sell short.")
        available = self.locates.limited.get(instrument.con_id)
        if available is not None and wanted > available:
            return rejected(f"{wanted} shares cannot be borrowed: {available} are available.")
        if instrument.con_id in self.locates.to_locate and wanted > already:
            return Hold("locate", 404, "Order held while securities are located.")
        return None

    def _price_of(self, order: Order) -> Decimal | None:
        last = self.prices.get(order.con_id)
        if order.limit_price is not None:
            return order.limit_price
        return None if last is None else exact(last)

    def fill(
        self,
        order: Order,
        instrument: Instrument,
        *,
        qty: Decimal,
        price: Decimal,
        day: date,
        charges: OrderCharges,
    ) -> tuple[Decimal, Decimal | None]:
        """Book a fill; return its commission and what it realized (None: it only opened)."""
        sign = order.side.sign
        commission = self.plan.charge(qty=qty, price=price, sell=sign < 0, day=day, before=charges)
        value = qty * price * (instrument.multiplier * sign)
        account = self.accounts[order.account]
        realized = account.trade(order.con_id, qty * sign, value, commission)
        return commission, realized

    def correct(
        self, name: str, con_id: int, *, qty: Decimal, value: Decimal, bought: bool
    ) -> None:
        """Book the difference that a correction makes: signed quantity and value, and its side."""
        self.accounts[name].correct(con_id, qty, value, bought=bought)

    def roll_day(self) -> None:
        """Begin a new day in every account."""
        for account in self.accounts.values():
            account.roll_day(self.prices, self.multipliers)

    # -- what others ask --

    def positions(self, name: str) -> dict[int, Position]:
        """Return the positions of an account, flat ones of today included."""
        return self.accounts[name].positions

    def _required(
        self, account: Account, con_id: int = 0, qty: Decimal = ZERO, price: Decimal = ZERO
    ) -> Requirement:
        """Return the margin of all positions, where that of ``con_id`` is ``qty`` at ``price``."""
        initial = maintenance = ZERO
        if con_id:
            own = requirement(self.margin, qty, price, self.multipliers[con_id])
            initial, maintenance = own.initial, own.maintenance
        for each, held in account.positions.items():
            if each != con_id and held.qty:
                last = self.prices.get(each)
                worth = abs(held.average_cost()) if last is None else exact(last)
                one = requirement(self.margin, held.qty, worth, self.multipliers[each])
                initial += one.initial
                maintenance += one.maintenance
        return Requirement(initial, maintenance)

    def required(self, name: str) -> Requirement:
        """Return the margin of an account's positions."""
        return self._required(self.accounts[name])

    def equity(self, name: str) -> Decimal:
        """Return an account's cash and the worth of its positions."""
        return self.accounts[name].equity(self.prices, self.multipliers)

    def preview(self, order: Order, day: date) -> Preview:
        """Return what an order would do to margin and equity, and what it would cost."""
        account = self.accounts[order.account]
        held = account.positions.get(order.con_id)
        after = (held.qty if held is not None else ZERO) + order.qty * order.side.sign
        price = self._price_of(order) or ZERO
        charged = self.plan.charge(
            qty=order.qty, price=price, sell=order.side.sign < 0, day=day, before=OrderCharges()
        )
        equity = account.equity(self.prices, self.multipliers)
        return Preview(
            before=self._required(account),
            after=self._required(account, order.con_id, after, price),
            equity_before=equity,
            equity_after=equity - charged,
            commission=charged,
            currency=account.setup.currency,
            warning=""
            if price or order.order_type is not OrderType.MARKET
            else "No price is known",
        )

    def pnl(self, name: str, con_id: int | None = None) -> PnL:
        """Return profit and loss of an account, or of one of its positions."""
        account = self.accounts[name]
        positions = account.positions if con_id is None else {con_id: account.position(con_id)}
        daily = unrealized = realized = ZERO
        for each, held in positions.items():
            worth = held.value(self.prices.get(each), self.multipliers[each])
            daily += worth - held.day_value - held.day_outlay
            unrealized += worth - held.cost
            realized += held.realized - held.realized_before
        return PnL(daily, unrealized, realized)
