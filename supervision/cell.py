"""The cell: mailbox and life of one incarnation of an actor.

A cell is what a runtime schedules. It is its actor's inbox (bounded, control lane first), runs the
handlers a turn at a time, turns whatever a handler raises into a recorded exit, and tells
everybody who watches. An actor's own object never leaves its cell.

The rule that makes it fast without a lock: only one turn of a cell runs at a time, and the worker
that runs it is the only one that clears ``scheduled``. A sender appends to the queue and then, if
``scheduled`` is false, sets it and hands the cell to its runtime. Two racing senders may hand it
over twice; the second turn finds nothing to do.

A cell that has ended keeps ``capacity`` at -1 and ``scheduled`` at False for ever, so that every
later sender leaves the fast path: it is refused, and a message that slipped in is answered "dead".
"""

from __future__ import annotations

import logging
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import pykka
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

from supervision import delivery, here
from supervision.ending import end, notify_start, when_ended
from supervision.errors import Deadlock, StaleIncarnation
from supervision.mailbox import DEFAULT_MAILBOX
from supervision.messages import Ask, Keyed, Start, Stop, Urgent
from supervision.reasons import NORMAL, Crash
from supervision.ref import ActorRef
from supervision.states import ALIVE, DEAD, NEW, STARTING, STOPPING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pykka._envelope import Envelope

    from supervision.actor import Actor
    from supervision.classstats import ClassStats
    from supervision.future import Future
    from supervision.mailbox import MailboxSpec
    from supervision.reasons import ExitReason
    from supervision.runtime.base import Runtime
    from supervision.system import ActorSystem

logger = logging.getLogger("supervision")

CLOSED: Final = -1
"""The capacity that sends every sender to the slow path."""

_DEFAULT_CAPACITY: Final = DEFAULT_MAILBOX.capacity
_SYSTEM: Final = frozenset({Ask, Keyed, Stop, _ActorStop, ProxyCall, ProxyGetAttr, ProxySetAttr})
_PROXY: Final = frozenset({ProxyCall, ProxyGetAttr, ProxySetAttr})
DEFERRED: Final = object()
"""Returned by a handler that has taken the reply over with ``Actor.reply_later``."""


def _unscheduled(_cell: Cell) -> None:
    """Do nothing: a cell that has no runtime yet keeps its messages until it is started."""


