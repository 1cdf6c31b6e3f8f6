"""A future that costs little until somebody waits.

Same contract as ``pykka.ThreadingFuture`` (set once, get many times, get hooks), plus a deadline:
a future made by ``ask`` knows until when an answer is wanted, so that no ``get`` waits for ever.
A lock is made only for a thread that really has to wait. How to wait is the runtime's business:
a pool worker hands its run queue on, a simulation runs the actors that make progress, an event
loop refuses.
"""

from __future__ import annotations

import _thread
import queue
import sys
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, TypeVar

import pykka

from supervision import here
from supervision.clock import to_ns

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from supervision.runtime.base import Runtime

    ExcInfo = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]

T = TypeVar("T")
_UNSET: Final = object()


class Future(pykka.Future[T], Generic[T]):
    """A value that is available now or later; see the module's prose."""

    # Class-level defaults: an instance has no attributes until something happens to it.
    _hook: Callable[[float | None], Any] | None = None
    _hook_result: Any = _UNSET
    _outcome: tuple[Any, BaseException | None] | None = None
    _waiters: list[Callable[[], object]] | None = None
    deadline_ns: int | None = None
    runtime: Runtime | None = None
    asked: object = None

    def __init__(self) -> None:
        """Make an open future; nothing is allocated for waiting."""
        # CPython 3.11 makes the instance's dictionary at its first use, and may collect garbage in
        # the middle of that. If another thread makes it meanwhile there are two over one block of
        # memory, and the collector crashes later. So it is made while nobody else knows the future.
        _ = self.__dict__

    def done(self) -> bool:
        """Say whether a value or an exception has been set."""
        return self._outcome is not None

    def try_set(self, value: Any = None, error: BaseException | None = None) -> bool:
        """Set the outcome unless there is one; return whether this call set it."""
        outcome = (value, error)
        if self.__dict__.setdefault("_outcome", outcome) is not outcome:
            return False
        self._notify()
        return True

    def set(self, value: T | None = None) -> None:
        """Set the value.

        Raises:
            queue.Full: an outcome or a get hook is already set.
        """
        if self._hook is not None or not self.try_set(value):
            raise queue.Full

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Set an exception, by default the one being handled.

        Raises:
            queue.Full: an outcome or a get hook is already set.
        """
        kind, error, traceback = sys.exc_info() if exc_info is None else exc_info
        if error is None:
            assert kind is not None, "set_exception() outside an except block needs exc_info"
            error = kind()
        if error.__traceback__ is not traceback:
            error = error.with_traceback(traceback)
        if self._hook is not None or not self.try_set(None, error):
            raise queue.Full

    def set_get_hook(self, func: Callable[[float | None], T]) -> None:
        """Compute the value by ``func(timeout_s)`` at the first ``get``.

        Raises:
            queue.Full: an outcome is already set.
        """
        if self._outcome is not None:
            raise queue.Full
        self._hook = func
        self._notify()

    def get(self, *, timeout: float | None = None) -> Any:
        """Return the value, waiting at most ``timeout`` seconds and never past the deadline.

        Raises:
            pykka.Timeout: no outcome in time.
            Exception: the exception that was set.
            WouldBlock: the wait would stop an event loop.
        """
        if self._outcome is None:
            if self._hook is None:
                self._wait(timeout)
            if self._hook is not None:
                return self._hooked(timeout)
        assert self._outcome is not None
        value, error = self._outcome
        if error is not None:
            raise error
        return value

    def on_done(self, callback: Callable[[], object]) -> None:
        """Call ``callback()`` once the outcome is there; at once if it already is."""
        self._add_waiter(callback)
        if self._outcome is not None:
            self._notify()

    def _hooked(self, timeout: float | None) -> Any:
        if self._hook_result is _UNSET:
            assert self._hook is not None
            self._hook_result = self._hook(timeout)
        return self._hook_result

    def _add_waiter(self, callback: Callable[[], object]) -> None:
        waiters = self.__dict__.setdefault("_waiters", [])
        waiters.append(callback)

    def _notify(self) -> None:
        waiters = self._waiters
        while waiters:
            try:
                callback = waiters.pop()
            except IndexError:  # another thread took the last one
                return
            callback()

    def _wait(self, timeout: float | None) -> None:
        runtime = here.current_runtime() or self.runtime
        timeout_s = self._bound(runtime, timeout)
        if runtime is None:
            self.block(timeout_s)
        else:
            runtime.wait_for(self, timeout_s)
        if self._outcome is None and self._hook is None:
            self._give_up(timeout_s)

    def _bound(self, runtime: Runtime | None, timeout: float | None) -> float | None:
        owner = self.runtime or runtime
        if self.deadline_ns is None or owner is None:
            return timeout
        left_s = max(0, self.deadline_ns - owner.system.now_ns()) / to_ns(1)
        return left_s if timeout is None else min(timeout, left_s)

    def _give_up(self, timeout_s: float | None) -> NoReturn:
        msg = f"{timeout_s} seconds"
        raise pykka.Timeout(msg)

    def block(self, timeout_s: float | None) -> None:
        """Block the calling thread until there is an outcome or the time is up."""
        lock = _thread.allocate_lock()
        lock.acquire()
        self._add_waiter(lock.release)
        if self._outcome is not None or self._hook is not None:
            self._notify()
        lock.acquire(timeout=-1 if timeout_s is None else min(timeout_s, _thread.TIMEOUT_MAX))
