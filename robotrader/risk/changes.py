"""Limits that a person changes in a running system: the configuration's, and what the journal says.

A change outlives restarts. It may be as loose as the configuration's ceiling allows, where there is
one. If the configuration has another value than when the change was made, the tighter of both
counts: who tightened the configuration is not overruled by an older command.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain.errors import ConfigurationError
from robotrader.domain.records import LimitChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from robotrader.risk.limits import Limits

_LOOSER_BELOW: Final = frozenset({"cooldown_ms", "duplicate_window_ms", "restart_quiet_ms"})
"""Times for which nothing is entered; a smaller value of every other limit is the tighter one."""

_OFF_AT_ZERO: Final = frozenset({"max_losses_row"})
OFF: Final = "off"


class LimitChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a command would change, or changed. ``None`` is a limit that is not looked at."""

    name: str
    old: Decimal | None
    new: Decimal | None
    configured: Decimal | None
    ceiling: Decimal | None
    loosens: bool
    """Whether more may be risked than before."""


class LimitChanges:
    """The limits in force.

    Args:
        configured: those of the configuration.
        ceilings: by name, the loosest value that a command may give.

    Raises:
        ConfigurationError: a ceiling is of no limit, or the configuration is beyond it.
    """

    def __init__(self, configured: Limits, ceilings: Mapping[str, Decimal] | None = None) -> None:
        self.configured, self.limits = configured, configured
        self.ceilings = dict(ceilings or {})
        self._records: dict[str, LimitChanged] = {}
        for name, ceiling in self.ceilings.items():
            configured.changed(name, ceiling)
            if _rank(name, value_of(configured, name)) > _rank(name, ceiling):
                msg = (
                    f"risk.ceilings.{name} is {ceiling}, and the configured limit is looser "
                    f"({_said(value_of(configured, name))}): correct one of them"
                )
                raise ConfigurationError(msg)

    @property
    def records(self) -> tuple[LimitChanged, ...]:
        """The newest record of each limit that is not as configured, in the order of changes."""
        return tuple(self._records.values())

    def tried(self, name: str, value: Decimal | None) -> LimitChange:
        """Return what a change would be; None as the value is the configuration's.

        Raises:
            ConfigurationError: there is no such limit, it cannot have that value, or the value is
                beyond the ceiling.
        """
        self.configured.changed(name, Decimal(0) if value is None else value)
        new = value_of(self.configured, name) if value is None else value
        if isinstance(getattr(self.configured, name), bool) and new not in {0, 1}:
            msg = f"limit {name} cannot be {_said(new)}: it is 1 for yes or 0 for no"
            raise ConfigurationError(msg)
        ceiling = self.ceilings.get(name)
        if ceiling is not None and _rank(name, new) > _rank(name, ceiling):
            msg = (
                f"limit {name} cannot be {_said(new)}: risk.ceilings.{name} is {ceiling}; only the "
                "configuration and a restart go beyond it"
            )
            raise ConfigurationError(msg)
        old = value_of(self.limits, name)
        return LimitChange(
            name=name,
            old=old,
            new=new,
            configured=value_of(self.configured, name),
            ceiling=ceiling,
            loosens=_rank(name, new) > _rank(name, old),
        )

    def record(
        self, name: str, value: Decimal | None, *, who: str, why: str, wall_ns: int
    ) -> LimitChanged:
        """Return the record of a change that was tried."""
        change = self.tried(name, value)
        return LimitChanged(
            name=name,
            value=Decimal(0) if change.new is None else change.new,
            who=who,
            why=why,
            old=_said(change.old),
            base=_said(change.configured),
            configured=value is None,
            wall_ns=wall_ns,
        )

    def apply(self, record: LimitChanged) -> Limits:
        """Take in what the journal says; return the limits from then on.

        Raises:
            ConfigurationError: there is no such limit, or it cannot have that value.
        """
        name = record.name
        configured = value_of(self.configured, name)
        self._records.pop(name, None)
        value = configured if record.configured else record.value
        if not record.configured:
            self._records[name] = record
            if record.base and _known(record.base) != configured:
                value = min(value, configured, key=lambda each: _rank(name, each))
            if name in self.ceilings:
                value = min(value, self.ceilings[name], key=lambda each: _rank(name, each))
        if value is None:
            self.limits = msgspec.structs.replace(self.limits, **{name: None})
        else:
            self.limits = self.limits.changed(name, value)
        return self.limits

    def restore(self, records: Iterable[LimitChanged]) -> Limits:
        """Take in the changes of a snapshot. Raises as ``apply``."""
        for record in records:
            self.apply(record)
        return self.limits


def value_of(limits: Limits, name: str) -> Decimal | None:
    """Return a limit as a number, None if it is not looked at; 0 where there is none such."""
    value = getattr(limits, name, 0)
    return None if value is None else Decimal(value) if isinstance(value, int) else value


def _rank(name: str, value: Decimal | None) -> tuple[bool, Decimal]:
    """Return what is greater for a looser limit."""
    if value is None or (not value and name in _OFF_AT_ZERO):
        return True, Decimal(0)
    return False, -value if name in _LOOSER_BELOW else value


def _said(value: Decimal | None) -> str:
    return OFF if value is None else f"{value:f}"


def _known(text: str) -> Decimal | None:
    try:
        return None if text == OFF else Decimal(text)
    except InvalidOperation:
        return None
