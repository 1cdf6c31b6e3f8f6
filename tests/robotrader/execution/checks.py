"""The invariants I1 to I10 of a world, against the truth of its broker."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from robotrader.domain import PlaceOrder, Side
from robotrader.domain import records as r
from robotrader.execution import Commit, OrderManager
from tests.robotrader.execution.broker import CLIENT
from tests.robotrader.execution.gate import LIMIT

if TYPE_CHECKING:
    from tests.robotrader.execution.world import World


def check_commit(world: World, commit: Commit) -> None:
    entering = [each for each in commit.records if isinstance(each, r.OrderIntended)]
    if any(each.reason != "adopted" for each in entering):
        assert world.manager.ready, "I8: an intent was created while not reconciled"


def check_place(world: World, command: PlaceOrder) -> None:
    ref = command.order.order_ref
    mine = [each for each in world.journal if getattr(each, "ref", None) == ref]
    intents = [each for each in mine if isinstance(each, r.OrderIntended)]
    changes = sum(isinstance(each, r.ModifyIntended) for each in mine)
    assert len(intents) == 1, f"I6: {ref} is sent with {len(intents)} intents"
    assert intents[0].order_id == command.order_id
    assert not any(isinstance(each, r.OrderDone) for each in mine), f"{ref} is over"
    world.worst_placed[ref] = world.worst_placed.get(ref, 0) + 1
    assert world.worst_placed[ref] <= 1 + changes, f"I1: {ref} is sent again"
    assert not world.killed or command.reduces, f"I5: {ref} is sent after the kill"
    assert command.generation == world.manager.generation, f"I10: {ref} of an old connection"


def check_broker(world: World) -> None:
    """I1, I4 and I6 against the broker's truth."""
    intended = {each.ref for each in world.journal if isinstance(each, r.OrderIntended)}
    worst: dict[int, Decimal] = {}
    refs = set()
    for held in world.broker.orders:
        ref = held.order.order_ref
        if held.client_id != CLIENT:
            continue
        assert ref not in refs, f"I1: {ref} is at the broker twice"
        refs.add(ref)
        assert ref in intended or world.restored, f"I6: {ref} has no intent"
        if held.order.side is Side.BUY:
            con_id = held.order.con_id
            worst[con_id] = worst.get(con_id, Decimal(0)) + held.remaining
    for con_id, working in worst.items():
        total = working + world.broker.positions.get(con_id, Decimal(0))
        assert total <= LIMIT, f"I4: {total} of contract {con_id} is possible"


def check_replay(world: World) -> None:
    """I3b: a new process would believe the same."""
    again = OrderManager()
    for record in world.journal:
        again.replay(record)
    assert again.durable() == world.manager.durable()


def check_rest(world: World) -> None:
    """I2, I3 and I7: after the faults, the same as the broker, and ready."""
    assert world.alive
    assert world.manager.ready, "I7: not ready after the faults stopped"
    fills: Any = world.manager.durable()["fills"]
    booked = {family: (fill.exec_id, fill.qty) for family, fill in fills.items()}
    truth = {f: (x.exec_id, x.qty) for f, x in world.broker.newest_fills().items()}
    assert booked == truth, "I2: the executions differ"
    for con_id, qty in world.broker.positions.items():
        if con_id in world.manager.halted:
            continue
        assert world.manager.position(con_id) == qty, "I3: the position differs"
    live = {each.order.order_ref for each in world.broker.orders if each.live}
    mine = {view.ref for view in world.manager.orders() if view.reserved}
    assert mine == {ref for ref in live if ref}, "the open orders differ"
    ids = [each.order_id for each in world.journal if isinstance(each, r.OrderIntended)]
    assert len(ids) == len(set(ids)), "an order id is used again"
    check_replay(world)
