"""Positions, cash and profit against an independent count of single shares (F36-F44)."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.errors import DataValidationError
from robotrader.domain.records import CashAdopted, FillCorrected, Record, SymbolHalted
from robotrader.ledger import Ledger, LedgerState
from tests.robotrader.ledger.kit import (
    AAPL,
    ACCOUNT,
    CASH,
    KO,
    adopted,
    balanced,
    dec,
    fee,
    fill,
    fixed,
    groups,
    ledger,
    mixed,
    rolled,
)
from tests.robotrader.ledger.oracle import cash_spent, shares_of

MARKS = {AAPL.con_id: 190.25, KO.con_id: 61.5}
TOLERANCE = Fraction(1, 10**6)
"""A part of a commission is rounded to a hundred-millionth: a hundred of those."""


def test_f36_a_second_buy_adds_to_the_position() -> None:
    view = ledger(fill("a", "BUY", 10, "100"), fill("b", "BUY", 5, "110")).view(MARKS)
    assert view.position(AAPL.con_id) == 15
    assert view.positions[AAPL.con_id].cost == 1_550


@given(groups())
def test_f38_realized_profit_is_that_of_an_independent_lot_oracle(
    made: list[list[Record]],
) -> None:
    records = [record for group in made for record in group]
    view = ledger(*records).view(MARKS)
    expected = shares_of(records)
    for con_id, shares in expected.items():
        assert view.position(con_id) == shares.qty
        if shares.qty:
            assert abs(Fraction(view.positions[con_id].cost) - shares.cost) < TOLERANCE
    for name, part in view.strategies.items():
        each = sum((book.realized[name] for book in expected.values()), Fraction())
        assert abs(Fraction(part.realized) - each) < TOLERANCE
    assert view.cash is not None
    assert Fraction(CASH - view.cash) == cash_spent(records)


@given(groups())
def test_f38_without_commissions_the_oracle_is_met_to_the_last_digit(
    made: list[list[Record]],
) -> None:
    records: list[Record] = [r for group in made for r in group if not hasattr(r, "commission")]
    view = ledger(*records).view(MARKS)
    each = (sum(book.realized.values()) for book in shares_of(records).values())
    assert Fraction(view.realized) == sum(each, Fraction())


@given(mixed())
def test_f38_cash_and_cost_are_capital_and_realized_after_every_record(
    made: tuple[list[Record], list[Record]],
) -> None:
    book = ledger()
    for record in made[1]:
        book.apply(record)
        assert balanced(book.view({}))


@given(mixed())
def test_corrections_busts_and_commissions_count_the_same_in_any_order(
    made: tuple[list[Record], list[Record]],
) -> None:
    in_order, shuffled = made
    assert ledger(*in_order).view(MARKS) == ledger(*shuffled).view(MARKS)


@given(mixed(), st.data())
def test_f37_a_restart_at_any_record_changes_nothing_to_the_last_digit(
    made: tuple[list[Record], list[Record]], data: st.DataObject
) -> None:
    records: list[Record] = [rolled("2026-11-20", CASH), *made[1], adopted(3, "5")]
    cut = data.draw(st.integers(0, len(records)))
    whole = ledger(*records)
    kept = msgspec.msgpack.encode(ledger(*records[:cut]).snapshot())
    again = Ledger(ACCOUNT, [AAPL, KO], state=msgspec.msgpack.decode(kept, type=LedgerState))
    for record in records[cut:]:
        again.apply(record)
    assert again.view(MARKS) == whole.view(MARKS)
    assert again.snapshot() == whole.snapshot()


def test_f40_records_that_come_twice_change_nothing() -> None:
    records: list[Record] = [
        fill("a", "BUY", 10, "100"),
        fee("a", "1"),
        fixed("a", 8, "99"),
        fee("a", "1"),
    ]
    once, twice = ledger(*records), ledger(*records, *records)
    assert twice.view(MARKS) == once.view(MARKS)
    assert twice.ignored == 2, "the fill and its correction; a commission may be said again"


def test_a_fill_that_comes_again_in_a_higher_revision_is_a_correction() -> None:
    again = msgspec.structs.replace(fill("a", "BUY", 8, "99"), exec_id="a.02")
    first = fill("a", "BUY", 10, "100")
    for records in ([first, again], [again, first]):
        assert ledger(*records).view(MARKS).position(AAPL.con_id) == 8


def test_f41_floats_strings_and_what_is_no_number_never_become_money() -> None:
    good = ledger(fill("a", "BUY", 10, "100"))
    before = good.snapshot()
    for bad in (1.5, "10", None, Decimal("nan"), Decimal("inf"), Decimal("1e30"), True):
        for name in ("qty", "price"):
            record = msgspec.structs.replace(fill("b", "BUY", 1, "1"), **{name: bad})
            with pytest.raises(DataValidationError, match=r"b\.01"):
                good.apply(record)
    with pytest.raises(DataValidationError, match=r"quantity -1"):
        good.apply(fill("b", "BUY", -1, "1"))
    with pytest.raises(DataValidationError, match="none of BUY, SELL"):
        good.apply(fill("b", "BOUGHT", 1, "1"))
    with pytest.raises(DataValidationError, match="2026-11-23"):
        good.apply(rolled("yesterday", "1"))
    assert good.snapshot() == before


def test_f41_the_precision_of_the_calling_thread_does_not_matter() -> None:
    records: list[Record] = [
        fill("a", "BUY", 7, "123.45"),
        fee("a", "1.01"),
        fill("b", "SELL", 3, "126.78"),
    ]
    with localcontext(Context(prec=3)):
        view = ledger(*records).view(MARKS)
    assert view == ledger(*records).view(MARKS)
    assert view.cash == CASH - 7 * Decimal("123.45") - Decimal("1.01") + 3 * Decimal("126.78")


def test_f42_nothing_in_the_ledger_deletes_or_overwrites() -> None:
    public = {name for name in vars(Ledger) if not name.startswith("_")}
    asked = {"snapshot", "realized", "commissions", "capital", "days", "view", "closed", "traded"}
    asked |= {"losses_ns", "quantities", "has_traded", "moved", "now"}
    changing = public - asked
    assert changing == {"apply"}


def test_a_flip_closes_the_old_lots_and_opens_the_rest_at_its_own_price() -> None:
    view = ledger(fill("a", "BUY", 10, "100"), fill("b", "SELL", 15, "110")).view(
        {AAPL.con_id: 108.0}
    )
    assert view.position(AAPL.con_id) == -5
    assert view.realized == 100
    assert view.positions[AAPL.con_id].cost == -550
    assert view.unrealized == 10


def test_a_lot_belongs_to_the_strategy_that_opened_it() -> None:
    view = ledger(
        fill("a", "BUY", 10, "100", strategy="a"),
        fill("b", "BUY", 10, "104", strategy="b"),
        fill("c", "SELL", 15, "110", strategy="stop"),
        fee("c", "3"),
    ).view({AAPL.con_id: 120.0})
    assert view.strategies["a"].realized == 100 - 2
    assert view.strategies["b"].realized == 30 - 1
    assert view.strategies["b"].unrealized == 80
    assert view.strategies["stop"].realized == 0
    assert view.strategies["stop"].commissions == 3


def test_a_fill_of_somebody_else_counts_and_one_of_another_account_does_not() -> None:
    view = ledger(
        fill("a", "BUY", 10, "100", ref="", strategy=""),
        fill("x", "BUY", 99, "100", account="DU2"),
        fee("x", "9"),
        fixed("x", 98, "100"),
    ).view(MARKS)
    assert view.position(AAPL.con_id) == 10
    assert view.commissions == 0
    assert view.unmatched == ()


def test_a_bust_leaves_what_the_fill_cost_and_can_be_undone() -> None:
    book = ledger(fill("a", "SELL", 10, "100"), fee("a", "1"), fixed("a", 0, "100"))
    view = book.view(MARKS)
    assert (view.position(AAPL.con_id), view.realized, view.cash) == dec(0, -1, CASH - 1)
    book.apply(fixed("a", 4, "101", revision=3))
    view = book.view(MARKS)
    assert (view.position(AAPL.con_id), view.realized) == dec(-4, 0)


def test_what_has_no_fill_yet_is_shown_as_unmatched() -> None:
    book = ledger(fee("a", "1"), fixed("a", 8, "99"))
    assert book.view(MARKS).unmatched == ("a",)
    book.apply(fill("a", "BUY", 10, "100"))
    view = book.view(MARKS)
    assert view.unmatched == ()
    assert view.cash == CASH - 8 * 99 - 1


def test_a_multiplier_is_part_of_value_and_cost() -> None:
    option = msgspec.structs.replace(AAPL, multiplier=100)
    book = Ledger(ACCOUNT, [option])
    book.apply(CashAdopted(account=ACCOUNT, cash=CASH))
    book.apply(fill("a", "BUY", 2, "1.50"))
    view = book.view({AAPL.con_id: 1.75})
    assert (view.cash, view.value, view.unrealized) == dec(CASH - 300, 350, 50)


@given(groups(), st.integers(-20, 20))
def test_an_adopted_position_is_no_profit_and_moves_no_cash(
    made: list[list[Record]], qty: int
) -> None:
    book = ledger(*[record for group in made for record in group])
    before = book.view(MARKS)
    book.apply(adopted(qty, "77"))
    after = book.view(MARKS)
    assert after.position(AAPL.con_id) == qty
    assert (after.cash, after.realized) == (before.cash, before.realized)
    assert after.strategies.keys() <= before.strategies.keys() | {""}
    assert balanced(after)
    difference = qty - before.position(AAPL.con_id)
    if difference * before.position(AAPL.con_id) >= 0:
        assert after.cost - before.cost == difference * 77


def test_cash_that_is_adopted_again_is_no_profit() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), rolled("2026-11-20", CASH))
    book.apply(CashAdopted(account=ACCOUNT, cash=Decimal(5)))
    view = book.view({AAPL.con_id: 100.0})
    assert (view.cash, view.equity, view.daily, view.drawdown) == dec(5, 1_005, 0, 0)


def test_records_about_other_things_change_nothing() -> None:
    book = ledger(fill("a", "BUY", 10, "100"))
    before = book.snapshot()
    book.apply(SymbolHalted(con_id=AAPL.con_id, why="lost"))
    assert book.snapshot() == before


def test_old_trades_are_settled_and_count_as_before() -> None:
    book = Ledger(ACCOUNT, [AAPL], correctable_days=2)
    book.apply(CashAdopted(account=ACCOUNT, cash=CASH))
    for day in range(1, 29):
        book.apply(rolled(f"2026-11-{day:02d}", CASH))
        book.apply(fill(f"f{day}", "BUY" if day % 3 else "SELL", day, "10"))
        assert balanced(book.view({}))
    assert len(book.snapshot().histories[AAPL.con_id].trades) <= 3
    late = FillCorrected(family="f1", exec_id="f1.02", qty=Decimal(9), price=Decimal(9))
    book.apply(late)
    assert book.view({}).unmatched == ("f1",), "shown, not booked: positions are compared anyway"
    for day in range(1, 4):
        book.apply(rolled(f"2026-12-{day:02d}", CASH))
    assert book.forgotten == 1


@pytest.mark.parametrize(("days", "position"), [(10, 3), (11, 10)])
def test_a_fill_can_be_corrected_for_ten_days_and_no_longer(days: int, position: int) -> None:
    book = ledger(fill("a", "BUY", 10, "100"))
    for day in range(days):
        book.apply(rolled(f"2026-11-{day + 1:02d}", CASH))
    book.apply(fixed("a", 3, "100"))
    view = book.view(MARKS)
    assert view.position(AAPL.con_id) == position
    assert view.unmatched == (() if position == 3 else ("a",))


@given(st.integers(1, 200), st.data())
def test_a_correction_far_back_is_folded_like_one_that_was_there_from_the_start(
    count: int, data: st.DataObject
) -> None:
    fills: list[Record] = [
        fill(f"f{n}", "BUY" if n % 5 < 3 else "SELL", 1 + n % 7, str(10 + n % 13))
        for n in range(count)
    ]
    at = data.draw(st.integers(0, count - 1))
    late = ledger(*fills, fixed(f"f{at}", 3, "12"))
    early = ledger(*fills[: at + 1], fixed(f"f{at}", 3, "12"), *fills[at + 1 :])
    assert late.view(MARKS) == early.view(MARKS)
