"""What is said of a fill counts the same before it was booked and after, until it is too old."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.errors import DataValidationError
from robotrader.domain.records import CashAdopted, FillBooked, Record
from robotrader.ledger import Ledger
from robotrader.ledger import ledger as ledgers
from tests.robotrader.ledger.kit import (
    AAPL,
    ACCOUNT,
    CASH,
    KO,
    adopted,
    dec,
    fee,
    fill,
    fixed,
    ledger,
    rolled,
)
from tests.robotrader.ledger.test_trips import at

MARKS = {AAPL.con_id: 100.0, KO.con_id: 60.0}
BARE = msgspec.structs.replace(fill("a", "BUY", 10, "100"), exec_id="a")
"""Its id says no revision: it is the first word."""


def days(count: int) -> list[Record]:
    return [rolled(f"2026-11-{day:02d}", CASH) for day in range(1, count + 1)]


SAID = st.lists(
    st.one_of(
        st.builds(fixed, st.just("a"), st.integers(1, 12), st.just("100"), st.integers(0, 2)),
        st.builds(fee, st.just("a"), st.sampled_from(("1", "2", "3")), st.integers(0, 2)),
    ),
    min_size=3,
    max_size=8,
)


@given(SAID, st.integers(0, 8), st.sampled_from((BARE, fill("a", "BUY", 10, "100"))))
def test_a_fill_may_come_anywhere_among_what_is_said_of_it(
    said: list[Record], place: int, first: FillBooked
) -> None:
    """Of a revision that is said twice the first correction counts, and the last commission."""
    early = ledger(*said[:place], first, *said[place:])
    late = ledger(first, *said)
    assert early.view(MARKS) == late.view(MARKS)


def test_a_commission_alone_leaves_the_fill_as_it_is() -> None:
    both: list[Record] = [BARE, fee("a", "1")]
    for records in (both, both[::-1]):
        view = ledger(*records).view(MARKS)
        assert (view.position(AAPL.con_id), view.commissions) == dec(10, 1)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_commission_that_is_said_again_counts_as_it_was_said_last(place: int) -> None:
    said: list[Record] = [fee("a", "1"), fee("a", "2")]
    book = ledger(*said[:place], fill("a", "BUY", 10, "100"), *said[place:])
    assert book.view(MARKS).commissions == 2


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_older_revision_of_a_commission_does_not_count_after_a_newer_one(place: int) -> None:
    said: list[Record] = [fee("a", "1", revision=2), fee("a", "2", revision=1)]
    book = ledger(*said[:place], fill("a", "BUY", 10, "100"), *said[place:])
    assert book.view(MARKS).commissions == 1


def test_a_commission_of_an_id_without_a_revision_is_taken() -> None:
    said = msgspec.structs.replace(fee("a", "1"), exec_id="a")
    assert ledger(fill("a", "BUY", 10, "100"), said).view(MARKS).commissions == 1


@pytest.mark.parametrize(("count", "known"), [(10, True), (11, False)])
def test_what_never_found_its_fill_is_forgotten_after_ten_days_and_counted(
    count: int, known: bool
) -> None:
    book = ledger(*days(1), fixed("a", 8, "99"), fee("b", "1"), *days(1 + count)[1:])
    assert book.view({}).unmatched == (("a", "b") if known else ())
    assert book.forgotten == (0 if known else 2)


@pytest.mark.parametrize(("count", "known"), [(10, True), (11, False)])
def test_another_accounts_fill_is_known_for_ten_days(count: int, known: bool) -> None:
    """Until then what is said of it is not taken for something that waits for its fill."""
    book = ledger(*days(1), fill("x", "BUY", 9, "100", account="DU2"), *days(1 + count)[1:])
    assert [*book.snapshot().elsewhere] == (["x"] if known else [])
    book.apply(fee("x", "9"))
    assert book.view({}).unmatched == (() if known else ("x",))


def test_a_correction_that_makes_a_loss_a_gain_ends_the_streak() -> None:
    book = ledger(at(fill("a", "BUY", 10, "100"), 1), at(fill("b", "SELL", 10, "99"), 2))
    assert book.losses_ns() == (2,)
    book.apply(fixed("b", 10, "101"))
    assert book.losses_ns() == ()


def test_what_was_adopted_before_the_day_is_in_its_start() -> None:
    book = ledger(adopted(10, "100"), rolled("2026-11-20", CASH + 1_000))
    view = book.view({AAPL.con_id: 103.0})
    assert (view.capital, view.day_equity, view.daily) == dec(CASH + 1_000, CASH + 1_000, 30)
    assert view.peak == CASH + 1_030
    assert book.capital() == view.capital


def test_what_was_realized_and_paid_before_the_day_is_not_todays() -> None:
    book = ledger(fill("a", "BUY", 9, "100"), fee("a", "0.90"), fill("b", "SELL", 3, "110"))
    book.apply(rolled("2026-11-20", CASH))
    book.apply(fill("c", "SELL", 3, "120"))
    book.apply(fee("c", "2"))
    view = book.view(MARKS)
    assert (view.realized_today, view.commissions_today) == dec(Decimal("57.70"), 2)
    assert view.realized == book.realized() == Decimal("87.40")


@pytest.mark.parametrize("sign", [1, -1])
def test_one_share_is_adopted_on_its_side(sign: int) -> None:
    view = ledger(adopted(sign, "100")).view(MARKS)
    assert view.position(AAPL.con_id) == sign
    assert view.positions[AAPL.con_id].avg_cost == 100


def test_when_a_position_was_opened_that_is_adopted_is_not_known() -> None:
    (trade,) = ledger(adopted(5, "100")).snapshot().histories[AAPL.con_id].trades
    assert trade.time_ns == 0


def test_what_is_adopted_of_a_contract_or_in_a_currency_that_nobody_knows_is_doubted() -> None:
    """Also where nothing is missing."""
    book = ledger(adopted(0, "100", con_id=7))
    book.apply(CashAdopted(account=ACCOUNT, cash=CASH, currency="EUR"))
    book.apply(CashAdopted(account="DU2", cash=CASH, currency="GBP"))
    view = book.view(MARKS)
    assert ["contract 7" in view.doubts[0], *view.doubts[1:]] == [True, "cash was in EUR"]
    assert (view.cash, view.equity) == (CASH, None)


def test_so_many_days_starts_are_kept_and_no_more() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledgers, "KEPT_DAYS", 3)
        book = ledger(*days(5))
    assert [each.day for each in book.days(9)] == ["2026-11-03", "2026-11-04", "2026-11-05"]
    assert [each.day for each in book.days(1)] == ["2026-11-05"]


def test_a_view_is_a_copy_in_all_that_goes_on_with_the_ledger() -> None:
    book = ledger(at(fill("a", "BUY", 10, "100"), 1), at(fill("b", "SELL", 1, "101"), 2))
    view, before = book.view(MARKS), msgspec.json.encode(book.view(MARKS))
    book.apply(at(fill("c", "SELL", 9, "101", strategy="other"), 3))
    book.apply(at(fill("d", "SELL", 1, "50", con_id=KO.con_id, strategy="new"), 4))
    book.view(MARKS)
    assert msgspec.json.encode(view) == before


def test_the_first_revision_is_newer_than_an_id_that_says_none() -> None:
    book = ledger(BARE, fixed("a", 8, "99", revision=1))
    assert book.view(MARKS).position(AAPL.con_id) == 8


def test_a_reduction_that_is_taken_back_was_none() -> None:
    book = ledger(at(fill("a", "BUY", 10, "100"), 1), at(fill("b", "SELL", 1, "101"), 2))
    assert book.view(MARKS).reduced_ns == {AAPL.con_id: 2}
    book.apply(fixed("b", 0, "101"))
    assert book.view(MARKS).reduced_ns == {}


def test_a_snapshot_of_another_account_is_refused() -> None:
    with pytest.raises(DataValidationError, match="DU9"):
        Ledger("DU9", [AAPL], state=ledger().snapshot())


def test_a_contract_was_traded_from_its_first_fill_on_also_when_nothing_is_left() -> None:
    book = ledger(fill("a", "BUY", 10, "100"), fill("b", "SELL", 10, "100"))
    assert book.has_traded(AAPL.con_id) is True
    assert book.has_traded(KO.con_id) is False
    assert book.quantities() == {AAPL.con_id: 0}
