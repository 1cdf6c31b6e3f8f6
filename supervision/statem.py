"""State machines: OTP's ``gen_statem``, as a pure engine and an actor around it.

The user gives one function, ``handle(state, event, data) -> Result``. The engine keeps the order in
which events are handled and everything about time-outs; the actor feeds it with messages and moves
its timers. The rules, all OTP's:

- internal events come before everything else, in the order in which they were inserted;
- a time-out of 0 is due at once: after the internal events, before external ones, several of them
  in the order in which they were set;
- a *state* time-out ends with any change of state, an *event* time-out with any event, a *generic*
  (named) one only by its own end, by setting it anew or by cancelling it;
- postponed events are handled again after the next change of state, in their original order.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from supervision.actor import DEFERRED, Actor
from supervision.clock import to_ns
from supervision.errors import SupervisionError
from supervision.reasons import NORMAL

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from supervision.future import Future
    from supervision.reasons import ExitReason
    from supervision.timers import Timer

S = TypeVar("S")
D = TypeVar("D")


class Kind(Enum):
    """Where an event comes from."""

    EXTERNAL = "external"
    INTERNAL = "internal"
    TIMEOUT = "timeout"


STATE: Final = "state timeout"
EVENT: Final = "event timeout"


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its content, where it comes from, and for a time-out which one it is."""

    content: Any
    kind: Kind = Kind.EXTERNAL
    timeout: Hashable = None
    reply: Future[Any] | None = None


@dataclass(frozen=True, slots=True)
class SetTimeout:
    """Set the time-out ``name`` (``STATE``, ``EVENT`` or any other) anew.

    ``after_s`` is seconds from now; with ``at_ns`` it is a moment of the system's monotonic clock
    instead. Infinity cancels.
    """

    name: Hashable
    after_s: float = 0.0
    content: Any = None
    at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class CancelTimeout:
    """Make sure that the time-out ``name`` does not come, also if it is due already."""

    name: Hashable


@dataclass(frozen=True, slots=True)
class UpdateTimeout:
    """Change the content of the time-out ``name`` and keep its deadline."""

    name: Hashable
    content: Any


@dataclass(frozen=True, slots=True)
class Insert:
    """Insert an internal event."""

    content: Any


@dataclass(frozen=True, slots=True)
class Postpone:
    """Handle the current event again after the next change of state."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer the request of ``event`` (the current one by default)."""

    value: Any
    event: Event | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """End the machine with ``reason``, after the replies that come before it."""

    reason: ExitReason = NORMAL


Action = SetTimeout | CancelTimeout | UpdateTimeout | Insert | Postpone | Reply | Stop


@dataclass(frozen=True, slots=True)
class Result(Generic[S, D]):
    """What a handler returns: the next state, the next data, and what to do in order."""

    state: S
    data: D
    actions: Sequence[Action] = ()


class BadResult(SupervisionError):
    """A handler returned something that is no ``Result``, or an action that is none."""


@dataclass(slots=True)
class _Timeout:
    due_ns: int
    order: int
    content: Any


