"""What the kill switch and the gate know from the journal besides the ledger, as a fold of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain.records import (
    Ending,
    LimitChanged,
    OperatorActed,
    OrderDone,
    SwitchCleared,
    SwitchTripped,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.risk.past import REJECTS, Past, PastState
from robotrader.risk.switch import Switch

if TYPE_CHECKING:
    from robotrader.domain.records import Record


MACHINES: Final = frozenset({"file", "signal"})
"""Who trips the switch without being a person that is there."""


class SwitchState(msgspec.Struct, frozen=True, kw_only=True):
    """The switch, when the newest orders were rejected, and the contracts that are halted."""

    switch: Switch = Switch()
    rejects_ns: tuple[int, ...] = ()
    halted: tuple[int, ...] = ()
    person_ns: int | None = None
    """When a person last did something: a sign of life, not only a check-in."""


class SwitchFold:
    """What the kill switch knows from the journal."""

    def __init__(self, state: SwitchState | None = None) -> None:
        state = state or SwitchState()
        self.switch = state.switch
        self.rejects_ns = list(state.rejects_ns)
        self.halted = set(state.halted)
        self.person_ns = state.person_ns

    def state(self) -> SwitchState:
        """Return it as a value."""
        return SwitchState(
            switch=self.switch,
            rejects_ns=tuple(self.rejects_ns),
            halted=tuple(sorted(self.halted)),
            person_ns=self.person_ns,
        )

    def apply(self, record: Record) -> None:
        """Fold one record in."""
        match record:
            case SwitchTripped() | SwitchCleared():
                self.switch = self.switch.after(record)
                self._saw(record)
            case OperatorActed():
                self._saw(record)
            case OrderDone(ending=Ending.REJECTED):
                self.rejects_ns = [*self.rejects_ns, record.wall_ns][-REJECTS:]
            case SymbolHalted():
                self.halted.add(record.con_id)
            case SymbolResumed():
                self.halted.discard(record.con_id)

    def _saw(self, record: SwitchTripped | SwitchCleared | OperatorActed) -> None:
        if record.who.strip() and record.who not in MACHINES:
            self.person_ns = max(record.wall_ns, self.person_ns or 0)


class GateState(msgspec.Struct, frozen=True, kw_only=True):
    """What was approved, and every limit that was changed, the last change last."""

    past: PastState = PastState()
    changed: tuple[LimitChanged, ...] = ()


class GateFold:
    """What a gate takes over from earlier runs."""

    def __init__(self, state: GateState | None = None) -> None:
        state = state or GateState()
        self._past = Past(state.past)
        self._changed = {each.name: each for each in state.changed}

    def state(self) -> GateState:
        """Return it as a value."""
        return GateState(past=self._past.state(), changed=tuple(self._changed.values()))

    def apply(self, record: Record) -> None:
        """Fold one record in."""
        self._past.replay(record)
        if isinstance(record, LimitChanged):
            self._changed.pop(record.name, None)
            self._changed[record.name] = record
