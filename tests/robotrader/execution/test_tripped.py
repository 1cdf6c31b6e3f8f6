"""What the switch left working when the process that tripped it died (I5b, row 32)."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from robotrader.domain import FLATTENER, Side
from robotrader.domain import records as r
from robotrader.execution.book import Book
from robotrader.execution.kept import BookState, restore, slices
from robotrader.recovery.parts import join
from tests.robotrader.execution.broker import Held
from tests.robotrader.execution.test_crash_points import ready, settle
from tests.robotrader.execution.world import SECOND, World


def _held() -> World:
    """A world that holds fifty shares."""
    world = ready()
    world.submit(50)
    world.until(lambda: [each for each in world.broker.orders if each.live])
    world.broker.fill(world.broker.orders[0], Decimal(50))
    world.run(SECOND)
    return world


def _exit(world: World, strategy: str = "s") -> Held:
    """An exit of all of it, which works."""
    before = len(world.broker.orders)
    world.submit(50, side=Side.SELL, reduces=True, strategy=strategy)
    world.until(lambda: len(world.broker.orders) > before)
    world.run(SECOND)
    assert world.broker.orders[-1].live
    return world.broker.orders[-1]


@pytest.mark.parametrize("level", ["pause", "reduce", "cancel", "flatten"])
def test_an_exit_that_worked_before_a_trip_ends_in_the_next_process(level: str) -> None:
    world = _held()
    asked = _exit(world)
    world.die()
    world.kill(level)
    settle(world)
    world.run(SECOND)
    assert asked.live == (level in {"pause", "reduce"})


def test_an_exit_that_was_asked_for_after_the_trip_works_on_in_the_next_process() -> None:
    world = _held()
    world.kill("cancel")
    world.run(SECOND)
    asked = _exit(world)
    world.die()
    settle(world)
    world.run(SECOND)
    assert asked.live


def test_what_the_switch_closes_with_works_on_while_a_flatten_does() -> None:
    world = _held()
    world.kill("flatten")
    closes = _exit(world, FLATTENER)
    world.journal.append(r.SwitchTripped(level="cancel", scope="symbol:S1", trigger="t", why="w"))
    world.die()
    settle(world)
    world.run(SECOND)
    assert closes.live


def test_what_the_switch_closes_with_ends_once_only_another_trip_is_left() -> None:
    """Long, 1000008: the flatten was cleared, and ``cancel`` stayed."""
    world = _held()
    world.journal.append(
        r.SwitchTripped(level="flatten", scope="account:DU1", trigger="t", why="w")
    )
    world.die()
    settle(world)
    closes = _exit(world, FLATTENER)
    world.journal.append(r.SwitchTripped(level="cancel", scope="all", trigger="t", why="w"))
    world.die()
    settle(world)
    world.run(SECOND)
    assert closes.live
    world.guard(lambda: world.do(world.manager.on_switch({"all": "cancel"}, world.now_ns)))
    world.run(SECOND)
    assert not closes.live


def test_a_snapshot_keeps_over_which_orders_the_switch_was_tripped() -> None:
    book, other = Book(), Book()
    for number, symbol in enumerate(("AAPL", "KO"), 1):
        book.apply(
            r.OrderIntended(
                ref=f"rt1-1-{number}", order_id=number, generation=1, account="DU1", con_id=number,
                symbol=symbol, strategy="s", side="SELL", order_type="LMT", qty=Decimal(5),
                reduces=True,
            )
        )  # fmt: skip
    book.apply(r.SwitchTripped(level="cancel", scope="symbol:KO", trigger="t", why="w"))
    made = [msgspec.msgpack.encode(each) for each in slices(book, 7)]
    restore(other, join(msgspec.msgpack.decode(each, type=BookState) for each in made))
    assert [each.tripped for each in other.orders.values()] == [False, True]