class Cell:
    """One incarnation of an actor: see the module's prose."""

    __slots__ = (
        "actor",
        "asking",
        "attention",
        "capacity",
        "control",
        "handled",
        "label",
        "mark_handled",
        "mark_ns",
        "now_ns",
        "number",
        "parent",
        "pending",
        "queue",
        "ready",
        "reason",
        "receive",
        "ref",
        "room",
        "running",
        "runtime",
        "scheduled",
        "since_ns",
        "spec",
        "state",
        "stats",
        "system",
        "watchers",
    )

    asking: Ask | None
    control: deque[Any] | None
    parent: Cell | None
    pending: dict[object, Keyed] | None
    ready: Callable[[Cell], object]
    receive: Callable[[Any], Any] | None
    reason: ExitReason | None
    room: Future[None] | None
    runtime: Runtime | None
    stats: ClassStats
    system: ActorSystem
    watchers: dict[object, Callable[[Cell, ExitReason], None]] | None

    def __init__(self, actor: Actor, system: ActorSystem) -> None:
        """Make the cell of ``actor``; it takes messages at once and handles them once started."""
        self.actor = actor
        self.queue: deque[Any] = deque()
        self.spec: MailboxSpec = DEFAULT_MAILBOX
        self.capacity = _DEFAULT_CAPACITY
        self.scheduled = True  # nothing to hand over before there is a runtime
        self.ready = _unscheduled
        self.running = False
        self.attention = False
        self.state: int = NEW
        self.handled = 0
        self.label: object = type(actor).__name__
        self.since_ns = self.mark_ns = self.mark_handled = 0
        self.control = self.asking = self.parent = self.pending = self.receive = None
        self.reason = self.room = self.runtime = self.watchers = None
        self.join(system)
        self.ref: ActorRef[Any] = ActorRef.__new__(ActorRef)
        self.ref._cell = self

    def join(self, system: ActorSystem) -> None:
        """Become part of ``system``, with a number of its count (only before the start)."""
        self.system = system
        self.now_ns = system.now_ns
        self.number: int = next(system.numbers)
        kind = type(self.actor)
        self.stats = system.classes.get(kind) or system.stats_of(kind)

    # -- the mailbox, as senders see it (pykka's inbox protocol is the first three) --

    def put(self, envelope: Envelope[Any]) -> None:
        """Take a message from one of pykka's own refs."""
        delivery.put_envelope(self, envelope)

    def get(self) -> Any:
        """Take the oldest waiting message out (pykka's inbox protocol)."""
        return self.queue.popleft()

    def empty(self) -> bool:
        """Say whether no message waits."""
        return not self.queue and not self.control

    def command(self, message: object) -> None:
        """Put ``message`` into the control lane, ahead of everything queued."""
        if self.control is None:
            self.control = deque()
        self.control.append(message)
        self.attention = True
        self.wake()

    def path(self) -> str:
        """Name in the supervision tree: the labels from the root down to this cell."""
        own = str(self.label)
        return own if self.parent is None else f"{self.parent.path()}/{own}"

    def wake(self) -> None:
        """Hand the cell to its runtime unless it already waits for a turn."""
        if not self.scheduled:
            self.scheduled = True
            self.ready(self)

    def oldest_age_ns(self, now_ns: int) -> int:
        """Age of the oldest waiting message, 0 when none waits.

        Never less than the truth. More than it by at most the watchdog's period and, under a
        backlog, the time that one backlog takes: no clock is read for a message.
        """
        return now_ns - self.since_ns if self.queue else 0

    # -- turns --

    def turn(self, budget: int) -> None:
        """Handle control messages and up to ``budget`` ordinary ones."""
        if self.running:
            return
        self.running = True
        queue = self.queue
        receive = self.receive
        if receive is None:  # bound at the first turn: an actor that never has one needs it not
            receive = self.receive = self.actor.on_receive
        try:
            while not self.attention or self._attend():
                try:
                    message = queue.popleft()
                except IndexError:  # only control messages, or a sender has dropped the oldest
                    break
                self.handled += 1
                if message.__class__ not in _SYSTEM:
                    receive(message)
                else:
                    self._dispatch(message)
                budget -= 1
                if not budget or not queue:
                    if self.attention:  # what the last handler asked for itself, as stop_with()
                        self._attend()
                    break
        except (StaleIncarnation, Deadlock):
            self.running = False
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a handler raises is its crash
            del receive  # the crash remembers this frame, which must not remember the actor
            self.fail(error)
        self.running = self.scheduled = False
        if queue or self.attention or self.room is not None:
            self._turn_ended()

    def idle(self) -> bool:
        """Let the actor do a little of what can wait; return whether there is more."""
        if self.running or self.queue or self.attention or self.state != ALIVE:
            return False  # at the end of the turn that is to come it is asked again
        self.running = True
        try:
            return self.actor.on_idle()
        except (StaleIncarnation, Deadlock):
            raise
        except BaseException as error:  # noqa: BLE001 - as of a handler
            self.fail(error)
            return False
        finally:
            self.running = False

    def start_here(self) -> BaseException | None:
        """Run the start as a turn of its own: the caller's worker is the one this cell runs on.

        Returns what ``on_start`` raised.
        """
        self.running = self.scheduled = True
        try:
            error = self._start()
        except StaleIncarnation:
            self.running = False
            raise
        self.running = self.scheduled = False
        if self.queue or self.attention or self.room is not None:
            self._turn_ended()
        return error

    def _turn_ended(self) -> None:
        """Do what the end of a turn needs when more than an empty mailbox is left."""
        self.scheduled = False
        if self.room is not None:
            room, self.room = self.room, None
            room.try_set()
        if self.state == DEAD:
            delivery.answer_dead(self)
        elif self.control or (self.queue and self.state == ALIVE):
            if self.handled >= self.mark_handled:
                self.since_ns = max(self.since_ns, self.mark_ns)
                self.mark_ns = self.now_ns()
                self.mark_handled = self.handled + len(self.queue)
            self.wake()

    def _attend(self) -> bool:
        """Obey the control lane; return whether ordinary messages may be handled now."""
        self.attention = False
        control = self.control
        while control:
            message = control.popleft()
            if message.__class__ is Urgent:
                self._dispatch(message.message)
            elif message.__class__ is Start:
                self._start()
            elif isinstance(message, Stop):
                self._stop(message)
        if self.state == ALIVE:
            return True
        self.attention = self.state == STARTING  # look again until the start is acknowledged
        return False

    def _dispatch(self, message: Any) -> None:
        if message.__class__ is Keyed:  # never a call of pykka's: those are kept as they are
            assert self.pending is not None is not self.receive, "it conflates, and has its turn"
            self.pending.pop(message.key, None)
            self.receive(message.message)
        elif message.__class__ is Ask:
            self._serve(message)
        elif message.__class__ is Stop:
            self._stop(message)
        elif message.__class__ is _ActorStop:
            self._stop(Stop(NORMAL))
        else:
            self._answer(message)

    def _serve(self, ask: Ask) -> None:
        if ask.deadline_ns < self.now_ns():
            self.stats.expired += 1
            return  # the asker has given up: doing the work now would only surprise it
        if isinstance(ask.message, _ActorStop):
            self._stop(Stop(NORMAL, ask.reply_to))
            return
        self.asking = ask
        try:
            answer = self._answer(ask.message)
        except BaseException as error:
            logger.info("Exception returned from %s to caller:", str(self.actor), exc_info=True)
            ask.reply_to.try_set(None, error)
            raise
        finally:
            self.asking = None
        if answer is not DEFERRED and self.state != DEAD:
            ask.reply_to.try_set(answer)

    def _answer(self, message: Any) -> Any:
        if message.__class__ in _PROXY:
            return self.actor._handle_receive(message)
        assert self.receive is not None, "bound by the turn"
        return self.receive(message)

    # -- life --

    def _start(self) -> BaseException | None:
        if self.state != STARTING:
            return None  # stopped or killed before its turn came
        try:
            value = self.actor.on_start()
        except StaleIncarnation:
            raise
        except BaseException as error:  # noqa: BLE001 - the starter gets it, whatever it is
            self.start_failed(error)
            return error
        if value is not DEFERRED:
            self.started(value)
        return None

    def start_failed(self, error: BaseException) -> None:
        """Record that the start failed with ``error`` and tell the starter."""
        logger.error("Unhandled exception in %s:", str(self.actor), exc_info=error)
        end(self, Crash(error))
        notify_start(self, None, error)

    def started(self, value: object = None) -> None:
        """Acknowledge the start: from now on ordinary messages are handled."""
        if self.state != STARTING:
            return
        self.state = ALIVE
        self.stats.started += 1
        observer = self.system.observer
        if observer is not None:
            observer.started(self)
        notify_start(self, value, None)
        self.wake()

    def _stop(self, stop: Stop) -> None:
        if self.state < STOPPING and self.actor.on_stop_request(stop.reason):
            self.finish(stop.reason)
        reply = stop.reply_to
        if reply is not None:
            when_ended(self, lambda: reply.try_set(True))

    def finish(self, reason: ExitReason) -> None:
        """End in order: no more messages, ``on_stop``, then the recorded exit."""
        if self.state >= STOPPING:
            return
        was_starting = self.state == STARTING
        self.state = STOPPING
        self.capacity = CLOSED
        try:
            self.actor.on_stop()
        except StaleIncarnation:
            raise
        except BaseException as error:
            logger.exception("Unhandled exception in %s:", str(self.actor))
            reason = Crash(error)
        end(self, reason)
        if was_starting:
            notify_start(self, None, pykka.ActorDeadError(f"{self.ref} stopped while starting"))

    def fail(self, error: BaseException) -> None:
        """Record that a handler raised ``error``: run ``on_failure``, then end with ``Crash``."""
        if self.state == DEAD:
            return  # killed meanwhile: its exit is already recorded
        logger.error("Unhandled exception in %s:", str(self.actor), exc_info=error)
        was_starting = self.state == STARTING  # of a start that was deferred somebody waits
        self.state = STOPPING
        self.capacity = CLOSED
        try:
            self.actor.on_failure(type(error), error, error.__traceback__)
        except StaleIncarnation:
            raise
        except BaseException:
            logger.exception("Unhandled exception in %s:", str(self.actor))
        end(self, Crash(error))
        if was_starting:
            notify_start(self, None, error)

    def deadline_for(self, timeout_s: float) -> int:
        """Absolute deadline of a request made now: never past that of the one being served."""
        own_ns = self.now_ns() + round(timeout_s * 1e9)
        outer_ns = here.current_deadline_ns()
        return own_ns if outer_ns is None else min(own_ns, outer_ns)
