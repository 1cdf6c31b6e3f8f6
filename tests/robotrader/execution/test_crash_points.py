"""The decision table of crash points, rows 1 to 23: a process dies, the truth is found again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from robotrader.domain import CancelOrder, OrderState, PlaceOrder, ReportedStatus
from robotrader.domain import records as r
from robotrader.execution import Commit, Effect, FillTold, Send, Told
from tests.robotrader.execution.broker import Held
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.world import SECOND, World


def ready() -> World:
    world = World()
    world.until(lambda: world.manager.ready)
    return world


def commits(kind: type) -> Callable[[Effect], bool]:
    return lambda e: isinstance(e, Commit) and any(isinstance(each, kind) for each in e.records)


def sends(kind: type) -> Callable[[Effect], bool]:
    return lambda e: isinstance(e, Send) and isinstance(e.command, kind)


def working(qty: int = 100) -> tuple[World, Held]:
    """A world with one order that the broker has and we know of."""
    world = ready()
    world.submit(qty)
    world.until(lambda: any(v.state is OrderState.WORKING for v in world.manager.orders()))
    return world, world.broker.orders[0]


def state_of_the_only_order(world: World) -> OrderState:
    (ref,) = {each.ref for each in world.journal if isinstance(each, r.OrderIntended)}
    view = world.manager.order(ref)
    assert view is not None
    return view.state


def settle(world: World) -> None:
    """Start again, if it died, and be ready."""
    world.run(60 * SECOND)
    world.check_rest()


def test_crash_point_01_before_the_reservation_leaves_nothing() -> None:
    world = ready()
    world.die()
    settle(world)
    assert not any(isinstance(each, r.OrderIntended) for each in world.journal)


def test_crash_point_02_a_reservation_without_a_commit_is_gone_with_the_memory() -> None:
    world = ready()
    world.crash_at = commits(r.OrderIntended)
    world.submit()
    assert world.crashes == 1
    settle(world)
    assert world.gate.worst(1) == 0
    assert world.broker.orders == []


@pytest.mark.parametrize("durable", [False, True])
def test_crash_point_03_a_commit_is_whole_or_not_at_all(durable: bool) -> None:
    world = ready()
    world.hold_commits = True
    world.submit(legs=("LMT", "STP"))
    (commit,) = world.held_commits
    world.held_commits = []
    world.journal += commit.records if durable else ()
    world.hold_commits = False
    world.die()
    settle(world)
    intents = [each for each in world.journal if isinstance(each, r.OrderIntended)]
    assert len(intents) == (3 if durable else 0)
    assert world.sent == []


def test_crash_point_04_an_intent_whose_commit_was_not_heard_of_is_fenced_and_abandoned() -> None:
    world = ready()
    world.hold_commits = True
    world.submit()
    world.journal += world.held_commits.pop().records
    world.hold_commits = False
    world.die()
    settle(world)
    assert state_of_the_only_order(world) is OrderState.ABANDONED
    assert world.broker.cancels == [1], "the fence"
    assert world.sent == []
    assert world.gate.worst(1) == 0


def test_crash_point_05_a_kill_during_the_commit_stops_the_order() -> None:
    world = ready()
    world.hold_commits = True
    world.submit()
    world.guard(lambda: world.do(world.manager.on_switch({"all": "pause"}, world.now_ns)))
    world.hold_commits = False
    world.answer_commit()
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.ABANDONED
    assert world.sent == []
    assert world.gate.worst(1) == 0


@pytest.mark.parametrize("again", [False, True])
def test_crash_point_06_a_connection_that_ends_during_the_commit_gets_no_order(again: bool) -> None:
    world = ready()
    world.hold_commits = True
    world.submit()
    world.disconnect()
    if again:
        world.connect()
    world.hold_commits = False
    world.answer_commit()
    settle(world)
    assert state_of_the_only_order(world) is OrderState.ABANDONED
    assert world.sent == []


@pytest.mark.parametrize("row", ["07 not written by the gateway", "08 a part of the frame"])
@pytest.mark.parametrize("dies", [False, True])
def test_crash_point_07_08_an_order_that_never_arrived_is_abandoned(row: str, dies: bool) -> None:
    world = ready()
    world.submit()
    world.until(lambda: world.sent)
    world.die() if dies else world.disconnect()
    settle(world)
    assert state_of_the_only_order(world) is OrderState.ABANDONED, row
    assert len(world.sent) == 1
    assert world.broker.orders == []


@pytest.mark.parametrize("late_s", [1, 4, 7, 30])
def test_crash_point_09_an_order_that_arrives_late_is_ended_or_known(late_s: int) -> None:
    world = ready()
    world.faults, world.late_ns = Faults(late=1.0), late_s * SECOND
    world.submit()
    world.until(lambda: world.sent)
    world.die()
    for _ in range(130):
        world.run(SECOND)
        if world.alive:
            # However often it is asked, the quiet period is kept.
            world.guard(lambda: world.do(world.manager.wake("ask", world.now_ns)))
    world.check_rest()
    (held,) = world.broker.orders
    known = state_of_the_only_order(world)
    assert (held.live, known) in {(True, OrderState.WORKING), (False, OrderState.CANCELLED)}
    rose = "order_rose" in {each.kind for each in world.alerts}
    assert rose == (late_s > 12), "given up before the quiet period was over"
    assert not (rose and held.live), "given up, found after all: cancelled"
    durable = any(isinstance(each, r.CancelIntended) for each in world.journal)
    assert durable == (not held.live), "the next process knows that it is being cancelled"


def test_crash_point_10_what_waits_in_tws_is_acknowledged() -> None:
    world = ready()
    world.submit()
    world.until(lambda: world.broker.orders)
    world.broker.orders[0].status = ReportedStatus.PENDING_SUBMIT
    world.die()
    settle(world)
    assert state_of_the_only_order(world) is OrderState.WORKING


@pytest.mark.parametrize("row", [11, 12])
def test_crash_point_11_12_an_accepted_order_is_found_by_its_reference(row: int) -> None:
    """F27: the acknowledgement is lost; there is one order in total."""
    world = ready()
    if row == 12:
        world.crash_at = commits(r.OrderAcked)
    world.submit()
    world.until(lambda: world.broker.orders)
    if row == 11:
        world.die()
    settle(world)
    assert world.crashes == 1
    assert state_of_the_only_order(world) is OrderState.WORKING
    assert len(world.broker.orders) == len(world.sent) == 1


def test_crash_point_13_an_acknowledgement_that_was_not_told_is_told_after_the_start() -> None:
    world = ready()
    acked = OrderState.WORKING
    world.crash_at = lambda e: isinstance(e, Told) and e.update.state is acked
    world.submit()
    world.until(lambda: world.crashes)
    world.told = []
    settle(world)
    assert world.told[-1].state is acked


def test_crash_point_14_a_partial_fill_without_a_callback_is_booked() -> None:
    world, held = working()
    world.faults = Faults(lose=1.0)
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.die()
    world.faults = Faults()
    settle(world)
    assert world.manager.position(1) == 30
    assert world.gate.worst(1) == 100


def test_crash_point_15_a_fill_before_the_acknowledgement_is_booked() -> None:
    world = ready()
    world.faults = Faults(lose=1.0)
    world.submit()
    world.until(lambda: world.broker.orders)
    world.drain()
    world.faults = Faults()
    report = world.broker.fill(world.broker.orders[0], Decimal(40))
    world.broker.said = [report]
    world.drain()
    world.until(lambda: world.manager.position(1))
    assert state_of_the_only_order(world) is OrderState.WORKING
    settle(world)


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(commits(r.FillBooked), id="16 before its commit"),
        pytest.param(lambda e: isinstance(e, FillTold), id="18 before it is told"),
    ],
)
def test_crash_point_16_18_a_fill_is_booked_once(moment: Callable[[Effect], bool]) -> None:
    world, held = working()
    world.crash_at = moment
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.until(lambda: world.crashes)
    settle(world)
    assert world.manager.position(1) == 30


def test_crash_point_17_a_durable_fill_that_was_not_applied_is_applied_by_the_replay() -> None:
    world, held = working()
    world.hold_commits = True
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.until(lambda: any(commits(r.FillBooked)(each) for each in world.held_commits))
    world.journal += world.held_commits.pop().records
    world.hold_commits = False
    world.die()
    world.until(lambda: world.alive)
    assert world.manager.position(1) == 30
    settle(world)
    assert world.manager.position(1) == 30


def test_crash_point_19_an_execution_that_is_told_again_after_a_restart_is_ignored() -> None:
    world, held = working()
    report = world.broker.fill(held, Decimal(30))
    world.drain()
    world.until(lambda: world.manager.position(1))
    world.die()
    settle(world)
    before = world.manager.counts["repeated_fills"]
    world.guard(world.hear, report)
    assert world.manager.position(1) == 30
    assert world.manager.counts["repeated_fills"] == before + 1


@pytest.mark.parametrize("qty", [0, 10, 30])
def test_crash_point_20_a_correction_replaces_the_fill_live_or_by_a_restart(qty: int) -> None:
    world, held = working()
    report = world.broker.fill(held, Decimal(30))
    world.drain()
    world.until(lambda: world.manager.position(1))
    world.broker.correct(report, Decimal(qty))
    world.drain()
    world.die()
    settle(world)
    assert world.manager.position(1) == qty


@pytest.mark.parametrize("row", ["21 filled", "22 cancelled with a part unseen"])
def test_crash_point_21_22_an_end_before_its_executions_keeps_the_reservation(row: str) -> None:
    world, held = working()
    filled = Decimal(100 if "filled" in row else 40)
    report = world.broker.fill(held, filled)
    if held.live:
        world.broker.end(held)
    world.broker.said = [world.broker.report(held)]
    world.drain()
    world.until(lambda: state_of_the_only_order(world) is not OrderState.WORKING)
    assert world.gate.worst(1) == filled
    assert world.manager.position(1) == 0
    world.broker.said = [report]
    world.drain()
    world.until(lambda: world.manager.position(1))
    assert world.manager.position(1) == world.gate.worst(1) == filled
    settle(world)


@pytest.mark.parametrize("filled", [40, 100])
def test_fills_that_an_end_counts_and_nobody_told_are_asked_for_within_seconds(filled: int) -> None:
    """O4, O8: the executions are lost; no minute passes until the next round finds them."""
    world, held = working()
    world.run(2 * SECOND)
    world.broker.fill(held, Decimal(filled))
    if held.live:
        world.broker.end(held)
    world.broker.said = [world.broker.report(held)]
    world.drain()
    world.run(5 * SECOND)
    assert world.manager.position(1) == world.gate.worst(1) == filled


@pytest.mark.parametrize("qty", [40, 100])
def test_crash_point_23_a_fill_that_races_the_cancel_is_booked(qty: int) -> None:
    """F28: a cancel ends nothing, the broker does; what filled meanwhile counts."""
    world, held = working()
    world.crash_at = None
    world.cancel(held.order.order_ref)
    world.broker.fill(held, Decimal(qty))
    world.drain()
    settle(world)
    assert world.manager.position(1) == qty
    ended = OrderState.FILLED if qty == 100 else OrderState.CANCELLED
    assert state_of_the_only_order(world) is ended


def test_every_effect_of_an_orders_life_may_be_the_last() -> None:
    """F23, F27: a crash before the n-th effect, for every n: one order, every fill."""
    boundaries = 0
    for number in range(200):
        world = ready()
        left = [number]

        def due(_: Effect, left: list[int] = left) -> bool:
            left[0] -= 1
            return left[0] < 0

        world.crash_at = due
        world.submit(100, legs=("LMT", "STP"))
        world.run(SECOND)
        for part in (30, 70):
            if world.broker.orders and world.broker.orders[0] in world.broker.fillable():
                world.broker.fill(world.broker.orders[0], Decimal(part))
                world.drain()
            world.run(SECOND // 2)
        for view in world.manager.orders() if world.alive else ():
            world.cancel(view.ref)
        world.run(5 * SECOND)
        world.crash_at = None
        settle(world)
        assert len(world.sent) <= 3
        boundaries += world.crashes
        if not world.crashes:
            break
    assert boundaries > 30
    assert sends(CancelOrder) is not sends(PlaceOrder)
