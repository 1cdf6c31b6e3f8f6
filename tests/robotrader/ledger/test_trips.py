"""Closed trades: what sizing learns from; invariant to shares, splits and restarts (F77, F78)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import FillBooked, Record
from robotrader.ledger import KEPT, Closed, Holding, Ledger, LedgerState, Lot
from robotrader.ledger.history import HistoryState
from robotrader.ledger.money import ZERO
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, KO, adopted, fee, fill, fixed, ledger

PRICES = st.integers(50, 200)
ROUNDS = st.lists(
    st.tuples(st.sampled_from(["BUY", "SELL"]), st.integers(1, 40), PRICES, PRICES), max_size=12
)


def at(record: FillBooked, time_ns: int) -> FillBooked:
    return msgspec.structs.replace(record, time_ns=time_ns)


def fills(rounds: list[tuple[str, int, int, int]], scale: int = 1, pieces: int = 1) -> list[Record]:
    """Each round is opened and closed; an order may come in several executions."""
    made: list[Record] = []
    for number, (side, qty, begin, end) in enumerate(rounds):
        back = "SELL" if side == "BUY" else "BUY"
        for name, way, price in (("in", side, begin), ("out", back, end)):
            for piece in range(pieces):
                record = fill(f"{number}{name}{piece}", way, qty * scale, str(price))
                made.append(at(record, number + 1))
    return made


@given(ROUNDS, st.integers(1, 1000), st.integers(1, 4))
def test_f77_a_trades_ratio_is_that_of_its_prices_whatever_the_number_of_shares_and_executions(
    rounds: list[tuple[str, int, int, int]], scale: int, pieces: int
) -> None:
    closed = ledger(*fills(rounds, scale, pieces)).closed("s", 1000)
    expected = [
        (end - begin) / begin * (1 if side == "BUY" else -1) for side, _, begin, end in rounds
    ]
    assert [each.ratio for each in closed] == pytest.approx(expected)
    assert [each.time_ns for each in closed] == list(range(1, len(rounds) + 1))


@given(ROUNDS, st.data())
def test_f78_the_history_is_the_same_after_a_restart_at_any_record(
    rounds: list[tuple[str, int, int, int]], data: st.DataObject
) -> None:
    records = fills(rounds)
    cut = data.draw(st.integers(0, len(records)))
    state = ledger(*records[:cut]).snapshot()
    again = Ledger(ACCOUNT, [AAPL, KO], state=state)
    for record in records[cut:]:
        again.apply(record)
    assert again.closed("s", 1000) == ledger(*records).closed("s", 1000)


def test_commissions_and_corrections_count_whenever_they_come() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), fill("b", "SELL", 10, "110"))
    book.apply(fee("a", "1"))
    book.apply(fee("b", "2"))
    assert book.closed("s", 1)[0].gain == 97
    book.apply(fixed("b", 10, "109"))
    assert book.closed("s", 1) == (Closed("s", 0, Decimal(1000), Decimal(87)),)


def test_a_correction_that_leaves_shares_opens_the_trade_again() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), fill("b", "SELL", 10, "110"))
    book.apply(fixed("b", 9, "110"))
    assert book.closed("s", 9) == ()


def test_an_addition_and_a_part_that_is_sold_are_one_trade() -> None:
    book = ledger(
        fill("a", "BUY", 10, "100"),
        fill("b", "BUY", 10, "110"),
        fill("c", "SELL", 5, "120"),
        fill("d", "SELL", 15, "120"),
    )
    assert book.closed("s", 9) == (Closed("s", 0, Decimal(2100), Decimal(300)),)


def test_a_flip_ends_one_trade_and_begins_the_next() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), fill("b", "SELL", 15, "110"))
    assert [each.gain for each in book.closed("s", 9)] == [100]
    book.apply(fill("c", "BUY", 5, "100"))
    assert [each.gain for each in book.closed("s", 9)] == [100, 50]


def test_a_trade_belongs_to_who_opened_it_also_when_another_closes_it() -> None:
    book = ledger(
        fill("a", "BUY", 10, "100", strategy="sma/AAPL"),
        fill("b", "SELL", 10, "90", strategy="kill-switch"),
        fill("c", "BUY", 1, "50", con_id=KO.con_id, strategy="sma/KO"),
        fill("d", "SELL", 1, "55", con_id=KO.con_id, strategy="sma/KO"),
    )
    assert [each.ratio for each in book.closed("sma", 9)] == [-0.1, 0.1]
    assert [each.ratio for each in book.closed("sma/KO", 9)] == [0.1]
    assert book.closed("kill-switch", 9) == book.closed("sm", 9) == ()


def test_what_is_adopted_away_is_no_trade_because_nobody_knows_its_price() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), adopted(0, "0"))
    assert book.closed("s", 9) == ()


def test_only_the_newest_are_kept_and_returned() -> None:
    book = ledger(*fills([("BUY", 1, 100, 101)] * (KEPT + 5)))
    found = book.closed("s", 1000)
    assert len(found) == KEPT
    assert found[-1].time_ns == KEPT + 5
    assert book.closed("s", 2) == found[-2:]
    assert book.closed("s", 0) == ()


def test_trades_of_several_contracts_are_told_in_the_order_in_which_they_were_over() -> None:
    book = ledger(
        at(fill("a", "BUY", 1, "100"), 1),
        at(fill("b", "BUY", 1, "50", con_id=KO.con_id), 2),
        at(fill("c", "SELL", 1, "55", con_id=KO.con_id), 3),
        at(fill("d", "SELL", 1, "110"), 4),
        at(fill("e", "BUY", 1, "50", con_id=KO.con_id), 5),
        at(fill("f", "SELL", 1, "55", con_id=KO.con_id), 6),
    )
    assert [each.time_ns for each in book.closed("s", 9)] == [3, 4, 6]


def test_a_trade_ends_although_another_strategy_still_holds_the_contract() -> None:
    book = ledger(
        fill("a", "BUY", 10, "100", strategy="a"),
        fill("b", "BUY", 10, "100", strategy="b"),
        fill("c", "SELL", 10, "101", strategy="a"),
    )
    assert [len(book.closed(name, 9)) for name in "ab"] == [1, 0]
    book.apply(fill("d", "SELL", 10, "102", strategy="b"))
    assert [[each.gain for each in book.closed(name, 9)] for name in "ab"] == [[10], [20]]


def test_a_trade_whose_beginning_nobody_knows_is_none_whatever_is_added_to_it() -> None:
    """Lots of a snapshot that kept no trades."""
    base = Holding(lots=(Lot(Decimal(10), Decimal(100), ZERO, "s"),))
    histories = {AAPL.con_id: HistoryState(base)}
    book = Ledger(ACCOUNT, [AAPL], state=LedgerState(account=ACCOUNT, histories=histories))
    for record in (fill("a", "SELL", 5, "110"), fill("b", "BUY", 5, "100")):
        book.apply(record)
    book.apply(fill("c", "SELL", 10, "110"))
    assert book.closed("s", 9) == ()
    assert book.realized() == 150


def test_a_trade_for_cents_is_one() -> None:
    book = ledger(fill("a", "BUY", 10, "0.05"), fill("b", "SELL", 10, "0.06"))
    assert [each.ratio for each in book.closed("s", 9)] == [pytest.approx(0.2)]
