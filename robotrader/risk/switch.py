"""The kill switch: one value, the fold of what the journal says about it (F65, F71).

Each level includes those before it. What is latched stays until a person clears it and says why;
only a lost connection (F67) and another build (F26) clear themselves. A scope never reaches beyond
itself (F72, F73). What cannot be read counts as tripped for everything.

| level   | new orders that pass | of the working orders, these are cancelled |
|---------|----------------------|--------------------------------------------|
| pause   | reductions           | none                                       |
| reduce  | reductions           | what could add to a position               |
| cancel  | reductions           | all but protective stops (F70)             |
| flatten | reductions           | all: positions are closed                  |
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Final, Self

import msgspec

from robotrader.domain.records import SwitchCleared, SwitchTripped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain.records import Record

ALL: Final = "all"
_KINDS: Final = frozenset({"account", "symbol", "strategy"})


def budget_of(strategy: str) -> str:
    """Return the strategy whose budget and switch an instance has: its name without the symbol."""
    return strategy.partition("/")[0]


class Level(IntEnum):
    """How much is off. ``str()`` gives the word that records use."""

    OFF = 0
    PAUSE = 1
    REDUCE = 2
    CANCEL = 3
    FLATTEN = 4

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def read(cls, word: str) -> Self | None:
        """Return the level of a record; None if there is none of that name."""
        return next((each for each in cls if each and str(each) == word), None)


class Trigger(StrEnum):
    """What tripped it."""

    PERSON = "person"
    DAILY_LOSS = "daily_loss"
    DRAWDOWN = "drawdown"
    LOSSES = "losses"
    POSITION_LOSS = "position_loss"
    REJECTS = "rejects"
    STALE_DATA = "stale_data"
    CLOCK = "clock"
    HUNG = "hung"
    DEAD_MAN = "dead_man"
    UNRECONCILED = "unreconciled"
    CONNECTION = "connection"
    UNREADABLE = "unreadable"
    BUILD = "build"
    """Another build is installed than runs; in the scope of the account."""


SELF_CLEARING: Final = frozenset({Trigger.CONNECTION.value, Trigger.BUILD.value})


class Working(StrEnum):
    """What a working order is to a position."""

    ADDS = "adds"
    REDUCES = "reduces"
    PROTECTS = "protects"
    """A stop that can only reduce."""


_CANCELLED_FROM: Final = {
    Working.ADDS: Level.REDUCE,
    Working.REDUCES: Level.CANCEL,
    Working.PROTECTS: Level.FLATTEN,
}


def must_cancel(level: Level, working: Working) -> bool:
    """Say whether a working order has to go."""
    return level >= _CANCELLED_FROM[working]


def scope_of(word: str) -> str:
    """Return a scope as it is compared: what cannot be read is ``all``, the largest."""
    kind, colon, name = word.partition(":")
    if not colon or kind not in _KINDS or not name.strip():
        return ALL
    return f"{kind}:{name.strip().upper() if kind == 'symbol' else name.strip()}"


class Trip(msgspec.Struct, frozen=True, gc=False):
    """One reason for which the switch is not off."""

    level: Level
    scope: str
    trigger: str
    why: str
    who: str = ""
    wall_ns: int = 0


def _ends_with_its_reason(trip: Trip) -> bool:
    """A halt is ended by a person; what it tripped for one symbol goes with it, not for all."""
    halt = trip.trigger == Trigger.UNRECONCILED and trip.scope != ALL
    return halt or trip.trigger in SELF_CLEARING


class Switch(msgspec.Struct, frozen=True):
    """The switch at one moment: every trip that nobody has cleared, oldest first."""

    trips: tuple[Trip, ...] = ()
    forgiven_ns: int = 0
    """When a person last cleared a streak of losses: those before it do not count any more."""

    @classmethod
    def fold(cls, records: Iterable[Record]) -> Switch:
        """Return the switch that these records leave."""
        made = cls()
        for record in records:
            made = made.after(record)
        return made

    @classmethod
    def unreadable(cls, why: str) -> Switch:
        """Return the switch of a journal that cannot be read: nothing may add to risk (F65)."""
        return cls((Trip(Level.REDUCE, ALL, Trigger.UNREADABLE, why),))

    def after(self, record: Record) -> Switch:
        """Return the switch after one record more; others than its own change nothing."""
        if isinstance(record, SwitchTripped):
            return self._tripped(record)
        if isinstance(record, SwitchCleared):
            return self._cleared(record)
        return self

    def _tripped(self, record: SwitchTripped) -> Switch:
        level, scope, trigger = Level.read(record.level), scope_of(record.scope), record.trigger
        if level is None:
            level, scope, trigger = Level.REDUCE, ALL, Trigger.UNREADABLE
        trip = Trip(level, scope, trigger, record.why, record.who, record.wall_ns)
        old = self.find(scope, trigger)
        if old is None:
            return msgspec.structs.replace(self, trips=(*self.trips, trip))
        if old.level >= level:
            return self
        trips = tuple(trip if each is old else each for each in self.trips)
        return msgspec.structs.replace(self, trips=trips)

    def _cleared(self, record: SwitchCleared) -> Switch:
        """A person with a reason clears a scope; nobody clears only what clears itself."""
        scope, person = scope_of(record.scope), bool(record.who.strip())
        if scope == ALL and record.scope != ALL:
            return self  # not a scope: clearing too much would be worse than clearing nothing
        if person and not record.why.strip():
            return self
        kept = tuple(
            trip
            for trip in self.trips
            if trip.scope != scope or not (person or _ends_with_its_reason(trip))
        )
        streak = self.find(scope, Trigger.LOSSES) is not None and person
        return Switch(kept, max(self.forgiven_ns, record.wall_ns) if streak else self.forgiven_ns)

    # -- questions --

    def find(self, scope: str, trigger: str) -> Trip | None:
        """Return the trip of that scope and trigger."""
        for trip in self.trips:
            if trip.scope == scope and trip.trigger == trigger:
                return trip
        return None

    def level(self, *, account: str = "", symbol: str = "", strategy: str = "") -> Level:
        """Return the highest level that holds for these."""
        return max((t.level for t in self.over(account, symbol, strategy)), default=Level.OFF)

    def over(self, account: str, symbol: str, strategy: str) -> tuple[Trip, ...]:
        """Return the trips that hold for these."""
        if not self.trips:
            return ()
        scopes = {
            ALL,
            f"account:{account}",
            f"symbol:{symbol.upper()}",
            f"strategy:{strategy}",
            f"strategy:{budget_of(strategy)}",
        }
        return tuple(trip for trip in self.trips if trip.scope in scopes)

    def refuses(self, *, account: str, symbol: str, strategy: str, reduces: bool) -> str:
        """Return why an order may not pass, empty if it may; reductions always may (F69)."""
        if reduces:
            return ""
        over = self.over(account, symbol, strategy)
        if not over:
            return ""
        worst = max(over, key=lambda trip: trip.level)
        at = f"the kill switch is at {worst.level!s} for {worst.scope}"
        return f"{at}: {worst.trigger}, {worst.why}"
