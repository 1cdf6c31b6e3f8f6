"""Guarded calls whose result comes later: futures and coroutines, with and without a time limit.

The caller is freed at the deadline by the timer, which also counts the failure; the call itself may
go on, and what it brings then is late. Whatever happens at the same moment, the caller gets the
ending that was counted.
"""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

from supervision.breaker.errors import CircuitOpen

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from supervision.breaker.call import Call
    from supervision.breaker.errors import CallTimeout
    from supervision.breaker.guard import Guard

T = TypeVar("T")


def watch(guard: Guard, start: Callable[[], Future[T]]) -> Future[T]:
    """Start a call and return a future that ends as it does, or at the deadline.

    Raises:
        CircuitOpen: refused, and ``start`` was not called.
    """
    mine: Future[T] = Future()
    mine.set_running_or_notify_cancel()
    call = guard.acquire(on_timeout=mine.set_exception)
    try:
        theirs = start()
    except Exception as error:  # noqa: BLE001 - a future that cannot be made is one that fails
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
    try:
        call.raise_if_tripped(error)
    except CircuitOpen as refusal:
        mine.set_exception(refusal)
    else:
        mine.set_exception(error)


async def await_result(guard: Guard, start: Callable[[], Awaitable[T]]) -> T:
    """Await without a time limit; a caller that is cancelled gives the permit back.

    Raises:
        CircuitOpen: refused, and ``start`` was not called.
    """
    call = guard.acquire()
    try:
        value = await start()
    except BaseException as error:
        call.fail(error)
        call.raise_if_tripped(error)
        raise
    call.succeed(value)
    return value


async def await_in_time(guard: Guard, start: Callable[[], Awaitable[T]]) -> T:
    """Await until the deadline at the latest; the task that missed it is cancelled, not awaited.

    Raises:
        CircuitOpen: refused, and ``start`` was not called.
        CallTimeout: the deadline came first.
    """
    loop = asyncio.get_running_loop()
    expired: asyncio.Future[CallTimeout] = loop.create_future()
    call = guard.acquire(on_timeout=lambda error: _wake(loop, expired, error))
    task = loop.create_task(_begin(start))
    either: tuple[asyncio.Future[Any], ...] = (task, expired)
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        task.cancel()
        call.cancel()
        raise
    if not task.done():
        task.cancel()
        task.add_done_callback(lambda done: _end(call, done))
    elif _end(call, task):
        return _outcome(call, task)
    raise await expired


async def _begin(start: Callable[[], Awaitable[T]]) -> T:
    return await start()


def _end(call: Call, task: asyncio.Task[T]) -> bool:
    """Take in a finished task; asking for its exception tells asyncio that somebody looked."""
    if task.cancelled():
        return call.cancel()
    error = task.exception()
    return call.succeed(task.result()) if error is None else call.fail(error)


def _outcome(call: Call, task: asyncio.Task[T]) -> T:
    try:
        return task.result()
    except BaseException as error:
        call.raise_if_tripped(error)
        raise


def _wake(
    loop: asyncio.AbstractEventLoop, expired: asyncio.Future[CallTimeout], error: CallTimeout
) -> None:
    """Free the caller from the timer's thread; a loop that is closed has no caller any more."""
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(_set, expired, error)


def _set(expired: asyncio.Future[CallTimeout], error: CallTimeout) -> None:
    if not expired.done():
        expired.set_result(error)
