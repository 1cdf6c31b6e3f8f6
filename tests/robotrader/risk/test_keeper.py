"""What the gate's keeper remembers between an approval and what the journal says of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Approved, CancelWish, Intent, OrderState, Purpose, Quote, Refusal
from robotrader.domain.records import DayRolled, SymbolHalted, SymbolResumed
from robotrader.execution import OrderView
from robotrader.execution.effects import Released
from robotrader.risk import Gate, Keeper, keeper
from robotrader.strategies import Ended, Standings
from tests.robotrader.ledger.kit import AAPL, KO, fill, ledger, rolled
from tests.robotrader.risk.kit import NOW, intent, limits, view

D = Decimal


def kept(**changed: Any) -> Keeper:
    return Keeper(Gate(limits(**changed)), ledger(rolled("2026-11-20", "100000")), Standings())


def approved(of: Keeper, qty: int = 10, **fields: Any) -> Approved:
    found = of.judge(intent(qty=qty, **fields), view(), NOW)
    assert isinstance(found, Approved)
    return found


def order(of: Intent, **fields: Any) -> OrderView:
    seen = OrderView(
        ref=f"rt-{of.cause}", order_id=1, strategy=of.strategy, con_id=of.con_id, symbol=of.symbol,
        side=of.side.value, state=OrderState.WORKING, qty=of.qty, filled=D(0), reserved=of.qty,
        reduces=False, cause=of.cause,
    )  # fmt: skip
    return replace(seen, **fields)


def held(of: Keeper) -> dict[int, Decimal]:
    return {each.number: each.qty for each in of.gate.reserved}


def test_a_refusal_says_so_and_is_told_to_its_strategy() -> None:
    one = kept(max_order_qty=D(5))
    found = one.judge(intent(qty=6), view(), NOW)
    assert not isinstance(found, Approved)
    refusal, news = found
    assert isinstance(refusal, Refusal)
    assert refusal.code == "order_qty"
    assert (news.strategy, news.con_id) == ("s", AAPL.con_id)
    assert isinstance(news.event, Ended)
    assert news.event.cause == "tick-1"
    assert news.event.why == f"order_qty: {refusal.why}"


def test_an_approval_works_for_its_strategy_until_it_is_given_back() -> None:
    one = kept()
    first = approved(one)
    second = approved(one, cause="tick-2")
    working = one.standings.standing("s", AAPL.con_id).working
    assert working == {"tick-1": 10, "tick-2": 10}
    news = one.give_back(first, "nobody was there")
    assert (news.strategy, news.con_id) == ("s", AAPL.con_id)
    assert isinstance(news.event, Ended)
    assert (news.event.cause, news.event.why) == ("tick-1", "nobody was there")
    assert held(one) == {second.reservation: 10}
    assert one.standings.standing("s", AAPL.con_id).working == {"tick-2": 10}


def test_an_order_counts_by_its_reservation_or_by_itself_and_never_twice() -> None:
    one = kept()
    found = approved(one)
    mine, stranger = order(found.intent), order(intent(cause="another"))
    one.told(mine)
    one.told(stranger)
    assert one.others() == [stranger]
    leg = order(found.intent, ref="leg", parent_ref=mine.ref, yields=True)
    one.told(leg)
    assert one.others() == [stranger, leg], "a leg has no reservation of its own"
    one.told(replace(leg, reserved=D(0)))
    assert one.others() == [stranger]
    one.told(replace(mine, reserved=D(0)))
    one.told(mine)
    assert one.others() == [stranger, mine], "what was over is not the gate's any more"


def test_a_cancel_of_what_is_no_order_yet_waits_for_the_order() -> None:
    one = kept()
    found = approved(one)
    wish = CancelWish(strategy="s", ref="tick-1", cause="tick-2")
    assert one.cancels(wish) == []
    assert one.told(order(found.intent, ref="leg", parent_ref="rt", yields=True)) is None
    mine = order(found.intent)
    assert one.told(mine) == replace(wish, ref=mine.ref)
    assert one.told(mine) is None, "once"
    assert one.cancels(wish) == [replace(wish, ref=mine.ref)]


def test_a_cancel_that_came_early_goes_with_its_intent() -> None:
    one = kept()
    wish = CancelWish(strategy="s", ref="tick-1", cause="tick-2")
    first = approved(one)
    one.cancels(wish)
    one.give_back(first, "nobody was there")
    assert one.told(order(first.intent)) is None
    ended = kept()
    second = approved(ended)
    ended.cancels(wish)
    assert ended.told(replace(order(second.intent), reserved=D(0))) is None
    assert ended.told(order(second.intent)) is None
    unknown = kept()
    assert unknown.cancels(wish) == []
    third = approved(unknown)
    assert unknown.told(order(third.intent)) is None, "what nobody had approved was not waited for"


def test_a_cancel_of_what_waits_for_its_margin_ends_what_it_becomes() -> None:
    wish = CancelWish(strategy="s", ref="tick-1", cause="tick-2")
    one = kept()
    assert one.cancels(wish, waits=True) == []
    found = approved(one)
    mine = order(found.intent)
    assert one.told(mine) == replace(wish, ref=mine.ref)


def test_the_end_of_a_leg_leaves_its_entrys_reservation_alone() -> None:
    one = kept()
    found = approved(one)
    one.told(order(found.intent))
    one.told(order(found.intent, ref="leg", parent_ref="rt", reserved=D(0)))
    assert one.others() == []


def test_what_is_given_back_counts_by_its_order_if_there_is_one_after_all() -> None:
    one = kept()
    found = approved(one)
    one.give_back(found, "late")
    one.told(order(found.intent))
    assert one.others() == [order(found.intent)]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        ([], False),
        ([OrderState.INTENDED], False),
        ([OrderState.SENT], False),
        ([OrderState.UNKNOWN], False),
        ([OrderState.WORKING], True),
    ],
)
def test_the_broker_knows_every_entry_only_when_it_has_shown_each(
    states: list[OrderState], *, shown: bool
) -> None:
    one = kept()
    assert one.all_shown(), "there is none"
    found = approved(one)
    for state in states:
        one.told(order(found.intent, state=state))
    assert one.all_shown() is shown


def test_a_leg_shows_no_entry_and_an_exit_need_not_be_shown() -> None:
    one = kept()
    found = approved(one)
    one.told(order(found.intent, ref="leg", parent_ref="rt"))
    assert not one.all_shown()
    one.give_back(found, "late")
    leaving = intent("SELL", 5, purpose=Purpose.EXIT, cause="out")
    assert isinstance(one.judge(leaving, view(aapl=5), NOW), Approved)
    assert one.all_shown()


# -- reservations --


@given(
    st.lists(st.integers(-12, 12), max_size=12),
    st.integers(1, 12),
)
def test_what_is_held_follows_executions_and_comes_back_when_one_is_taken_back(
    released: list[int], qty: int
) -> None:
    """Never less than nothing: more than is held releases all of it."""
    one = kept()
    number, left = approved(one, qty).reservation, qty
    for part in released:
        one.released(Released(number, "rt", D(part), D(0)))
        left = max(left - part, 0) if part > 0 else left - part
        assert held(one) == ({number: left} if left else {})


def test_a_release_of_an_earlier_gates_approval_changes_nothing() -> None:
    one = kept()
    number = approved(one).reservation
    for qty in (D(5), D(-5), D(0)):
        one.released(Released(number + 99, "rt", qty, D(0)))
    assert held(one) == {number: 10}


def test_only_so_many_approvals_can_be_held_again() -> None:
    one = kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "REMEMBERED", 2)
        numbers = [approved(one, cause=str(each)).reservation for each in range(3)]
    for number in numbers:
        one.released(Released(number, "rt", D(10), D(0)))
        one.released(Released(number, "rt", D(-4), D(0)))
    assert held(one) == dict.fromkeys(numbers[1:], 4)


def test_what_an_earlier_gate_approved_is_held_and_counts_once() -> None:
    before, after = kept(), kept()
    found = approved(before)
    after.hold(found, before.gate.reserved[0])
    assert held(after) == {found.reservation: 10}
    after.told(order(found.intent))
    assert after.others() == []
    assert after.standings.standing("s", AAPL.con_id).working == {"tick-1": 10}
    after.released(Released(found.reservation, "rt", D(10), D(0)))
    after.released(Released(found.reservation, "rt", D(-10), D(0)))
    assert held(after) == {found.reservation: 10}


# -- cancels --


def test_a_strategy_cancels_what_its_own_intents_became_and_neither_stops_nor_others() -> None:
    one = kept()
    found = approved(one)
    mine = order(found.intent)
    for each in (
        mine,
        order(found.intent, ref="stop", yields=True),
        order(found.intent, ref="theirs", strategy="t"),
        order(found.intent, ref="later", cause="tick-2"),
    ):
        one.told(each)
    wish = CancelWish(strategy="s", ref="tick-1", cause="why")
    assert one.cancels(wish) == [replace(wish, ref=mine.ref)]
    assert one.cancels(replace(wish, ref="tick-9")) == []


# -- the account --


def quote(con_id: int, price: float) -> Quote:
    return Quote(con_id, NOW, price - 1, price + 1, 5, 5)


def test_the_account_is_looked_at_anew_only_where_something_that_is_held_is_new() -> None:
    one = kept()
    one.fold(1, fill("a", "BUY", 10, "100"))
    one.priced(quote(AAPL.con_id, 110.0))
    seen = one.account()
    assert seen.unrealized == 100
    for same in (quote(AAPL.con_id, 110.0), quote(KO.con_id, 60.0)):
        one.priced(same)
        assert one.account() is seen
    one.priced(quote(AAPL.con_id, 120.0))
    assert one.account().unrealized == 200
    one.fold(2, fill("b", "BUY", 1, "50", con_id=KO.con_id))
    assert one.account().unrealized == 210, "its price was told before"


def test_funds_are_of_all_of_a_strategys_trades_newest_kept() -> None:
    one = kept()
    for number, (name, price) in enumerate((("s/AAPL", "110"), ("s/KO", "90"), ("t", "120"))):
        one.fold(2 * number, fill(f"{number}a", "BUY", 1, "100", strategy=name))
        one.fold(2 * number + 1, fill(f"{number}b", "SELL", 1, price, strategy=name))
    assert one.funds("s/AAPL").trades == (0.1, -0.1)
    assert one.funds("t").trades == (0.2,)
    assert one.funds("s").equity == one.account().equity


def test_halts_and_days_are_folds_of_the_journal() -> None:
    one = kept()
    one.fold(1, SymbolHalted(con_id=AAPL.con_id, why="news"))
    one.fold(2, SymbolHalted(con_id=KO.con_id, why="news"))
    one.fold(3, SymbolResumed(con_id=KO.con_id, who="ann", why="over"))
    one.fold(4, SymbolResumed(con_id=KO.con_id, who="ann", why="twice"))
    assert one.halted == {AAPL.con_id}
    assert one.account().day == "2026-11-20"
    one.fold(5, DayRolled(day="2026-11-23", equity=D(100_000)))
    assert one.account().day == "2026-11-23"


def test_a_fill_is_told_to_its_strategy() -> None:
    told = kept().fold(7, fill("a", "BUY", 10, "100"))
    assert [(each.strategy, each.con_id) for each in told] == [("s", AAPL.con_id)]


def test_a_snapshot_is_begun_with_and_what_was_seen_before_it_is_not_shown() -> None:
    one, other = kept(), ledger(fill("a", "BUY", 10, "100"))
    assert one.account().positions == {}
    standings = Standings()
    one.restore(other, standings, [AAPL.con_id])
    assert one.halted == {AAPL.con_id}
    assert one.standings is standings
    assert one.account().position(AAPL.con_id) == 10
