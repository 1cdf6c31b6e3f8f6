"""When a strategy is suspended: it fails so often that it would take others with it.

A hang costs the process a thread that nobody can end, and with the fourth of these it gives itself
up. A crash costs a restart, and a supervisor that has no more of them takes its branch with it. So
before either happens the strategy is set aside as a whole, until a person says otherwise.
"""

from __future__ import annotations

from collections import deque
from typing import Final

HANGS: Final = 3
"""The watchdog bears three abandoned threads."""

CRASHES: Final = 12
"""Four messages that are set aside after three crashes each; below the supervisor's intensity."""

WITHIN_NS: Final = 600_000_000_000
"""What failed longer ago than ten minutes has gone well since."""


UNMADE: Final = "it cannot be made: "
"""How the reason begins for which a strategy is suspended that could not even be constructed. It
is tried again at every start: then its file or its parameters may have been corrected."""


class Suspension:
    """The latest failures of one strategy; times are of one clock, in nanoseconds."""

    def __init__(self) -> None:
        self._hangs: deque[int] = deque(maxlen=HANGS)
        self._crashes: deque[int] = deque(maxlen=CRASHES)

    def failed(self, now_ns: int, *, hung: bool) -> str:
        """Count a failure; return why the strategy has to be suspended, empty if it need not."""
        times = self._hangs if hung else self._crashes
        times.append(now_ns)
        if len(times) < (times.maxlen or 0) or now_ns - times[0] > WITHIN_NS:
            return ""
        times.clear()
        what = f"{HANGS} times it hung" if hung else f"{CRASHES} times it crashed"
        return f"{what} within ten minutes"
