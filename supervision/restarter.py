"""Restarting what ends: the budget, the retries and the backoff that all supervisors share.

An exit asks for an attempt, at once or after the child's backoff. Every attempt is counted when it
is made; one too many ends the supervisor with reason Shutdown. An attempt whose start fails leaves
the child ``RESTARTING`` and is tried again by a message to itself, so whatever arrived before it is
served first. A retry is ignored when the child does not wait for it any more.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from supervision import delivery
from supervision.decide import State
from supervision.intensity import RestartWindow
from supervision.keeper import Keeper
from supervision.reasons import SHUTDOWN, Crash
from supervision.starting import Escalate

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from supervision.children import Child
    from supervision.messages import ChildExit
    from supervision.reasons import ExitReason
    from supervision.steps import Step


@dataclass(frozen=True, slots=True)
class Retry:
    """To itself: try again to restart the child with this key."""

    key: Hashable


class Restarter(Keeper):
    """Base of the supervisors that restart; see the module's prose."""

    def __init__(self) -> None:
        super().__init__()
        self._window = RestartWindow(0, 0)
        # Jitter differs between processes, and is the seed's in a simulation.
        self._random = Random(self._cell.system.urn_base + self._cell.number)

    @property
    def restarts(self) -> Mapping[tuple[object, str], int]:
        """Restart attempts so far, by child id and kind of reason."""
        return self.reports.restarts

    @property
    def restart_intensity_used(self) -> int:
        """How many restarts are in the window now."""
        return self._window.used(self._cell.system.now_ns())

    def _ended(self, child: Child, reason: ExitReason) -> Step[None] | None:
        """Decide what the end of a running child means."""
        raise NotImplementedError

    def _restart(self, child: Child) -> Step[None]:
        """Start ``child``, and what its strategy ties to it, again."""
        raise NotImplementedError

    def _on_child_exit(self, exit_: ChildExit) -> Step[None] | None:
        child = self._children.of(exit_.ref)
        if child is None:
            return None  # its end was waited for, or it is nobody's child any more
        reason = exit_.reason
        if isinstance(reason, Crash) and isinstance(reason.cause, Escalate):
            self._children.down(child, State.UNDEFINED)
            self._exit_with = Crash(reason.cause.error)
            return None
        return self._ended(child, reason)

    def _restart_or_wait(self, child: Child, reason: ExitReason) -> Step[None] | None:
        backoff = child.spec.backoff
        if backoff is None:
            return self._attempt(child, reason)
        child.row = child.row.failed(backoff, self._cell.system.now_ns())
        if child.row.exhausted(backoff):
            self._give_up(child, reason)
            return None
        self._retry_after(child)
        return None

    def _retry_after(self, child: Child) -> None:
        """Plan the next attempt: behind what waits in the mailbox, or after the backoff."""
        backoff = child.spec.backoff
        child.settle(State.RESTARTING)
        if backoff is None:
            delivery.notice(self._cell, Retry(child.key))
            return
        delay_ns = backoff.delay_ns(child.row.retries, self._random)
        child.row = child.row.retried()
        system = self._cell.system
        child.timer = system.timers.at(
            system.now_ns() + delay_ns, lambda: delivery.notice(self._cell, Retry(child.key))
        )

    def _on_retry(self, retry: Retry) -> Step[None] | None:
        child = self._children.at(retry.key)
        if child is None or child.state is not State.RESTARTING:
            return None
        return self._attempt(child, None)

    def _attempt(self, child: Child, reason: ExitReason | None) -> Step[None] | None:
        if not self._window.add(self._cell.system.now_ns()):
            self._give_up(child, reason)
            return None
        self.reports.restarted(child, reason)
        return self._restart(child)

    def _give_up(self, child: Child, reason: ExitReason | None) -> None:
        child.settle(State.UNDEFINED)
        self.reports.gave_up(child, reason)
        self._exit_with = SHUTDOWN

    def _start_failed(self, child: Child) -> None:
        backoff = child.spec.backoff
        if backoff is not None and child.row.exhausted(backoff):
            self._give_up(child, None)
        else:
            self._retry_after(child)
