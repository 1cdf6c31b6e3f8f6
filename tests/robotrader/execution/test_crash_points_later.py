"""The decision table of crash points, from row 24 on, where it concerns the order manager.

Rows 30, 34 to 38 and 40 belong to the kill switch, the risk gate and the journal.
"""

from __future__ import annotations

from decimal import Decimal

import pytest

from robotrader.domain import (
    CancelOrder,
    LinkState,
    OrderState,
    OrderType,
    PlaceOrder,
    ReportedStatus,
)
from robotrader.domain import records as r
from robotrader.domain.errors import OrderError
from robotrader.execution import OrderManager
from tests.robotrader.execution.broker import ACCOUNT, CLIENT
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.test_crash_points import (
    commits,
    ready,
    sends,
    settle,
    state_of_the_only_order,
    working,
)
from tests.robotrader.execution.world import SECOND, World


def records_of(world: World, kind: type) -> list[r.Record]:
    return [each for each in world.journal if isinstance(each, kind)]


def test_crash_point_24_a_lost_commission_comes_with_the_next_snapshot() -> None:
    world, held = working()
    report = world.broker.fill(held, Decimal(30))
    world.broker.said = [report]
    world.drain()
    world.run(SECOND)
    assert records_of(world, r.CommissionBooked) == []
    world.run(62 * SECOND)
    assert len(records_of(world, r.CommissionBooked)) == 1


@pytest.mark.parametrize("row", ["25 not sent", "26 sent, the reply lost"])
def test_crash_point_25_26_a_durable_cancel_is_sent_until_the_order_is_over(row: str) -> None:
    world, held = working()
    if "25" in row:
        world.crash_at = sends(CancelOrder)
    world.cancel(held.order.order_ref)
    world.until(lambda: world.crashes or not held.live)
    if "26" in row:
        world.die()
    settle(world)
    assert not held.live
    assert state_of_the_only_order(world) is OrderState.CANCELLED
    assert len(records_of(world, r.CancelIntended)) == 1


@pytest.mark.parametrize("row", ["27 not sent", "28 sent and taken, the reply lost"])
def test_crash_point_27_28_a_change_is_compared_and_never_sent_again(row: str) -> None:
    world, held = working()
    if "27" in row:
        world.crash_at = sends(PlaceOrder)
    ref = held.order.order_ref
    world.guard(lambda: world.do(world.manager.modify(ref, world.now_ns, qty=Decimal(40))))
    world.until(lambda: world.crashes or held.order.qty == 40)
    if "28" in row:
        world.die()
    world.until(lambda: world.alive)
    view = world.manager.order(ref)
    assert view is not None
    assert view.reserved == 100, "the larger of both is held meanwhile"
    settle(world)
    view = world.manager.order(ref)
    assert view is not None
    assert view.qty == view.reserved == held.order.qty == (100 if "27" in row else 40)
    assert not view.modifying
    assert len(world.sent) == (1 if "27" in row else 2)


@pytest.mark.parametrize("row", ["27 not sent", "28 sent and taken, the reply lost", "live"])
def test_crash_point_27_28_a_change_of_the_price_is_compared_too(row: str) -> None:
    world = ready()
    limit = {"order_type": OrderType.LIMIT, "limit_price": Decimal(10)}
    world.submit(100, intent=limit)
    world.run(SECOND)
    (held,) = world.broker.orders
    if "27" in row:
        world.crash_at = sends(PlaceOrder)
    ref, price = held.order.order_ref, Decimal("9.5")
    change = {"qty": Decimal(100), "limit_price": price}
    world.guard(lambda: world.do(world.manager.modify(ref, world.now_ns, **change)))
    world.until(lambda: world.crashes or held.order.limit_price == price)
    if "28" in row:
        world.die()
    settle(world)
    view = world.manager.order(ref)
    assert view is not None
    assert not view.modifying
    assert view.limit_price == held.order.limit_price == (10 if "27" in row else price)
    world.guard(lambda: world.do(world.manager.modify(ref, world.now_ns, qty=Decimal(60))))
    world.run(SECOND)
    assert held.order.qty == 60
    assert held.order.limit_price == view.limit_price, "the price stays"


