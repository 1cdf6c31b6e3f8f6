"""An actor that answers its own failures in place (Apache Pekko's supervision directives).

The actor is a shell around a behaviour, a plain object with ``on_receive``. When the behaviour
raises, ``decide`` says what follows: ``RESUME`` keeps it and drops the message, ``RESTART`` makes a
new one and keeps ref and mailbox, ``STOP`` ends the actor, ``ESCALATE`` makes its supervisor fail
with the same cause. Whoever asked gets the exception in every case.

A constructor that raises during a restart is one more failure. Restarts are bounded by a window;
one too many escalates.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

from supervision.children import Child
from supervision.decide import State
from supervision.errors import Deadlock, StaleIncarnation
from supervision.intensity import RestartWindow
from supervision.keeper import Keeper
from supervision.messages import ChildExit
from supervision.reasons import SHUTDOWN
from supervision.spec import ChildSpec
from supervision.starting import Escalate
from supervision.steps import Raised

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.actor import Actor
    from supervision.ref import ActorRef
    from supervision.steps import Step


class Directive(Enum):
    """What follows a failure."""

    RESUME = "resume"
    RESTART = "restart"
    STOP = "stop"
    ESCALATE = "escalate"


class Behaviour(Protocol):
    """What the shell runs."""

    def on_receive(self, message: Any) -> Any:
        """Handle one message; the returned value answers an ``ask``."""
        ...


class Resilient(Keeper):
    """See the module's prose.

    Args:
        make: makes a behaviour, given this actor.
        decide: says what follows an exception.
        window: how many restarts are allowed (by default 3 in five seconds).
        keep_children: leave the children running across a restart.
    """

    def __init__(
        self,
        make: Callable[[Resilient], Behaviour],
        decide: Callable[[Exception], Directive],
        window: RestartWindow | None = None,
        *,
        keep_children: bool = False,
    ) -> None:
        super().__init__()
        self._make = make
        self._decide = decide
        self._window = window or RestartWindow(3, 5 * 10**9)
        self._keep_children = keep_children
        self._behaviour: Behaviour | None = None

    def on_start(self) -> None:
        """Make the first behaviour."""
        self._behaviour = self._make(self)

    def spawn(self, actor: Actor, **spec: Any) -> ActorRef[Any]:
        """Start a child of this actor and wait until it is up (for behaviours).

        Raises:
            Exception: what the child's ``on_start`` raised.
        """
        system = self._cell.system
        system.begin(actor, parent=self._cell).get(timeout=system.start_timeout_s)
        ref = actor.actor_ref
        child = Child(ChildSpec(id=ref.number, start=type(actor), **spec), ref.number)
        self._children.add(child)
        self._children.up(child, ref)
        return ref

    def _handle(self, message: Any) -> Any:
        if message.__class__ is ChildExit:
            child = self._children.of(message.ref)
            if child is not None:
                self._children.remove(child)
            return None
        assert self._behaviour is not None, "on_start makes it"
        try:
            return self._behaviour.on_receive(message)
        except (StaleIncarnation, Deadlock):
            raise
        except Exception as error:  # noqa: BLE001 - this is what decides about it
            return self._after(error)

    def _after(self, error: Exception) -> Any:
        directive = self._decide(error)
        if directive is Directive.RESTART:
            return self._begin_again(error)
        if directive is Directive.ESCALATE:
            raise Escalate(error) from error
        if directive is Directive.STOP:
            self._exit_with = SHUTDOWN
        return Raised(error)

    def _begin_again(self, error: Exception) -> Step[Raised]:
        if not self._keep_children:
            yield from self._stop_all()
        failure = error
        while True:
            if not self._window.add(self._cell.system.now_ns()):
                raise Escalate(failure) from failure
            try:
                self._behaviour = self._make(self)
            except Exception as again:
                if self._decide(again) is not Directive.RESTART:
                    raise Escalate(again) from again
                failure = again
            else:
                return Raised(error)

    def _stop_all(self) -> Step[None]:
        for child in list(self._children)[::-1]:
            if child.state is State.RUNNING:
                yield from self._stop_child(child)
            self._children.remove(child)
