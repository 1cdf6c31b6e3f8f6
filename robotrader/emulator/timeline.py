"""The emulated gateway's time: it stands still until somebody advances it.

The server advances it with the real clock (at any speed), a test or a simulation by hand. What is
due happens in the order of its time, and of its making where times are equal.
"""

from __future__ import annotations

import heapq
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND_NS: Final = 1_000_000_000


class Alarm:
    """Something that will be done at ``due_ns`` unless it is cancelled."""

    __slots__ = ("action", "due_ns")

    def __init__(self, due_ns: int, action: Callable[[], object]) -> None:
        self.due_ns = due_ns
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """Forget it; cancelling twice, or too late, does nothing."""
        self.action = None


class Timeline:
    """Now, and what is due later; times are nanoseconds since 1970 in UTC."""

    def __init__(self, now_ns: int) -> None:
        self.now_ns = now_ns
        self._due: list[tuple[int, int, Alarm]] = []
        self._numbers = count()

    def at(self, due_ns: int, action: Callable[[], object]) -> Alarm:
        """Do ``action`` at ``due_ns``, or at the next advance if that has passed."""
        alarm = Alarm(due_ns, action)
        heapq.heappush(self._due, (due_ns, next(self._numbers), alarm))
        return alarm

    def after(self, delay_s: float, action: Callable[[], object]) -> Alarm:
        """Do ``action`` in ``delay_s`` seconds."""
        return self.at(self.now_ns + round(delay_s * SECOND_NS), action)

    def next_ns(self) -> int | None:
        """Return when something is due next, None if nothing is."""
        while self._due and self._due[0][2].action is None:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def advance(self, to_ns: int) -> None:
        """Do everything that is due until ``to_ns``, then be there; time never runs back."""
        while self._due and self._due[0][0] <= to_ns:
            due_ns, _, alarm = heapq.heappop(self._due)
            action, alarm.action = alarm.action, None
            if action is not None:
                self.now_ns = max(self.now_ns, due_ns)
                action()
        self.now_ns = max(self.now_ns, to_ns)
