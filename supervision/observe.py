"""The observer port: everything that happens to actors, told to whoever wants to know.

A system has one observer or none. With none, nothing is called and nothing is formatted: the cost
is one comparison on rare events and none per message. Observers are called on the thread where the
thing happened and must be quick; one that raises is reported once and then left out (see
``ActorSystem.observe``), because a broken listener must not become an actor's crash.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.reasons import ExitReason


class Observer(Protocol):
    """What can be observed; subclass ``NullObserver`` to listen to some of it."""

    def started(self, cell: Cell) -> None:
        """An actor's start was acknowledged."""
        ...

    def ended(self, cell: Cell, reason: ExitReason) -> None:
        """An actor ended, for whatever reason."""
        ...

    def overflowed(self, cell: Cell, message: object) -> None:
        """A full mailbox dropped or refused a message."""
        ...

    def dead_letter(self, cell: Cell, message: object) -> None:
        """A message was sent to an actor that has ended."""
        ...

    def slow_turn(self, cell: Cell, elapsed_ns: int) -> None:
        """One turn took longer than the system's ``slow_turn_s``."""
        ...

    def report(self, kind: str, facts: dict[str, object]) -> None:
        """Something structured happened: a supervisor's report, a breaker's change, a hang."""
        ...


class NullObserver:
    """An observer that ignores everything."""

    def started(self, cell: Cell) -> None:
        """Ignore a start."""

    def ended(self, cell: Cell, reason: ExitReason) -> None:
        """Ignore an end."""

    def overflowed(self, cell: Cell, message: object) -> None:
        """Ignore a drop."""

    def dead_letter(self, cell: Cell, message: object) -> None:
        """Ignore a dead letter."""

    def slow_turn(self, cell: Cell, elapsed_ns: int) -> None:
        """Ignore a slow turn."""

    def report(self, kind: str, facts: dict[str, object]) -> None:
        """Ignore a report."""
