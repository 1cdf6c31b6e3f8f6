"""Eight simulated hours of one process, and what the product holds on to meanwhile.

What is measured is what can be reached from the product's own actors: their objects and bytes, the
messages that wait for them, how many there are, how many timers. The simulation's own lists, which
keep everything that ever happened, are left out.
"""

from __future__ import annotations

import gc
import logging
import sys
from decimal import Decimal
from functools import partial
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from robotrader.risk import Ratio
from tests.simulation import persons
from tests.simulation.catalogue import CATALOGUE as FAULTS
from tests.simulation.core import CoreWorld
from tests.simulation.plan import Fault, Plan, swarm
from tests.simulation.traders import LIMITS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

S: Final = 1_000_000_000
HOUR_S: Final = 3_600.0
EVERY_S: Final = 1_800.0
CLEARED_EVERY_S: Final = 300.0
"""A person clears the switch so often: else nothing trades after the first trip."""

ALL: Final = Ratio(Decimal(1))
CLASSES: Final = frozenset({"network", "broker", "market"})
"""Faults that a process lives through: a dead one would begin with nothing."""

LEFT_OUT: Final = frozenset({"correct_qty", "rolls_dead"})
"""The last one ends the process. The other only a person could end: what the broker has taken back
a strategy goes on asking to close, the gate goes on refusing it, and after an hour nobody trades.
"""

WINDOW_S: Final = 120.0
_NOT_OURS: Final = (ModuleType, FunctionType, type)
_HARNESS: Final = ("tests.", "robotrader.venue", "robotrader.journal.memory")
"""The simulation, the exchange, and the disk: what is on it is not held."""

_BOUNDED: Final = ("robotrader.market.backfill",)
"""Series of bars: they have a bound of their own (``keep_bars``), which takes hours to reach."""


class Footprint(NamedTuple):
    """What there is after so many hours."""

    hours: float
    lives: int
    kib: float
    objects: int
    waiting: int
    actors: int
    timers: int
    orders: int


class Soak:
    """See the module's prose."""

    def __init__(self, seed: int, hours: float) -> None:
        self.world = CoreWorld(plan(seed, hours), record=False)
        # Eight hours of trades that only cost commissions are more than a day may lose or send.
        self.world.limits = msgspec.structs.replace(
            LIMITS, max_orders_per_day=1_000_000, max_daily_loss=ALL, max_drawdown=ALL,
            switch_daily_loss=ALL, switch_drawdown=ALL,
        )  # fmt: skip
        self.found: list[Footprint] = []
        for number in range(1, int(hours * HOUR_S / EVERY_S)):
            self.world.plan_at(int(number * EVERY_S * S), self._look)
        for number in range(1, int(hours * HOUR_S / CLEARED_EVERY_S)):
            clears = partial(persons.see_to, self.world)
            self.world.plan_at(int(number * CLEARED_EVERY_S * S), clears)

    def run(self) -> list[Footprint]:
        """Run it to its end; return what was found on the way."""
        level = logging.root.manager.disable
        logging.disable(logging.CRITICAL)
        try:
            self.world.run()
        finally:
            logging.disable(level)
            self.world.system.close()
        return self.found

    def _look(self) -> None:
        world = self.world
        gc.collect()
        cells = list(world.system.cells.values())
        sizes = [sys.getsizeof(each) for each in reached([each.actor for each in cells])]
        self.found.append(
            Footprint(
                hours=world.sim_ns() / S / HOUR_S,
                lives=world.life,
                kib=sum(sizes) / 1024,
                objects=len(sizes),
                waiting=sum(len(each.queue) for each in cells),
                actors=len(cells),
                timers=len(world.system._heap.heap),
                orders=len(world.sent),
            )
        )


def plan(seed: int, hours: float) -> Plan:
    """Return two minutes of faults after the other, for so many hours."""
    seconds = hours * HOUR_S
    kinds = {
        name: [each for each in FAULTS[name] if each.name not in LEFT_OUT]
        for name in FAULTS
        if name in CLASSES
    }
    faults: list[Fault] = []
    for window in range(int(seconds / WINDOW_S)):
        for each in swarm(seed + window, kinds, WINDOW_S / 2).faults:
            at_ns = each.at_ns + int(window * WINDOW_S * S)
            faults.append(msgspec.structs.replace(each, id=len(faults) + 1, at_ns=at_ns))
    return Plan(seed, seconds, tuple(sorted(CLASSES)), tuple(faults))


def reached(roots: Sequence[Any]) -> Iterator[Any]:
    """Yield every object that can be reached without leaving the product."""
    seen, waiting = {id(each) for each in roots}, list(roots)
    while waiting:
        one = waiting.pop()
        yield one
        for each in gc.get_referents(one):
            if id(each) not in seen and not isinstance(each, _NOT_OURS) and _ours(each):
                seen.add(id(each))
                waiting.append(each)


def _ours(one: Any) -> bool:
    return not type(one).__module__.startswith(_HARNESS + _BOUNDED)
