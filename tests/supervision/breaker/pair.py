"""The machine and the naive model driven together, without any test library.

So another process can drive them too, and quickly.
"""

from __future__ import annotations

import hashlib
import random
from typing import Any

from supervision.breaker import (
    FAILURE,
    IGNORED,
    SUCCESS,
    BreakerConfig,
    BreakerMachine,
    IllegalMove,
    Permit,
    State,
)
from supervision.clock import NANOSECONDS
from tests.supervision.breaker.model import Model
from tests.supervision.breaker.support import OPERATOR

SLOW_NS = 2 * NANOSECONDS
VERDICTS = {"ok": SUCCESS, "fail": FAILURE, "slow": SUCCESS, "ignored": IGNORED}


class Pair:
    """The machine and the model, driven together; every step compares them."""

    def __init__(self, **settings: Any) -> None:
        self.model = Model(**settings)
        config = BreakerConfig(
            consecutive_failures=settings["row"],
            failure_rate_pct=50,
            slow_rate_pct=75,
            slow_call_s=1.0,
            window_size=settings["size"],
            minimum_calls=settings["minimum"],
            permitted_half_open=settings["permits"],
            open_s=settings["open_ns"] / NANOSECONDS,
            open_factor=settings["factor"],
            open_cap_s=100.0,
            permit_ttl_s=settings["ttl_ns"] / NANOSECONDS,
        )
        self.model.cap_ns = 100 * NANOSECONDS
        self.machine = BreakerMachine("b", config, random.Random(1), 0)
        self.permits: list[Permit] = []

    def ask(self) -> None:
        answer = self.machine.try_acquire(self.model.now_ns)
        granted = isinstance(answer, Permit)
        key = answer.number if isinstance(answer, Permit) else None
        assert self.model.ask(key) == granted
        if isinstance(answer, Permit):
            self.permits.append(answer)
        self.compare()

    def end(self, index: int, outcome: str, *, twice: bool = False) -> None:
        permit = self.permits[index] if twice else self.permits.pop(index)
        duration_ns = SLOW_NS if outcome == "slow" else 0
        verdict = VERDICTS[outcome]
        self.machine.record(permit, verdict, duration_ns, self.model.now_ns)
        self.model.end(permit.number, outcome)
        self.compare()

    def give_back(self, index: int) -> None:
        permit = self.permits.pop(index)
        self.machine.release(permit, self.model.now_ns)
        self.model.end(permit.number, "ignored")
        self.compare()

    def advance(self, delta_ns: int) -> None:
        self.model.advance(delta_ns)
        self.machine.tick(self.model.now_ns)
        self.compare()

    def move(self, target: State, open_ns: int | None) -> None:
        open_for_ns = open_ns if target is State.OPEN else None
        try:
            self.machine.move(target, OPERATOR, self.model.now_ns, open_for_ns=open_for_ns)
            legal = True
        except IllegalMove:
            legal = False
        assert self.model.move(target.value, open_for_ns) == legal
        self.compare()

    def reset(self) -> None:
        self.machine.reset(OPERATOR, self.model.now_ns)
        self.model.reset()
        self.compare()

    def remaining_ns(self) -> int:
        return self.machine.remaining_ns(self.model.now_ns)

    def compare(self) -> None:
        machine, model = self.machine, self.model
        assert machine.state.value == model.state
        assert machine.attempt == model.attempt
        assert machine.consecutive_failures == model.failures_in_row
        counts = machine.counts(model.now_ns)
        assert (counts.calls, counts.failed) == (
            len(model.results),
            sum(failed for failed, _ in model.results),
        )
        if model.state == "open":
            assert machine.next_deadline_ns() == model.until_ns
        if model.state == "half_open":
            assert machine.in_flight == len(model.out)
            assert machine.in_flight + counts.calls <= model.permits


def pair_of(rng: random.Random) -> Pair:
    return Pair(
        row=rng.choice((None, 1, 2, 3)),
        size=rng.choice((1, 2, 4, 10)),
        minimum=rng.choice((1, 2, 5)),
        permits=rng.choice((1, 2, 4)),
        open_ns=rng.choice((1, 5)) * NANOSECONDS,
        ttl_ns=rng.choice((1, 3)) * NANOSECONDS,
        factor=rng.choice((1, 2)),
    )


def random_steps(seed: int, steps: int) -> str:
    """Drive a pair at random; return the hash of all events and states."""
    rng, trace = random.Random(seed), hashlib.sha256()
    pair = pair_of(rng)
    for _ in range(steps):
        chance = rng.random()
        if chance < 0.4:
            pair.ask()
        elif chance < 0.85 and pair.permits:
            pair.end(rng.randrange(len(pair.permits)), rng.choice(sorted(VERDICTS)))
        elif chance < 0.98:
            pair.advance(rng.randrange(NANOSECONDS))
        else:
            pair.move(rng.choice(list(State)), rng.choice((None, 5)))
        shown = (pair.machine.state, pair.machine.generation, pair.remaining_ns())
        trace.update(repr(shown).encode())
    trace.update(repr(pair.machine.metrics(pair.model.now_ns)).encode())
    return trace.hexdigest()
