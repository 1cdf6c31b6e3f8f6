"""Threads for calls that have a time limit: only another thread can free the caller of a hung one.

A thread whose call hangs is lost until the call ends, so their number is bounded: at the bound the
call is refused, which is the honest answer of a service that no longer answers.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

from supervision.breaker.errors import BreakerError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class RunnerFull(BreakerError):
    """Every thread for timed calls is taken: the guarded service hangs or has too many callers."""


class ThreadRunner:
    """Runs each function on a daemon thread of its own, at most ``limit`` at a time."""

    def __init__(self, limit: int = 32) -> None:
        # 32 hung calls at 8 MB of address space each are bearable; a service that has swallowed
        # 32 calls will not answer the 33rd.
        self._limit = limit
        self._free = threading.BoundedSemaphore(limit)

    def run(self, function: Callable[[], T]) -> Future[T]:
        """Start ``function()`` and return its future.

        Raises:
            RunnerFull: ``limit`` functions are running.
        """
        if not self._free.acquire(blocking=False):
            msg = f"all {self._limit} threads for timed calls are taken: wait, or raise the limit"
            raise RunnerFull(msg)
        future: Future[T] = Future()
        threading.Thread(
            target=self._work, args=(function, future), name="breaker-call", daemon=True
        ).start()
        return future

    def _work(self, function: Callable[[], T], future: Future[T]) -> None:
        try:
            value = function()
        except BaseException as error:  # noqa: BLE001 - whoever waits for the future gets it
            self._free.release()
            future.set_exception(error)
        else:
            self._free.release()
            future.set_result(value)
