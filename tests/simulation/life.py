"""One run of a world of the core level, from its plan to what came of it."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.outcome import Outcome
from tests.simulation.plan import REST_S, Plan
from tests.simulation.processor import one_processor
from tests.simulation.uncollected import uncollected

if TYPE_CHECKING:
    from tests.simulation.core import CoreWorld


def live(world: type[CoreWorld], plan: Plan, *, record: bool) -> Outcome:
    """Run a plan, and the time of rest that follows its faults."""
    with one_processor():
        return uncollected(partial(_live, world, plan, record=record))


def _live(kind: type[CoreWorld], plan: Plan, *, record: bool) -> Outcome:
    whole = Plan(plan.seed, plan.seconds + REST_S, plan.classes, plan.faults)
    world = kind(whole, record=record)
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # a log is I/O, and an alert's time is not the run's
    try:
        world.run()
    finally:
        logging.disable(level)
        world.system.close()
    digest = int.from_bytes(world.digest.digest(), "big")
    return Outcome(
        seed=plan.seed, level=world.level, seconds=world.plan.seconds,
        trace_hash=world.system.trace_hash ^ digest, events=world.system.steps,
        breaches=tuple(world.breaches), coverage=dict(sorted(world.coverage.items())),
        timeline=world.timeline.lines(), faults=tuple(each.id for each in plan.faults),
    )  # fmt: skip
