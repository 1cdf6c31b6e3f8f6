"""A supervisor of one child that stands in for it (Apache Pekko's ``BackoffSupervisor``).

Messages are passed on to the child; the answers of requests come back. When the child ends it is
started again after a growing delay. What happens to messages meanwhile is the policy: they become
dead letters, are answered with a value, go to a handler, or wait in a stash of bounded size.

A ``permanent`` child comes back after any end, a ``transient`` one after failures only; if a child
ends for good, so does its supervisor. Its own requests (``CurrentChild``, ``RestartCount``,
``Reset``) are answered at any time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pykka

from supervision.actor import DEFERRED
from supervision.children import Child
from supervision.decide import Fate, State, fate
from supervision.errors import Unavailable
from supervision.intensity import RestartWindow
from supervision.messages import ChildExit
from supervision.reasons import NORMAL
from supervision.restarter import Restarter, Retry
from supervision.spec import ChildSpec, SpecError
from supervision.starting import ChildStartFailed, Failed
from supervision.steps import Resume

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.future import Future
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef
    from supervision.steps import Step


@dataclass(frozen=True, slots=True)
class CurrentChild:
    """Ask for the ref of the running child; None while there is none."""


@dataclass(frozen=True, slots=True)
class RestartCount:
    """Ask how many restarts in a row were made."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Start the row of delays again: the child is well."""


@dataclass(frozen=True, slots=True)
class WhileStopped:
    """What happens to messages while there is no child; at most one field is set.

    ``reply`` answers requests with a value, ``handler`` gets everything, ``stash`` keeps up to so
    many messages for the next child. With none, messages are dead letters. A message beyond the
    stash is a dead letter too, and reported.
    """

    reply: object = None
    handler: ActorRef[Any] | None = None
    stash: int = 0


class BackoffSupervisor(Restarter):
    """See the module's prose.

    Args:
        spec: the child, with a ``backoff``.
        while_stopped: what to do with messages while there is no child.
        final_stop: says of a message that the next end of the child is final.

    Raises:
        SpecError: ``missing_backoff``.
    """

    def __init__(
        self,
        spec: ChildSpec,
        while_stopped: WhileStopped | None = None,
        final_stop: Callable[[object], bool] | None = None,
    ) -> None:
        super().__init__()
        if spec.backoff is None:
            raise SpecError("missing_backoff", spec.id, "give the child a supervision.Backoff")
        self._child = Child(spec, spec.id)
        self._children.add(self._child)
        self._window = RestartWindow(None, None)  # the backoff's max_retries is the limit
        self._policy = while_stopped or WhileStopped()
        self._is_final = final_stop
        self._final = False
        self._stash: deque[tuple[Any, Future[Any] | None]] = deque()
        self._serve: dict[type, Callable[[Any], Any]] = {
            ChildExit: self._on_child_exit,
            Retry: self._on_retry,
            CurrentChild: lambda _request: self._child.ref,
            RestartCount: lambda _request: self._child.row.retries,
            Reset: self._reset,
        }

    def on_start(self) -> Any:
        """Start the child."""
        self._begin(self._boot(self._start_child()), None)
        return DEFERRED

    def on_receive(self, message: Any) -> Any:
        """Serve an own request, or pass the message on."""
        if message.__class__ is Resume or message.__class__ in self._serve:
            return super().on_receive(message)
        reply = self.reply_later() if self._cell.asking is not None else None
        self._pass_on(message, reply)
        return DEFERRED

    def _handle(self, message: Any) -> Any:
        return self._serve[message.__class__](message)

    def _reset(self, _request: Reset) -> None:
        self._child.row = type(self._child.row)(up_since_ns=self._child.row.up_since_ns)

    def _start_child(self) -> Step[Exception | None]:
        outcome = yield from self._launch(self._child)
        if isinstance(outcome, Failed):
            return ChildStartFailed(self._child.spec.id, outcome.reason)
        return None

    def _ended(self, child: Child, reason: ExitReason) -> Step[None] | None:
        self.reports.tell("child_terminated", "child_terminated", reason, child)
        self._children.down(child, State.UNDEFINED)
        if self._final or fate(child.spec.restart, reason) is not Fate.RESTART:
            self._exit_with = NORMAL
            return None
        return self._restart_or_wait(child, reason)

    def _restart(self, child: Child) -> Step[None]:
        outcome = yield from self._launch(child)
        if isinstance(outcome, Failed):
            self._start_failed(child)
        while self._stash and child.ref is not None:
            self._pass_on(*self._stash.popleft())

    # -- messages for the child --

    def _pass_on(self, message: Any, reply: Future[Any] | None) -> None:
        if self._is_final is not None and self._is_final(message):
            self._final = True
        receiver = self._child.ref or self._policy.handler
        if receiver is None:
            self._without_child(message, reply)
        elif reply is None:
            receiver.tell(message)
        else:
            _forward(receiver, message, reply)

    def _without_child(self, message: Any, reply: Future[Any] | None) -> None:
        if self._policy.reply is not None:
            if reply is not None:
                reply.try_set(self._policy.reply)
        elif len(self._stash) < self._policy.stash:
            self._stash.append((message, reply))
        else:
            self._cell.stats.dead_letters += 1
            observer = self._cell.system.observer
            if observer is not None:
                observer.dead_letter(self._cell, message)
            if reply is not None:
                reply.try_set(None, Unavailable(f"{self}: the child is down and will be back"))

    def _stop_all(self) -> Step[None]:
        if self._child.state is State.RUNNING:
            yield from self._stop_child(self._child)
        self._child.settle(State.UNDEFINED)

    def _after_end(self, cell: Any, reason: ExitReason) -> None:
        super()._after_end(cell, reason)
        while self._stash:
            _message, reply = self._stash.popleft()
            if reply is not None:
                reply.try_set(None, pykka.ActorDeadError(f"{cell.ref} ended: {reason}"))


def _forward(receiver: ActorRef[Any], message: Any, reply: Future[Any]) -> None:
    """Ask ``receiver`` and give its answer, or its error, to ``reply``."""
    answer = receiver.ask(message, block=False)

    def pass_back() -> None:
        try:
            reply.try_set(answer.get(timeout=0))
        except Exception as error:  # noqa: BLE001 - the asker gets what the child raised
            reply.try_set(None, error)

    answer.on_done(pass_back)
