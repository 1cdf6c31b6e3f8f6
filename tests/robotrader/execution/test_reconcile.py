"""The comparison with the broker: what a snapshot may decide, and what it may not."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from robotrader.domain import BrokerSnapshot, LinkState, OrderReport, OrderState, PositionReport
from robotrader.domain import records as r
from robotrader.execution.book import Book
from robotrader.execution.reconcile import Asked, Judge, lasting, sample
from tests.robotrader.execution.broker import ACCOUNT, Broker
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.test_crash_points import (
    ready,
    settle,
    state_of_the_only_order,
    working,
)
from tests.robotrader.execution.world import SECOND, World

QUIET = 10 * SECOND


def snapshot(
    live: tuple[OrderReport, ...] = (),
    positions: dict[int, int] | None = None,
) -> BrokerSnapshot:
    held = (positions or {}).items()
    return BrokerSnapshot(
        request=1,
        generation=0,
        at_ns=0,
        open_orders=live,
        completed=(),
        executions=(),
        commissions=(),
        positions=tuple(PositionReport(ACCOUNT, c, Decimal(q), Decimal(0)) for c, q in held),
        values={},
    )


def one_order() -> tuple[World, Book]:
    """A world with a working order, and the book of its manager, rebuilt from the journal."""
    world, _ = working()
    book = Book()
    for record in world.journal:
        book.apply(record)
    return world, book


@pytest.mark.parametrize("asked", [4, 5, 6])
def test_a_snapshot_asked_for_before_an_order_was_sent_does_not_miss_it(asked: int) -> None:
    _, book = one_order()
    book.orders["rt1-1-1"].as_of = 5
    verdict = Judge(book, Asked(asked, 0), QUIET, 0).orders(snapshot())
    assert verdict.missed == (["rt1-1-1"] if asked > 5 else [])
    assert verdict.records == []


@pytest.mark.parametrize("asked", [4, 5, 6])
def test_a_snapshot_asked_for_before_an_order_ended_does_not_open_it(asked: int) -> None:
    world, book = one_order()
    live = (world.broker.report(world.broker.orders[0]),)
    book.apply(r.OrderDone(ref="rt1-1-1", ending=r.Ending.CANCELLED))
    book.orders["rt1-1-1"].as_of = 5
    verdict = Judge(book, Asked(asked, 0), QUIET, 0).orders(snapshot(live))
    kinds = [type(each) for each in verdict.records]
    assert kinds == ([r.OrderAcked, r.CancelIntended] if asked > 5 else [])
    assert verdict.cancels == ([1] if asked > 5 else [])


@pytest.mark.parametrize("apart_s", [9, 10])
@pytest.mark.parametrize("acked", [False, True])
def test_what_is_missing_is_gone_only_after_the_quiet_period(apart_s: int, acked: bool) -> None:
    _, book = one_order()
    order = book.orders["rt1-1-1"]
    order.acked, order.state = acked, OrderState.UNKNOWN
    order.missed_ns = SECOND
    asked = Asked(9, SECOND + apart_s * SECOND)
    verdict = Judge(book, asked, QUIET, 0).orders(snapshot())
    ends = [each.ending for each in verdict.records if isinstance(each, r.OrderDone)]
    gone = r.Ending.LOST if acked else r.Ending.ABANDONED
    assert ends == ([gone] if apart_s == 10 else [])
    halted = [each for each in verdict.records if isinstance(each, r.SymbolHalted)]
    assert len(halted) == (acked and apart_s == 10)
    assert verdict.fences == ([1] if acked and apart_s == 10 else [])


@pytest.mark.parametrize("apart_s", [9, 10])
def test_an_entry_is_cancelled_in_the_commit_that_gives_up_its_leg(apart_s: int) -> None:
    """Row 29; the guard would do so at its next look, in a commit of its own."""
    world = ready()
    world.submit(legs=("STP",))
    world.until(lambda: len(world.broker.orders) == 2)
    book = Book()
    for record in world.journal:
        book.apply(record)
    entry, leg = (book.orders[each.ref] for each in world.manager.orders())
    leg.acked, leg.state, leg.missed_ns = False, OrderState.UNKNOWN, SECOND
    there = (world.broker.report(world.broker.orders[0]),)
    asked = Asked(9, SECOND + apart_s * SECOND)
    verdict = Judge(book, asked, QUIET, 0).orders(snapshot(there))
    given_up = [each.ref for each in verdict.records if isinstance(each, r.OrderDone)]
    cancelled = [each.ref for each in verdict.records if isinstance(each, r.CancelIntended)]
    assert given_up == ([leg.ref] if apart_s == 10 else [])
    assert cancelled == ([entry.ref] if apart_s == 10 else [])
    assert (entry.intent.order_id in verdict.cancels) == (apart_s == 10)


@pytest.mark.parametrize("part", ["open_orders", "completed", "executions", "positions"])
def test_an_incomplete_snapshot_decides_nothing(part: str) -> None:
    world, held = working()
    world.cut = part
    world.die()
    world.run(60 * SECOND)
    assert not world.manager.ready
    assert world.broker.cancels == []
    assert state_of_the_only_order(world) in {OrderState.UNKNOWN, OrderState.WORKING}
    assert world.manager.halted == set()
    world.cut = ""
    settle(world)
    assert held.live


def test_a_snapshot_from_before_an_outage_does_not_open_trading() -> None:
    """The link goes and comes back while the snapshot's fills are being made durable."""
    world, held = working()
    world.broker.fill(held, Decimal(100))
    world.broker.said = []
    world.guard(lambda: world.do(world.manager.wake("ask", world.now_ns)))
    world.hold_commits = True
    world.until(lambda: world.held_commits)
    world.guard(world.link, LinkState.DEGRADED)
    world.guard(world.link, LinkState.READY)
    while world.held_commits:
        world.answer_commit()
    assert world.manager.position(1) == 100
    assert not world.manager.ready
    world.hold_commits = False
    settle(world)


