"""Trips of the kill switch that are in force and not yet in the journal: they are written again.

A full disk takes no record. What has tripped meanwhile is in force, and was forgotten by the next
restart as long as nobody wrote it again. So whatever the journal's fold lacks is written until the
journal has it: one commit at a time, a second after one that was refused. A clear is the other way
round: it is in force only once it is durable, and what it clears is not written beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from robotrader.domain.records import SwitchCleared, SwitchTripped
from robotrader.risk import Switch, scope_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.risk import Trip

Change: TypeAlias = SwitchTripped | SwitchCleared

AGAIN_NS: Final = 1_000_000_000
"""A disk that was full a moment ago mostly still is: a commit a second costs it nothing."""

ANSWER_NS: Final = 10_000_000_000
"""No answer after as long as a journal may hang: it has died, and the write with it."""


@dataclass
class SwitchMemory:
    """What outlives an incarnation of the kill switch: the trips that only it knows of."""

    trips: tuple[Trip, ...] = ()


def lacking(switch: Switch, durable: Switch) -> tuple[Trip, ...]:
    """Return the trips of a switch that are not in the one of the journal, oldest first."""
    found = ((trip, durable.find(trip.scope, trip.trigger)) for trip in switch.trips)
    return tuple(trip for trip, kept in found if kept is None or kept.level < trip.level)


def record_of(trip: Trip) -> SwitchTripped:
    """Return the record that makes a trip durable."""
    return SwitchTripped(
        level=str(trip.level), scope=trip.scope, trigger=trip.trigger, why=trip.why,
        who=trip.who, wall_ns=trip.wall_ns,
    )  # fmt: skip


class Unwritten:
    """Says when what is to be written is written, and written again; times in nanoseconds."""

    def __init__(self) -> None:
        self._waits: dict[str, int] = {}
        self._alarmed = False

    def waits(self, record: Change, now_ns: int) -> bool:
        """Whether it is being written, or was refused a moment ago."""
        return now_ns < self._waits.get(_key(record), now_ns)

    def sent(self, records: Iterable[Change], now_ns: int) -> None:
        """Take it that the journal was asked to write them."""
        self._waits = {key: at_ns for key, at_ns in self._waits.items() if at_ns > now_ns}
        self._waits |= dict.fromkeys(map(_key, records), now_ns + ANSWER_NS)

    def refused(self, records: Iterable[Change], now_ns: int) -> None:
        """Take it that the journal has not written them."""
        self._waits |= dict.fromkeys(map(_key, records), now_ns + AGAIN_NS)

    def written(self, record: Change) -> None:
        """Take it that one of them is durable."""
        self._waits.pop(_key(record), None)

    def due(self, trips: Iterable[Trip], now_ns: int) -> tuple[SwitchTripped, ...]:
        """Return the records of those trips that have to be written now.

        Not beside a clear of their scope: behind it they would undo it.
        """
        records = map(record_of, trips)
        return tuple(
            record
            for record in records
            if not self.waits(record, now_ns)
            and now_ns >= self._waits.get(_clear(record.scope), now_ns)
        )

    def alarms(self, trips: tuple[Trip, ...]) -> bool:
        """Whether it is news that a refused trip is not durable: once, until all are."""
        news = bool(trips) and not self._alarmed
        self._alarmed = bool(trips)
        return news


def _key(record: Change) -> str:
    if isinstance(record, SwitchCleared):
        return _clear(record.scope)
    return f"{scope_of(record.scope)}/{record.trigger}/{record.level}"


def _clear(scope: str) -> str:
    return f"{scope_of(scope)}/clear/"
