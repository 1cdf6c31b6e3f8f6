"""Which time a bar covers: the cells of the clock, cut at the opens and closes of sessions.

A cell begins at a whole multiple of its length since 1970 UTC and never holds the time of two
phases: one that would contain an open or a close ends, or begins, there. So every bar is either of
the regular session or of the extended hours, and its time is known, never guessed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.venue import Sessions

HOUR_NS: Final = 3_600_000_000_000

Span: TypeAlias = tuple[int, int]
"""From (included) and to (excluded), in nanoseconds since 1970 in UTC."""


class Phase(StrEnum):
    """What an exchange does at a time."""

    __hash__ = str.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    CLOSED = "closed"
    EXTENDED = "extended"
    REGULAR = "regular"


class Cell(NamedTuple):
    """The time that one bar covers, and the phase that all of it belongs to."""

    start_ns: int
    end_ns: int
    phase: Phase


class Cells:
    """The cells of one length.

    Args:
        size_ns: length of a cell; it divides an hour.
        sessions: when the exchange is open.
        outside_rth: whether bars of the extended hours are wanted.

    Raises:
        ValueError: the length does not divide an hour.
    """

    def __init__(self, size_ns: int, sessions: Sessions, *, outside_rth: bool = False) -> None:
        if size_ns <= 0 or HOUR_NS % size_ns:
            msg = f"bars of {size_ns} ns: give a length that divides an hour"
            raise ValueError(msg)
        self.size_ns = size_ns
        self.sessions = sessions
        self.outside_rth = outside_rth
        self._last = self._before = Cell(0, 0, Phase.CLOSED)

    def phase(self, now_ns: int) -> Phase:
        """Return what the exchange does at a time."""
        if self.sessions.is_open(now_ns, outside_rth=False):
            return Phase.REGULAR
        if self.sessions.is_open(now_ns, outside_rth=True):
            return Phase.EXTENDED
        return Phase.CLOSED

    def wanted(self, phase: Phase) -> bool:
        """Say whether bars of a phase are wanted."""
        return phase is Phase.REGULAR or (self.outside_rth and phase is Phase.EXTENDED)

    def at(self, now_ns: int) -> Cell | None:
        """Return the cell of a time, None while no bars are wanted."""
        for known in (self._last, self._before):  # a bar's, and that of the one in the making
            if known.start_ns <= now_ns < known.end_ns:
                return known
        cell = self._find(now_ns)
        if cell is not None and cell.start_ns > self._last.start_ns:
            self._before, self._last = self._last, cell
        elif cell is not None:
            self._before = cell
        return cell

    def _find(self, now_ns: int) -> Cell | None:
        start_ns = now_ns - now_ns % self.size_ns
        end_ns, is_open = start_ns + self.size_ns, self.sessions.is_open
        for each_ns in (now_ns, start_ns, end_ns - 1):
            if not is_open(each_ns, outside_rth=False):
                break
        else:  # nearly always
            return Cell(start_ns, end_ns, Phase.REGULAR)
        phase = self.phase(now_ns)
        if not self.wanted(phase):
            return None
        if self.phase(start_ns) is not phase:
            start_ns = self._edge(start_ns, now_ns, phase)
        if self.phase(end_ns - 1) is not phase:
            end_ns = self._edge(end_ns - 1, now_ns, phase) + 1
        return Cell(start_ns, end_ns, phase)

    def _edge(self, outside_ns: int, inside_ns: int, phase: Phase) -> int:
        """Return the time of ``phase`` that lies nearest to one before or after it."""
        while abs(inside_ns - outside_ns) > 1:
            middle_ns = (inside_ns + outside_ns) // 2
            if self.phase(middle_ns) is phase:
                inside_ns = middle_ns
            else:
                outside_ns = middle_ns
        return inside_ns

    def between(self, start_ns: int, end_ns: int) -> Iterator[Cell]:
        """Yield the cells that lie wholly between two times, in order."""
        at_ns = start_ns
        while at_ns < end_ns:
            cell = self.at(at_ns)
            if cell is None:
                at_ns = self._next_wanted(at_ns, end_ns)
                continue
            if start_ns <= cell.start_ns and cell.end_ns <= end_ns:
                yield cell
            at_ns = cell.end_ns

    def _next_wanted(self, closed_ns: int, end_ns: int) -> int:
        """Return when bars are wanted next, ``end_ns`` if not before."""
        at_ns = closed_ns
        while at_ns < end_ns:
            if self.wanted(self.phase(at_ns)):
                return at_ns
            later_ns = at_ns - at_ns % HOUR_NS + HOUR_NS
            if self.wanted(self.phase(later_ns - 1)):
                # An open inside this hour: no exchange opens twice in one.
                return self._edge(at_ns, later_ns - 1, self.phase(later_ns - 1))
            at_ns = later_ns
        return end_ns
