"""A circuit breaker as an actor: one machine, its timer, its journal, and who asks it.

The actor only grants permits and takes results in; calls run at their callers, who reach it through
a ``BreakerPort``. Every lasting change is in the journal before anybody hears of it, so a breaker
that crashes or whose process is killed comes back in the state it had: an open period is not made
shorter by dying, a forced-open breaker is forced open before the first call.

What its owner may do wrong (a wrong role, an illegal move) is answered, not raised: a mistake of
an operator must not restart the breaker. A journal that fails ends the actor: while it is away, and
while it restarts, calls are refused.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pykka

from supervision.actor import Actor
from supervision.breaker.errors import BreakerError
from supervision.breaker.events import LASTING, Event, OpenExtended, Transition, WasReset
from supervision.breaker.machine import BreakerMachine

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.permit import Permit, Refused
    from supervision.breaker.snapshot import BreakerJournal
    from supervision.breaker.states import State
    from supervision.breaker.tally import Metrics
    from supervision.breaker.verdict import Operator, Verdict
    from supervision.ref import ActorRef
    from supervision.timers import Timer


_MOST_SUBSCRIBERS: Final = 100  # each costs the breaker time; more than these want a fan-out


@dataclass(frozen=True, slots=True)
class Acquire:
    """Ask to make a call; answered with a ``Permit`` or a ``Refused``."""

    probe: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """How the call that ``permit`` allowed ended."""

    permit: Permit
    verdict: Verdict
    duration_ns: int


@dataclass(frozen=True, slots=True)
class Move:
    """Change the state by hand; answered with None, or the error that stands in the way."""

    target: State
    by: Operator
    open_for_ns: int | None = None
    extend: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """Close and forget; answered with None, or the error that stands in the way."""

    by: Operator


@dataclass(frozen=True, slots=True)
class Reconfigure:
    """Use other limits from the next decision on; answered with None."""

    config: BreakerConfig


@dataclass(frozen=True, slots=True)
class Look:
    """Ask for the ``Metrics`` of this moment."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Have every lasting event told to ``ref``, until it ends; None, or an error if too many do."""

    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Tick:
    """To itself: something may be due."""


class BreakerActor(Actor):
    """See the module's prose.

    ``seed`` and the name seed the jitter. Without a journal nothing outlives the actor. Lasting
    events also go to the system's observer, as reports of kind ``breaker``.
    """

    runtime = "pool:breakers"
    hang_budget_s = 1.0  # as the safety actors: a breaker that does not answer stops its port

    def __init__(
        self,
        name: str,
        config: BreakerConfig,
        *,
        seed: int = 0,
        journal: BreakerJournal | None = None,
    ) -> None:
        super().__init__()
        system = self._cell.system
        self._now_ns = system.now_ns
        self._machine = BreakerMachine(name, config, Random(f"{seed}/{name}"), system.now_ns())
        self._journal = journal
        self._subscribers: list[ActorRef[Any]] = []
        self._timer: Timer | None = None
        self._serve: dict[type, Callable[[Any], Any]] = {
            Acquire: self._acquire,
            Result: self._result,
            Move: self._move,
            Reset: self._reset,
            Reconfigure: self._reconfigure,
            Look: self._look,
            Subscribe: self._subscribe,
            Tick: self._tick,
        }

    def on_start(self) -> None:
        """Come back in the state that the journal has."""
        kept = self._journal.load(self._machine.name) if self._journal is not None else None
        if kept is not None:
            self._machine.restore(kept, self._now_ns())
        self._arm()

    def on_receive(self, message: Any) -> Any:
        """Serve one message; see the messages for the answers."""
        serve = self._serve.get(type(message))
        if serve is None:
            return super().on_receive(message)
        answer = serve(message)
        self._arm()
        return answer

    def on_stop(self) -> None:
        """Leave no timer behind."""
        if self._timer is not None:
            self._timer.cancel()

    def _acquire(self, message: Acquire) -> Permit | Refused:
        answer = self._machine.try_acquire(self._now_ns(), probe=message.probe)
        self._publish(answer.events)
        return answer

    def _result(self, message: Result) -> None:
        now_ns = self._now_ns()
        events = self._machine.record(message.permit, message.verdict, message.duration_ns, now_ns)
        self._publish(events)

    def _move(self, message: Move) -> BreakerError | ValueError | None:
        try:
            events = self._machine.move(
                message.target,
                message.by,
                self._now_ns(),
                open_for_ns=message.open_for_ns,
                extend=message.extend,
            )
        except (BreakerError, ValueError) as error:
            return error
        self._publish(events)
        return None

    def _reset(self, message: Reset) -> BreakerError | None:
        try:
            events = self._machine.reset(message.by, self._now_ns())
        except BreakerError as error:
            return error
        self._publish(events)
        return None

    def _reconfigure(self, message: Reconfigure) -> None:
        self._publish(self._machine.reconfigure(message.config, self._now_ns()))

    def _look(self, _: Look) -> Metrics:
        self._publish(self._machine.tick(self._now_ns()))
        return self._machine.metrics(self._now_ns())

    def _subscribe(self, message: Subscribe) -> BreakerError | None:
        self._subscribers = [ref for ref in self._subscribers if ref.is_alive()]
        if len(self._subscribers) >= _MOST_SUBSCRIBERS:
            name = self._machine.name
            return BreakerError(
                f"breaker {name}: {_MOST_SUBSCRIBERS} listen; subscribe one to fan out"
            )
        self._subscribers.append(message.ref)
        return None

    def _tick(self, _: Tick) -> None:
        self._publish(self._machine.tick(self._now_ns()))

    def _publish(self, events: tuple[Event, ...]) -> None:
        """Keep what lasts, then tell it; in this order, so that nobody knows more than the disk."""
        lasting = [event for event in events if isinstance(event, LASTING)]
        if not lasting:
            return
        if self._journal is not None:
            self._journal.append(self._machine.snapshot())
        for event in lasting:
            self._tell(event)

    def _tell(self, event: Event) -> None:
        for ref in self._subscribers:
            with contextlib.suppress(pykka.ActorDeadError):
                ref.tell_urgent(event)
        observer = self._cell.system.observer
        if observer is not None:
            observer.report("breaker", facts_of(event))

    def _arm(self) -> None:
        """Have one timer for what is due next; one that fires late or in vain changes nothing."""
        due_ns, timer = self._machine.next_deadline_ns(), self._timer
        if timer is not None and timer.active() and timer.deadline_ns == due_ns:
            return
        if timer is not None:
            timer.cancel()
        self._timer = None
        if due_ns is not None:
            ref = self.actor_ref
            # In the control lane: a full mailbox must not keep a breaker open.
            tick = Tick()
            self._timer = self._cell.system.timers.at(due_ns, lambda: ref.tell_urgent(tick))


def facts_of(event: Event) -> dict[str, object]:
    """Return a lasting event as plain facts for an observer's report."""
    facts: dict[str, object] = {"breaker": event.name, "event": type(event).__name__}
    if isinstance(event, Transition):
        facts |= {"from": event.source.value, "to": event.target.value}
        facts |= {"cause": event.cause.value, "open_ns": event.open_ns}
    by = event.by if isinstance(event, (Transition, OpenExtended, WasReset)) else None
    if by is not None:
        facts |= {"who": by.who, "role": by.role, "why": by.why}
    return facts