class Engine(Generic[S, D]):
    """The pure part: events in, replies and a stop out; time is an argument."""

    def __init__(self, handle: Callable[[S, Event, D], Result[S, D]], state: S, data: D) -> None:
        self.state = state
        self.data = data
        self.stopped: ExitReason | None = None
        self._handle = handle
        self._internal: deque[Event] = deque()
        self._external: deque[Event] = deque()
        self._postponed: list[Event] = []
        self._timeouts: dict[Hashable, _Timeout] = {}
        self._order = 0

    def post(self, event: Event) -> None:
        """Queue an external event."""
        self._external.append(event)

    def apply(self, actions: Sequence[Action], now_ns: int) -> None:
        """Carry out the actions of the start."""
        self._act(actions, None, now_ns)

    def next_due_ns(self) -> int | None:
        """Return when the next time-out is due, None if none is set."""
        return min((one.due_ns for one in self._timeouts.values()), default=None)

    def run(self, now_ns: int) -> None:
        """Handle everything that can be handled at ``now_ns``.

        Raises:
            BadResult: the handler returned something else than a ``Result``.
        """
        while self.stopped is None:
            event = self._next(now_ns)
            if event is None:
                return
            self._step(event, now_ns)

    def _next(self, now_ns: int) -> Event | None:
        if self._internal:
            return self._internal.popleft()
        due = [(one.due_ns, one.order, name) for name, one in self._timeouts.items()]
        due = [row for row in due if row[0] <= now_ns]
        if due:
            name = min(due, key=lambda row: row[:2])[2]
            return Event(self._timeouts.pop(name).content, Kind.TIMEOUT, name)
        return self._external.popleft() if self._external else None

    def _step(self, event: Event, now_ns: int) -> None:
        self._timeouts.pop(EVENT, None)  # any event ends the event time-out
        result: Any = self._handle(self.state, event, self.data)  # a user's: checked, not believed
        if not isinstance(result, Result):
            msg = f"state {self.state!r} returned {result!r} for {event.content!r}: use Result"
            raise BadResult(msg)
        changed = result.state != self.state
        self.state, self.data = result.state, result.data
        if changed:
            self._timeouts.pop(STATE, None)
            self._external.extendleft(reversed(self._postponed))
            self._postponed.clear()
        self._act(result.actions, event, now_ns)
        if changed and self._postponed:  # postponed by the very event that changed the state
            self._external.extendleft(reversed(self._postponed))
            self._postponed.clear()

    def _act(self, actions: Sequence[Any], event: Event | None, now_ns: int) -> None:
        for action in actions:
            if isinstance(action, SetTimeout):
                self._set(action, now_ns)
            elif isinstance(action, CancelTimeout):
                self._timeouts.pop(action.name, None)
            elif isinstance(action, UpdateTimeout):
                self._update(action)
            elif isinstance(action, Insert):
                self._internal.append(Event(action.content, Kind.INTERNAL))
            elif isinstance(action, Reply):
                self._reply(action, event)
            elif isinstance(action, Stop):
                self.stopped = action.reason
            elif isinstance(action, Postpone) and event is not None:
                self._postponed.append(event)
            else:
                msg = f"state {self.state!r} returned the action {action!r}, which is none"
                raise BadResult(msg)

    def _set(self, action: SetTimeout, now_ns: int) -> None:
        self._timeouts.pop(action.name, None)
        if action.after_s == float("inf"):
            return
        due_ns = now_ns + to_ns(action.after_s) if action.at_ns is None else action.at_ns
        self._order += 1
        self._timeouts[action.name] = _Timeout(due_ns, self._order, action.content)

    def _update(self, action: UpdateTimeout) -> None:
        waiting = self._timeouts.get(action.name)
        if waiting is not None:
            waiting.content = action.content

    def _reply(self, action: Reply, event: Event | None) -> None:
        asked = action.event or event
        if asked is not None and asked.reply is not None:
            asked.reply.try_set(action.value)  # an asker that gave up never sees it


class _Due:
    """To itself: a time-out may be due."""

    __slots__ = ()


class StateMachine(Actor, Generic[S, D]):
    """An actor around an ``Engine``; give ``init`` and ``handle``."""

    runtime = "pool"

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        super().__init__()
        self._engine: Engine[S, D] | None = None
        self._timer: Timer | None = None

    def init(self) -> Result[S, D]:
        """Return the first state and data, with actions for the start."""
        raise NotImplementedError

    def handle(self, state: S, event: Event, data: D) -> Result[S, D]:
        """Handle one event in ``state``."""
        raise NotImplementedError

    @property
    def state(self) -> S:
        """The state now."""
        assert self._engine is not None, "a machine has a state once it is started"
        return self._engine.state

    def on_start(self) -> None:
        """Make the engine and carry out the first actions."""
        first = self.init()
        self._engine = Engine(self.handle, first.state, first.data)
        self._engine.apply(first.actions, self._cell.now_ns())
        self._go()

    def on_receive(self, message: Any) -> Any:
        """Post the message as an external event, or look at the time."""
        assert self._engine is not None, "messages come after the start"
        asked = self._cell.asking is not None
        if message.__class__ is not _Due:
            self._engine.post(Event(message, reply=self.reply_later() if asked else None))
        self._go()
        return DEFERRED if asked else None

    def _go(self) -> None:
        engine = self._engine
        assert engine is not None, "only called with an engine"
        engine.run(self._cell.now_ns())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_ns = engine.next_due_ns()
        if engine.stopped is not None:
            self.stop_with(engine.stopped)
        elif due_ns is not None:
            due = _Due()
            self._timer = self._cell.system.timers.at(due_ns, lambda: self.actor_ref.tell(due))
