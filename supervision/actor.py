"""The actor: a ``pykka.Actor`` that can be supervised.

Write one as for pykka: ``__init__``, ``on_start``, ``on_receive``, ``on_stop``, ``on_failure``.
What differs is what happens when things go wrong: whatever a handler raises, ``ask`` included and
``SystemExit`` included, ends this actor and only this one, with a recorded reason that reaches its
supervisor and everybody who watches; a start that fails is seen by whoever starts it; every
``ask`` has a deadline; the mailbox is bounded. docs/supervision.md lists the differences.

The same class runs on a thread of its own, on a pool, on an event loop's thread or in a
simulation: ``runtime`` is only the default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import pykka

from supervision import cell, ending, fence, system
from supervision.clock import to_ns
from supervision.errors import DeathPact
from supervision.future import Future
from supervision.mailbox import DEFAULT_MAILBOX, MailboxSpec
from supervision.messages import Down, Exit, Stop
from supervision.reasons import NORMAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from supervision.messages import Monitor
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef
    from supervision.runtime.base import P
    from supervision.timers import Timer

DEFERRED = cell.DEFERRED


class Actor(pykka.Actor):
    """Base class of supervised actors; see the module's prose."""

    runtime: ClassVar[str] = "thread"
    """Where actors of this class run unless told otherwise: thread, pool, pool:NAME or a name."""

    mailbox: ClassVar[MailboxSpec] = DEFAULT_MAILBOX
    """Bound and overflow policy of the mailbox."""

    trap_exit: bool = False
    """Get ``Exit`` messages of linked actors instead of ending with them."""

    pykka_registry: ClassVar[bool] = False
    """Also be found through ``pykka.ActorRegistry``, whose removal searches a list."""

    hang_budget_s: ClassVar[float] = 2.0
    """Longest time without progress in one handler before the actor counts as hung."""

    hang_policy: ClassVar[str] = "replace"
    """What a hang of this class means: ``replace`` the actor, or ``exit`` the process."""

    gives_way: ClassVar[bool] = False
    """On a loop: whom it has told anything has a turn before its next message."""

    idles: ClassVar[bool] = False
    """On a loop: ``on_idle`` is called a moment after turns, while no actor has one to come."""

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        """Create the actor; override it, and call it before using the actor's own attributes."""
        self._cell = own = cell.Cell(self, system.current())
        if self.mailbox is not DEFAULT_MAILBOX:
            own.spec = self.mailbox
            own.capacity = -1 if own.spec.overflow == "conflate" else own.spec.capacity

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> ActorRef[Self]:
        """Make an actor, start it and wait until its ``on_start`` has returned.

        Raises:
            ActorStartError: ``on_start`` raised; the original is its cause.
            Exception: whatever ``__init__`` raised.
        """
        return system.current().start(cls(*args, **kwargs))

    @classmethod
    def start_on(cls, runtime: str, *args: Any, **kwargs: Any) -> ActorRef[Self]:
        """As ``start``, on the given runtime instead of the class's own."""
        return system.current().start(cls(*args, **kwargs), on=runtime)

    # -- pykka's attributes, read from the cell --

    @property
    def actor_ref(self) -> ActorRef[Self]:
        """The actor's address, to be passed around."""
        return self._cell.ref

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # a property for pykka's attribute
        """A URN that is unique to this incarnation."""
        return self._cell.ref.actor_urn

    @property
    def actor_inbox(self) -> cell.Cell:  # type: ignore[override]  # a property for the attribute
        """The actor's mailbox."""
        return self._cell

    @property
    def actor_stopped(self) -> Any:  # type: ignore[override]  # a property for the attribute
        """An event that is set once the actor stops."""
        return self._cell.ref.actor_stopped

    @property
    def incarnation(self) -> fence.Incarnation:
        """Token that effect ports check, so that an ended incarnation has no effect."""
        return fence.Incarnation(self._cell.path(), self._cell.number, self._cell)

    # -- hooks --

    def on_start(self) -> Any:
        """Set up before the first message.

        Returns:
            None; a value of the actor type's own protocol (supervisors understand ``IGNORE``,
            ``Info``); or ``DEFERRED`` to acknowledge later with ``started``.
        """
        return None

    def on_stop_request(self, reason: ExitReason) -> bool:  # noqa: ARG002 - for overrides
        """Say whether to stop now; after False the actor must end by itself, soon."""
        return True

    def on_receive(self, message: Any) -> Any:
        """Handle one message; the returned value answers an ``ask``.

        Raises:
            DeathPact: a watched or linked actor ended and no handler took the notice.
        """
        if isinstance(message, (Down, Exit)):
            msg = f"{self} watches {message.ref}, which ended ({message.reason}), unhandled"
            raise DeathPact(msg)
        return super().on_receive(message)

    def on_idle(self) -> bool:
        """Do a little of what can wait; return whether there is more of it.

        Nothing may depend on it: on runtimes other than a loop, and while a loop has other things
        to do, nobody calls it. What it raises ends the actor, as what a handler raises does.
        """
        return False

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Clean up after a handler raised, before the actor ends; ``on_stop`` is not called."""

    # -- what an actor may do --

    def stop(self) -> None:
        """Stop after everything that waits now has been handled."""
        self._cell.ref.stop(block=False)

    def stop_with(self, reason: ExitReason = NORMAL) -> None:
        """Stop after the current message, with ``reason``."""
        self._cell.command(Stop(reason))

    def started(self, value: object = None) -> None:
        """Acknowledge the start after ``on_start`` returned ``DEFERRED``."""
        self._cell.started(value)

    def start_failed(self, error: BaseException) -> None:
        """Refuse the start after ``on_start`` returned ``DEFERRED``."""
        self._cell.start_failed(error)

    def reply_later(self) -> Future[Any]:
        """Take over the answer to the request being served; then return ``DEFERRED``.

        Raises:
            RuntimeError: the message being handled is no request.
        """
        ask = self._cell.asking
        if ask is None:
            msg = f"{self}: reply_later() outside a request; only ask() expects an answer"
            raise RuntimeError(msg)
        reply: Future[Any] = ask.reply_to
        return reply

    def send_after(self, delay_s: float, message: Any) -> Timer:
        """Send ``message`` to this actor after ``delay_s`` seconds."""
        own = self._cell
        system_ = own.system

        def fire() -> None:
            if system_.faults is None or system_.faults.fires():
                own.ref.tell(message)

        return system_.timers.at(system_.now_ns() + to_ns(delay_s), fire)

    def at_once(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return a callback of this actor's event loop with what it tells handled at its end.

        On any other runtime it is returned as it is: its turns are nobody else's to run.
        """
        runtime = self._cell.runtime
        assert runtime is not None, "an actor that runs has a runtime"
        return runtime.at_once(callback)

    def monitor(self, ref: ActorRef[Any], message: object = None) -> Monitor:
        """Get one ``Down`` (or ``message``) when the actor ends; at once if it has."""
        return ending.monitor(self._cell, ref.actor_inbox, message)

    def demonitor(self, ref: ActorRef[Any], monitor: Monitor, *, flush: bool = True) -> None:
        """End a watch; ``flush`` also takes back a ``Down`` that already waits."""
        ending.demonitor(self._cell, ref.actor_inbox, monitor, flush=flush)

    def link(self, ref: ActorRef[Any]) -> None:
        """Tie the actor's life to ours, both ways."""
        ending.link(self._cell, ref.actor_inbox)

    def unlink(self, ref: ActorRef[Any]) -> None:
        """Untie; nothing of that link arrives afterwards."""
        ending.unlink(self._cell, ref.actor_inbox)

    # -- pykka's extension points --

    @staticmethod
    def _create_actor_inbox() -> Any:
        msg = "the mailbox of a supervised actor is its cell"
        raise TypeError(msg)

    @staticmethod
    def _create_future() -> Future[Any]:
        return Future()

    def _start_actor_loop(self) -> None:
        system.current().start(self)
