"""What the broker's words do to an order, by the failure register and the wire's catalogue."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from robotrader.domain import (
    FLATTENER,
    LinkChanged,
    LinkState,
    OrderFailed,
    OrderState,
    OrderType,
    ReportedStatus,
    Side,
)
from robotrader.domain import records as r
from robotrader.domain.errors import OrderError
from robotrader.execution import Alert, Commit, Effect, OrderManager, Send, Times, Wake
from robotrader.execution.codes import Verdict, classify
from robotrader.execution.identity import LAST_ORDER_ID
from tests.robotrader.execution.broker import ACCOUNT, CLIENT, Held
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.test_crash_points import (
    ready,
    settle,
    state_of_the_only_order,
    working,
)
from tests.robotrader.execution.test_fills import report
from tests.robotrader.execution.world import SECOND, World

CODES = (
    *(103, 104, 105, 110, 135, 161, 201, 202, 203, 321, 399, 404, 460, 2161, 10147, 10148),
    *(10268, 10289, 10349, 77777),
)


def fail(world: World, code: int, order_id: int = 1) -> None:
    failure = OrderFailed(order_id, code, "the text", world.manager.generation)
    world.guard(world.hear, failure)


def test_f22_one_reservation_makes_one_order_however_often_it_is_submitted() -> None:
    world = ready()
    approved = world.approve(100)
    assert approved is not None
    for _ in range(1_000):
        world.do(world.manager.submit(approved, world.now_ns))
    world.run(SECOND)
    assert len(world.sent) == 1
    assert len(world.broker.orders) == 1


def test_f22_intents_beyond_the_limit_never_leave_however_they_interleave() -> None:
    world = ready()
    for _ in range(1_000):
        world.submit(100)
    world.run(SECOND)
    assert len(world.sent) == 3


@pytest.mark.parametrize("answered", [False, True])
def test_f27_an_order_without_an_answer_is_in_doubt_after_3_s_and_not_sent_again(
    answered: bool,
) -> None:
    world = ready()
    world.faults = Faults(lose=1.0)
    world.submit()
    world.run(2_900 * SECOND // 1_000)
    assert state_of_the_only_order(world) is OrderState.SENT
    world.run(200 * SECOND // 1_000)
    assert state_of_the_only_order(world) is OrderState.UNKNOWN
    assert not world.manager.ready
    if not answered:
        world.broker.orders.clear()
    world.faults = Faults()
    settle(world)
    ended = OrderState.WORKING if answered else OrderState.ABANDONED
    assert state_of_the_only_order(world) is ended
    assert len(world.sent) == 1


def test_f28_a_cancel_is_terminal_only_when_the_broker_says_so() -> None:
    """O10: PendingCancel is live exposure."""
    world, held = working()
    world.faults = Faults(lose=1.0)
    world.cancel(held.order.order_ref)
    report(world, held, status=ReportedStatus.PENDING_CANCEL)
    fail(world, 202)
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.CANCELLING
    assert world.gate.worst(1) == 100
    world.faults = Faults()
    world.run(20 * SECOND)
    assert state_of_the_only_order(world) is OrderState.CANCELLED
    assert world.gate.worst(1) == 0


def test_f29_only_executions_move_a_position() -> None:
    """O8: Filled without its executions is not a position."""
    world, held = working()
    report(world, held, status=ReportedStatus.SUBMITTED, filled=Decimal(60))
    world.run(SECOND)
    assert world.manager.position(1) == 0
    report(world, held, status=ReportedStatus.FILLED, filled=Decimal(100))
    world.run(SECOND)
    assert world.manager.position(1) == 0
    assert world.gate.worst(1) == 100


@pytest.mark.parametrize("code", CODES)
def test_f30_no_code_ends_an_order_that_the_broker_has(code: int) -> None:
    """O11, O12, O14, O19: each code on a live order; it stays live in our book."""
    world, held = working()
    fail(world, code)
    world.run(70 * SECOND)
    assert held.live
    assert state_of_the_only_order(world) is OrderState.WORKING
    settle(world)


@pytest.mark.parametrize("code", CODES)
def test_f30_a_code_ends_an_order_without_an_answer_only_if_it_rejects(code: int) -> None:
    world = ready()
    world.faults = Faults(lose=1.0)
    world.submit()
    world.run(SECOND)
    world.broker.orders.clear()
    fail(world, code)
    world.run(SECOND)
    rejects = classify(code) is Verdict.REJECT
    state = state_of_the_only_order(world)
    assert (state is OrderState.REJECTED) == rejects
    world.faults = Faults()
    settle(world)
    view = world.manager.order("rt1-1-1")
    assert view is not None
    ended = OrderState.REJECTED if rejects or code == 103 else OrderState.ABANDONED
    assert view.state is ended
    assert view.code == (code if ended is OrderState.REJECTED else 0)


def test_a_duplicate_number_is_never_cancelled_by_it() -> None:
    """O14, code 103: the number is another order's, which must not be touched."""
    world = ready()
    world.faults = Faults(lose=1.0)
    world.submit()
    world.run(SECOND)
    (mine,) = world.broker.orders
    stranger = msgspec.structs.replace(mine.order, order_ref="by hand")
    mine.order = stranger
    world.restored = True
    fail(world, 103)
    world.faults = Faults()
    world.run(60 * SECOND)
    assert mine.live
    assert state_of_the_only_order(world) is OrderState.REJECTED


