"""Time limits of calls, and results that come too late (cases 110-114)."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future

import pytest

from supervision.breaker import (
    CallTimedOut,
    CallTimeout,
    CircuitOpen,
    Classifier,
    ConfigError,
    Layers,
    Outcome,
    RunnerFull,
    State,
    ThreadRunner,
)
from supervision.clock import to_ns
from tests.supervision.breaker.support import Front


def outcomes(front: Front) -> dict[Outcome, int]:
    return {outcome: count for outcome, count in front.guard.metrics().calls.items() if count}


@pytest.mark.parametrize("late", ["success", "failure", "cancelled"])
def test_breaker_110_the_caller_gets_timeout_and_the_late_result_changes_nothing(
    late: str,
) -> None:
    front, theirs = Front(call_timeout_s=2.0), Future[int]()
    mine = front.guard.watch(lambda: theirs)
    front.timers.advance(1.999_999_999)
    assert not mine.done()
    front.timers.advance(0.5)
    error = mine.exception(0)
    assert isinstance(error, CallTimeout)
    assert to_ns(2) <= error.elapsed_ns <= to_ns(4)
    (event,) = front.events(CallTimedOut)
    assert to_ns(2) <= event.elapsed_ns <= to_ns(4)
    if late == "cancelled":
        theirs.cancel()
    elif late == "failure":
        theirs.set_exception(OSError("late"))
    else:
        theirs.set_result(1)
    assert mine.exception(0) is error
    assert outcomes(front) == {Outcome.FAILURE: 1}
    assert front.guard.metrics().late == 1


def test_breaker_110_a_synchronous_caller_is_freed_while_the_call_hangs() -> None:
    front, running, goes_on = Front(call_timeout_s=2.0), threading.Event(), threading.Event()
    caught: list[BaseException] = []

    def hang() -> None:
        running.set()
        goes_on.wait(10)

    def caller() -> None:
        with pytest.raises(CallTimeout) as error:
            front.guard.call(hang)
        caught.append(error.value)

    thread = threading.Thread(target=caller)
    thread.start()
    assert running.wait(10)
    front.timers.advance(2)
    thread.join(10)
    assert len(caught) == 1
    assert not goes_on.is_set(), "the call still hangs"
    goes_on.set()


def during(front: Front, act: Callable[[asyncio.Task[int]], Awaitable[object]]) -> object:
    """Start an asynchronous call that takes for ever, and let ``act`` deal with its task."""

    async def main() -> object:
        running = asyncio.Event()

        async def for_ever() -> int:
            running.set()
            return await asyncio.Event().wait()

        task = asyncio.create_task(front.guard.acall(for_ever))
        await running.wait()
        return await act(task)

    return asyncio.run(main())


def test_breaker_110_an_asynchronous_caller_gets_timeout_at_the_deadline() -> None:
    front = Front(call_timeout_s=2.0)

    async def expire(task: asyncio.Task[int]) -> object:
        front.timers.advance(2)
        return await asyncio.gather(task, return_exceptions=True)

    assert isinstance(during(front, expire), list)
    assert outcomes(front) == {Outcome.FAILURE: 1}


def test_breaker_110_a_task_that_swallows_its_cancellation_is_late() -> None:
    front = Front(call_timeout_s=2.0)

    async def main() -> None:
        running, swallowed = asyncio.Event(), asyncio.Event()

        async def stubborn() -> int:
            running.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                swallowed.set()
            return 1

        task = asyncio.create_task(front.guard.acall(stubborn))
        await running.wait()
        front.timers.advance(2)
        with pytest.raises(CallTimeout):
            await task
        await swallowed.wait()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert front.guard.metrics().late == 1
    assert outcomes(front) == {Outcome.FAILURE: 1}


def test_breaker_110_a_call_within_its_time_is_counted_once_and_its_timer_cancelled() -> None:
    front = Front(call_timeout_s=2.0)

    async def answer() -> int:
        return 42

    assert asyncio.run(front.guard.acall(answer)) == 42
    assert front.guard.call(lambda: 43) == 43
    front.timers.advance(10)
    assert outcomes(front) == {Outcome.SUCCESS: 2}
    assert front.guard.metrics().late == 0


def test_breaker_110_more_hung_calls_than_threads_are_refused() -> None:
    runner, goes_on = ThreadRunner(limit=1), threading.Event()
    held = runner.run(lambda: goes_on.wait(10))
    with pytest.raises(RunnerFull, match="all 1 threads"):
        runner.run(lambda: True)
    goes_on.set()
    assert held.result(10)
    assert runner.run(lambda: 5).result(10) == 5


def test_breaker_111_a_limit_of_0_is_none_and_keeps_the_rules_of_results() -> None:
    front = Front(
        call_timeout_s=0.0,
        consecutive_failures=1,
        classifier=Classifier(failing_results=[lambda value: value % 2 == 0]),
    )
    mine = front.guard.watch(Future[int])
    front.timers.advance(1e9)
    assert not mine.done()
    assert front.guard.call(lambda: 3) == 3
    assert front.state() is State.CLOSED
    assert front.guard.call(lambda: 4) == 4
    assert front.state() is State.OPEN


@pytest.mark.parametrize("timeout_s", [-1.0, float("nan"), float("inf"), True])
def test_breaker_111_a_limit_that_is_no_time_is_refused(timeout_s: float) -> None:
    with pytest.raises(ConfigError, match="call_timeout_s"):
        Front(call_timeout_s=timeout_s)


def test_breaker_112_a_timed_out_order_is_unknown_and_never_sent_again() -> None:
    front, running, goes_on = Front(call_timeout_s=2.0), threading.Event(), threading.Event()
    sent: list[str] = []
    to_reconcile: list[str] = []

    def send_order() -> None:
        sent.append("order 7")
        running.set()
        goes_on.wait(10)

    def trade() -> None:
        try:
            Layers(front.guard, attempts=5).call(send_order)
        except CallTimeout:
            to_reconcile.append("order 7")

    thread = threading.Thread(target=trade)
    thread.start()
    assert running.wait(10)
    front.timers.advance(2)
    thread.join(10)
    goes_on.set()
    assert sent == ["order 7"]
    assert to_reconcile == ["order 7"]


def test_breaker_112_the_error_says_that_the_effect_is_unknown() -> None:
    assert "its effect is unknown: look it up" in str(CallTimeout("orders", to_ns(2), to_ns(2)))
    assert not isinstance(CallTimeout("orders", 1, 1), CircuitOpen)


@pytest.mark.parametrize("first", ["timer", "result"])
def test_breaker_113_at_the_deadline_exactly_one_outcome_counts(first: str) -> None:
    front, theirs = Front(call_timeout_s=2.0), Future[int]()
    mine = front.guard.watch(lambda: theirs)
    if first == "timer":
        front.timers.advance(2)
        theirs.set_result(1)
        assert isinstance(mine.exception(0), CallTimeout)
    else:
        front.clock.advance(2)
        theirs.set_result(1)
        front.timers.advance(0)
        assert mine.result(0) == 1
    assert sum(outcomes(front).values()) == 1


def test_breaker_113_racing_threads_never_count_two_outcomes() -> None:
    for _ in range(100):
        front, theirs, go = Front(call_timeout_s=2.0), Future[int](), threading.Barrier(2)
        mine = front.guard.watch(lambda theirs=theirs: theirs)  # type: ignore[misc]

        def finish(theirs: Future[int] = theirs, go: threading.Barrier = go) -> None:
            go.wait(10)
            theirs.set_result(1)

        thread = threading.Thread(target=finish)
        thread.start()
        go.wait(10)
        front.timers.advance(2)
        thread.join(10)
        counted = outcomes(front)
        assert sum(counted.values()) == 1
        assert (Outcome.SUCCESS in counted) == (mine.exception(10) is None)


@pytest.mark.parametrize("timeout_s", [0.0, 5.0])
def test_breaker_114_a_cancelled_caller_returns_the_permit_and_is_not_counted(
    timeout_s: float,
) -> None:
    front = Front(call_timeout_s=timeout_s)

    async def cancel(task: asyncio.Task[int]) -> object:
        task.cancel()
        return await asyncio.gather(task, return_exceptions=True)

    during(front, cancel)
    assert outcomes(front) == {Outcome.RELEASED: 1}
    assert not front.guard.busy


def test_breaker_114_a_cancelled_future_returns_the_permit() -> None:
    front, theirs = Front(), Future[int]()
    mine = front.guard.watch(lambda: theirs)
    theirs.cancel()
    assert isinstance(mine.exception(0), CancelledError)
    assert outcomes(front) == {Outcome.RELEASED: 1}
