"""Eight simulated hours: what the product holds on to grows with its orders, with nothing else."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest

from tests.simulation.soak import LEFT_OUT, Soak, plan

_log = logging.getLogger(__name__)

OBJECTS_AN_ORDER = 100
"""An order with its fill, its trade and its records; they are kept for fifteen days."""

SLACK = 1_000
"""What comes and goes."""


def test_a_soak_has_faults_all_the_time_and_none_that_ends_the_process() -> None:
    drawn = plan(1, 1.0).faults
    assert len({each.at_ns // (600 * 10**9) for each in drawn}) == 6
    assert {each.cls for each in drawn} == {"network", "broker", "market"}
    assert not {each.kind for each in drawn} & LEFT_OUT
    assert len({each.id for each in drawn}) == len(drawn)


@pytest.mark.deep
@pytest.mark.timeout(3600)
def test_eight_simulated_hours_leave_queues_actors_timers_and_memory_flat() -> None:
    soak = Soak(seed=1, hours=8.0)
    found = soak.run()
    for each in found:
        _log.info("%s", each)
    assert soak.world.breaches == []
    assert {each.lives for each in found} == {0}
    assert len({each.actors for each in found}) == 1
    assert max(each.waiting for each in found) < 50
    assert max(each.timers for each in found) < 3 * found[0].timers
    middle, last = found[len(found) // 2], found[-1]
    orders = last.orders - middle.orders
    sent = [each.orders for each in found]
    assert all(after - before > 100 for before, after in pairwise(sent)), "it trades to the end"
    assert last.objects - middle.objects < OBJECTS_AN_ORDER * orders + SLACK
