"""How far the broker's clock certainly is from ours, from answers that are whole seconds.

The broker's clock was between ``seconds`` and one more at some moment between question and answer.
What lies in that span is agreement: the way of the answer, and the second that was cut off, are
never taken for a wrong clock.
"""

from __future__ import annotations

from collections import deque
from typing import Final

SECOND_NS: Final = 1_000_000_000


class Skew:
    """Measures with answers that come in the order of their questions; times are of the wall."""

    def __init__(self) -> None:
        self._asked: deque[int] = deque()

    def begin(self) -> None:
        """A connection begins: what was asked on an earlier one is never answered."""
        self._asked.clear()

    def asked(self, now_ns: int) -> None:
        """The question is being written."""
        self._asked.append(now_ns)

    def answered(self, seconds: int, now_ns: int) -> int:
        """Return the least difference that explains an answer: broker's minus ours, 0 if none."""
        asked_ns = self._asked.popleft() if self._asked else now_ns
        first_ns, last_ns = seconds * SECOND_NS, (seconds + 1) * SECOND_NS
        if first_ns > now_ns:
            return first_ns - now_ns
        return min(0, last_ns - min(asked_ns, now_ns))