@pytest.mark.parametrize("arrived", [0, 1, 2, 3])
def test_crash_point_29_a_bracket_that_was_half_sent_cannot_trade(arrived: int) -> None:
    world = ready()
    world.crash_at = lambda e: sends(PlaceOrder)(e) and len(world.sent) == arrived
    world.submit(50, legs=("LMT", "STP"))
    world.until(lambda: world.crashes or len(world.sent) == 3)
    assert world.crashes == (arrived < 3)
    if arrived < 3:
        # What was written arrives, in order: TCP.
        for command in world.sent:
            if world.broker.by_id(command.order_id) is None:
                world.broker.place(command)
        assert world.broker.fillable() == []
    settle(world)
    live = [each.order.order_ref for each in world.broker.orders if each.live]
    assert len(live) == (3 if arrived == 3 else 0)
    commands = [each.order for each in world.sent]
    assert [each.transmit for each in commands] == [False, False, True][:arrived]
    assert len(records_of(world, r.OrderIntended)) == 3


def test_crash_point_31_a_durable_kill_closes_the_gate_of_the_next_process() -> None:
    world = ready()
    world.killed = True
    world.journal.append(r.SwitchTripped(level="pause", scope="all", trigger="t", why="w"))
    world.die()
    settle(world)
    world.submit()
    assert [each.code for each in world.declined] == ["blocked"]
    assert world.sent == []


def test_crash_point_32_cancels_that_were_half_sent_are_resumed() -> None:
    """I5': every open order gets its cancel."""
    world = ready()
    for _ in range(3):
        world.submit(50)
    world.until(lambda: len([o for o in world.broker.orders if o.live]) == 3)
    world.run(SECOND)
    world.crash_at = commits(r.CancelIntended)
    world.kill("cancel")
    assert world.crashes == 1
    settle(world)
    assert not any(each.live for each in world.broker.orders)
    assert all(view.state is OrderState.CANCELLED for view in world.manager.orders())


@pytest.mark.parametrize("level", ["reduce", "cancel", "flatten"])
def test_crash_point_32_legs_that_take_a_profit_end_in_the_next_process(level: str) -> None:
    """I5b: the process that tripped has died before it cancelled them; the stop stays."""
    world = ready()
    world.submit(50, legs=("LMT", "STP"))
    world.until(lambda: len([each for each in world.broker.orders if each.live]) == 3)
    entry = next(each for each in world.broker.orders if not each.order.parent_id)
    world.broker.fill(entry, Decimal(50))
    world.run(SECOND)
    world.die()
    world.kill(level)
    settle(world)
    world.run(SECOND)
    live = sorted(each.order.order_type for each in world.broker.orders if each.live)
    assert live == (["LMT", "STP"] if level == "reduce" else ["STP"])


def test_crash_point_33_a_clearing_that_was_not_durable_leaves_the_switch_on() -> None:
    world = ready()
    world.kill("pause")
    world.die()
    settle(world)
    world.submit()
    assert [each.code for each in world.declined] == ["blocked"]
    world.unkill()
    world.submit()
    world.run(SECOND)
    assert len(world.sent) == 1


def test_crash_point_39_a_full_disk_declines_orders_and_lets_cancels_out() -> None:
    world, held = working()
    world.faults = Faults(refuse=1.0)
    world.submit(50)
    world.cancel(held.order.order_ref)
    world.run(SECOND)
    assert [each.code for each in world.declined] == ["journal"]
    assert len(world.sent) == 1
    assert not held.live, "the cancel was sent all the same"
    world.faults = Faults()
    settle(world)
    assert state_of_the_only_order(world) is OrderState.CANCELLED
    assert "journal" in {each.kind for each in world.alerts}


def test_crash_point_39_a_fill_that_could_not_be_kept_is_found_again() -> None:
    world, held = working()
    world.faults = Faults(refuse=1.0)
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.run(SECOND)
    assert world.manager.position(1) == 0
    assert not world.manager.ready
    world.faults = Faults()
    settle(world)
    assert world.manager.position(1) == 30


def test_crash_point_41_a_gateway_that_dies_puts_what_was_sent_in_doubt() -> None:
    world = ready()
    world.submit()
    world.until(lambda: world.broker.orders)
    world.disconnect()
    assert state_of_the_only_order(world) is OrderState.UNKNOWN
    assert not world.manager.ready
    world.submit(50)
    assert world.declined[-1].code == "not_ready"
    settle(world)
    assert state_of_the_only_order(world) is OrderState.WORKING


@pytest.mark.parametrize("state", [LinkState.DEGRADED, LinkState.RESTART_WINDOW])
def test_crash_point_42_after_an_outage_nothing_is_sent_before_comparing(state: LinkState) -> None:
    world, held = working()
    world.guard(world.link, state)
    world.submit(50)
    assert world.declined[-1].code == "not_ready"
    report = world.broker.fill(held, Decimal(100))
    world.broker.said = []
    world.guard(world.link, LinkState.READY)
    world.submit(50)
    assert world.declined[-1].code == "not_ready"
    settle(world)
    assert world.manager.position(1) == report.qty


