"""A contract of a hundred shares is a hundred shares, in every number of the view."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import CashAdopted, FillBooked, FillCorrected, Record
from robotrader.ledger import Ledger, LedgerView
from tests.robotrader.ledger.kit import (
    AAPL,
    ACCOUNT,
    CASH,
    KO,
    adopted,
    balanced,
    fee,
    fill,
    mixed,
    rolled,
)

OF = {AAPL.con_id: 100, KO.con_id: 5}
PRICE = {AAPL.con_id: 190.25, KO.con_id: 61.5}


def seen(records: list[Record], of: dict[int, int], prices: dict[int, float]) -> LedgerView:
    """The account in contracts of so many shares, at the end; it was looked at before, too."""
    book = Ledger(
        ACCOUNT, [msgspec.structs.replace(each, multiplier=of[each.con_id]) for each in (AAPL, KO)]
    )
    book.apply(CashAdopted(account=ACCOUNT, cash=CASH))
    for record in records:
        book.apply(record)
        book.view(prices)
    return book.view(prices)


def in_shares(records: list[Record]) -> list[Record]:
    """The same money, had each of a contract's shares been a contract at so much more."""
    whose = {each.family: each.con_id for each in records if isinstance(each, FillBooked)}
    return [
        msgspec.structs.replace(each, price=each.price * OF[whose[each.family]])
        if isinstance(each, FillBooked | FillCorrected)
        else each
        for each in records
    ]


def told(view: LedgerView) -> LedgerView:
    """The view without the prices of its positions, which are of another unit."""
    positions = {
        con_id: msgspec.structs.replace(each, mark=None) for con_id, each in view.positions.items()
    }
    return msgspec.structs.replace(view, positions=positions)


@given(mixed(), st.integers(-5, 5))
def test_a_multiplier_is_as_many_times_the_price_and_nothing_else(
    made: tuple[list[Record], list[Record]], more: int
) -> None:
    """Whatever is corrected, also before its fill came."""
    records = [*made[1], rolled("2026-11-20", "100500"), adopted(more, "250")]
    view = seen(records, OF, PRICE)
    plain = seen(
        in_shares(records),
        dict.fromkeys(OF, 1),
        {con_id: price * OF[con_id] for con_id, price in PRICE.items()},
    )
    assert told(view) == told(plain)
    assert balanced(view)


@given(mixed(), st.integers(-5, 5))
def test_a_position_is_worth_its_price_gains_what_that_is_above_its_cost_and_is_summed(
    made: tuple[list[Record], list[Record]], more: int
) -> None:
    view = seen([*made[1], adopted(more, "250")], OF, PRICE)
    gained = Fraction()
    for con_id, each in view.positions.items():
        worth = Fraction(each.qty) * Fraction(PRICE[con_id]) * OF[con_id]
        assert each.value is not None
        assert each.unrealized is not None
        assert Fraction(each.value) == worth
        assert Fraction(each.unrealized) == worth - Fraction(each.cost)
        average = Fraction(each.cost) / Fraction(each.qty)
        assert abs(Fraction(each.avg_cost) - average) <= Fraction(1, 10**8)
        gained += Fraction(each.unrealized)
    parts = [each.unrealized for each in view.strategies.values() if each.unrealized is not None]
    assert len(parts) == len(view.strategies)
    assert sum(map(Fraction, parts)) == gained


def test_a_contract_that_nobody_knows_is_counted_as_one_share() -> None:
    view = seen([fill("a", "BUY", 2, "100", con_id=7), fee("a", "1")], OF, {7: 110.0})
    assert (view.cash, view.value) == (CASH - 201, Decimal(220))
    assert view.positions[7].unrealized == 19
    assert view.strategies["s"].unrealized == 19
    assert view.equity is None
