"""What was approved lately against a plain list of it, and what is forgotten first."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Quote
from robotrader.domain.records import DayRolled, Ending, OrderDone, OrderIntended
from robotrader.ledger import log as log_module
from robotrader.risk import past as past_module
from robotrader.risk.past import MINUTE_NS, REMEMBERED, SECOND_NS, Echo, Past, PastState, echo_of
from robotrader.risk.quotes import Quotes
from tests.robotrader.risk.kit import intent, limit_order

D = Decimal
TIMES = st.lists(st.integers(0, 200), max_size=12)


def echo(number: int) -> Echo:
    return ("s", number, "BUY", D(1), "MKT", None, None)


def placed(ref: str, **fields: Any) -> OrderIntended:
    known: dict[str, Any] = {
        "ref": ref, "order_id": 1, "generation": 1, "symbol": "AAPL", "con_id": 7,
        "account": "DU1", "side": "BUY", "qty": D(1), "order_type": "MKT", "strategy": "s",
        "wall_ns": 5,
    }  # fmt: skip
    return OrderIntended(**{**known, **fields})


def entries(past: Past) -> tuple[int, int]:
    return past.entries, past.cancels


@pytest.mark.parametrize(("of", "window_ns"), [("last_second", 1), ("last_minute", 60)])
@given(times=TIMES)
def test_a_window_has_what_came_after_its_beginning_and_not_what_came_at_it(
    of: str, window_ns: int, times: list[int]
) -> None:
    """Also after a snapshot, in whatever order the clock was when they came."""
    begin_ns = 10_000 * SECOND_NS
    at_ns = tuple(begin_ns + each * SECOND_NS // 4 for each in times)
    past = Past(PastState(at_ns=at_ns))
    for later in range(0, 260, 7):
        now_ns = begin_ns + later * SECOND_NS // 4
        expected = sum(each > now_ns - window_ns * SECOND_NS for each in at_ns)
        assert getattr(past, of)(now_ns) == expected
    assert MINUTE_NS == 60 * SECOND_NS


def test_what_a_snapshot_keeps_is_all_there_is() -> None:
    past = Past()
    past.begin("2026-11-20")
    for number, at_ns in enumerate((5, 9, 7)):
        past.add(echo(number), at_ns)
    past.replay(placed("a", wall_ns=11))
    past.follow(placed("b"))
    past.follow(OrderDone(ref="a", ending=Ending.CANCELLED))
    state = past.state()
    assert state == PastState(
        at_ns=(5, 9, 7, 11),
        echoes=(
            (echo(0), 5), (echo(1), 9), (echo(2), 7), (("s", 7, "BUY", D(1), "MKT", None, None), 11)
        ),
        day="2026-11-20", today=4, entries=2, cancels=1, working=("b",),
    )  # fmt: skip
    again = Past(state)
    assert again.state() == state
    assert again.same(echo(1)) == 9
    assert again.same(echo(8)) is None
    again.follow(OrderDone(ref="b", ending=Ending.CANCELLED))
    assert entries(again) == (2, 2)
    assert again.last_minute(7 + MINUTE_NS) == 2, "the clock was set back: 9 and 11 count"


def test_an_order_of_the_journal_is_remembered_as_what_its_intent_was() -> None:
    wanted = limit_order("SELL", 3, "101.5")
    past = Past()
    order = placed(
        "a", con_id=wanted.con_id, side="SELL", qty=D(3), order_type="LMT", limit_price=D("101.5"),
    )  # fmt: skip
    past.replay(order)
    assert past.same(echo_of(wanted)) == 5
    assert past.same(echo_of(limit_order("SELL", 3, "101.6"))) is None
    assert past.same(echo_of(intent("SELL", 3))) is None
    assert (past.today, past.last_minute(5)) == (1, 1)


def test_legs_are_no_approvals_and_what_reduces_is_no_entry() -> None:
    past = Past()
    past.replay(placed("a", parent_ref="p"))
    assert (past.today, entries(past)) == (0, (0, 0))
    past.replay(placed("b", reduces=True))
    assert (past.today, entries(past)) == (1, (0, 0))
    past.replay(placed("c"))
    assert (past.today, entries(past)) == (2, (1, 0))
    past.follow(placed("d"))
    assert (past.today, entries(past)) == (2, (2, 0)), "what this run approves it has counted"


def test_an_entry_that_ends_is_cancelled_once_and_only_if_it_was() -> None:
    past = Past()
    for ref in "abc":
        past.follow(placed(ref))
    past.follow(OrderDone(ref="a", ending=Ending.FILLED))
    past.follow(OrderDone(ref="a", ending=Ending.CANCELLED))
    assert entries(past) == (3, 0), "it is over already"
    past.follow(OrderDone(ref="b", ending=Ending.CANCELLED))
    past.follow(OrderDone(ref="b", ending=Ending.CANCELLED))
    past.follow(OrderDone(ref="x", ending=Ending.CANCELLED))
    assert entries(past) == (3, 1)
    assert past.state().working == ("c",)


def test_another_day_begins_with_nothing_and_the_same_day_does_not() -> None:
    past = Past()
    past.begin("one")
    past.add(echo(1), 5)
    past.follow(placed("a"))
    past.follow(placed("b"))
    past.follow(OrderDone(ref="a", ending=Ending.CANCELLED))
    past.follow(DayRolled(day="one", equity=D(1)))
    assert (past.today, entries(past)) == (1, (2, 1))
    past.follow(DayRolled(day="two", equity=D(1)))
    assert (past.day, past.today, entries(past)) == ("two", 0, (0, 0))
    assert past.last_minute(5) == 1, "a minute knows no midnight"
    past.follow(OrderDone(ref="b", ending=Ending.CANCELLED))
    assert entries(past) == (0, 1)


def test_of_too_many_echoes_the_older_half_is_forgotten_by_their_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_module, "REMEMBERED", 6)
    past = Past()
    for number, at_ns in enumerate((7, 1, 6, 2, 5, 3)):
        past.add(echo(number), at_ns)
    assert all(past.same(echo(number)) for number in range(6)), "so many are remembered"
    past.add(echo(6), 4)
    kept = {number: past.same(echo(number)) for number in range(7)}
    assert kept == {0: 7, 1: None, 2: 6, 3: None, 4: 5, 5: None, 6: 4}
    assert len(past.state().at_ns) == 6, "nor more approvals"


def test_of_too_many_working_entries_the_oldest_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(past_module, "REMEMBERED", 3)
    past = Past()
    for ref in "abc":
        past.follow(placed(ref))
    assert past.state().working == ("a", "b", "c")
    past.follow(placed("d"))
    assert past.state().working == ("b", "c", "d")


def test_approvals_leave_the_minute_at_its_end_to_the_nanosecond() -> None:
    past = Past()
    past.add(echo(1), 1_000)
    past.add(echo(2), 1_000 + MINUTE_NS - 1)
    assert len(past.state().at_ns) == 2
    past.add(echo(3), 1_000 + MINUTE_NS)
    assert past.state().at_ns == (1_000 + MINUTE_NS - 1, 1_000 + MINUTE_NS)


@given(st.integers(1, 4), st.lists(st.integers(1, 3), max_size=40), st.data())
def test_the_log_of_quotes_says_all_that_is_new_or_that_it_has_forgotten(
    remembered: int, changed: list[int], data: st.DataObject
) -> None:
    """Only who was away for more changes than are remembered is told to look at all of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_module, "REMEMBERED", remembered)
        quotes, places = Quotes(), []
        for number, con_id in enumerate(changed):
            places.append(quotes.mark())
            quotes[con_id] = Quote(con_id, number, 1.0, 1.0, 1, 1)
        assert quotes.mark().since(quotes.mark()) == []
        for at, place in enumerate(places):
            since = quotes.mark().since(place)
            assert since is None or list(since) == changed[at:]
            assert since is not None or len(changed) - at > remembered
            assert since is None or len(since) < 2 * remembered
    assert dict(quotes) == {
        con_id: Quote(con_id, at, 1.0, 1.0, 1, 1) for at, con_id in enumerate(changed)
    }
    assert remembered < REMEMBERED
