"""Commissions and fees against the worked examples of IBKR's price list, and their properties."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.venue import CommissionPlan, FixedPlan, NoCommission, OrderCharges, TieredPlan
from robotrader.venue.fees import NoRate, sec_fee, taf

DAY = date(2025, 7, 1)


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
    plan, before, total = FixedPlan(), OrderCharges(), Decimal(0)
    for qty in (50, 50, 200):
        paid = plan.charge(qty=Decimal(qty), price=Decimal(25), sell=False, day=DAY, before=before)
        before = before.plus(Decimal(qty), Decimal(25), paid)
        total += paid
    assert total == Decimal("1.50") == cost(plan, 300, "25")


@given(
    pieces=st.lists(st.integers(1, 5_000), min_size=1, max_size=8),
    cents=st.integers(1, 50_000),
    sell=st.booleans(),
    plan=st.sampled_from([FixedPlan(), TieredPlan(), NoCommission()]),
)
def test_an_order_costs_the_same_however_it_is_cut(
    pieces: list[int], cents: int, sell: bool, plan: CommissionPlan
) -> None:
    price, before = Decimal(cents) / 100, OrderCharges()
    for qty in pieces:
        paid = plan.charge(qty=Decimal(qty), price=price, sell=sell, day=DAY, before=before)
        before = before.plus(Decimal(qty), price, paid)
    whole = plan.charge(
        qty=Decimal(sum(pieces)), price=price, sell=sell, day=DAY, before=OrderCharges()
    )
    assert abs(before.paid - whole) <= Decimal("0.000001") * len(pieces)
    assert 0 <= whole <= before.value * Decimal("0.01") + sum(pieces)


@pytest.mark.parametrize(
    ("day", "fee"),
    [("2022-05-14", "22.90"), ("2023-02-27", "8.00"), ("2024-05-22", "27.80"), ("2025-05-14", "0")],
)
def test_the_sec_fee_is_that_of_its_day(day: str, fee: str) -> None:
    assert sec_fee(date.fromisoformat(day), Decimal(1_000_000)) == Decimal(fee)


def test_the_trading_activity_fee_has_a_maximum() -> None:
    assert taf(date(2024, 1, 1), Decimal(1_000)) == Decimal("0.166")
    assert taf(date(2024, 1, 1), Decimal(100_000)) == Decimal("8.30")


def test_fees_are_taken_on_sales_only() -> None:
    assert cost(FixedPlan(), 1_000, "25", sell=True) == Decimal("5.00") + Decimal("0.166")
    assert cost(FixedPlan(), 1_000, "25") == Decimal("5.00")


def test_a_day_without_a_known_rate_is_an_error_where_rates_must_be_dated() -> None:
    with pytest.raises(NoRate, match="no SEC fee rate is known for 1999-01-04"):
        sec_fee(date(1999, 1, 4), Decimal(1))
    plan = FixedPlan(rates="dated")
    with pytest.raises(NoRate):
        plan.charge(
            qty=Decimal(1), price=Decimal(1), sell=True, day=date(1999, 1, 4), before=OrderCharges()
        )
