"""Time as an argument: the only place where the library reads a clock.

Everything that needs time takes a ``Clock``. Real runtimes use ``MonotonicClock``; simulations
and tests use ``ManualClock``, which moves only when told. Wall-clock jumps have no effect on
either, so no window, deadline or backoff is shortened by them.
"""

from __future__ import annotations

import time
from typing import Protocol

NANOSECONDS = 1_000_000_000


def to_ns(seconds: float) -> int:
    """Convert seconds to whole nanoseconds."""
    return round(seconds * NANOSECONDS)


class Clock(Protocol):
    """A source of monotonic nanoseconds."""

    def now_ns(self) -> int:
        """Return nanoseconds since an arbitrary fixed point; never goes back."""
        ...


class MonotonicClock:
    """The operating system's monotonic clock."""

    now_ns = staticmethod(time.monotonic_ns)


class ManualClock:
    """A clock that stands still until it is moved (unit: nanoseconds)."""

    __slots__ = ("_now_ns",)

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the current virtual time."""
        return self._now_ns

    def advance_ns(self, delta_ns: int) -> None:
        """Move forward by ``delta_ns``.

        Raises:
            ValueError: the step is negative; monotonic time does not go back.
        """
        if delta_ns < 0:
            msg = f"cannot move a monotonic clock back by {-delta_ns} ns"
            raise ValueError(msg)
        self._now_ns += delta_ns

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``."""
        self.advance_ns(to_ns(seconds))
