"""The address of an actor: what may be passed around, and the only way to reach an actor.

``ActorRef`` is a ``pykka.ActorRef`` with the same methods. It adds deadlines, the exit reason, the
control lane, stop-now and kill; ``tell`` is the hot path and does as little as it can.
"""

from __future__ import annotations

import uuid
import weakref
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

import pykka

from supervision import delivery, ending
from supervision.errors import MailboxFull
from supervision.future import Future
from supervision.messages import Ask, Stop, Urgent
from supervision.reasons import NORMAL, SHUTDOWN
from supervision.states import STOPPING

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.actor import Actor
    from supervision.cell import Cell
    from supervision.reasons import ExitReason

A = TypeVar("A", bound="Actor")


class StopFlag:
    """An event, as pykka's ``actor_stopped`` is one, that reads the cell instead of a lock."""

    __slots__ = ("_cell",)

    def __init__(self, cell: Cell) -> None:
        self._cell = cell

    def is_set(self) -> bool:
        """Say whether the actor has stopped or is stopping."""
        return self._cell.state >= STOPPING

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the actor has ended; return whether it has."""
        ended: Future[None] = Future()
        ended.runtime = self._cell.runtime
        ending.when_ended(self._cell, ended.try_set)
        try:
            ended.get(timeout=timeout)
        except pykka.Timeout:
            return False
        return True


class ActorRef(pykka.ActorRef[A]):
    """A reference to one incarnation of an actor; see the module's prose."""

    __slots__ = ("_cell",)

    _cell: Cell

    # pykka.ActorRef keeps these five as instance attributes; here they cost nothing until read.

    @property
    def actor_class(self) -> type[A]:  # type: ignore[override]  # a property for pykka's attribute
        """The class of the actor."""
        return type(self._cell.actor)  # type: ignore[return-value]  # the cell is not generic

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # a property for pykka's attribute
        """A URN that is unique to this incarnation."""
        base = self._cell.system.urn_base
        return uuid.UUID(int=(base + self._cell.number) % 2**128, version=4).urn

    @property
    def actor_inbox(self) -> Cell:  # type: ignore[override]  # a property for pykka's attribute
        """The actor's mailbox."""
        return self._cell

    @property
    def actor_stopped(self) -> StopFlag:  # type: ignore[override]  # a property, and not a lock
        """An event that is set once the actor stops."""
        return StopFlag(self._cell)

    @property
    def _actor_weakref(self) -> weakref.ref[A]:  # type: ignore[override]  # pykka's proxies read it
        return weakref.ref(self._cell.actor)  # type: ignore[arg-type]  # the cell is not generic

    def is_alive(self) -> bool:
        """Say whether the actor takes messages (it may be busy or hung)."""
        return self._cell.state < STOPPING

    @property
    def exit_reason(self) -> ExitReason | None:
        """Why the actor ended; None while it has not."""
        return self._cell.reason

    @property
    def number(self) -> int:
        """The incarnation number: unique in this process, growing with every start."""
        return self._cell.number

    def tell(self, message: Any) -> None:
        """Send ``message`` without waiting.

        Raises:
            pykka.ActorDeadError: the actor has stopped.
            MailboxFull: the mailbox is full and its policy is to refuse.
        """
        cell = self._cell
        queue = cell.queue
        if len(queue) >= cell.capacity:
            delivery.put(cell, message)
            return
        queue.append(message)
        if not cell.scheduled:
            if len(queue) == 1:  # else something was left there before
                cell.since_ns = cell.system.coarse_ns
            cell.scheduled = True
            cell.ready(cell)

    def leave(self, message: Any) -> None:
        """Put ``message`` into the mailbox and let the actor sleep until ``wake`` or any ``tell``.

        It keeps its place: what is sent afterwards is handled after it. For who sends on to another
        thread first, because two that are woken at once wait for each other's interpreter lock.
        Whoever leaves something says ``wake`` soon. Raises as ``tell`` does.
        """
        delivery.put(self._cell, message, wakes=False)

    def wake(self) -> None:
        """Have what was left handled."""
        if self._cell.queue:
            self._cell.wake()

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when this actor has had the turn that it waits for.

        It lives on an event loop: then what comes of that turn on the same loop is done, too, and
        whoever is woken by the callback has not taken the interpreter lock meanwhile. For an actor
        that lives elsewhere, or has no turn before it, it is called at once.
        """
        runtime = self._cell.runtime
        if runtime is None:
            callback()
        else:
            runtime.afterwards(callback)

    def let_pass(self) -> None:
        """Let this actor have the turn that it waits for before the caller goes on.

        For who has told it something in a hurry from another thread, and has other turns to run:
        under one interpreter lock they would come first. At most some milliseconds; nothing is
        waited for where the actor lives on no event loop, or on the caller's own.
        """
        runtime = self._cell.runtime
        if runtime is not None:
            runtime.let_pass()

    def tell_urgent(self, message: Any) -> None:
        """Send ``message`` in the control lane: it is handled before everything queued.

        Raises:
            pykka.ActorDeadError: the actor has stopped.
        """
        if not self.is_alive():
            msg = f"{self} not found"
            raise pykka.ActorDeadError(msg)
        self._cell.command(Urgent(message))

    @overload  # type: ignore[override]  # as pykka's, but a plain ask() is typed as blocking
    def ask(
        self, message: Any, *, block: Literal[False], timeout: float | None = None
    ) -> Future[Any]: ...
    @overload
    def ask(
        self, message: Any, *, block: Literal[True] = True, timeout: float | None = None
    ) -> Any: ...
    @overload
    def ask(
        self, message: Any, *, block: bool, timeout: float | None = None
    ) -> Any | Future[Any]: ...
    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Send a request; wait for the answer, or return its future with ``block=False``.

        Args:
            message: the request.
            block: wait for the answer.
            timeout: seconds within which the answer is wanted; by default the system's
                ``default_ask_timeout_s``. Inside a handler that itself serves a request, never
                later than that request's deadline. A request whose deadline has passed before
                the actor gets to it is not served.

        Raises:
            pykka.Timeout: no answer in time.
            pykka.ActorDeadError: the actor has stopped, or stopped before it served the request.
            MailboxFull: the mailbox is full and its policy is to refuse.
            Exception: what the handler raised (which also ends the actor).
        """
        cell = self._cell
        timeout_s = cell.system.default_ask_timeout_s if timeout is None else timeout
        future: Future[Any] = Future()
        future.runtime = cell.runtime
        future.asked = self
        future.deadline_ns = cell.deadline_for(timeout_s)
        try:
            delivery.put(cell, Ask(message, future, future.deadline_ns))
        except (pykka.ActorDeadError, MailboxFull) as error:
            future.try_set(None, error)
        return future.get(timeout=timeout_s) if block else future

    @overload  # type: ignore[override]  # as for ask
    def stop(self, *, block: Literal[True] = True, timeout: float | None = None) -> bool: ...
    @overload
    def stop(self, *, block: Literal[False], timeout: float | None = None) -> Future[bool]: ...
    @overload
    def stop(self, *, block: bool, timeout: float | None = None) -> bool | Future[bool]: ...
    def stop(self, *, block: bool = True, timeout: float | None = None) -> bool | Future[bool]:
        """Stop the actor after everything it has been sent so far (stop after drain).

        Returns:
            True if this or an earlier request stops it, False if it was dead; a future of that
            with ``block=False``.

        Raises:
            pykka.Timeout: it has not stopped within ``timeout`` seconds.
        """
        return self._stopped(Stop(NORMAL, Future()), block=block, timeout_s=timeout, now=False)

    def stop_now(
        self,
        reason: ExitReason = SHUTDOWN,
        *,
        block: bool = True,
        timeout: float | None = None,
    ) -> bool | Future[bool]:
        """Stop the actor after the message it is handling; queued requests are answered "dead".

        Returns and raises as ``stop``.
        """
        return self._stopped(Stop(reason, Future()), block=block, timeout_s=timeout, now=True)

    def _stopped(
        self, stop: Stop, *, block: bool, timeout_s: float | None, now: bool
    ) -> bool | Future[bool]:
        cell = self._cell
        future = stop.reply_to
        assert future is not None, "both callers give the stop a future"
        future.runtime = cell.runtime
        if not self.is_alive():
            future.try_set(False)
        elif now:
            cell.command(stop)
        else:
            delivery.enqueue(cell, stop)
        if block:
            return bool(future.get(timeout=timeout_s))
        return future

    def kill(self) -> bool:
        """End the actor at once with reason Killed; no hook of it runs. False if it was dead."""
        return ending.kill(self._cell)

    def depth(self) -> int:
        """Return how many messages wait."""
        return len(self._cell.queue)

    def oldest_age_s(self) -> float:
        """Return an upper bound of the age of the oldest waiting message, in seconds."""
        return self._cell.oldest_age_ns(self._cell.system.now_ns()) / 1e9
