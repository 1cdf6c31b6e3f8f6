"""What all supervisors do with one child: start it, stop it, and take it down with themselves.

A start gives a ``Started`` or a ``Failed``, never an exception. A stop asks (reason Shutdown),
waits as long as the spec says, then kills. When the supervisor itself ends without having stopped
its children (it was killed, or crashed), they are killed with it, as OTP's links would do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from supervision import delivery, ending
from supervision.actor import Actor
from supervision.children import Child, Children
from supervision.decide import State
from supervision.errors import Deadlock, StaleIncarnation
from supervision.messages import ChildExit, Stop
from supervision.reasons import KILLED, NORMAL, SHUTDOWN
from supervision.ref import ActorRef
from supervision.reports import Reports
from supervision.starting import (
    BadReturn,
    Failed,
    Started,
    StartTimeout,
    outcome_of,
    outcome_of_on_start,
)
from supervision.states import DEAD, NEW
from supervision.steps import Step, Stepper

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.reasons import ExitReason

_NS_PER_MS = 1_000_000


class Keeper(Stepper):
    """Base of the supervisors; see the module's prose."""

    def __init__(self) -> None:
        super().__init__()
        self._children = Children()
        self.reports = Reports(self._cell)
        self._exit_with: ExitReason | None = None

    # -- the supervisor's own start --

    def _boot(self, start_all: Step[Exception | None]) -> Step[None]:
        """Acknowledge the own start when ``start_all`` is done, or refuse it with its result."""
        error = yield from start_all
        if error is not None:
            self._down = True
            self.start_failed(error)
        elif self._exit_with is None:
            self.started()

    # -- starting --

    def _launch(self, child: Child) -> Step[Started | Failed]:
        """Start ``child``; it is up or undefined afterwards."""
        outcome = yield from self._outcome(child)
        if isinstance(outcome, Failed):
            self._children.down(child, State.UNDEFINED)
            self.reports.tell("start_error", "start", outcome.reason, child)
        elif outcome.ref is None:
            self._children.down(child, State.UNDEFINED)
        else:
            self._adopt(child, outcome.ref)
            self.reports.tell("progress", "start", None, child)
        return outcome

    def _outcome(self, child: Child) -> Step[Started | Failed]:
        try:
            made = child.spec.start(*child.args, **child.spec.kwargs)
        except (StaleIncarnation, Deadlock):
            raise
        except BaseException as error:  # noqa: BLE001 - SystemExit of a start is its failure too
            return Failed(error)
        if not isinstance(made, Actor):
            return self._accept(outcome_of(made))
        if made.actor_inbox.state != NEW:
            return Failed(BadReturn(made))
        return (yield from self._start_actor(child, made))

    def _accept(self, outcome: Started | Failed) -> Started | Failed:
        """Refuse the ref of a stock pykka actor: it has no exit that could be supervised."""
        if isinstance(outcome, Failed) or outcome.ref is None or isinstance(outcome.ref, ActorRef):
            return outcome
        return Failed(BadReturn(outcome.ref))

    def _start_actor(self, child: Child, actor: Actor) -> Step[Started | Failed]:
        system, ref = self._cell.system, actor.actor_ref
        ref.actor_inbox.label = child.spec.id
        started = system.begin(actor, on=child.spec.runtime, parent=self._cell)
        timeout_s = child.spec.start_timeout_s or system.start_timeout_s
        if not (yield from self._await(started, timeout_s)):
            ref.kill()
            return Failed(StartTimeout(timeout_s))
        try:
            value = started.get()
        except (StaleIncarnation, Deadlock):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever on_start raised
            return Failed(error)
        outcome = outcome_of_on_start(ref, value)
        if isinstance(outcome, Failed) or outcome.ref is None:
            ending.kill(ref.actor_inbox, NORMAL)
        return outcome

    def _adopt(self, child: Child, ref: Any) -> None:
        cell = ref.actor_inbox
        self._children.up(child, ref)
        if child.spec.backoff is not None:
            child.row = child.row.started(self._cell.system.now_ns())
        if cell.parent is not self._cell:
            cell.parent = self._cell
            if cell.reason is not None:  # perhaps too early to tell us; told twice is harmless
                delivery.enqueue(self._cell, ChildExit(ref, cell.reason))
        if self._cell.state == DEAD:  # we were killed meanwhile
            ending.kill(cell)

    # -- stopping --

    def _stop_child(self, child: Child) -> Step[None]:
        """Stop ``child`` as its spec says and wait until it has ended."""
        deadline_ns = self._ask_to_stop(child)
        yield from self._await_stopped(child, deadline_ns)

    def _ask_to_stop(self, child: Child) -> int | None:
        """Tell ``child`` to stop; return when its time is up (None: never)."""
        assert child.ref is not None, "only running children are stopped"
        shutdown, now_ns = child.spec.shutdown_ms, self._cell.system.now_ns()
        if shutdown == "brutal_kill":
            child.ref.kill()
            return now_ns
        if child.spec.drain:
            delivery.notice(child.ref.actor_inbox, Stop(SHUTDOWN))
        else:
            child.ref.actor_inbox.command(Stop(SHUTDOWN))
        return now_ns + shutdown * _NS_PER_MS if isinstance(shutdown, int) else None

    def _await_stopped(self, child: Child, deadline_ns: int | None) -> Step[None]:
        ref = child.ref
        assert ref is not None, "only running children are stopped"
        if not (yield from self._await_end(ref.actor_inbox, deadline_ns)):
            ref.kill()
        self._report_stop(child, ref.exit_reason)
        self._children.down(child, State.UNDEFINED)

    def _report_stop(self, child: Child, reason: ExitReason | None) -> None:
        expected = reason == SHUTDOWN
        if child.spec.shutdown_ms == "brutal_kill":
            expected = reason == KILLED
        elif child.spec.restart != "permanent" and reason is not None:
            expected = reason.ordinary
        if not expected:
            self.reports.tell("shutdown_error", "shutdown", reason, child)

    # -- the supervisor's own end --

    def _stop_all(self) -> Step[None]:
        """Stop all children, in the order of the kind of supervisor."""
        raise NotImplementedError

    def _terminate(self) -> Step[None]:
        yield from self._stop_all()
        self._down = True
        assert self._exit_with is not None, "whoever ends the supervisor says why"
        self.stop_with(self._exit_with)

    def _next_step(self) -> Step[None] | None:
        return self._terminate() if self._exit_with is not None else None

    def on_stop_request(self, reason: ExitReason) -> bool:
        """Stop the children first; the actor ends when the last of them has."""
        if not self._down and self._exit_with is None:
            self._exit_with = reason
            self._drain()
            return False
        return self._down

    def _after_end(self, cell: Cell, reason: ExitReason) -> None:
        super()._after_end(cell, reason)
        for child in self._children.living():
            if child.ref is not None:
                child.ref.kill()
