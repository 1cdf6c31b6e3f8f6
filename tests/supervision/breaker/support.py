"""A breaker on a virtual clock, and short words for what tests do to it."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from supervision.breaker import (
    FAILURE,
    SUCCESS,
    BreakerConfig,
    BreakerMachine,
    Classifier,
    Event,
    Guard,
    Listeners,
    Operator,
    Permit,
    Refused,
    State,
    Transition,
    Verdict,
)
from supervision.clock import ManualClock, to_ns
from supervision.timers import Timer, TimerHeap

E = TypeVar("E", bound=Event)

OPERATOR = Operator("ada", "trader", "a test")
LETTERS = {"S": SUCCESS, "F": FAILURE}


class Bench:
    """A machine and its clock; what it tells is kept in ``events``. Times are seconds."""

    def __init__(self, *, seed: int = 1, name: str = "b", **settings: Any) -> None:
        self.clock = ManualClock()
        self.machine = BreakerMachine(name, BreakerConfig(**settings), random.Random(seed), 0)
        self.events: list[Event] = []

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns()

    def state(self) -> State:
        return self.machine.state

    def ask(self, *, probe: bool = False) -> Permit | Refused:
        answer = self.machine.try_acquire(self.now_ns, probe=probe)
        self.events += answer.events
        return answer

    def permit(self, *, probe: bool = False) -> Permit:
        answer = self.ask(probe=probe)
        assert isinstance(answer, Permit), answer
        return answer

    def refused(self) -> Refused:
        answer = self.ask()
        assert isinstance(answer, Refused), answer
        return answer

    def end(self, permit: Permit, verdict: Verdict, duration_s: float = 0.0) -> tuple[Event, ...]:
        return self._keep(self.machine.record(permit, verdict, to_ns(duration_s), self.now_ns))

    def result(self, verdict: Verdict, duration_s: float = 0.0) -> tuple[Event, ...]:
        return self.end(self.permit(), verdict, duration_s)

    def results(self, letters: str) -> None:
        """Make calls one after the other: S succeeds, F fails."""
        for letter in letters:
            self.result(LETTERS[letter])

    def advance(self, seconds: float) -> tuple[Event, ...]:
        self.clock.advance(seconds)
        return self.tick()

    def tick(self) -> tuple[Event, ...]:
        return self._keep(self.machine.tick(self.now_ns))

    def move(self, target: State, **options: Any) -> tuple[Event, ...]:
        return self._keep(self.machine.move(target, OPERATOR, self.now_ns, **options))

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def moves(self) -> list[tuple[State, State]]:
        return [(event.source, event.target) for event in self.of(Transition)]

    def remaining_ns(self) -> int:
        return self.machine.remaining_ns(self.now_ns)

    def _keep(self, events: tuple[Event, ...]) -> tuple[Event, ...]:
        self.events += events
        return events


class VirtualTimers:
    """Timers on a manual clock: ``advance`` moves it and fires what becomes due, in order."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._heap = TimerHeap()

    def at(self, deadline_ns: int, callback: Callable[[], object]) -> Timer:
        return self._heap.add(deadline_ns, callback)

    def close(self) -> None:
        self._heap = TimerHeap()

    def advance(self, seconds: float) -> None:
        self._clock.advance(seconds)
        while (timer := self._heap.pop_due(self._clock.now_ns())) is not None:
            timer.fire()


class Front:
    """A guard on a virtual clock."""

    def __init__(
        self,
        *,
        classifier: Classifier | None = None,
        call_timeout_s: float = 0.0,
        trip_raises_open: bool = False,
        name: str = "b",
        journal: Any = None,
        **settings: Any,
    ) -> None:
        self.clock = ManualClock()
        self.timers = VirtualTimers(self.clock)
        self.machine = BreakerMachine(name, BreakerConfig(**settings), random.Random(1), 0)
        self.heard: list[Event] = []
        self.guard = Guard(
            self.machine,
            self.clock,
            classifier=classifier,
            call_timeout_s=call_timeout_s,
            trip_raises_open=trip_raises_open,
            listeners=Listeners(),
            timers=self.timers,
            journal=journal,
        )
        self.guard.listeners.add(self.heard.append)

    def state(self) -> State:
        return self.guard.state

    def events(self, kind: type[E]) -> list[E]:
        """Return what listeners have heard, once everything told so far has reached them."""
        assert self.guard.listeners.flush(10.0)
        return [event for event in self.heard if isinstance(event, kind)]


class Counted:
    """A function that counts its calls and then does as it is told."""

    def __init__(self, *, value: Any = None, error: BaseException | None = None) -> None:
        self.calls = 0
        self.value = value
        self.error = error

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.calls += 1
        if self.error is not None:
            raise self.error
        return self.value
