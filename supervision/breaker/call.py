"""One admitted call: it ends once, by its result, its deadline or its caller, whichever is first.

What comes second changes nothing but the count of late results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from supervision.breaker.errors import CallTimeout
from supervision.breaker.events import CallTimedOut
from supervision.breaker.verdict import FAILURE, RELEASED, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from supervision.breaker.guard import Guard
    from supervision.breaker.permit import Permit
    from supervision.timers import Timer

    TimeoutHook: TypeAlias = Callable[[CallTimeout], object]


class Call:
    """A call under way; exactly one of its endings counts.

    ``over`` says that it had one, ``ended`` that the caller brought it about.
    """

    __slots__ = (
        "_guard",
        "_on_timeout",
        "_permit",
        "_timer",
        "ended",
        "over",
        "started_ns",
        "tripped",
    )

    def __init__(self, guard: Guard, permit: Permit, started_ns: int) -> None:
        self._guard = guard
        self._permit = permit
        self._timer: Timer | None = None
        self._on_timeout: TimeoutHook | None = None
        self.started_ns = started_ns
        self.over = self.ended = self.tripped = False

    def arm(self, timeout_ns: int, on_timeout: TimeoutHook | None) -> None:
        """Count the call as failed if it has not ended after ``timeout_ns``.

        ``on_timeout`` is then called, outside any lock, with the error for the caller.
        """
        self._on_timeout = on_timeout
        due_ns = self.started_ns + timeout_ns
        self._timer = self._guard.timers.at(due_ns, lambda: self._expire(timeout_ns))

    def succeed(self, value: object = None) -> bool:
        """End with a returned value; False if the call was over before."""
        return self._end(self._guard.classifier.result(value))

    def fail(self, error: BaseException) -> bool:
        """End with an exception; False if the call was over before."""
        return self._end(self._guard.classifier.exception(error))

    def cancel(self) -> bool:
        """End without a result: the permit goes back, nothing is counted."""
        return self._end(RELEASED)

    def raise_if_tripped(self, error: BaseException) -> None:
        """Raise ``CircuitOpen`` from the call's own ``error``, if that tripped and it is set so.

        Raises:
            CircuitOpen: as said; otherwise the caller raises his own error.
        """
        if self.tripped and self._guard.trip_raises_open:
            raise self._guard.refusal() from error

    def _end(self, verdict: Verdict) -> bool:
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        first, self.tripped = self._guard.settle(self, self._permit, verdict)
        return first

    def _expire(self, timeout_ns: int) -> None:
        first, self.tripped = self._guard.settle(self, self._permit, FAILURE)
        if not first:
            return
        elapsed_ns = self._guard.now_ns() - self.started_ns
        self._guard.publish(CallTimedOut(self._guard.name, self._guard.now_ns(), elapsed_ns))
        if self._on_timeout is not None:
            self._on_timeout(CallTimeout(self._guard.name, timeout_ns, elapsed_ns))


class Calling:
    """A block of code as one guarded call: ``with guard.calling():``, also ``async with``.

    The block cannot be interrupted: with a time limit it is counted as failed at the deadline but
    runs on.
    """

    __slots__ = ("_call", "_guard")

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._call: Call | None = None

    def __enter__(self) -> Call:
        """Ask to pass.

        Raises:
            CircuitOpen: the breaker refuses.
        """
        self._call = self._guard.acquire()
        return self._call

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        call = self._call
        if call is None or call.ended:
            return
        if error is None:
            call.succeed()
        else:
            call.fail(error)
            call.raise_if_tripped(error)

    async def __aenter__(self) -> Call:
        """Ask to pass, in a coroutine.

        Raises:
            CircuitOpen: the breaker refuses.
        """
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)
