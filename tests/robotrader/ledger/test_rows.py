"""A view that keeps what has not changed is the view of a ledger that was made a moment ago."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Instrument
from robotrader.domain.records import CashAdopted, Record
from robotrader.ledger import Ledger
from robotrader.ledger import rows as kept_rows
from tests.robotrader.ledger.kit import ACCOUNT, adopted, fee, fill, fixed, rolled

CONTRACTS = [Instrument(con_id=n, symbol=f"S{n}", multiplier=1 + n % 2) for n in range(1, 8)]
CON_IDS = st.sampled_from([1, 2, 2, 1, 3, 4, 5, 6, 7])
PRICES = st.sampled_from((float("nan"), 0.0, 99.5, 100.0, 100.25))
FAMILIES = st.integers(0, 12).map(str)
FILLS = st.builds(
    lambda family, side, qty, con_id, who: fill(
        family, side, qty, "100.5", con_id=con_id, strategy=who
    ),
    FAMILIES, st.sampled_from(("BUY", "SELL")), st.integers(1, 9), CON_IDS,
    st.sampled_from(("a", "b", "")),
)  # fmt: skip
MOVES = st.tuples(CON_IDS, PRICES)
EVENTS = st.one_of(
    FILLS,
    FILLS,
    *[MOVES] * 5,
    st.builds(fixed, FAMILIES, st.integers(0, 9), st.just("101.25")),
    st.builds(fee, FAMILIES, st.sampled_from(("1", "0.35"))),
    st.builds(adopted, st.integers(-9, 9), st.just("99.125"), CON_IDS),
    st.builds(rolled, st.integers(1, 28).map(lambda day: f"2026-11-{day:02d}"), st.just("100000")),
    st.just("no price"),
)
"""Half of them are prices: a part that is not known has to be known again."""


def fresh(ledger: Ledger) -> Ledger:
    """Return a ledger that goes on from a snapshot, and has kept nothing."""
    return Ledger(ACCOUNT, CONTRACTS, state=ledger.snapshot())


@given(st.lists(EVENTS, min_size=10, max_size=40), st.sampled_from((1, 2, 3, 32)))
def test_whatever_happens_between_two_views_the_later_one_is_as_if_made_anew(
    events: list[Any], block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_rows, "BLOCK", block)
        ledger, marks = Ledger(ACCOUNT, CONTRACTS), dict.fromkeys(range(1, 8), 100.0)
        ledger.apply(CashAdopted(account=ACCOUNT, cash=Decimal(100_000)))
        for event in events:
            if isinstance(event, Record):
                ledger.apply(event)
            elif isinstance(event, tuple):
                marks[event[0]] = event[1]
            else:
                marks.clear()
            seen, anew = ledger.view(marks), fresh(ledger).view(marks)
            assert seen == anew
            assert list(seen.strategies) == list(anew.strategies)
            assert _texts(seen) == _texts(anew), "to the last digit that is shown"


@given(st.lists(EVENTS, min_size=10, max_size=30))
def test_every_position_and_strategy_that_is_another_is_told_to_have_moved(
    events: list[Any],
) -> None:
    ledger, marks = Ledger(ACCOUNT, CONTRACTS), dict[int, float]()
    before, places = ledger.view(marks), ledger.moved
    for event in events:
        if isinstance(event, Record):
            ledger.apply(event)
        elif isinstance(event, tuple):
            marks[event[0]] = event[1]
        seen, now = ledger.view(marks), ledger.moved
        moved, shown = now[0].since(places[0]), now[1].since(places[1])
        assert {*_other(before.positions, seen.positions)} <= {*(moved or ())}
        assert {*_other(before.strategies, seen.strategies)} <= {*(shown or ())}
        before, places = seen, now


def _other(before: dict[Any, Any], after: dict[Any, Any]) -> list[Any]:
    return [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]


def _texts(view: Any) -> list[str]:
    names = ("value", "gross", "cost", "realized", "unrealized", "equity", "capital", "daily")
    return [str(getattr(view, name)) for name in names]


def test_an_earlier_view_does_not_change_with_the_ledger() -> None:
    ledger = Ledger(ACCOUNT, CONTRACTS)
    ledger.apply(fill("1", "BUY", 5, "100", con_id=1))
    before = ledger.view({1: 100.0})
    ledger.apply(fill("2", "SELL", 5, "100", con_id=1))
    after = ledger.view({1: 101.0})
    assert (before.position(1), after.position(1)) == (Decimal(5), Decimal(0))
    assert (list(before.positions), list(after.positions)) == ([1], [])


def test_a_sum_that_was_rounded_is_exact_again_once_its_parts_can_be_added() -> None:
    ledger = Ledger(ACCOUNT, CONTRACTS)
    for con_id in (2, 4, 6):
        ledger.apply(fill(str(con_id), "BUY", 1, "100", con_id=con_id))
    fine = {2: 1e-300, 4: 3e17, 6: 100.25}
    for marks in (fine, {**fine, 6: 100.75}):
        ledger.view(marks)
    marks = {2: 99.5, 4: 100.5, 6: 100.75}
    seen = ledger.view(marks)
    assert _texts(seen) == _texts(fresh(ledger).view(marks))
    assert (seen.value, seen.gross) == (Decimal("300.75"), Decimal("300.75"))


def test_a_digit_that_a_large_part_hid_is_there_again_once_that_is_small() -> None:
    """A hundred and ten decimals beside fourteen places before the point are too many."""
    ledger = Ledger(ACCOUNT, CONTRACTS)
    for con_id in (2, 4):
        ledger.apply(fill(str(con_id), "BUY", 1, "100", con_id=con_id))
    for large in (5.5, 99999999999999.5, 7.5, 99999999999999.5, 5.5):
        seen = ledger.view({2: 1e-110, 4: large})
        if large < 10:
            assert str(seen.value) == str(seen.gross) == f"{large}{'0' * 108}1"


def test_what_is_shown_at_once_is_what_a_copy_shows_and_goes_on_with_the_ledger() -> None:
    ledger = Ledger(ACCOUNT, CONTRACTS)
    ledger.apply(fill("1", "BUY", 5, "100", con_id=1))
    now, copy = ledger.now({1: 100.0}), ledger.view({1: 100.0})
    assert now == copy
    ledger.apply(fill("2", "SELL", 5, "100", con_id=1))
    assert ledger.now({1: 101.0}).positions is now.positions == {}
    assert list(copy.positions) == [1]
