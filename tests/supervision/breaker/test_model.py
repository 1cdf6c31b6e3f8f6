"""Random operations on the machine and on a naive model give the same (cases 125, 136-138; F82)."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from supervision.breaker import State
from supervision.clock import NANOSECONDS
from tests.supervision.breaker.pair import VERDICTS, pair_of, random_steps

ROOT = Path(__file__).parents[3]


class Machine(RuleBasedStateMachine):
    """Hypothesis chooses the configuration and the steps, and shrinks what fails."""

    steps = 0

    @initialize(seed=st.integers(0, 10_000))
    def begin(self, seed: int) -> None:
        self.pair = pair_of(random.Random(seed))

    @rule()
    def call(self) -> None:
        self.pair.ask()

    @precondition(lambda self: self.pair.permits)
    @rule(pick=st.randoms(use_true_random=False), outcome=st.sampled_from(sorted(VERDICTS)))
    def result(self, pick: random.Random, outcome: str) -> None:
        self.pair.end(pick.randrange(len(self.pair.permits)), outcome)

    @precondition(lambda self: self.pair.permits)
    @rule(outcome=st.sampled_from(sorted(VERDICTS)))
    def result_that_comes_again(self, outcome: str) -> None:
        self.pair.end(0, outcome, twice=True)

    @precondition(lambda self: self.pair.permits)
    @rule()
    def timeout(self) -> None:
        self.pair.end(0, "fail")

    @precondition(lambda self: self.pair.permits)
    @rule()
    def give_back(self) -> None:
        self.pair.give_back(0)

    @rule(delta_ns=st.sampled_from((0, 1, NANOSECONDS - 1, NANOSECONDS, 5 * NANOSECONDS)))
    def advance(self, delta_ns: int) -> None:
        self.pair.advance(delta_ns)

    @rule(state=st.sampled_from(list(State)), open_ns=st.sampled_from((None, 1, 7_000_000_000)))
    def operate(self, state: State, open_ns: int | None) -> None:
        self.pair.move(state, open_ns)

    @rule()
    def reset(self) -> None:
        self.pair.reset()

    @invariant()
    def count_the_step(self) -> None:
        type(self).steps += 1


def run_machine(examples: int, steps: int) -> int:
    """Run the state machine and return how many steps were made."""

    class Run(Machine):
        steps = 0

    settings = hypothesis.settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(Run, settings=settings)
    return Run.steps


def test_breaker_138_random_steps_equal_the_sequential_model() -> None:
    """F82, too: the property test of the state machine."""
    assert run_machine(examples=12, steps=25) > 100


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_breaker_138_200000_random_steps_equal_the_sequential_model() -> None:
    made = 0
    while made < 200_000:
        made += run_machine(examples=500, steps=100)
    assert made >= 200_000


@pytest.mark.parametrize("seed", range(10))
def test_breaker_125_random_lives_keep_one_generation_and_the_bound_of_permits(seed: int) -> None:
    assert random_steps(seed, 500) == random_steps(seed, 500)


@pytest.mark.deep
@pytest.mark.timeout(1800)
def test_breaker_125_a_million_mixed_calls_keep_the_invariants() -> None:
    hashes = {random_steps(seed, 10_000) for seed in range(100)}
    assert len(hashes) == 100


def test_breaker_137_the_same_seed_gives_the_same_trace_whatever_the_hash_seed() -> None:
    program = (
        "from tests.supervision.breaker.pair import random_steps; print(random_steps(137, 1000))"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for hash_seed in ("0", "1", "random")
    ]
    traces = {run.communicate(timeout=30)[0].strip() for run in runs}
    assert traces == {random_steps(137, 1000)}


def test_breaker_136_no_module_of_the_breaker_reads_a_clock_or_sleeps() -> None:
    package = ROOT / "supervision" / "breaker"
    sources = {path.name: path.read_text("utf-8") for path in package.glob("*.py")}
    assert len(sources) > 20
    reading = ("import time", "datetime", "sleep(", " random.random(", "perf_counter")
    found = [(name, word) for name, text in sources.items() for word in reading if word in text]
    assert found == []
