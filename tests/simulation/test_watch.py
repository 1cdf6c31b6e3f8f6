"""A checker looks only when something that it reads has come, and misses nothing by that."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from robotrader.domain import records as rec
from supervision import Actor
from tests.simulation.checkers import watching
from tests.simulation.core import CoreWorld, plan_of
from tests.simulation.core_checks import watching_core
from tests.simulation.plan import REST_S, Plan
from tests.simulation.watch import ALWAYS, RECORDS, Watch, check_all, of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.outcome import Breach
    from tests.simulation.watch import Watcher
    from tests.simulation.world import World

SEEDS = range(40, 46)


class Everybody(Watch):
    """All of them look whenever one has to."""

    def look(self, world: World) -> list[Breach]:
        """As it was before they said what they read."""
        return check_all(self.checkers, world)


def lived(seed: int, kind: type[Watch]) -> CoreWorld:
    """Run a seed, let every checker catch up at its end, and return its world."""
    drawn = plan_of(seed, 120.0)
    plan = Plan(seed, drawn.seconds + REST_S, drawn.classes, drawn.faults)
    world = CoreWorld(plan, record=False)
    world._watching = kind(world._watching.checkers)
    logging.disable(logging.CRITICAL)
    try:
        world.run()
        world.breaches += check_all(world._watching.checkers, world)
        return world
    finally:
        logging.disable(logging.NOTSET)
        world.system.close()


def known(checker: Watcher) -> dict[str, str]:
    """Return what a checker has kept, but for whom of our process it looks at."""
    return dict(_told(checker))


def _told(thing: Any) -> Iterator[tuple[str, str]]:
    for name, value in sorted(vars(thing).items()):
        if type(value).__module__.startswith("tests.simulation"):
            yield from ((f"{name}.{inner}", text) for inner, text in _told(value))
        elif isinstance(value, set):
            yield name, repr(sorted(value, key=repr))
        elif isinstance(value, dict):
            yield name, repr(dict(value))
        elif not isinstance(value, Actor):
            yield name, repr(value)


@pytest.mark.parametrize("seed", SEEDS)
def test_who_is_left_alone_misses_nothing(seed: int) -> None:
    """The same seed with all of them looking always: the same breaches, and the same memories."""
    some, every = lived(seed, Watch), lived(seed, Everybody)
    assert some.breaches == every.breaches
    assert some.system.trace_hash == every.system.trace_hash
    for one, other in zip(some._watching.checkers, every._watching.checkers, strict=True):
        assert known(one) == known(other), one.name


def test_every_checker_says_what_it_reads() -> None:
    """Something, and of the records none that there is not."""
    for each in (*watching(), *watching_core()):
        assert each.reads > 0, each.name
    assert of(rec.OrderIntended) != of(rec.OrderDone)
    assert RECORDS & of(*rec.TYPE_IDS.values()) == RECORDS
    assert not RECORDS & ALWAYS
