"""What F82 asks of circuit breakers; the state machine itself is ``test_model``'s."""

from __future__ import annotations

from random import Random

import pytest

from supervision.breaker import (
    FAILURE,
    BreakerConfig,
    BreakerMachine,
    BreakersByKey,
    CircuitOpen,
    Guard,
    State,
)
from supervision.clock import ManualClock
from tests.supervision.breaker.support import OPERATOR

MANY = 100
OPEN_S, PROBE_S = 10.0, 5.0


class World:
    """A hundred breakers, one by symbol, and the time."""

    def __init__(self) -> None:
        config = BreakerConfig(
            minimum_calls=1, open_s=OPEN_S, permitted_half_open=1, permit_ttl_s=PROBE_S
        )
        self.clock = ManualClock()
        self.guards = BreakersByKey(
            lambda key: Guard(BreakerMachine(str(key), config, Random(1), 0), self.clock), MANY
        )
        self.all = [self.guards.get(f"S{number}") for number in range(MANY)]

    def later(self, seconds: float) -> None:
        self.clock.advance(seconds)


def test_f82_a_hundred_idle_breakers_are_opened_in_an_emergency_and_stay_so() -> None:
    """None of them had a call, so none has a window, a timer or a permit to begin with."""
    world = World()
    for guard in world.all:
        guard.move(State.FORCED_OPEN, OPERATOR)
    world.later(100 * OPEN_S)
    for guard in world.all:
        with pytest.raises(CircuitOpen):
            guard.acquire()
    assert {guard.state for guard in world.all} == {State.FORCED_OPEN}
    for guard in world.all:
        guard.reset(OPERATOR)
        guard.acquire().succeed()
    assert {guard.state for guard in world.all} == {State.CLOSED}


def test_f82_a_probe_that_is_lost_gives_its_place_back_after_its_time() -> None:
    world = World()
    for guard in world.all:
        guard.note(FAILURE)
    world.later(2 * OPEN_S)
    lost = [guard.acquire() for guard in world.all]
    for guard in world.all:
        with pytest.raises(CircuitOpen):
            guard.acquire()
    world.later(2 * PROBE_S)
    for guard, probe in zip(world.all, lost, strict=True):
        guard.acquire().succeed()
        probe.fail(OSError("late"))
        assert guard.state is State.CLOSED, "the lost probe's result counts for nothing"
