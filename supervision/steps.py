"""Steps: how an actor does something that takes several turns without blocking its worker.

A step is a generator. Where it has to wait (for a start, for the end of a child) it yields a
``Wait`` and is continued when that has come true. Until the step is done every other message is
put aside in order, so a step is as atomic as a handler that blocks, but a supervisor can run on
the same worker as its children. What continues a step travels in the control lane: a step may be
part of the actor's own start, when ordinary messages are not yet handled.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from types import GeneratorType
from typing import TYPE_CHECKING, Any, TypeVar

import pykka

from supervision import ending
from supervision.actor import DEFERRED, Actor
from supervision.clock import to_ns
from supervision.errors import MailboxFull
from supervision.messages import ChildExit, Urgent

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.future import Future
    from supervision.reasons import ExitReason

R = TypeVar("R")


class Wait:
    """Identity of one wait of a step."""

    __slots__ = ()


Step = Generator[Wait, None, R]


class Resume:
    """Control: what ``wait`` waits for may have come true."""

    __slots__ = ("wait",)

    def __init__(self, wait: Wait) -> None:
        self.wait = wait


class Raised:
    """An answer that is an error for the asker, and no failure of the actor."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _answer(reply: Future[Any] | None, answer: Any) -> None:
    if reply is None:
        return
    if answer.__class__ is Raised:
        reply.try_set(None, answer.error)
    else:
        reply.try_set(answer)


class Stepper(Actor):
    """An actor that handles its messages by steps, one at a time."""

    def __init__(self) -> None:
        super().__init__()
        self._step: Step[Any] | None = None
        self._reply: Future[Any] | None = None
        self._waiting: Wait | None = None
        self._down = False  # set by the step that ends the actor: what waits is answered "dead"
        self._aside: deque[tuple[Any, Future[Any] | None]] = deque()
        ending.watch(self._cell, self, self._after_end)

    # -- to be given by subclasses --

    def _handle(self, message: Any) -> Any:
        """Return the answer, or a step whose result is the answer."""
        raise NotImplementedError

    def _next_step(self) -> Step[Any] | None:
        """Return what has to be done before the messages that were put aside."""
        raise NotImplementedError

    # -- messages --

    def on_receive(self, message: Any) -> Any:
        """Handle a message now, or after the step that is under way."""
        if message.__class__ is Resume:
            if message.wait is self._waiting:
                self._advance()
                self._drain()
            return None
        reply = self.reply_later() if self._cell.asking is not None else None
        if self._step is not None:
            self._put_aside(message, reply)
        else:
            self._begin(self._handle(message), reply)
            self._drain()
        return DEFERRED

    def _put_aside(self, message: Any, reply: Future[Any] | None) -> None:
        if message.__class__ is not ChildExit and len(self._aside) >= self.mailbox.capacity:
            # The bound of the mailbox holds for what was taken out of it too.
            error = MailboxFull(f"{self} is busy and {len(self._aside)} messages wait: retry later")
            if reply is not None:
                reply.try_set(None, error)
            self._cell.stats.dropped += 1
            return
        self._aside.append((message, reply))

    def _drain(self) -> None:
        """Go on with what has to be done and with what was put aside, until a step waits."""
        while self._step is None and not self._down:
            step = self._next_step()
            if step is not None:
                self._begin(step, None)
            elif not self._aside:
                return
            else:
                message, reply = self._aside.popleft()
                if not self._expired(reply):
                    self._begin(self._handle(message), reply)

    def _expired(self, reply: Future[Any] | None) -> bool:
        deadline_ns = getattr(reply, "deadline_ns", None)  # a pykka future has none
        return deadline_ns is not None and deadline_ns < self._cell.system.now_ns()

    # -- steps --

    def _begin(self, answer: Any, reply: Future[Any] | None) -> None:
        if answer.__class__ is not GeneratorType:
            _answer(reply, answer)
            return
        self._step, self._reply = answer, reply
        self._advance()

    def _advance(self) -> None:
        assert self._step is not None, "only a step under way is continued"
        try:
            self._waiting = next(self._step)
        except StopIteration as end:
            reply = self._reply
            self._step = self._reply = self._waiting = None
            _answer(reply, end.value)
        except BaseException as error:
            if self._reply is not None:
                self._reply.try_set(None, error)
            raise

    def _wake(self, wait: Wait) -> None:
        self._cell.command(Urgent(Resume(wait)))

    def _await(self, future: Future[Any], timeout_s: float) -> Step[bool]:
        """Wait for ``future``; return whether it was done within ``timeout_s`` seconds."""
        if not future.done():
            wait = Wait()
            future.on_done(lambda: self._wake(wait))
            system = self._cell.system
            deadline_ns = system.now_ns() + to_ns(timeout_s)
            timer = system.timers.at(deadline_ns, lambda: self._wake(wait))
            yield wait
            timer.cancel()
        return future.done()

    def _await_end(self, cell: Cell, deadline_ns: int | None) -> Step[bool]:
        """Wait for the end of ``cell``; return whether it came before ``deadline_ns``."""
        if cell.reason is None:
            wait = Wait()
            ending.watch(cell, wait, lambda _cell, _reason: self._wake(wait))
            timer = None
            if deadline_ns is not None:
                timer = self._cell.system.timers.at(deadline_ns, lambda: self._wake(wait))
            yield wait
            ending.unwatch(cell, wait)
            if timer is not None:
                timer.cancel()
        return cell.reason is not None

    # -- the end --

    def _after_end(self, cell: Cell, reason: ExitReason) -> None:
        """Answer what was put aside; may run on another thread, when this actor is killed."""
        error = pykka.ActorDeadError(f"{cell.ref} ended ({reason}) before handling the message")
        if self._reply is not None:
            self._reply.try_set(None, error)
        while self._aside:
            _message, reply = self._aside.popleft()
            if reply is not None:
                reply.try_set(None, error)
