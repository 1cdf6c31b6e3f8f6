"""What a person does once all is well again: clears the switch, accepts positions, resumes."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Final

from actors.say import Reconcile
from robotrader.domain.records import LimitChanged, PositionAdopted, SwitchCleared, SymbolResumed
from tests.simulation.traders import LIMITS

if TYPE_CHECKING:
    from robotrader.risk import Switch
    from tests.simulation.core import CoreWorld
    from tests.simulation.process import Process

S: Final = 1_000_000_000
AGAIN_S: Final = 15
"""What others traded, and nobody told us, is halted some seconds after it was asked for."""


def see_to(world: CoreWorld, *, again: bool = False) -> None:
    """See to what the faults have left; without a process a second later."""
    process = world.process
    switch = None if process is None else process.switch()
    if process is None or switch is None:
        world.plan_soon(S, partial(see_to, world, again=again))
        return
    world.said_ns = world.now_ns
    clear(world, process, switch)
    if not world.exchange.tells_of_others and not again:
        process.tell("orders", Reconcile())
        world.plan_soon(AGAIN_S * S, partial(see_to, world, again=True))


def compare(world: CoreWorld) -> None:
    """Have broker and journal compared."""
    if world.process is not None:
        world.process.tell("orders", Reconcile())


def clear(world: CoreWorld, process: Process, switch: Switch) -> None:
    """Set everything that faults have left back to how it was before."""
    for scope in sorted({trip.scope for trip in switch.trips}):
        process.tell("journal", SwitchCleared(scope=scope, who="ann", why="calm again"))
    trading = process.trading()
    for con_id in sorted(() if trading is None else trading.halted):
        _adopt(world, process, con_id)
        process.tell("journal", SymbolResumed(con_id=con_id, who="ann", why="looked at"))
    for name in sorted(world.striker.limits):
        value = Decimal(getattr(LIMITS, name))
        process.tell("journal", LimitChanged(name=name, value=value, who="ann"))


def _adopt(world: CoreWorld, process: Process, con_id: int) -> None:
    """Accept the broker's position where it is another: its fills are not to be had any more."""
    ours = process.positions()
    theirs = world.positions().get(con_id, Decimal(0))
    if ours is None or ours.get(con_id, Decimal(0)) == theirs:
        return
    world.reach("adopted")
    held = world.exchange.books.positions(world.account).get(con_id)
    said = 0.0 if held is None else float(held.average_cost())  # as it is on the wire
    cost = Decimal(repr(said))
    record = PositionAdopted(
        con_id=con_id, qty=theirs, avg_cost=cost, who="ann", why="the statement says so"
    )
    process.tell("journal", record)
