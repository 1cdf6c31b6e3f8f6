"""Races: real threads on one guard (cases 33, 34, 65, 124, 126-128, 131)."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from supervision.breaker import (
    FAILURE,
    BreakerConfig,
    BreakerMachine,
    Bulkhead,
    Busy,
    CallEnded,
    CircuitOpen,
    Guard,
    Layers,
    Outcome,
    RateExceeded,
    RateLimit,
    State,
    Transition,
)
from supervision.clock import ManualClock, to_ns
from tests.supervision.breaker.support import OPERATOR, Bench, Counted, Front


def guard_of(**settings: Any) -> tuple[Guard, ManualClock]:
    clock = ManualClock()
    machine = BreakerMachine("b", BreakerConfig(**settings), random.Random(1), 0)
    return Guard(machine, clock), clock


@contextmanager
def pool(threads: int) -> Iterator[Callable[[Callable[[], object]], list[object]]]:
    """Give a function that runs another one on all threads at once."""
    go = threading.Barrier(threads)

    def at_once(function: Callable[[], object]) -> object:
        go.wait(30)
        return function()

    with ThreadPoolExecutor(threads) as executor:
        yield lambda function: list(executor.map(at_once, [function] * threads))


def attempt(guard: Guard, error: Exception | None) -> str:
    """Make one call and say how it ended."""
    try:
        guard.call(Counted(error=error))
    except CircuitOpen:
        return "refused"
    except OSError:
        return "failed"
    return "passed"


def hammer(guard: Guard, error: Exception) -> list[str]:
    return [attempt(guard, error) for _ in range(5)]


def test_breaker_033_three_hammering_threads_record_no_more_failures_than_it_takes() -> None:
    with pool(3) as run:
        for _ in range(100):
            guard, _ = guard_of(consecutive_failures=3)
            run(partial(hammer, guard, OSError("down")))
            assert guard.metrics().calls[Outcome.FAILURE] == 3
            assert guard.metrics().transitions == {(State.CLOSED, State.OPEN): 1}


@pytest.mark.parametrize("error", [OSError("down"), None])
def test_breaker_034_no_update_is_lost_among_1500_concurrent_results(
    error: Exception | None,
) -> None:
    guard, _ = guard_of(window_size=10_000, minimum_calls=10_000)
    with pool(3) as run:
        run(lambda: [attempt(guard, error) for _ in range(500)])
    outcome = Outcome.FAILURE if error else Outcome.SUCCESS
    assert guard.metrics().calls[outcome] == 1500


def test_breaker_065_of_five_racing_threads_exactly_one_probes_in_1000_rounds() -> None:
    guard, clock = guard_of(consecutive_failures=1, permitted_half_open=1, open_s=1.0)
    held: list[object] = []

    def race() -> None:
        try:
            held.append(guard.acquire())
        except CircuitOpen:
            held.append(None)

    guard.note(FAILURE)
    with pool(5) as run:
        for _ in range(1000):
            clock.advance(1)
            held.clear()
            run(race)
            (probe,) = (call for call in held if call is not None)
            probe.fail(OSError())  # type: ignore[attr-defined]  # it is a call
    transitions = guard.metrics().transitions
    assert transitions[State.OPEN, State.HALF_OPEN] == 1000
    assert transitions[State.HALF_OPEN, State.OPEN] == 1000


def test_breaker_124_100_threads_open_exactly_once_and_a_reset_gives_one_trial() -> None:
    guard, _ = guard_of(consecutive_failures=1, permitted_half_open=1)
    error = OSError("down")
    with pool(100) as run:
        ended = run(lambda: attempt(guard, error))
        assert ended.count("failed") + ended.count("refused") == 100
        assert "failed" in ended
        assert guard.metrics().transitions == {(State.CLOSED, State.OPEN): 1}
        assert set(run(lambda: attempt(guard, None))) == {"refused"}
    guard.move(State.HALF_OPEN, OPERATOR)
    guard.acquire()
    assert attempt(guard, None) == "refused"


def test_breaker_126_every_change_of_state_starts_a_generation() -> None:
    bench = Bench(minimum_calls=1, permitted_half_open=1, open_s=1.0, rollover_s=100.0)
    seen = [bench.machine.generation]
    for act in (
        lambda: bench.results("F"),
        lambda: bench.advance(1),
        lambda: bench.results("S"),
        lambda: bench.advance(100),
        lambda: bench.move(State.DISABLED),
        lambda: bench.move(State.CLOSED),
        lambda: bench.machine.reset(OPERATOR, bench.now_ns),
    ):
        act()
        seen.append(bench.machine.generation)
    assert seen == list(range(1, 9))


def test_breaker_126_a_result_from_before_a_rollover_does_not_count() -> None:
    bench = Bench(consecutive_failures=1, rollover_s=10.0)
    permit = bench.permit()
    bench.advance(10)
    bench.end(permit, FAILURE)
    assert (bench.state(), bench.machine.metrics(0).late) == (State.CLOSED, 1)
    bench.results("F")
    assert bench.state() is State.OPEN


def test_breaker_128_a_call_that_uses_its_own_breaker_does_not_deadlock() -> None:
    front = Front()
    assert front.guard.call(lambda: front.guard.call(lambda: front.guard.call(lambda: 3))) == 3
    assert front.guard.metrics().calls[Outcome.SUCCESS] == 3


def test_breaker_128_no_lock_is_held_while_rules_and_functions_run() -> None:
    front, others = Front(), list[str]()

    def other_thread_gets_through() -> bool:
        thread = threading.Thread(target=lambda: others.append(attempt(front.guard, None)))
        thread.start()
        thread.join(10)
        return not thread.is_alive()

    front.guard.classifier.ignore.add(lambda _: other_thread_gets_through())
    with pytest.raises(OSError, match="down"):
        front.guard.call(Counted(error=OSError("down")))
    assert front.guard.call(other_thread_gets_through) is True
    assert others == ["passed", "passed"]


def layered(
    *, attempts: int, rate: int = 100, limit: int = 10, **settings: Any
) -> tuple[Layers, Guard, ManualClock]:
    guard, clock = guard_of(**settings)
    rate_limit = RateLimit(rate, to_ns(1), clock.now_ns)
    layers = Layers(guard, attempts=attempts, bulkhead=Bulkhead(limit), rate_limit=rate_limit)
    return layers, guard, clock


def test_breaker_131_each_retry_counts_as_a_call_of_its_own() -> None:
    layers, guard, _ = layered(attempts=3)
    function = Counted(error=OSError("down"))
    with pytest.raises(OSError, match="down"):
        layers.call(function)
    assert function.calls == 3
    assert guard.metrics().calls[Outcome.FAILURE] == 3


def test_breaker_131_a_refusal_is_never_retried() -> None:
    layers, guard, _ = layered(attempts=5, consecutive_failures=2)
    function = Counted(error=OSError("down"))
    with pytest.raises(CircuitOpen):
        layers.call(function)
    assert function.calls == 2
    assert guard.metrics().not_permitted == 1


def test_breaker_131_the_rate_limit_stands_inside_the_breaker_and_is_not_its_failure() -> None:
    layers, guard, clock = layered(attempts=3, rate=2, consecutive_failures=1)
    assert [layers.call(lambda: 1), layers.call(lambda: 2)] == [1, 2]
    with pytest.raises(RateExceeded):
        layers.call(lambda: 3)
    assert guard.metrics().calls[Outcome.IGNORED] == 1
    assert guard.state is State.CLOSED
    clock.advance(1)
    assert layers.call(lambda: 3) == 3


def test_breaker_131_the_bulkhead_stands_outside_and_refuses_at_once() -> None:
    layers, guard, _ = layered(attempts=3, limit=1)
    with pytest.raises(Busy):
        layers.call(lambda: layers.call(lambda: 1))
    assert guard.metrics().calls[Outcome.FAILURE] == 1
    assert layers.call(lambda: 2) == 2


def test_breaker_131_a_success_ends_the_retries() -> None:
    layers, guard, _ = layered(attempts=5)
    answers: Iterator[Exception | int] = iter([OSError("once"), 7])

    def flaky() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert layers.call(flaky) == 7
    counted = guard.metrics().calls
    assert (counted[Outcome.FAILURE], counted[Outcome.SUCCESS]) == (1, 1)


def test_breaker_115_threads_see_each_transition_once() -> None:
    front = Front(consecutive_failures=1, permitted_half_open=1, open_s=1.0)
    with pool(8) as run:
        for _ in range(20):
            run(lambda: attempt(front.guard, OSError("down")))
            front.clock.advance(1)
    told = [(event.source, event.target) for event in front.events(Transition)]
    assert told[0] == (State.CLOSED, State.OPEN)
    assert all(one[1] is two[0] for one, two in pairwise(told))
    assert told.count((State.OPEN, State.HALF_OPEN)) == 19
    assert len(front.events(CallEnded)) >= 20
