"""What small mistakes in the ledger would change: orders of trades, halves of shares, old views."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import Record
from robotrader.ledger import Ledger, history
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, KO, fee, fill, fixed, ledger, rolled
from tests.robotrader.ledger.test_trips import at

D = Decimal


def trade(number: int, con_id: int, begin: str, end: str) -> list[Record]:
    """A share that is bought, and sold at that time."""
    return [
        at(fill(f"{number}in", "BUY", 1, begin, con_id=con_id), number),
        at(fill(f"{number}out", "SELL", 1, end, con_id=con_id), number),
    ]


@given(
    st.lists(
        st.tuples(st.booleans(), st.sampled_from(["99", "100", "101"])), min_size=4, max_size=12
    )
)
def test_a_streak_goes_over_all_contracts_newest_first(sold: list[tuple[bool, str]]) -> None:
    """Also where it was looked at before the newest trade."""
    book, expected = ledger(), tuple[int, ...]()
    for number, (is_aapl, end) in enumerate(sold, 1):
        for record in trade(number, AAPL.con_id if is_aapl else KO.con_id, "100", end):
            book.apply(record)
        expected = (number, *expected) if end == "99" else ()
        assert book.losses_ns() == expected


def test_what_was_given_for_nothing_has_no_ratio_and_is_no_trade() -> None:
    book = ledger(fill("a", "BUY", 10, "0"), fill("b", "SELL", 10, "5"))
    assert book.closed("s", 9) == ()
    assert book.view({}).realized == 50


@pytest.mark.parametrize(("side", "back"), [("BUY", "SELL"), ("SELL", "BUY")])
def test_half_a_share_is_closed_and_half_stays(side: str, back: str) -> None:
    book = ledger(fill("a", side, 1, "100"), fill("b", back, "0.5", "110"))
    sign = 1 if side == "BUY" else -1
    assert book.view({AAPL.con_id: 110.0}).position(AAPL.con_id) == sign * D("0.5")
    assert book.view({AAPL.con_id: 110.0}).realized == sign * 5


def test_a_position_was_made_smaller_when_a_fill_closed_some_of_it_and_never_when_one_added() -> (
    None
):
    book = ledger(at(fill("a", "BUY", 5, "100"), 7))
    assert book.view({}).reduced_ns == {}
    book.apply(at(fill("b", "SELL", 2, "100"), 9))
    assert book.view({}).reduced_ns == {AAPL.con_id: 9}
    book.apply(at(fill("c", "BUY", 2, "100"), 11))
    assert book.view({}).reduced_ns == {AAPL.con_id: 9}
    book.apply(at(fill("d", "SELL", 1, "100"), 8))
    assert book.view({}).reduced_ns == {AAPL.con_id: 9}, "what comes late is not the newest"


def test_strategies_whose_fills_were_taken_back_are_gone_and_the_others_are_as_they_were() -> None:
    names = [f"s{number}" for number in range(12)]
    book = ledger(*(fill(name, "BUY", 2, "100", strategy=name) for name in names))
    assert list(book.view({}).strategies) == sorted(names)
    for number, name in enumerate(names):
        book.apply(fixed(name, number % 2, "101"))
    seen = book.view({AAPL.con_id: 102.0})
    anew = Ledger(ACCOUNT, [AAPL, KO], state=book.snapshot()).view({AAPL.con_id: 102.0})
    assert seen.strategies == anew.strategies
    assert {
        name: each.cost for name, each in seen.strategies.items() if each.cost
    } == dict.fromkeys(names[1::2], 101)


@given(
    st.lists(
        st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 9)), min_size=1, max_size=30
    ),
    st.lists(st.tuples(st.integers(0, 29), st.integers(0, 9)), max_size=8),
    st.integers(1, 4),
)
def test_whatever_trade_is_corrected_the_books_are_as_if_it_had_been_so_at_once(
    trades: list[tuple[str, int]], corrections: list[tuple[int, int]], step: int
) -> None:
    """With checkpoints after so few trades that corrections come before and behind them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "STEP", step)
        book, sizes = ledger(), [qty for _, qty in trades]
        for number, (side, qty) in enumerate(trades):
            book.apply(fill(str(number), side, qty, str(100 + number)))
        for revision, (drawn, qty) in enumerate(corrections, 2):
            number = drawn % len(trades)
            book.apply(fixed(str(number), qty, str(100 + number), revision))
            sizes[number] = qty
    plain = ledger()
    for number, (side, _) in enumerate(trades):
        plain.apply(fill(str(number), side, 1, str(100 + number)))
        plain.apply(fixed(str(number), sizes[number], str(100 + number)))
    marks = {AAPL.con_id: 100.0}
    assert book.view(marks).positions == plain.view(marks).positions
    assert book.view(marks).realized == plain.view(marks).realized


def test_a_trade_that_nobody_has_looked_at_is_settled_as_any_other() -> None:
    """The newest trade is folded when somebody looks: here that is after its days have passed."""
    book = ledger(fill("f1", "BUY", 10, "5"), fee("f1", "1"))
    for day in range(1, 13):
        book.apply(rolled(f"2026-11-{day:02d}", "100000"))
    assert book.quantities() == {AAPL.con_id: Decimal(10)}
    assert not book.snapshot().histories[AAPL.con_id].trades, "it is folded for good"
    book.apply(fill("f2", "SELL", 10, "6"))
    assert book.realized() == Decimal(9)
