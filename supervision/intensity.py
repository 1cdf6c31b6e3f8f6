"""The restart budget: how many restarts a supervisor may make within a sliding window.

Rule (OTP's ``supervisor``, ``add_restart``): an attempt made at ``now`` exceeds the budget when
more than ``intensity`` attempts, itself included, are no older than the period. OTP counts whole
seconds; this window is exact to the nanosecond and includes its edge: an attempt aged exactly one
period still counts, one nanosecond older does not.

Only the last ``intensity + 1`` attempts can decide, so nothing more is remembered; an attempt
costs constant time on average and the memory is bounded by the budget itself.
"""

from __future__ import annotations

from collections import deque


class RestartWindow:
    """A sliding window of restart attempts; the caller passes the time of a monotonic clock.

    ``intensity`` None means no limit; ``period_ns`` None means one window for ever.
    """

    __slots__ = ("_attempts_ns", "_intensity", "_period_ns")

    def __init__(self, intensity: int | None, period_ns: int | None) -> None:
        self._intensity = intensity
        self._period_ns = period_ns
        self._attempts_ns: deque[int] = deque()

    @classmethod
    def from_max_retries(cls, max_retries: int, window_ns: int | None) -> RestartWindow:
        """Build the window from Pekko's ``maxNrOfRetries`` and ``withinTimeRange``.

        -1 without a window is no limit, -1 with a window is one retry per window, 0 stops at
        the first failure, and a count without a window counts for ever.

        Raises:
            ValueError: ``max_retries`` is below -1.
        """
        if max_retries < -1:
            msg = f"max_retries is {max_retries}; use -1 (no limit) or a count >= 0"
            raise ValueError(msg)
        if max_retries == -1:
            return cls(None if window_ns is None else 1, window_ns)
        return cls(max_retries, window_ns)

    def add(self, now_ns: int) -> bool:
        """Count an attempt made at ``now_ns``; return whether the budget still covers it."""
        if self._intensity is None:
            return True
        self._attempts_ns.append(now_ns)
        return self.used(now_ns) <= self._intensity

    def used(self, now_ns: int) -> int:
        """Return how many attempts are in the window that ends at ``now_ns``."""
        attempts = self._attempts_ns
        if self._period_ns is not None:
            oldest_ns = now_ns - self._period_ns
            while attempts and attempts[0] < oldest_ns:
                attempts.popleft()
        return len(attempts)

    def resized(self, intensity: int, period_ns: int) -> RestartWindow:
        """Return a window with other limits that remembers this one's attempts."""
        window = RestartWindow(intensity, period_ns)
        window._attempts_ns.extend(self._attempts_ns)
        return window
