"""Sliding windows over results, with totals that are kept up to date: each operation costs O(1).

``CountWindow`` holds the last N results in a ring. ``TimeWindow`` holds N one-second buckets, the
current one included, counted from its own start: a result of second ``s`` is counted while the
current second is below ``s + N``. Time is monotonic nanoseconds passed in; a clock that stands
still or goes back is read as standing still. Source: resilience4j's sliding-window metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from supervision.breaker.config import WindowKind
from supervision.clock import NANOSECONDS

if TYPE_CHECKING:
    from supervision.breaker.config import BreakerConfig


class Counts(NamedTuple):
    """What a window holds: numbers of results, and the sum of their durations."""

    calls: int = 0
    failed: int = 0
    slow: int = 0
    slow_failed: int = 0
    duration_ns: int = 0

    @property
    def failure_rate_pct(self) -> float:
        """The share of failures, 0 when there are no results."""
        return 100.0 * self.failed / self.calls if self.calls else 0.0

    @property
    def slow_rate_pct(self) -> float:
        """The share of slow results, 0 when there are no results."""
        return 100.0 * self.slow / self.calls if self.calls else 0.0

    @property
    def average_ns(self) -> float:
        """The mean duration, 0 when there are no results."""
        return self.duration_ns / self.calls if self.calls else 0.0


class Window(Protocol):
    """What a breaker needs of a window."""

    def record(self, now_ns: int, duration_ns: int, *, failed: bool, slow: bool) -> None:
        """Add one result."""
        ...

    def counts(self, now_ns: int) -> Counts:
        """Return what is in the window at ``now_ns``."""
        ...


class CountWindow:
    """The last ``size`` results."""

    __slots__ = ("_duration_ns", "_failed", "_head", "_ring", "_size", "_slow", "_slow_failed")

    def __init__(self, size: int) -> None:
        self._size = size
        # A result is one integer: its duration, then a bit for slow, then one for failed.
        self._ring: list[int] = []
        self._head = 0
        self._failed = self._slow = self._slow_failed = self._duration_ns = 0

    def record(self, now_ns: int, duration_ns: int, *, failed: bool, slow: bool) -> None:
        """Add one result; the oldest leaves when the ring is full."""
        del now_ns  # a window of calls needs no time
        entry = duration_ns << 2 | slow << 1 | failed
        if len(self._ring) < self._size:
            self._ring.append(entry)
        else:
            self._add(self._ring[self._head], -1)
            self._ring[self._head] = entry
        self._head = (self._head + 1) % self._size
        self._add(entry, 1)

    def counts(self, now_ns: int) -> Counts:  # noqa: ARG002 - results leave by number, not by age
        """Return the totals of the results in the ring."""
        return Counts(
            len(self._ring), self._failed, self._slow, self._slow_failed, self._duration_ns
        )

    def _add(self, entry: int, sign: int) -> None:
        failed, slow = entry & 1, entry >> 1 & 1
        self._failed += sign * failed
        self._slow += sign * slow
        self._slow_failed += sign * (failed & slow)
        self._duration_ns += sign * (entry >> 2)


class TimeWindow:
    """The results of the last ``seconds`` one-second buckets; the first starts at ``start_ns``."""

    __slots__ = ("_buckets", "_latest", "_start_ns", "_totals")

    def __init__(self, seconds: int, start_ns: int) -> None:
        self._start_ns = start_ns
        self._latest = 0
        # Calls, failed, slow, slow and failed, nanoseconds: of each bucket and of all together.
        self._buckets = [[0, 0, 0, 0, 0] for _ in range(seconds)]
        self._totals = [0, 0, 0, 0, 0]

    def record(self, now_ns: int, duration_ns: int, *, failed: bool, slow: bool) -> None:
        """Add one result to the bucket of ``now_ns``."""
        self._advance(now_ns)
        for sums in (self._buckets[self._latest % len(self._buckets)], self._totals):
            sums[0] += 1
            sums[1] += failed
            sums[2] += slow
            sums[3] += failed and slow
            sums[4] += duration_ns

    def counts(self, now_ns: int) -> Counts:
        """Return the totals at ``now_ns``; reading alone lets old results leave."""
        self._advance(now_ns)
        return Counts(*self._totals)

    def _advance(self, now_ns: int) -> None:
        """Empty the buckets that have come round, at most each of them once."""
        second = max(self._latest, (now_ns - self._start_ns) // NANOSECONDS)
        size = len(self._buckets)
        for passed in range(min(second - self._latest, size)):
            bucket = self._buckets[(second - passed) % size]
            for slot in range(len(bucket)):
                self._totals[slot] -= bucket[slot]
                bucket[slot] = 0
        self._latest = second


def window_for(config: BreakerConfig, now_ns: int) -> Window:
    """Make the empty window that ``config`` asks for, starting at ``now_ns``."""
    if config.window is WindowKind.CALLS:
        return CountWindow(config.window_size)
    return TimeWindow(config.window_size, now_ns)
