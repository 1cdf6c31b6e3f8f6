"""HALF_OPEN: a few permits with deadlines, their results, and the decision they lead to.

Permits in flight and results together never exceed ``permitted_half_open`` (with a success
threshold: permits in flight alone, because more results than permits may be needed). A permit that
comes back without a counted result is free for the next caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervision.breaker import trip
from supervision.breaker.states import Cause
from supervision.breaker.window import Counts

if TYPE_CHECKING:
    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.permit import Permit


class Probation:
    """What one stay in HALF_OPEN knows."""

    __slots__ = ("_deadlines_ns", "_duration_ns", "_failed", "_ok", "_slow", "_slow_failed")

    def __init__(self) -> None:
        # When each permit that is out is due, by its number.
        self._deadlines_ns: dict[int, int] = {}
        self._ok = self._failed = self._slow = self._slow_failed = self._duration_ns = 0

    @property
    def in_flight(self) -> int:
        """How many permits are out."""
        return len(self._deadlines_ns)

    @property
    def successes(self) -> int:
        """How many results were successes."""
        return self._ok

    def counts(self) -> Counts:
        """Return the results so far."""
        calls = self._ok + self._failed
        return Counts(calls, self._failed, self._slow, self._slow_failed, self._duration_ns)

    def has_room(self, config: BreakerConfig) -> bool:
        """Say whether one more permit may go out."""
        used = self.in_flight
        if config.success_threshold is None:
            used += self._ok + self._failed
        return used < config.permitted_half_open

    def admit(self, permit: Permit, deadline_ns: int) -> None:
        """Let ``permit`` out until ``deadline_ns``."""
        permit.deadline_ns = deadline_ns
        self._deadlines_ns[permit.number] = deadline_ns

    def take_back(self, permit: Permit) -> bool:
        """Take in a permit that comes back; False if it had been taken back before."""
        return self._deadlines_ns.pop(permit.number, None) is not None

    def expire(self, now_ns: int) -> int:
        """Take back the permits whose deadline has come; return how many."""
        due = [number for number, at_ns in self._deadlines_ns.items() if at_ns <= now_ns]
        for number in due:
            del self._deadlines_ns[number]
        return len(due)

    def next_deadline_ns(self) -> int | None:
        """Return when the next permit is due, None if none is out."""
        return min(self._deadlines_ns.values(), default=None)

    def record(self, duration_ns: int, *, failed: bool, slow: bool) -> None:
        """Take in one counted result."""
        if failed:
            self._failed += 1
        else:
            self._ok += 1
        self._slow += slow
        self._slow_failed += failed and slow
        self._duration_ns += duration_ns

    def decision(self, config: BreakerConfig) -> Cause | None:
        """Return what the results say, None while they say nothing yet."""
        if config.success_threshold is not None:
            if self._failed:
                return Cause.PROBES_FAILED
            return Cause.PROBES_PASSED if self._ok >= config.success_threshold else None
        complete = self._ok + self._failed >= config.permitted_half_open
        if (complete or config.early_decision) and trip.probes_failed(config, self.counts()):
            return Cause.PROBES_FAILED
        return Cause.PROBES_PASSED if complete else None