@pytest.mark.parametrize("why_held", ["", "locate"])
def test_inactive_ends_an_order_only_after_a_rejection(why_held: str) -> None:
    """O13: a held order can still fill; a rejected one cannot."""
    world, held = working()
    report(world, held, status=ReportedStatus.INACTIVE, why_held=why_held)
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.WORKING
    fail(world, 201)
    world.run(SECOND)
    report(world, held, status=ReportedStatus.INACTIVE, why_held=why_held)
    world.run(SECOND)
    over = OrderState.WORKING if why_held else OrderState.REJECTED
    assert state_of_the_only_order(world) is over


@pytest.mark.parametrize("late", ["Submitted", "PreSubmitted", "PendingCancel", "Cancelled"])
def test_an_end_is_kept_whatever_comes_late(late: str) -> None:
    """O9: terminal is sticky unless fills grow."""
    world, held = working()
    world.broker.fill(held, Decimal(100))
    world.drain()
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.FILLED
    report(world, held, status=ReportedStatus(late), filled=Decimal(20))
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.FILLED
    assert not any(isinstance(each, r.CancelIntended) for each in world.journal)
    assert world.gate.worst(1) == 100


def test_a_cancelled_order_that_was_filled_after_all_is_filled() -> None:
    world, held = working()
    world.broker.fill(held, Decimal(40))
    report(world, held, status=ReportedStatus.CANCELLED, filled=Decimal(40))
    world.drain()
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.CANCELLED
    report(world, held, status=ReportedStatus.FILLED, filled=Decimal(100))
    world.run(SECOND // 10)
    assert state_of_the_only_order(world) is OrderState.FILLED
    assert world.gate.worst(1) == 100


def test_a_second_permid_cancels_the_order_and_halts_its_symbol() -> None:
    """O15: a change during an outage makes a second order under one reference."""
    world, held = working()
    twin = Held(held.order_id, CLIENT, 5_000, held.order, held.status)
    report(world, twin)
    world.run(SECOND)
    assert not held.live
    assert world.manager.halted == {1}
    assert "order_twice" in {each.kind for each in world.alerts}


def test_a_bracket_is_one_commit_and_its_protection_outlives_an_emergency() -> None:
    """F25, F70: all legs are intended together; cancelling everything leaves the stop alive."""
    world = ready()
    world.submit(100, legs=("LMT", "STP"))
    world.run(SECOND)
    parent, target, stop = (each.order for each in world.sent)
    assert parent.side is Side.BUY
    assert {target.side, stop.side} == {Side.SELL}
    assert target.parent_id == stop.parent_id == world.sent[0].order_id
    assert (target.oca_group, target.oca_type) == (stop.oca_group, stop.oca_type)
    assert target.oca_group
    assert stop.order_type is OrderType.STOP
    assert [each.reduces for each in world.sent] == [False, True, True]
    world.broker.fill(world.broker.orders[0], Decimal(100))
    world.drain()
    world.run(SECOND)
    world.guard(lambda: world.do(world.manager.cancel_all(world.now_ns)))
    world.run(SECOND)
    assert [each.live for each in world.broker.orders] == [False, False, True]


@pytest.mark.parametrize(("level", "lives"), [("flatten", True), ("cancel", False)])
def test_what_the_switch_closes_with_outlives_its_further_trips(level: str, lives: bool) -> None:
    """F71: each trip cancels anew what works, but not the orders that make a flatten true."""
    world, held = working()
    world.broker.fill(held, Decimal(100))
    world.drain()
    world.run(SECOND)
    world.kill("flatten")
    world.submit(50, strategy=FLATTENER, side=Side.SELL, reduces=True)
    world.run(SECOND)
    closing = world.broker.orders[-1]
    assert closing.live
    world.kill(level)
    world.run(SECOND)
    assert closing.live is lives


@pytest.mark.parametrize(
    ("qty", "why"), [(150, "not changed to 150"), (30, "not changed to 30"), (0, "to 0")]
)
def test_a_change_to_more_shares_or_to_fewer_than_filled_is_not_made(qty: int, why: str) -> None:
    world, held = working()
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.run(SECOND)
    ref = held.order.order_ref
    world.guard(lambda: world.do(world.manager.modify(ref, world.now_ns, qty=Decimal(qty))))
    assert why in world.alerts[-1].text
    assert len(world.sent) == 1


def test_order_numbers_grow_above_everything_and_end_before_tws_cannot_read_them() -> None:
    """O21: ids are below 2**31; what the broker names is never used again."""
    world = ready()
    change = LinkChanged(LinkState.READY, world.generation, world.now_ns, LAST_ORDER_ID)
    world.guard(world.hear, change)
    world.until(lambda: world.manager.ready)
    world.submit(50)
    world.run(SECOND)
    assert world.sent[-1].order_id == LAST_ORDER_ID == 2**31 - 1
    world.submit(50)
    assert world.declined[-1].code == "order_ids"


def test_an_order_of_another_account_is_declined() -> None:
    world = ready()
    approved = world.approve(10)
    assert approved is not None
    other = msgspec.structs.replace(approved, account="DU9")
    world.do(world.manager.submit(other, world.now_ns))
    assert world.declined[-1].code == "account"
    assert world.sent == []


def test_inputs_that_wait_for_the_journal_are_bounded() -> None:
    manager = OrderManager(Times(most_waiting=10))
    effects: list[Effect] = manager.begin(1, ACCOUNT, CLIENT, 0)
    assert [type(each) for each in effects] == [Commit]
    for _ in range(10):
        assert manager.wake("round", 0) == []
    with pytest.raises(OrderError, match="start again from the journal"):
        manager.wake("round", 0)


def test_a_session_that_cannot_be_journaled_is_asked_for_again_and_nothing_is_done_before() -> None:
    """What comes meanwhile waits, in its order; people hear of it less and less often."""
    manager, now_ns, told = OrderManager(), 0, list[int]()
    (commit,) = manager.begin(1, ACCOUNT, CLIENT, 0)
    for refusal in range(1, 41):
        assert isinstance(commit, Commit)
        effects = manager.commit_failed(commit.token, "disk full", now_ns)
        (wake,) = (each for each in effects if isinstance(each, Wake))
        told += [refusal for each in effects if isinstance(each, Alert)]
        assert min(2 ** (refusal - 1), 30) * SECOND == wake.at_ns - now_ns
        assert manager.wake("round", now_ns) == [], "it waits"
        assert not manager.ready
        now_ns = wake.at_ns
        (commit,) = manager.wake(wake.token, now_ns)
    assert told == [1, 2, 4, 8, 16, 32]
    assert isinstance(commit, Commit)
    assert manager.wake("begin", now_ns) == [], "one commit at a time"
    assert manager.committed(commit.token, now_ns) is not None
    assert manager.epoch == 1


def test_an_order_of_somebody_else_is_recorded_once_and_left_alone() -> None:
    """O16."""
    world = ready()
    held = world.broker.manual(9, Decimal(10))
    world.drain()
    world.run(200 * SECOND)
    seen = [each for each in world.journal if isinstance(each, r.ExternalOrderSeen)]
    assert len(seen) == 1
    assert held.live
    world.broker.fill(held, Decimal(10))
    world.drain()
    settle(world)
    assert world.manager.position(9) == 10


def test_timers_do_not_multiply() -> None:
    """A day without anything asks once a minute, however many timers rang before."""
    world, held = working()
    for _ in range(20):
        world.cancel(held.order.order_ref)
        fail(world, 10148)
        world.guard(world.hear, world.broker.report(held))
    world.run(200 * SECOND)
    asked: list[Effect] = []
    manager = world.manager
    for _ in range(50):
        asked += manager.wake("round", world.now_ns)
        asked += manager.wake("cancel:rt1-1-1", world.now_ns)
        asked += manager.wake("snapshot:1", world.now_ns)
    assert [each for each in asked if isinstance(each, Send | Wake)] == []
