"""Guarded calls whose result comes later: futures and coroutines, with and without a time limit.

The caller is freed at the deadline by the timer, which also counts the failure; the call itself may
go on, and what it brings then is late.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from supervision.breaker.call import Call
    from supervision.breaker.errors import CallTimeout

T = TypeVar("T")


def watch(call: Call, start: Callable[[], Future[T]]) -> Future[T]:
    """Start the call and return a future that ends as it does, or at the deadline."""
    mine: Future[T] = Future()
    mine.set_running_or_notify_cancel()
    call.on_timeout = mine.set_exception
    try:
        theirs = start()
    except Exception as error:  # noqa: BLE001 - a future that cannot be made is a future that fails
        _fail(call, mine, error)
    except BaseException:
        call.cancel()
        raise
    else:
        theirs.add_done_callback(lambda done: _finish(call, mine, done))
    return mine


def _finish(call: Call, mine: Future[T], theirs: Future[T]) -> None:
    if theirs.cancelled():
        if call.cancel():
            mine.set_exception(CancelledError())
        return
    error = theirs.exception()
    if error is not None:
        _fail(call, mine, error)
    elif call.succeed(theirs.result()):
        mine.set_result(theirs.result())


def _fail(call: Call, mine: Future[T], error: BaseException) -> None:
    if not call.fail(error):
        return
    refusal = call.trip_error()
    if refusal is not None:
        refusal.__cause__ = error
    mine.set_exception(refusal or error)


async def await_result(call: Call, awaitable: Awaitable[T]) -> T:
    """Await without a time limit; a cancelled caller gives the permit back."""
    try:
        value = await awaitable
    except BaseException as error:
        call.fail(error)
        refusal = call.trip_error()
        if refusal is not None:
            raise refusal from error
        raise
    call.succeed(value)
    return value


async def await_in_time(call: Call, awaitable: Awaitable[T]) -> T:
    """Await until the deadline at the latest; the task that missed it is cancelled, not awaited."""
    loop = asyncio.get_running_loop()
    expired: asyncio.Future[CallTimeout] = loop.create_future()
    call.on_timeout = lambda error: _wake(loop, expired, error)
    task = asyncio.ensure_future(awaitable)
    try:
        await asyncio.wait({task, expired}, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        call.cancel()
        raise
    if task.done() and not call.over:
        return await await_result(call, task)
    task.cancel()
    task.add_done_callback(lambda done: _late(call, done))
    raise await expired


def _wake(
    loop: asyncio.AbstractEventLoop, expired: asyncio.Future[CallTimeout], error: CallTimeout
) -> None:
    """Free the caller from the timer's thread; a loop that is closed has no caller any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: expired.done() or expired.set_result(error))


def _late(call: Call, task: asyncio.Future[T]) -> None:
    """Count what came after the deadline; looking at the exception tells asyncio it was seen."""
    if task.cancelled():
        return
    error = task.exception()
    if error is None:
        call.succeed()
    else:
        call.fail(error)
