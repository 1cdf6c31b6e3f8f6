"""What is daily, what is unknown, what is the newest: F37, F39, F44, F47-F49."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import Record
from robotrader.ledger import Ledger, LedgerView, market_price, profit
from tests.robotrader.ledger.kit import (
    AAPL,
    ACCOUNT,
    CASH,
    KO,
    adopted,
    dec,
    fee,
    fill,
    groups,
    ledger,
    rolled,
)


def worth(book: Ledger, price: float) -> LedgerView:
    return book.view({AAPL.con_id: price, KO.con_id: price})


def equity(view: LedgerView) -> Decimal:
    assert view.equity is not None
    return view.equity


def test_f49_a_golden_book_of_three_days() -> None:
    """100 shares are bought on Friday at 100 and held; every day is marked to market."""
    book = ledger(rolled("2026-11-20", CASH), fill("a", "BUY", 100, "100"), fee("a", "1"))
    friday = worth(book, 103)
    assert (friday.daily, friday.unrealized, friday.realized_today) == dec(299, 299, 0)
    book.apply(rolled("2026-11-23", equity(friday)))
    monday = worth(book, 101)
    assert (monday.daily, monday.unrealized) == dec(-200, 99)
    book.apply(rolled("2026-11-24", equity(monday)))
    book.apply(fill("b", "SELL", 100, "106"))
    book.apply(fee("b", "2"))
    tuesday = worth(book, 1)
    assert (tuesday.daily, tuesday.realized_today, tuesday.commissions_today) == dec(498, 597, 2)
    book.apply(rolled("2026-11-25", equity(tuesday)))
    days = book.days(4)
    assert profit(days[0], days[3]) == 299 - 200 + 498
    assert profit(days[1], days[2]) == -200
    assert worth(book, 1).daily == 0


def test_f44_a_day_begins_once_even_after_a_restart_in_the_middle_of_it() -> None:
    book = ledger(rolled("2026-11-20", CASH), fill("a", "BUY", 100, "100"))
    book = Ledger(ACCOUNT, [AAPL], state=book.snapshot())
    before = worth(book, 104)
    book.apply(rolled("2026-11-20", equity(before)))
    book.apply(rolled("2026-11-19", equity(before)))
    assert worth(book, 104) == before
    assert before.daily == 400
    assert book.ignored == 2


def test_f47_without_a_price_every_sum_over_it_is_unknown() -> None:
    book = ledger(
        rolled("2026-11-20", CASH), fill("a", "BUY", 1, "100"), fill("b", "SELL", 1, "99")
    )
    assert book.view({}).equity == CASH - 1, "nothing is held: no price is needed"
    book.apply(fill("c", "BUY", 1, "100"))
    book.apply(fill("d", "BUY", 1, "60", con_id=KO.con_id))
    for marks in ({}, {KO.con_id: 60.0}):
        view = book.view(marks)
        assert view.cash == CASH - 161
        assert view.positions[AAPL.con_id].value is None
        totals = (view.equity, view.value, view.gross, view.unrealized, view.daily, view.drawdown)
        assert totals == (None,) * 6
        assert view.strategies["s"].unrealized is None


@pytest.mark.parametrize("price", [float("nan"), float("inf"), 0.0, -1.0, None, "100", True])
def test_f47_what_is_no_price_is_an_unknown_price(price: float) -> None:
    assert market_price(price) is None
    view = ledger(fill("a", "BUY", 1, "100")).view({AAPL.con_id: price})
    assert view.positions[AAPL.con_id].mark is None
    assert view.equity is None


def test_f47_nothing_is_known_before_cash_and_a_day_are() -> None:
    book = ledger(rolled("2026-11-20", CASH), fill("a", "BUY", 1, "100"), cash=None)
    view = worth(book, 100)
    assert (view.cash, view.capital, view.equity, view.peak) == (None,) * 4
    assert (view.day, view.day_equity) == ("", None)
    view = worth(ledger(), 100)
    assert (view.equity, view.daily, view.realized_today, view.drawdown) == (CASH, *(None,) * 3)


def test_f47_a_contract_or_a_currency_that_is_not_known_makes_equity_unknown() -> None:
    view = ledger(fill("a", "BUY", 1, "100", con_id=7), fill("b", "SELL", 1, "100", con_id=7)).view(
        {7: 1.0}
    )
    assert view.equity is None
    assert "contract 7" in view.doubts[0]
    view = ledger(fill("a", "BUY", 1, "100"), fee("a", "1", currency="EUR")).view(
        {AAPL.con_id: 1.0}
    )
    assert view.equity is None
    assert view.doubts == ("a commission was in EUR",)


def test_f48_the_newest_days_are_returned_not_the_oldest() -> None:
    book = ledger()
    names = [f"{2024 + n // 336}-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}" for n in range(1_000)]
    for number, name in enumerate(names):
        book.apply(rolled(name, CASH + number))
    assert [mark.day for mark in book.days(365)] == names[-365:]
    assert book.days(0) == ()
    assert len(book.days(5_000)) == 1_000


def test_drawdown_is_measured_from_the_highest_start_of_a_day_or_now() -> None:
    book = ledger(rolled("2026-11-20", CASH), fill("a", "BUY", 100, "100"))
    assert worth(book, 120).drawdown == 0
    book.apply(rolled("2026-11-23", CASH + 2_000))
    view = worth(book, 90)
    assert (view.peak, view.drawdown) == dec(CASH + 2_000, 3_000)
    book.apply(rolled("2026-11-24", CASH - 1_000))
    assert worth(book, 95).drawdown == 2_500, "a new day does not forgive"


def test_what_is_adopted_moves_the_days_start_and_the_peak() -> None:
    book = ledger(rolled("2026-11-20", CASH))
    book.apply(adopted(10, "100"))
    view = worth(book, 101)
    assert (view.equity, view.daily, view.peak) == dec(CASH + 1_010, 10, CASH + 1_010)


@given(groups(), st.integers(1, 60_000))
def test_f39_every_total_is_the_sum_of_what_it_is_made_of(
    made: list[list[Record]], cents: int
) -> None:
    view = worth(ledger(*[record for group in made for record in group]), cents / 100)
    assert view.value is not None
    assert view.unrealized is not None
    parts = view.strategies.values()
    assert view.equity == CASH + view.realized + view.unrealized
    assert view.cost == sum(each.cost for each in parts)
    assert view.realized == sum(each.realized for each in parts)
    assert view.commissions == sum(each.commissions for each in parts)
    assert view.unrealized == sum(each.unrealized or Decimal(0) for each in parts)
    assert view.gross == sum(abs(each.value or Decimal(0)) for each in view.positions.values())
