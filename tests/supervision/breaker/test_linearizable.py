"""Concurrent histories have an order in which the sequential model gives the same answers (127).

Every operation is recorded with the moments of its start and its end; the search (Wing and Gong's)
tries the operations that had started before every other one had ended.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from supervision.breaker import FAILURE, BreakerConfig, BreakerMachine, CircuitOpen, Guard
from supervision.breaker.call import Call
from supervision.clock import ManualClock, to_ns
from tests.supervision.breaker.model import Model

SETTINGS: dict[str, Any] = {
    "row": 2,
    "size": 4,
    "minimum": 4,
    "permits": 2,
    "open_ns": to_ns(1),
    "ttl_ns": to_ns(60),
}


@dataclass(frozen=True)
class Operation:
    """What a thread did, what it saw, and the moments between which it happened."""

    kind: str
    key: Any
    argument: str
    answer: Any
    start: int
    end: int

    def replay(self, model: Model) -> bool:
        """Do the same to the model; say whether it answers the same."""
        if self.kind == "ask":
            return bool(model.ask(self.key) == self.answer)
        if self.kind == "end":
            model.end(self.key, self.argument)
            return True
        return bool(model.state == self.answer)


def linearizable(history: list[Operation], model: Model) -> bool:
    if not history:
        return True
    first_end = min(operation.end for operation in history)
    for operation in [candidate for candidate in history if candidate.start < first_end]:
        trial = model.copy()
        rest = [other for other in history if other is not operation]
        if operation.replay(trial) and linearizable(rest, trial):
            return True
    return False


class Recorder:
    """Threads that use one guard at random and record what they see."""

    def __init__(self, seed: int, state: str) -> None:
        clock = ManualClock()
        config = BreakerConfig(
            consecutive_failures=2,
            slow_rate_pct=75,
            window_size=4,
            minimum_calls=4,
            permitted_half_open=2,
            open_s=1.0,
            permit_ttl_s=60.0,
        )
        self.guard = Guard(BreakerMachine("b", config, random.Random(1), 0), clock)
        self.model = Model(**SETTINGS)
        self.seed = seed
        self.moments = count()
        self.history: list[Operation] = []
        if state == "half_open":
            self._open_half(clock)

    def _open_half(self, clock: ManualClock) -> None:
        for key in ("a", "b"):
            self.guard.note(FAILURE)
            self.model.ask(key)
            self.model.end(key, "fail")
        clock.advance(1)
        self.guard.tick()
        self.model.advance(to_ns(1))

    def run(self, threads: int, steps: int) -> list[Operation]:
        go = threading.Barrier(threads)
        workers = [threading.Thread(target=self._work, args=(n, steps, go)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(30)
        return self.history

    def _work(self, number: int, steps: int, go: threading.Barrier) -> None:
        rng, held = random.Random(f"{self.seed}-{number}"), list[tuple[Any, Call]]()
        go.wait(30)
        for step in range(steps):
            chance = rng.random()
            start = next(self.moments)
            if chance < 0.5:
                seen = "ask", (number, step), "", self._ask((number, step), held)
            elif chance < 0.9 and held:
                key, call = held.pop(rng.randrange(len(held)))
                outcome = rng.choice(("ok", "fail"))
                call.succeed() if outcome == "ok" else call.fail(OSError())
                seen = "end", key, outcome, None  # type: ignore[assignment]  # of one shape
            else:
                seen = "look", None, "", self.guard.state.value  # type: ignore[assignment]
            self.history.append(Operation(*seen, start, next(self.moments)))

    def _ask(self, key: Any, held: list[tuple[Any, Call]]) -> bool:
        try:
            held.append((key, self.guard.acquire()))
        except CircuitOpen:
            return False
        return True


@pytest.mark.parametrize("state", ["closed", "half_open"])
def test_breaker_127_random_concurrent_histories_are_linearizable(state: str) -> None:
    for seed in range(40):
        recorder = Recorder(seed, state)
        history = recorder.run(threads=3, steps=5)
        assert len(history) == 15
        assert linearizable(history, recorder.model), f"seed {seed}: {history}"


def test_breaker_127_the_search_finds_a_history_that_has_no_order() -> None:
    asks = [Operation("ask", n, "", True, 2 * n, 2 * n + 1) for n in range(3)]
    model = Recorder(0, "half_open").model
    assert not linearizable(asks, model), "three probes cannot pass where two may"
    assert linearizable(asks[:2], model)
