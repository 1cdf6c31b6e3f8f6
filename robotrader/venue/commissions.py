"""What trading US stocks costs at IBKR Pro: fixed and tiered plans, minimum and cap for each order.

Rates from IBKR's page "Commissions: Stocks", United States. The minimum and the cap of 1 % of the
trade's value are of the whole order, so a plan is asked with what the order was charged so far: the
first fill pays the minimum, a later one only what goes beyond. Where 1 % is less than the minimum,
the cap wins. Regulatory fees (see ``fees``) come on top, on sales.

Left out of that page: the consolidated audit trail fee, the NYSE and FINRA pass-through fees of the
tiered plan (a share of the commission below a thousandth), and the minimum of a cent for orders of
less than one share. An order that crosses a tier of the month pays the rate it began with.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, Protocol

import msgspec

from robotrader.venue.fees import known_day, sale_fees, sec_fee, taf

if TYPE_CHECKING:
    from datetime import date

ZERO: Final = Decimal(0)
CAP: Final = Decimal("0.01")
FIXED_RATE: Final = Decimal("0.005")
FIXED_MINIMUM: Final = Decimal("1.00")
TIERED_MINIMUM: Final = Decimal("0.35")
TIERS: Final = (
    (Decimal(300_000), Decimal("0.0035")),
    (Decimal(3_000_000), Decimal("0.0020")),
    (Decimal(20_000_000), Decimal("0.0015")),
    (Decimal(100_000_000), Decimal("0.0010")),
    (Decimal("Infinity"), Decimal("0.0005")),
)
"""Shares a month up to which a rate holds, and the rate for a share."""

CLEARING: Final = Decimal("0.00020")
"""NSCC and DTC fees for a share, in the tiered plan."""

_PRECISION: Final = Decimal("0.000001")


class OrderCharges(msgspec.Struct, frozen=True, gc=False):
    """What an order was charged for so far: shares, their value and what was paid, in dollars."""

    qty: Decimal = ZERO
    value: Decimal = ZERO
    paid: Decimal = ZERO
    """Everything charged, fees included."""

    def plus(self, qty: Decimal, price: Decimal, paid: Decimal) -> OrderCharges:
        """Return the charges after one more fill."""
        return OrderCharges(self.qty + qty, self.value + qty * price, self.paid + paid)


NO_CHARGES: Final = OrderCharges()


class CommissionPlan(Protocol):
    """What one fill of an order costs."""

    def charge(
        self, *, qty: Decimal, price: Decimal, sell: bool, day: date, before: OrderCharges
    ) -> Decimal:
        """Return the commission and fees of a fill of an order that had ``before`` already."""
        ...


class Terms(msgspec.Struct, frozen=True, gc=False):
    """What an order costs that fills at once, in dollars; see ``_Plan``.

    A share costs ``rate``, the order ``minimum`` at least and a hundredth of its value at most;
    each share costs ``a_share`` more. ``sec`` (of a dollar's sale) and ``taf`` (of a share sold, at
    most ``taf_most``) are the fees on sales.
    """

    rate: Decimal = ZERO
    minimum: Decimal = ZERO
    a_share: Decimal = ZERO
    sec: Decimal = ZERO
    taf: Decimal = ZERO
    taf_most: Decimal = ZERO


class NoCommission:
    """Trading is free."""

    def terms(self, day: date) -> Terms:  # noqa: ARG002 - the plans have one signature
        """Return nothing."""
        return Terms()

    def charge(
        self,
        *,
        qty: Decimal,  # noqa: ARG002 - the plans have one signature
        price: Decimal,  # noqa: ARG002
        sell: bool,  # noqa: ARG002
        day: date,  # noqa: ARG002
        before: OrderCharges,  # noqa: ARG002
    ) -> Decimal:
        """Return 0."""
        return ZERO


def _order_commission(qty: Decimal, value: Decimal, rate: Decimal, minimum: Decimal) -> Decimal:
    """Return what a whole order costs without fees."""
    return min(max(qty * rate, minimum), value * CAP) if qty else ZERO


class _Plan:
    """A rate for a share with a minimum and a cap for the order, and regulatory fees on sales.

    ``rates`` says what happens on days before the first known regulatory rate: ``dated`` raises,
    ``nearest`` takes the first known one. ``cents_up`` rounds each regulatory fee of the whole
    order up to a cent.
    """

    minimum: Decimal
    rate: Decimal
    """The commission for a share."""

    a_share = ZERO
    """What exchanges and clearing houses take for a share."""

    def __init__(
        self, *, rates: Literal["dated", "nearest"] = "nearest", cents_up: bool = False
    ) -> None:
        self._exact = rates == "dated"
        self._cents_up = cents_up

    def charge(
        self, *, qty: Decimal, price: Decimal, sell: bool, day: date, before: OrderCharges
    ) -> Decimal:
        """Return the commission and fees of a fill, to a millionth of a dollar.

        Raises:
            NoRate: with ``rates="dated"``, for a sale on a day before the first known rate.
        """
        rate, value = self.rate, qty * price
        whole = _order_commission(before.qty + qty, before.value + value, rate, self.minimum)
        charged = whole + qty * self.a_share
        if before.qty:
            charged -= _order_commission(before.qty, before.value, rate, self.minimum)
        if sell:
            charged += self._fees(qty, value, day, before)
        return charged.quantize(_PRECISION)

    def terms(self, day: date) -> Terms | None:
        """Return the terms of a day; None where fees are rounded one by one, or rates are missing.

        ``charge`` says what an order costs: this is what it says it by.
        """
        if self._exact or self._cents_up:
            return None
        of = known_day(day)
        rate, most = taf(of, Decimal(1)), taf(of, Decimal(10**12))
        return Terms(self.rate, self.minimum, self.a_share, sec_fee(of, Decimal(1)), rate, most)

    def _fees(self, qty: Decimal, value: Decimal, day: date, before: OrderCharges) -> Decimal:
        """Return what a sale adds to its order's regulatory fees: their maximum is the order's."""
        of, up = day if self._exact else known_day(day), self._cents_up
        fees = sale_fees(of, before.qty + qty, before.value + value, cents_up=up)
        if before.qty:
            fees -= sale_fees(of, before.qty, before.value, cents_up=up)
        return fees


class FixedPlan(_Plan):
    """USD 0.005 a share, everything included but regulatory fees."""

    minimum = FIXED_MINIMUM
    rate = FIXED_RATE


class TieredPlan(_Plan):
    """A rate by the shares traded this month, plus clearing and exchange fees.

    ``exchange_fee`` is for a share; negative where liquidity is paid for.
    """

    minimum = TIERED_MINIMUM

    def __init__(
        self,
        shares_this_month: Decimal = ZERO,
        exchange_fee: Decimal = ZERO,
        *,
        rates: Literal["dated", "nearest"] = "nearest",
        cents_up: bool = False,
    ) -> None:
        super().__init__(rates=rates, cents_up=cents_up)
        self.rate = next(rate for most, rate in TIERS if shares_this_month < most)
        self.a_share = CLEARING + exchange_fee