def test_a_position_differs_only_if_two_samples_3_s_apart_agree_and_nothing_moved() -> None:
    book = Book()
    book.account = ACCOUNT
    first = sample(book, snapshot(positions={1: 5}), 0, SECOND)
    early = sample(book, snapshot(positions={1: 5}), 3 * SECOND, 5 * SECOND)
    due = sample(book, snapshot(positions={1: 5}), 4 * SECOND, 4 * SECOND)
    other = sample(book, snapshot(positions={1: 6}), 4 * SECOND, 4 * SECOND)
    assert lasting(None, first, 3 * SECOND) == {}
    assert lasting(first, early, 3 * SECOND) == {}
    assert lasting(first, other, 3 * SECOND) == {}
    assert set(lasting(first, due, 3 * SECOND)) == {1}
    for qty in (3, -3):
        book.apply(
            r.PositionAdopted(con_id=1, qty=Decimal(qty), avg_cost=Decimal(0), who="", why="")
        )
    book.apply(r.PositionAdopted(con_id=1, qty=Decimal(0), avg_cost=Decimal(0), who="", why=""))
    moved = sample(book, snapshot(positions={1: 5}), 4 * SECOND, 4 * SECOND)
    assert lasting(first, moved, 3 * SECOND) == {}


@pytest.mark.parametrize("step_s", [-250, 250], ids=["back", "ahead"])
def test_a_step_of_the_wall_clock_neither_hurries_nor_delays_the_comparing_of_positions(
    step_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wire seed 1001600: the snapshots' times went back 250 s, and nobody traded for so long."""
    world, held = working()
    world.broker.fill(held, Decimal(30))
    settle(world)
    heard: list[int] = []
    real = world.hear

    def hear(event: object) -> None:
        if isinstance(event, BrokerSnapshot):
            heard.append(world.now_ns)
            at_ns = event.at_ns + (1_000 + (step_s if len(heard) > 1 else 0)) * SECOND
            event = msgspec.structs.replace(event, at_ns=at_ns)
        real(event)

    monkeypatch.setattr(world, "hear", hear)
    world.broker.positions[1] += 3  # what others bought
    world.guard(lambda: world.do(world.manager.wake("ask", world.now_ns)))
    world.until(lambda: heard)
    world.run(SECOND)
    world.guard(lambda: world.do(world.manager.wake("ask", world.now_ns)))  # somebody looks early
    world.until(lambda: 1 in world.manager.halted)
    assert len(heard) == 3
    assert 3 * SECOND <= world.now_ns - heard[0] < 10 * SECOND


def test_a_position_that_is_late_halts_nothing() -> None:
    """O18: the position follows its fill by seconds, or comes before it."""
    world, held = working()
    world.broker.fill(held, Decimal(30))
    world.broker.positions[1] -= 30
    world.drain()
    world.guard(lambda: world.do(world.manager.wake("ask", world.now_ns)))
    world.run(2 * SECOND)
    world.broker.positions[1] += 30
    settle(world)
    assert world.manager.halted == set()


def test_a_lost_snapshot_is_asked_for_again() -> None:
    world = ready()
    world.die()
    world.faults = Faults(lose=1.0)
    world.run(40 * SECOND)
    assert not world.manager.ready
    assert "snapshot_late" in {each.kind for each in world.alerts}
    world.faults = Faults()
    settle(world)


def test_an_order_under_our_prefix_of_another_client_is_left_to_a_person() -> None:
    book = Book()
    book.apply(r.SessionBegan(epoch=3, account=ACCOUNT, client_id=7, config_hash=""))
    broker = Broker()
    held = broker.manual(1, Decimal(10))
    theirs = OrderReport(
        order_id=5,
        client_id=8,
        perm_id=held.perm_id,
        ref="rt1-2-1",
        status=held.status,
        generation=0,
        con_id=1,
        qty=Decimal(10),
    )
    verdict = Judge(book, Asked(1, 0), QUIET, 0).orders(snapshot((theirs,)))
    assert verdict.cancels == []
    assert {each.kind for each in verdict.alerts} == {"journal_behind", "cancel_by_hand"}
    adopted = [each for each in verdict.records if isinstance(each, r.OrderIntended)]
    assert [each.order_id for each in adopted] == [0]
