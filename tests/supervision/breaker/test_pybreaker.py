"""Compared with pybreaker for the settings that both have (case 140).

Both count failures in a row, admit one call after another in HALF_OPEN and close after a number of
successes. pybreaker reads the wall clock, so its storage is given the opening time that makes its
period end exactly when ours does: a past one or a future one.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pybreaker
import pytest

from supervision.breaker import FAILURE, SUCCESS, Permit, State
from tests.supervision.breaker.support import Bench

OURS = {"closed": State.CLOSED, "open": State.OPEN, "half-open": State.HALF_OPEN}
FAR = timedelta(days=1000)


class Both:
    """One breaker of each kind, driven in step."""

    def __init__(self, fail_max: int, successes: int) -> None:
        self.storage = pybreaker.CircuitMemoryStorage(pybreaker.STATE_CLOSED)
        self.theirs = pybreaker.CircuitBreaker(
            fail_max=fail_max,
            reset_timeout=0,
            success_threshold=successes,
            state_storage=self.storage,
            throw_new_error_on_trip=False,
        )
        self.ours = Bench(
            consecutive_failures=fail_max,
            failure_rate_pct=None,
            slow_rate_pct=None,
            success_threshold=successes,
            permitted_half_open=1,
            auto_half_open=False,
            open_s=10.0,
        )

    def call(self, *, ok: bool) -> None:
        """Make one call through both; compare admission, state and counts."""
        self._align()
        admitted = self._call_theirs(ok=ok)
        answer = self.ours.ask()
        assert isinstance(answer, Permit) == admitted
        if isinstance(answer, Permit):
            self.ours.end(answer, SUCCESS if ok else FAILURE)
        self.compare()

    def _align(self) -> None:
        """Make their period over exactly when ours is."""
        if self.ours.state() is State.OPEN:
            over = self.ours.remaining_ns() == 0
            self.storage.opened_at = datetime.now(UTC) + (-FAR if over else FAR)

    def _call_theirs(self, *, ok: bool) -> bool:
        try:
            self.theirs.call((lambda: 1) if ok else self._fail)
        except pybreaker.CircuitBreakerError:
            return False
        except OSError:
            return True
        return True

    @staticmethod
    def _fail() -> None:
        message = "down"
        raise OSError(message)

    def compare(self) -> None:
        state = self.ours.state()
        assert state is OURS[self.theirs.current_state]
        if state is State.CLOSED:
            assert self.ours.machine.consecutive_failures == self.theirs.fail_counter
        if state is State.HALF_OPEN:
            assert self.ours.machine.half_open_successes == self.theirs.success_counter


def drive(seed: int, steps: int) -> Both:
    rng = random.Random(seed)
    both = Both(fail_max=rng.choice((1, 2, 3, 5)), successes=rng.choice((1, 2, 3)))
    for _ in range(steps):
        chance = rng.random()
        if chance < 0.85:
            both.call(ok=rng.random() < 0.55)
        elif chance < 0.98:
            both.ours.clock.advance(rng.choice((1.0, 5.0, 10.0)))
        elif both.ours.state() is not State.CLOSED:
            both.theirs.close()
            both.ours.move(State.CLOSED)
            both.compare()
        both.ours.events.clear()
    return both


@pytest.mark.parametrize("seed", range(10))
def test_breaker_140_random_steps_equal_pybreaker(seed: int) -> None:
    both = drive(seed, 300)
    assert both.ours.state() is OURS[both.theirs.current_state]


@pytest.mark.deep
@pytest.mark.timeout(600)
def test_breaker_140_50000_random_steps_equal_pybreaker() -> None:
    for seed in range(100):
        both = drive(seed, 500)
        assert both.ours.state() is OURS[both.theirs.current_state]
