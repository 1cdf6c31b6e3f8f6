"""The time of day for who waits: a step of the clock neither ends a wait nor stretches it.

It follows the clock that it is given as long as that goes as fast as the monotonic one; a step, in
either direction, is left out from then on. What is waited for is safety: a quiet period that a
clock's jump cuts short ends in an order that is given up and still comes; one that a step back
stretches by an hour leaves nobody trading for an hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

STEP_NS: Final = 500_000_000
"""What is further off than this at once is a step; slewing corrects 0.5 ms in a second."""


class Steady:
    """See the module's prose.

    Args:
        clock_ns: the time of day, nanoseconds UTC; it may step.
        monotonic_ns: nanoseconds that do not.
        pace: how many seconds of ``clock_ns`` a monotonic second takes.
    """

    def __init__(
        self, clock_ns: Callable[[], int], monotonic_ns: Callable[[], int], pace: float = 1.0
    ) -> None:
        self._clock_ns, self._monotonic_ns, self._pace = clock_ns, monotonic_ns, pace
        self._step_ns = STEP_NS * max(1.0, pace)
        self._now_ns, self._seen_ns, self._left_out_ns = clock_ns(), monotonic_ns(), 0

    def __call__(self) -> int:
        """Return the time now; it never runs back."""
        seen_ns = self._monotonic_ns()
        went_ns = seen_ns - self._seen_ns
        due_ns = self._now_ns + (went_ns if self._pace == 1.0 else round(went_ns * self._pace))
        now_ns = self._clock_ns() - self._left_out_ns
        if abs(now_ns - due_ns) > self._step_ns:
            self._left_out_ns += now_ns - due_ns
            now_ns = due_ns
        self._seen_ns, self._now_ns = seen_ns, max(self._now_ns, now_ns)
        return self._now_ns
