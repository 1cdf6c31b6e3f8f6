"""A loss of power: what is durable stays; what a lying disk loses doubles no order and no fill."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest

from robotrader.domain import records as rec
from tests.simulation import core
from tests.simulation.core import CoreWorld
from tests.simulation.disk import SimulatedStore, set_faults
from tests.simulation.plan import Fault, Plan

S = 1_000_000_000


def power_fails(seed: int) -> Plan:
    """Half a minute into a run in which nothing else goes wrong."""
    fault = Fault(1, (20 + seed) * S, "disk", "lost_tail")
    return Plan(seed, 65.0, ("disk",), (fault,))


@pytest.mark.parametrize("seed", range(8))
def test_a_lost_tail_doubles_nothing_and_both_sides_agree_again(seed: int) -> None:
    outcome = core.simulate(power_fails(seed))
    assert outcome.ok, outcome.text()
    assert outcome.coverage.get("tail lost", 0) + outcome.coverage.get("no tail lost", 0) == 1


def test_orders_that_the_journal_has_lost_trip_the_switch() -> None:
    """In some of a few seeds orders were lost: each such run has said so, durably."""
    told = 0
    logging.disable(logging.CRITICAL)
    try:
        for seed in range(8):
            plan = power_fails(seed)
            world = CoreWorld(Plan(seed, 125.0, plan.classes, plan.faults), record=False)
            world.run()
            world.system.close()
            adopted = [e for _, e in world.log if isinstance(e, rec.OrderIntended)
                       if not e.order_type]  # fmt: skip
            trips = [e for _, e in world.log if isinstance(e, rec.SwitchTripped)]
            behind = [each for each in trips if each.trigger == "journal_behind"]
            assert bool(adopted) == bool(behind)
            told += bool(behind)
    finally:
        logging.disable(logging.NOTSET)
    assert told


def test_a_disk_that_loses_what_was_durable_is_a_breach() -> None:
    """The check itself: an opening that finds less than was told."""
    world = CoreWorld(Plan(1, 60.0, (), ()), record=False)
    set_faults(world.disk, lies=True)
    record = rec.DayRolled(day="2026-11-23", equity=Decimal(1))
    world.log += [(number, record) for number in range(1, 4)]
    SimulatedStore(world, world.disk)
    assert [each.checker for each in world.breaches] == ["I9c what is durable stays"]
