"""The regulatory fees on sales: the rate of the day, the maximum, rounding up to the cent."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.venue.fees import (
    CENT,
    SEC_RATES,
    TAF_RATES,
    NoRate,
    known_day,
    sale_fees,
    sec_fee,
    taf,
)

FIRST = max(SEC_RATES[0][0], TAF_RATES[0][0])
days = st.dates(FIRST, date(2030, 12, 31))
shares = st.integers(1, 10_000_000).map(Decimal)
dollars = st.integers(1, 10**12).map(lambda cents: Decimal(cents) / 100)


@pytest.mark.parametrize(
    ("first", "before", "fee"),
    [
        ("2014-03-18", "17.40", "22.10"),
        ("2018-05-22", "23.10", "13.00"),
        ("2019-04-16", "13.00", "20.70"),
        ("2020-02-18", "20.70", "22.10"),
        ("2021-02-25", "22.10", "5.10"),
        ("2023-02-27", "22.90", "8.00"),
        ("2024-05-22", "8.00", "27.80"),
        ("2025-05-14", "27.80", "0.00"),
    ],
)
def test_the_sec_fee_changes_on_the_day_that_the_notice_names(
    first: str, before: str, fee: str
) -> None:
    """FINRA's and the SEC's notices name the rate until a day and the one from it on."""
    day = date.fromisoformat(first)
    assert sec_fee(day - timedelta(1), Decimal(1_000_000)) == Decimal(before)
    assert sec_fee(day, Decimal(1_000_000)) == Decimal(fee)


@pytest.mark.parametrize(
    ("day", "a_thousand", "most"),
    [
        ("2012-03-01", "0.095", "4.75"),
        ("2021-12-31", "0.119", "5.95"),
        ("2022-12-31", "0.130", "6.49"),
        ("2023-12-31", "0.145", "7.27"),
        ("2025-12-31", "0.166", "8.30"),
        ("2026-01-01", "0.195", "9.79"),
    ],
)
def test_the_trading_activity_fee_is_that_of_its_day_and_has_a_maximum(
    day: str, a_thousand: str, most: str
) -> None:
    of = date.fromisoformat(day)
    assert taf(of, Decimal(1_000)) == Decimal(a_thousand)
    assert taf(of, Decimal(1_000_000)) == Decimal(most)


def test_a_share_sold_for_150_dollars_costs_two_cents_where_fees_are_rounded_up() -> None:
    """A broker's worked example of 2021: 0.000765 and 0.000119, a cent each."""
    day = date(2021, 3, 1)
    assert sec_fee(day, Decimal(150)) == Decimal("0.000765")
    assert sale_fees(day, Decimal(1), Decimal(150)) == Decimal("0.000884")
    assert sale_fees(day, Decimal(1), Decimal(150), cents_up=True) == Decimal("0.02")


@given(day=days, qty=shares, proceeds=dollars)
def test_rounding_up_adds_less_than_a_cent_to_each_fee(
    day: date, qty: Decimal, proceeds: Decimal
) -> None:
    for exact, rounded in (
        (sec_fee(day, proceeds), sec_fee(day, proceeds, cents_up=True)),
        (taf(day, qty), taf(day, qty, cents_up=True)),
    ):
        assert 0 <= rounded - exact < CENT
        assert rounded % CENT == 0


@given(day=days, qty=shares, more=shares, proceeds=dollars, up=st.booleans())
def test_selling_more_never_costs_less(
    day: date, qty: Decimal, more: Decimal, proceeds: Decimal, up: bool
) -> None:
    fees = sale_fees(day, qty, proceeds, cents_up=up)
    assert 0 <= fees <= sale_fees(day, qty + more, proceeds * 2, cents_up=up)


@pytest.mark.parametrize("table", [SEC_RATES, TAF_RATES])
def test_the_first_days_of_a_table_rise(table: tuple[tuple[date, Decimal], ...]) -> None:
    first_days = [row[0] for row in table]
    assert first_days == sorted(set(first_days))


def test_a_day_before_the_table_is_an_error_that_names_the_remedy() -> None:
    old = date(1999, 1, 4)
    with pytest.raises(NoRate, match=r"no SEC fee rate is known for 1999-01-04.*known_day"):
        sec_fee(old, Decimal(1))
    with pytest.raises(NoRate, match=r"no TAF rate is known for 1999-01-04.*rates='nearest'"):
        taf(old, Decimal(1))
    assert sale_fees(known_day(old), Decimal(1), Decimal(1)) > 0


@given(day=st.dates())
def test_every_known_day_has_rates_and_a_day_in_the_tables_is_itself(day: date) -> None:
    known = known_day(day)
    assert known >= FIRST
    assert known == day or day < FIRST
    assert sale_fees(known, Decimal(1), Decimal(1)) >= 0
