"""Commissions against the worked examples of IBKR's price list, and their properties."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.venue import CommissionPlan, FixedPlan, NoCommission, OrderCharges, TieredPlan
from robotrader.venue.fees import NoRate, sale_fees

DAY = date(2025, 7, 1)
PLANS: list[CommissionPlan] = [
    FixedPlan(),
    FixedPlan(cents_up=True),
    TieredPlan(),
    TieredPlan(Decimal(5_000_000), Decimal("0.003"), cents_up=True),
    NoCommission(),
]
fills = st.lists(st.tuples(st.integers(1, 200_000), st.integers(1, 50_000)), min_size=1, max_size=8)
"""Shares, and the price in cents, of each fill of an order."""


def charges(
    plan: CommissionPlan, pieces: list[tuple[int, int]], day: date, *, sell: bool
) -> tuple[list[Decimal], OrderCharges]:
    """Return what each fill costs, and the order's charges after the last one."""
    paid, before = [], OrderCharges()
    for shares, cents in pieces:
        qty, price = Decimal(shares), Decimal(cents) / 100
        paid.append(plan.charge(qty=qty, price=price, sell=sell, day=day, before=before))
        before = before.plus(qty, price, paid[-1])
    return paid, before


def cost(plan: CommissionPlan, qty: int, price: str, *, sell: bool = False) -> Decimal:
    return plan.charge(
        qty=Decimal(qty), price=Decimal(price), sell=sell, day=DAY, before=OrderCharges()
    )


@pytest.mark.parametrize(
    ("qty", "price", "charged"),
    [(100, "25", "1.00"), (1_000, "25", "5.00"), (1_000, "0.25", "2.50"), (10, "5", "0.50")],
)
def test_the_fixed_plan_charges_what_the_price_list_shows(
    qty: int, price: str, charged: str
) -> None:
    assert cost(FixedPlan(), qty, price) == Decimal(charged)


@pytest.mark.parametrize(
    ("month", "qty", "charged"),
    [
        (0, 100, "0.37"),
        (0, 1_000, "3.70"),
        (300_000, 1_000, "2.20"),
        (3_000_000, 1_000, "1.70"),
        (20_000_000, 1_000, "1.20"),
        (100_000_000, 1_000, "0.70"),
    ],
)
def test_the_tiered_plan_gets_cheaper_with_the_months_volume(
    month: int, qty: int, charged: str
) -> None:
    assert cost(TieredPlan(Decimal(month)), qty, "25") == Decimal(charged)


def test_the_minimum_is_of_the_order_and_not_of_each_fill() -> None:
    paid, after = charges(FixedPlan(), [(50, 2500), (50, 2500), (200, 2500)], DAY, sell=False)
    assert paid == [Decimal("1.00"), Decimal(0), Decimal("0.50")]
    assert after.paid == Decimal("1.50") == cost(FixedPlan(), 300, "25")


def test_the_cap_wins_over_the_minimum_until_the_order_is_worth_it() -> None:
    paid, _ = charges(FixedPlan(), [(1, 5000), (1, 5000), (8, 5000)], DAY, sell=False)
    assert paid == [Decimal("0.50"), Decimal("0.50"), Decimal(0)]


@given(
    pieces=fills, day=st.dates(date(2012, 7, 1)), sell=st.booleans(), plan=st.sampled_from(PLANS)
)
def test_an_order_costs_the_same_however_it_is_cut(
    pieces: list[tuple[int, int]], day: date, sell: bool, plan: CommissionPlan
) -> None:
    paid, after = charges(plan, pieces, day, sell=sell)
    whole = plan.charge(
        qty=after.qty, price=after.value / after.qty, sell=sell, day=day, before=OrderCharges()
    )
    assert abs(sum(paid) - whole) <= Decimal("0.000001") * len(pieces)


@given(pieces=fills, day=st.dates(), sell=st.booleans(), plan=st.sampled_from(PLANS))
def test_no_fill_costs_less_than_nothing(
    pieces: list[tuple[int, int]], day: date, sell: bool, plan: CommissionPlan
) -> None:
    paid, _ = charges(plan, pieces, day, sell=sell)
    assert min(paid) >= 0


@given(pieces=fills, day=st.dates(date(2012, 7, 1)), sell=st.booleans())
def test_an_order_never_costs_more_than_the_cap_and_the_fees(
    pieces: list[tuple[int, int]], day: date, sell: bool
) -> None:
    for plan, a_share in ((FixedPlan(), "0"), (TieredPlan(), "0.0002")):
        _, after = charges(plan, pieces, day, sell=sell)
        fees = sale_fees(day, after.qty, after.value) if sell else Decimal(0)
        most = after.value * Decimal("0.01") + after.qty * Decimal(a_share) + fees
        assert after.paid <= most + Decimal("0.000001") * len(pieces)


def test_a_rebate_of_the_exchange_lowers_the_tiered_charge() -> None:
    plan = TieredPlan(exchange_fee=Decimal("-0.0020"))
    assert cost(plan, 1_000, "25") == Decimal("3.50") + Decimal("0.20") - Decimal("2.00")


def test_fees_are_taken_on_sales_only() -> None:
    assert cost(FixedPlan(), 1_000, "25", sell=True) == Decimal("5.00") + Decimal("0.166")
    assert cost(FixedPlan(), 1_000, "25") == Decimal("5.00")


def test_fees_of_an_order_are_rounded_up_once_and_not_for_each_fill() -> None:
    paid, _ = charges(FixedPlan(cents_up=True), [(100, 2500)] * 10, DAY, sell=True)
    assert sum(paid) == Decimal("5.00") + Decimal("0.17")


def test_old_history_is_charged_the_first_known_rates_unless_rates_must_be_dated() -> None:
    old, pieces = date(1999, 1, 4), [(1_000, 2500)]
    paid, _ = charges(FixedPlan(), pieces, old, sell=True)
    assert paid == [Decimal("5.00") + Decimal("0.45") + Decimal("0.095")]
    with pytest.raises(NoRate, match="1999-01-04"):
        charges(FixedPlan(rates="dated"), pieces, old, sell=True)
    assert charges(FixedPlan(rates="dated"), pieces, old, sell=False)[0] == [Decimal("5.00")]
