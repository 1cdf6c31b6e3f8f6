"""What keeps a strategy from flooding: one intent a bar and direction, and a dwell (F33, F88).

After an entry, an entry in the other direction has to wait; an exit never does. A wish that is
blocked is recorded once with its reason, however often it is repeated.
"""

from __future__ import annotations

from typing import Final

import msgspec

from robotrader.domain import Purpose, Side

# A member of an enum takes fifty times as long to look up as a name.
_ENTRY: Final = Purpose.ENTRY


class Memory(msgspec.Struct):
    """What has to survive a restart, so that crashing is no way round a rule."""

    bar: int = 0
    """How many bars were told live."""

    directions: list[int] = []
    """Directions (1 bought, -1 sold) that had their intent in this bar."""

    entry: int = 0
    """Direction of the last entry, 0 before the first."""

    entry_bar: int = 0


class Discipline:
    """The rules, and what they remember.

    Args:
        dwell_bars: how many bars an entry in the other direction has to wait.
    """

    def __init__(self, dwell_bars: int) -> None:
        if dwell_bars < 0:
            msg = f"a dwell of {dwell_bars} bars: give 0 or more"
            raise ValueError(msg)
        self.memory = Memory()
        self.dwell_bars = dwell_bars
        self._told: set[str] = set()

    def next_bar(self) -> None:
        """A live bar begins."""
        memory = self.memory
        memory.bar += 1
        if memory.directions:
            memory.directions = []

    def pass_bars(self, count: int) -> None:
        """So many live bars begin and end, in which nothing is wished."""
        self.memory.bar += count

    def why_not(self, side: Side, purpose: Purpose) -> str | None:
        """Return why an intent may not pass now; None if it may, which is remembered."""
        memory, sign = self.memory, side.sign
        if sign in memory.directions:
            return "one intent a bar and direction"
        if purpose is _ENTRY and memory.entry == -sign:
            left = memory.entry_bar + self.dwell_bars - memory.bar
            if left > 0:
                return f"an entry the other way round needs a dwell of {self.dwell_bars} bars"
        memory.directions = [*memory.directions, sign]
        if purpose is _ENTRY:
            memory.entry, memory.entry_bar = sign, memory.bar
        self._told.clear()
        return None

    def is_news(self, blocked: str) -> bool:
        """Say whether this has not been recorded since the last intent that passed."""
        if blocked in self._told:
            return False
        self._told.add(blocked)
        return True
