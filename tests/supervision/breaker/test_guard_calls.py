"""The in-process guard: every form of call, counted once and otherwise unchanged (16-17, 28-37)."""

from __future__ import annotations

import asyncio
import threading
import traceback
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future

import pytest

from supervision.breaker import CircuitOpen, Classifier, Outcome, State
from tests.supervision.breaker.support import Counted, Front


def calls(front: Front) -> tuple[int, int]:
    """Return how many successes and failures were counted."""
    counted = front.guard.metrics().calls
    return counted[Outcome.SUCCESS], counted[Outcome.FAILURE]


def test_breaker_016_the_value_and_the_exception_come_through_unchanged() -> None:
    front, value, error = Front(), object(), KeyError("k")
    assert front.guard.call(lambda: value) is value
    with pytest.raises(KeyError) as caught:
        front.guard.call(Counted(error=error))
    assert caught.value is error
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert "__call__" in names, "the traceback reaches into the function"


def test_breaker_017_arguments_pass_through() -> None:
    front = Front()
    assert front.guard.call(lambda *a, **k: (a, k), 1, 2, x=3) == ((1, 2), {"x": 3})

    @front.guard
    def decorated(a: int, *, b: int) -> int:
        """Documented."""
        return a - b

    assert decorated(5, b=3) == 2
    assert (decorated.__name__, decorated.__doc__) == ("decorated", "Documented.")


def test_breaker_028_a_failure_is_counted_at_the_timeout_before_the_call_ends() -> None:
    front, goes_on, running = Front(call_timeout_s=1.0), threading.Event(), threading.Event()

    def hang() -> bool:
        running.set()
        return goes_on.wait(10)

    future = front.guard.submit(hang)
    assert running.wait(10)
    assert calls(front) == (0, 0)
    front.timers.advance(1.0)
    assert calls(front) == (0, 1)
    assert isinstance(future.exception(), TimeoutError)
    goes_on.set()


def test_breaker_029_a_sync_an_async_and_a_future_failure_are_equal() -> None:
    front, error = Front(), OSError("down")

    async def fails() -> None:
        raise error

    failed: Future[None] = Future()
    failed.set_exception(error)
    with pytest.raises(OSError, match="down"):
        front.guard.call(Counted(error=error))
    with pytest.raises(OSError, match="down"):
        asyncio.run(front.guard.acall(fails))
    assert front.guard.watch(lambda: failed).exception() is error
    assert calls(front) == (0, 3)


def test_breaker_029_an_exception_while_the_future_is_built_counts() -> None:
    front, error = Front(), OSError("no socket")
    assert front.guard.watch(Counted(error=error)).exception() is error
    with pytest.raises(OSError, match="no socket"):
        asyncio.run(front.guard.acall(Counted(error=error)))
    assert calls(front) == (0, 2)


def test_breaker_030_a_value_can_be_a_failure_and_is_still_returned() -> None:
    front = Front(classifier=Classifier(failing_results=[lambda value: value % 2 == 0]))
    assert [front.guard.call(Counted(value=n)) for n in (1, 2, 4)] == [1, 2, 4]
    assert calls(front) == (1, 2)


def test_breaker_031_an_exception_called_a_success_resets_the_row_and_reaches_the_caller() -> None:
    front = Front(classifier=Classifier(success=[KeyError]), consecutive_failures=2)
    for error in (OSError(), KeyError(), OSError()):
        with pytest.raises(type(error)):
            front.guard.call(Counted(error=error))
    assert (front.state(), front.machine.consecutive_failures) == (State.CLOSED, 1)


@pytest.mark.parametrize("option", [True, False])
def test_breaker_035_the_tripping_call_raises_open_with_its_cause_or_its_own_error(
    option: bool,
) -> None:
    front, error = Front(consecutive_failures=2, trip_raises_open=option), OSError("down")
    with pytest.raises(OSError, match="down"):
        front.guard.call(Counted(error=error))
    with pytest.raises(CircuitOpen if option else OSError) as caught:
        front.guard.call(Counted(error=error))
    original = caught.value.__cause__ if option else caught.value
    assert original is error
    names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert "__call__" in names


def test_breaker_035_every_form_raises_open_from_the_tripping_call() -> None:
    error = OSError("down")
    failed: Future[None] = Future()
    failed.set_exception(error)

    def front() -> Front:
        return Front(consecutive_failures=1, trip_raises_open=True)

    refusal = front().guard.watch(lambda: failed).exception()
    assert isinstance(refusal, CircuitOpen)
    assert refusal.__cause__ is error
    with pytest.raises(CircuitOpen), front().guard.calling():
        raise error
    for timeout_s in (0.0, 1.0):
        timed = Front(consecutive_failures=1, trip_raises_open=True, call_timeout_s=timeout_s)
        with pytest.raises(CircuitOpen):
            asyncio.run(timed.guard.acall(Counted(error=error)))


def test_breaker_036_a_generator_counts_once_at_its_end() -> None:
    front = Front()

    @front.guard
    def numbers() -> Iterator[int]:
        yield 1
        yield 2

    steps = numbers()
    assert calls(front) == (0, 0)
    assert next(steps) == 1
    assert calls(front) == (0, 0)
    assert list(steps) == [2]
    assert calls(front) == (1, 0)


def test_breaker_036_an_exception_thrown_into_the_generator_counts() -> None:
    front = Front()

    @front.guard
    def numbers() -> Iterator[int]:
        yield 1

    steps = numbers()
    next(steps)
    with pytest.raises(OSError, match="thrown"):
        steps.throw(OSError("thrown"))  # type: ignore[attr-defined]  # it is a generator
    assert calls(front) == (0, 1)


def test_breaker_036_a_generator_closed_early_gives_its_permit_back() -> None:
    front = Front(minimum_calls=1, permitted_half_open=1)

    @front.guard
    def numbers() -> Iterator[int]:
        yield 1

    steps = numbers()
    next(steps)
    steps.close()  # type: ignore[attr-defined]  # it is a generator
    assert calls(front) == (0, 0)
    assert not front.guard.busy


def test_breaker_036_context_managers_count_once() -> None:
    front = Front()

    async def block() -> None:
        async with front.guard.calling():
            await asyncio.sleep(0)

    with front.guard.calling():
        pass
    asyncio.run(block())
    with pytest.raises(OSError, match="down"), front.guard.calling():
        raise OSError("down")
    with front.guard.calling() as call:
        call.fail(OSError("seen by the block itself"))
    assert calls(front) == (2, 2)
    assert front.guard.metrics().late == 0


def test_breaker_036_decorated_coroutines_and_asynchronous_generators_count_once() -> None:
    front = Front()

    @front.guard
    async def answer() -> int:
        return 42

    @front.guard
    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def both() -> list[int]:
        return [await answer(), *[number async for number in numbers()]]

    assert asyncio.run(both()) == [42, 1, 2]
    assert calls(front) == (2, 0)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_breaker_037_what_is_no_exception_returns_the_permit_and_goes_on(
    kind: type[BaseException],
) -> None:
    front = Front(consecutive_failures=1, permitted_half_open=1, open_s=1.0)
    with pytest.raises(OSError, match="down"):
        front.guard.call(Counted(error=OSError("down")))
    front.clock.advance(1.0)
    for _ in range(3):
        with pytest.raises(kind):
            front.guard.call(Counted(error=kind()))
        assert front.state() is State.HALF_OPEN
    assert calls(front) == (0, 1)
    assert front.guard.metrics().calls[Outcome.RELEASED] == 3
    with pytest.raises(SystemExit):
        front.guard.watch(Counted(error=SystemExit()))
    assert not front.guard.busy
