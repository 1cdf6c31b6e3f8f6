"""What only the broker can say: clock, shares to borrow, margin. Boundaries are exact."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Borrow, Intent, Leg, OrderType, Purpose
from robotrader.risk import Gate, Margin, RiskView, ratio, wish_of
from tests.robotrader.ledger.kit import AAPL
from tests.robotrader.risk.kit import MS, NOW, code, intent, judged, limits, other, view


def borrowing(shares: int | None, *, to_locate: bool = False, aapl: int = 0) -> RiskView:
    known = None if shares is None else Decimal(shares)
    return view(aapl=aapl, borrows={AAPL.con_id: Borrow(AAPL.con_id, known, to_locate)})


def margined(**figures: Any) -> RiskView:
    """A world in which the broker has answered for ten shares."""
    given_ = {"initial": 500, "maintenance": 250, "equity": 1_000, "at_ns": NOW, **figures}
    said: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, int) and name != "at_ns" else value
        for name, value in given_.items()
    }
    return view(margins={wish_of(intent(qty=10)): Margin(**said)})


@given(st.integers(-2_000_000_000, 2_000_000_000), st.integers(1, 2_000))
def test_a_clock_at_the_limit_passes_and_one_nanosecond_beyond_does_not(
    skew_ns: int, most_ms: int
) -> None:
    found = judged(intent(), view(skew_ns=skew_ns), max_clock_skew_ms=most_ms)
    assert found == ("" if abs(skew_ns) <= most_ms * MS else "clock")
    for sign in (1, -1):
        edge = view(skew_ns=sign * most_ms * MS)
        assert judged(intent(), edge, max_clock_skew_ms=most_ms) == ""
        beyond = view(skew_ns=sign * (most_ms * MS + 1))
        assert judged(intent(), beyond, max_clock_skew_ms=most_ms) == "clock"


def test_f63_a_clock_that_was_never_compared_blocks_entries_and_no_exit() -> None:
    assert judged(intent(), view(), max_clock_skew_ms=1_000) == "clock"
    assert judged(intent(), view(), max_clock_skew_ms=0) == "", "not looked at"
    leaving = intent("SELL", 5, purpose=Purpose.EXIT)
    assert judged(leaving, view(aapl=5), max_clock_skew_ms=1) == ""


@given(st.integers(-50, 50), st.integers(1, 100), st.integers(0, 100))
def test_a_short_sale_borrows_what_it_sells_beyond_what_is_held_or_borrowed_already(
    held: int, qty: int, shares: int
) -> None:
    needed = max(qty - held, 0) - max(-held, 0)
    seen = borrowing(shares, aapl=held)
    found = judged(intent("SELL", qty), seen, short_needs_borrow=True)
    assert found == ("" if needed <= shares else "borrow")


@pytest.mark.parametrize("seen", [view(), borrowing(None), borrowing(None, to_locate=True)])
def test_f63_a_short_sale_without_a_figure_or_to_be_located_is_refused(seen: RiskView) -> None:
    assert judged(intent("SELL"), seen, short_needs_borrow=True) == "borrow"
    assert judged(intent("SELL"), seen) == "", "where nobody looks at it"
    selling = replace(seen, others=(other("SELL", 3),))
    for world in (seen, selling):
        assert judged(intent("BUY"), world, short_needs_borrow=True) == "", "it borrows nothing"


def test_f63_what_needs_no_borrowed_share_needs_no_figure() -> None:
    """With a stop of its own a sale is an entry, although it leaves nothing less than nothing."""
    leg = Leg(order_type=OrderType.STOP, aux_price=Decimal(110))
    for qty, found in ((5, ""), (6, "borrow")):
        wanted = intent("SELL", qty, legs=(leg,))
        assert judged(wanted, view(aapl=5), short_needs_borrow=True) == found


def test_shares_that_have_to_be_located_do_not_count_however_many_there_are() -> None:
    assert judged(intent("SELL"), borrowing(10**6, to_locate=True), short_needs_borrow=True) == (
        "borrow"
    )


@pytest.mark.parametrize(
    ("figures", "found"),
    [
        ({}, ""),
        ({"initial": 1_000}, ""),
        ({"initial": 1_001}, "margin"),
        ({"maintenance": 1_000}, ""),
        ({"maintenance": 1_001}, "margin"),
        ({"why": "no permission"}, "margin"),
        ({"equity": 0}, "margin"),
        ({"at_ns": NOW - 2_000 * MS}, ""),
        ({"at_ns": NOW - 2_000 * MS - 1}, "margin"),
    ],
)
def test_margin_passes_up_to_equity_and_as_long_as_the_answer_is_new(
    figures: dict[str, Any], found: str
) -> None:
    assert judged(intent(qty=10), margined(**figures), max_margin=ratio(1)) == found


def test_only_a_part_of_equity_may_be_bound_where_the_limit_says_so() -> None:
    assert judged(intent(qty=10), margined(), max_margin=ratio("0.5")) == ""
    assert judged(intent(qty=10), margined(), max_margin=ratio("0.499")) == "margin"


def test_f63_a_margin_that_was_not_asked_for_blocks_entries_and_no_exit() -> None:
    assert judged(intent(qty=11), margined(), max_margin=ratio(1)) == "margin"
    assert judged(intent("SELL", 10), margined(), max_margin=ratio(1)) == "margin"
    leaving = intent("SELL", 5, purpose=Purpose.EXIT)
    assert judged(leaving, view(aapl=5), max_margin=ratio(1)) == ""


def test_the_most_that_would_pass_is_not_limited_by_margins_that_nobody_asked_for() -> None:
    gate = Gate(limits(max_margin=ratio(1), max_order_qty=Decimal(7)))
    assert gate.most(intent(qty=10), view(), NOW) == 7


ASKED = [
    intent(qty=10),
    intent(qty=11),
    intent(qty=8),
    intent(qty=0),
    intent("SELL", 5, purpose=Purpose.EXIT),
]


@pytest.mark.parametrize("wanted", ASKED)
@pytest.mark.parametrize("seen", [view(aapl=5), replace(margined(), ledger=view(aapl=5).ledger)])
def test_who_may_ask_gets_the_same_answer_and_none_where_only_the_margin_is_missing(
    wanted: Intent, seen: RiskView
) -> None:
    """None holds nothing and counts nothing: the same intent is judged once more."""
    limited = limits(max_margin=ratio(1), max_order_qty=Decimal(10))
    gate, plain = Gate(limited), Gate(limited)
    lacks = plain.lacks_margin(wanted, seen, NOW)
    found, expected = gate.judge(wanted, seen, NOW, asks=True), plain.judge(wanted, seen, NOW)
    if lacks:
        assert found is None
        assert (gate.reserved, gate.refusals, gate.approvals) == ((), {}, 0)
        assert gate.judge(wanted, seen, NOW) == expected
    else:
        assert found == expected
    assert (gate.reserved, gate.refusals) == (plain.reserved, plain.refusals)


def test_an_answer_of_the_broker_that_refuses_is_no_reason_to_ask_again() -> None:
    gate = Gate(limits(max_margin=ratio(1)))
    found = gate.judge(intent(qty=10), margined(why="no permission"), NOW, asks=True)
    assert found is not None
    assert code(found) == "margin"