def test_crash_point_42_an_outage_without_orders_is_compared_too() -> None:
    world = ready()
    world.guard(world.link, LinkState.DEGRADED)
    world.guard(world.link, LinkState.READY)
    assert not world.manager.ready
    world.submit(50)
    assert world.declined[-1].code == "not_ready"
    world.until(lambda: world.manager.ready)
    world.submit(50)
    settle(world)
    assert len(world.sent) == 1


def test_crash_point_43_fills_that_nobody_lists_any_more_halt_the_symbol() -> None:
    world, held = working()
    world.die()
    world.broker.fill(held, Decimal(100))
    world.broker.said, world.broker.executions, world.broker.commissions = [], [], []
    world.until(lambda: world.manager.halted)
    assert world.manager.halted == {1}
    world.until(lambda: world.manager.ready)
    assert world.manager.position(1) == 0, "nothing is invented"
    world.submit(50)
    assert world.declined[-1].code == "blocked"
    adopted = r.PositionAdopted(con_id=1, qty=Decimal(100), avg_cost=Decimal(10), who="me", why="w")
    world.manager.replay(adopted)
    world.manager.replay(r.SymbolResumed(con_id=1, who="me", why="statement"))
    assert world.manager.position(1) == 100
    assert world.manager.halted == set()


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_crash_point_44_a_clock_that_jumps_changes_no_order_of_things(jump_s: int) -> None:
    world, held = working()
    world.now_ns += jump_s * SECOND
    world.guard(world.hear, world.broker.report(held))
    world.broker.fill(held, Decimal(30))
    world.drain()
    world.until(lambda: world.manager.position(1))
    world.check_replay()
    world.die()
    settle(world)
    assert len(world.broker.orders) == 1


def test_crash_point_45_an_epoch_that_is_not_new_is_refused() -> None:
    world = ready()
    again = OrderManager()
    for record in world.journal:
        again.replay(record)
    with pytest.raises(OrderError, match="epoch 1 is not above 1"):
        again.begin(1, ACCOUNT, CLIENT, world.now_ns)
    with pytest.raises(OrderError, match="account DU1, not of DU2"):
        again.begin(2, "DU2", CLIENT, world.now_ns)


def test_crash_point_46_what_an_old_process_was_promised_sends_nothing() -> None:
    world = ready()
    world.hold_commits = True
    world.submit()
    (commit,) = world.held_commits
    world.hold_commits = False
    world.die()
    world.until(lambda: world.manager.ready)
    assert world.manager.committed(commit.token + 1000, world.now_ns) == []
    assert world.manager.commit_failed(commit.token + 1000, "late", world.now_ns) == []
    assert world.manager.counts["stale_answers"] == 2
    assert world.sent == []


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_crash_point_47_a_journal_from_the_past_does_not_trade(kept: int) -> None:
    world = ready()
    for _ in range(3):
        world.submit(50)
    world.until(lambda: len(world.broker.orders) == 3)
    world.run(SECOND)
    intents = records_of(world, r.OrderIntended)
    world.journal = world.journal[: world.journal.index(intents[kept])]
    world.restored = True
    world.die()
    world.run(60 * SECOND)
    assert "journal_behind" in {each.kind for each in world.alerts}
    world.submit(10)
    assert world.declined[-1].code == "blocked"
    live = {each.order.order_ref for each in world.broker.orders if each.live}
    assert live == {each.ref for each in intents[:kept]}  # type: ignore[union-attr]
    world.unkill()
    world.submit(10)
    world.run(SECOND)
    ids = [each.order_id for each in world.broker.orders]
    refs = [each.order.order_ref for each in world.broker.orders]
    assert len(set(ids)) == len(ids) == len(set(refs)) == 4


def test_an_order_that_the_broker_forgot_is_lost_after_a_second_look_and_halts() -> None:
    world, held = working()
    world.broker.orders.remove(held)
    world.until(lambda: world.manager.halted)
    assert state_of_the_only_order(world) is OrderState.LOST
    asked = [each for each in world.alerts if each.kind == "order_lost"]
    assert len(asked) == 1
    world.run(SECOND)
    assert world.broker.cancels == [held.order_id], "it may be there all the same, unnamed"
    world.broker.orders.append(held)
    world.until(lambda: not held.live)
    world.run(SECOND)
    assert state_of_the_only_order(world) is OrderState.CANCELLED
    assert held.status is ReportedStatus.CANCELLED
