"""What strategies want to remember: the newest state of each, and what is set aside for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from robotrader.domain.records import MessageQuarantined, StrategySaved, SuspensionChanged

if TYPE_CHECKING:
    from robotrader.domain.records import Record


class RememberedState(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot keeps of it."""

    states: tuple[tuple[str, bytes], ...] = ()
    aside: tuple[tuple[str, tuple[str, ...]], ...] = ()
    suspended: tuple[SuspensionChanged, ...] = ()


class Remembered:
    """A fold of the journal; see the module's prose."""

    def __init__(self, state: RememberedState | None = None) -> None:
        state = state or RememberedState()
        self._states = dict(state.states)
        self._aside = dict(state.aside)
        self._suspended = {each.strategy: each for each in state.suspended}

    def state(self) -> RememberedState:
        """Return it as a value."""
        return RememberedState(
            states=tuple(self._states.items()),
            aside=tuple(self._aside.items()),
            suspended=tuple(self._suspended.values()),
        )

    def apply(self, record: Record) -> None:
        """Take in a record of theirs."""
        if isinstance(record, StrategySaved):
            self._states[record.strategy] = record.state
        elif isinstance(record, MessageQuarantined):
            self._aside[record.actor] = (*self._aside.get(record.actor, ()), record.message)
        elif isinstance(record, SuspensionChanged):
            self._suspended.pop(record.strategy, None)
            if record.suspended:
                self._suspended[record.strategy] = record

    def saved(self, strategy: str) -> bytes:
        """Return the newest state of a strategy, empty if it has none."""
        return self._states.get(strategy, b"")

    def aside(self, strategy: str) -> tuple[str, ...]:
        """Return the keys of what is set aside for it."""
        return self._aside.get(strategy, ())

    def suspended(self, strategy: str) -> str:
        """Return why a strategy is suspended, empty if it is not."""
        record = self._suspended.get(strategy)
        return "" if record is None else record.why

    def suspensions(self) -> tuple[SuspensionChanged, ...]:
        """Return the record of every suspension that nobody has ended, oldest first."""
        return tuple(self._suspended.values())
