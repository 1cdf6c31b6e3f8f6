"""The protections around a call, in their one right order.

Outermost first: bulkhead (how many at once), retry, breaker, rate limit, time limit, the call.

Each attempt asks the breaker again, so attempts count as separate calls. A refusal, by whichever
layer, is never retried: it says that calling is pointless now. Nor is a call that ran out of time,
because its effect is unknown. The time limit is the guard's own.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeVar

from supervision.breaker.checks import check_count
from supervision.breaker.errors import BreakerError

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.breaker.guard import Guard

T = TypeVar("T")


class Busy(BreakerError):
    """The bulkhead has as many calls under way as it allows; the call was not made."""


class RateExceeded(BreakerError):
    """The rate limit allows no further call now; the call was not made."""


class Bulkhead:
    """At most ``limit`` calls at once; one more is refused, never queued."""

    def __init__(self, limit: int) -> None:
        check_count("bulkhead limit", limit, at_least=1, at_most=1_000_000)
        self._limit = limit
        self._free = threading.BoundedSemaphore(limit)

    def call(self, function: Callable[[], T]) -> T:
        """Call ``function``.

        Raises:
            Busy: there is no room.
        """
        if not self._free.acquire(blocking=False):
            msg = f"{self._limit} calls are under way; try again when one has ended"
            raise Busy(msg)
        try:
            return function()
        finally:
            self._free.release()


class RateLimit:
    """At most ``calls`` in any ``period_ns``; one more is refused, never queued."""

    def __init__(self, calls: int, period_ns: int, now_ns: Callable[[], int]) -> None:
        check_count("rate limit calls", calls, at_least=1, at_most=1_000_000)
        check_count("rate limit period_ns", period_ns, at_least=1, at_most=10**18)
        self._calls = calls
        self._period_ns = period_ns
        self._now_ns = now_ns
        self._lock = threading.Lock()
        self._made_ns: deque[int] = deque()

    def check(self) -> None:
        """Count a call.

        Raises:
            RateExceeded: it would be one too many; it is not counted.
        """
        with self._lock:
            now_ns, made_ns = self._now_ns(), self._made_ns
            while made_ns and now_ns - made_ns[0] >= self._period_ns:
                made_ns.popleft()
            if len(made_ns) >= self._calls:
                msg = f"{self._calls} calls in {self._period_ns} ns were made; wait for the next"
                raise RateExceeded(msg)
            made_ns.append(now_ns)


class Layers:
    """A call with all its protections; ``attempts`` is the first call and its retries.

    The breaker's classifier should ignore ``RateExceeded``: it is our limit, not the service's.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        attempts: int = 1,
        bulkhead: Bulkhead | None = None,
        rate_limit: RateLimit | None = None,
    ) -> None:
        check_count("attempts", attempts, at_least=1, at_most=100)
        self._guard = guard
        self._attempts = attempts
        self._bulkhead = bulkhead
        self._rate_limit = rate_limit
        guard.classifier.ignore.add(RateExceeded)

    def call(self, function: Callable[[], T]) -> T:
        """Call ``function`` through every layer.

        Raises:
            Busy, RateExceeded, CircuitOpen: refused. CallTimeout: its effect is unknown.
            Exception: whatever the last attempt raised.
        """
        if self._bulkhead is None:
            return self._retry(function)
        return self._bulkhead.call(lambda: self._retry(function))

    def _retry(self, function: Callable[[], T]) -> T:
        for _ in range(self._attempts - 1):
            try:
                return self._attempt(function)
            except BreakerError:
                raise
            except Exception:  # noqa: BLE001, S112 - it is counted; the last attempt's is raised
                continue
        return self._attempt(function)

    def _attempt(self, function: Callable[[], T]) -> T:
        return self._guard.call(lambda: self._within_rate(function))

    def _within_rate(self, function: Callable[[], T]) -> T:
        if self._rate_limit is not None:
            self._rate_limit.check()
        return function()
