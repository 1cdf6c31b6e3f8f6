"""A breaker's course through its states: what it is now, since when, and what is due when.

The base of ``BreakerMachine``: it knows time, generations, periods and restoration; the machine on
top of it knows calls, results and operators.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supervision.breaker.errors import BreakerError
from supervision.breaker.events import Event, PermitExpired, RolledOver, Transition
from supervision.breaker.probation import Probation
from supervision.breaker.snapshot import Snapshot
from supervision.breaker.states import Cause, State
from supervision.breaker.tally import REFUSING, Metrics, Tally
from supervision.breaker.window import window_for
from supervision.clock import to_ns

if TYPE_CHECKING:
    import random

    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.verdict import Operator
    from supervision.breaker.window import Counts


@dataclass(frozen=True, slots=True)
class Times:
    """The durations of a configuration, converted once; 0 switches the last two off."""

    slow_call_ns: int
    permit_ttl_ns: int
    stable_ns: int
    half_open_wait_ns: int
    rollover_ns: int

    @classmethod
    def of(cls, config: BreakerConfig) -> Times:
        """Convert the seconds of ``config``."""
        return cls(
            to_ns(config.slow_call_s),
            to_ns(config.permit_ttl_s),
            to_ns(config.stable_for_s),
            to_ns(config.half_open_wait_s),
            to_ns(config.rollover_s),
        )


class Course:
    """The state of a breaker and its moves in time; see the module."""

    __slots__ = (
        "_by",
        "_events",
        "_now_ns",
        "_number",
        "_open_until_ns",
        "_probation",
        "_rng",
        "_since_ns",
        "_started_ns",
        "_tally",
        "_times",
        "_token",
        "_told",
        "_window",
        "attempt",
        "config",
        "consecutive_failures",
        "generation",
        "name",
        "state",
    )

    def __init__(self, name: str, config: BreakerConfig, rng: random.Random, now_ns: int) -> None:
        """Start in the configured state; making a breaker gives no event."""
        self.name = name
        self.config = config
        self.state = config.initial_state
        self.generation = 1
        self.attempt = 0
        self._rng = rng
        self._times = Times.of(config)
        self._now_ns = self._since_ns = now_ns
        self._number = 0
        self._started_ns = self._open_until_ns = now_ns
        self._token = object()
        self._tally = Tally()
        self._events: list[Event] = []
        self._by: Operator | None = None
        self._forget()
        if self.state is State.OPEN:
            self.attempt = 1
            self._open_until_ns = now_ns + config.open_period_ns(1, rng)

    def remaining_ns(self, now_ns: int) -> int:
        """Return how long an OPEN breaker stays open from ``now_ns``; 0 in any other state."""
        return max(0, self._open_until_ns - now_ns) if self.state is State.OPEN else 0

    def counts(self, now_ns: int) -> Counts:
        """Return the results that the state decides by."""
        if self.state is State.HALF_OPEN:
            return self._probation.counts()
        return self._window.counts(max(now_ns, self._now_ns))

    @property
    def half_open_successes(self) -> int:
        """How many probes have succeeded in this HALF_OPEN; 0 in any other state."""
        return self._probation.successes if self.state is State.HALF_OPEN else 0

    @property
    def in_flight(self) -> int:
        """How many half-open permits are out."""
        return self._probation.in_flight

    @property
    def changed_by(self) -> Operator | None:
        """Who brought about the current state by hand; None if the breaker did itself."""
        return self._by

    def next_deadline_ns(self) -> int | None:
        """Return when ``tick`` has something to do next, None if time changes nothing."""
        if self.state is State.OPEN:
            return self._open_until_ns if self.config.auto_half_open else None
        if self.state is State.HALF_OPEN:
            return self._next_half_open_ns()
        if self.state is State.CLOSED and self._times.rollover_ns:
            return self._started_ns + self._times.rollover_ns
        return None

    def metrics(self, now_ns: int) -> Metrics:
        """Return the totals and gauges at ``now_ns``."""
        tally, counts = self._tally, self.counts(now_ns)
        known = counts.calls >= self.config.needed_calls
        still_ns = max(0, now_ns - self._since_ns) if self.state in REFUSING else 0
        return Metrics(
            name=self.name,
            state=self.state,
            calls=dict(tally.calls),
            slow=tally.slow,
            not_permitted=tally.not_permitted,
            late=tally.late,
            expired=tally.expired,
            transitions=dict(tally.transitions),
            open_ns=tally.open_ns + still_ns,
            failure_rate_pct=counts.failure_rate_pct if known else math.nan,
            slow_rate_pct=counts.slow_rate_pct if known else math.nan,
        )

    def snapshot(self) -> Snapshot:
        """Return what must survive a restart, as of the last operation."""
        closed = self.state is State.CLOSED
        return Snapshot(
            name=self.name,
            state=self.state,
            generation=self.generation,
            attempt=self.attempt,
            consecutive_failures=self.consecutive_failures,
            remaining_ns=self.remaining_ns(self._now_ns) if self.state is State.OPEN else None,
            closed_for_ns=self._now_ns - self._since_ns if closed else 0,
            by=self._by,
        )

    def restore(self, snapshot: Snapshot, now_ns: int, elapsed_ns: int = 0) -> None:
        """Become what ``snapshot`` says; permits given before are void. Gives no event.

        ``elapsed_ns`` is the time that has surely passed since the snapshot was taken.

        Raises:
            BreakerError: the snapshot is of another breaker.
        """
        if snapshot.name != self.name:
            msg = f"breaker {self.name}: snapshot is of {snapshot.name}; restore its own"
            raise BreakerError(msg)
        self._now_ns = max(self._now_ns, now_ns)
        self.state, self.attempt = snapshot.state, snapshot.attempt
        self.generation = max(self.generation, snapshot.generation) + 1
        self._by = snapshot.by
        self._token = object()
        self._forget()
        self._since_ns = self._now_ns
        if self.state is State.OPEN:
            self._open_until_ns = self._now_ns + max(0, (snapshot.remaining_ns or 0) - elapsed_ns)
        elif self.state is State.CLOSED:
            self.consecutive_failures = snapshot.consecutive_failures
            self._since_ns -= snapshot.closed_for_ns

    def _advance(self, now_ns: int, *, calling: bool = False) -> None:
        """Do what is due at ``now_ns``; without ``auto_half_open`` only a call ends the period."""
        self._now_ns = max(self._now_ns, now_ns)
        if self.state is State.HALF_OPEN:
            self._advance_half_open()
        elif self.state is State.CLOSED:
            self._advance_closed()
        elif self._period_over(calling=calling):
            self._enter(State.HALF_OPEN, Cause.PERIOD_OVER)

    def _period_over(self, *, calling: bool) -> bool:
        moves = calling or self.config.auto_half_open
        return moves and self.state is State.OPEN and self._now_ns >= self._open_until_ns

    def _advance_half_open(self) -> None:
        for _ in range(self._probation.expire(self._now_ns)):
            self._tally.expired += 1
            self._emit(PermitExpired(self.name, self._now_ns))
        wait_ns = self._times.half_open_wait_ns
        if wait_ns and self._now_ns >= self._since_ns + wait_ns:
            self._enter(self.config.after_half_open_wait, Cause.WAITED_LONG_ENOUGH)

    def _advance_closed(self) -> None:
        stayed_ns, rollover_ns = self._now_ns - self._since_ns, self._times.rollover_ns
        if self.attempt and stayed_ns >= self._times.stable_ns:
            self.attempt = 0
        if rollover_ns and self._now_ns >= self._started_ns + rollover_ns:
            started_ns = self._started_ns
            self._new_generation()
            # The grid stays where the first generation put it, however late the tick comes.
            self._started_ns = self._now_ns - (self._now_ns - started_ns) % rollover_ns
            self._emit(RolledOver(self.name, self._now_ns, self.generation))

    def _next_half_open_ns(self) -> int | None:
        due_ns = self._probation.next_deadline_ns()
        wait_ns = self._times.half_open_wait_ns
        if not wait_ns:
            return due_ns
        end_ns = self._since_ns + wait_ns
        return end_ns if due_ns is None else min(due_ns, end_ns)

    def _enter(
        self,
        target: State,
        cause: Cause,
        *,
        by: Operator | None = None,
        open_ns: int | None = None,
    ) -> None:
        """Make a transition that is known to be legal."""
        source, counts = self.state, self.counts(self._now_ns)
        if target is State.OPEN and open_ns is None:
            # The period comes first: an interval function that raises leaves everything as it was.
            open_ns = self.config.open_period_ns(self.attempt + 1, self._rng)
            self.attempt += 1
        elif target is State.FORCED_OPEN:
            self.attempt += 1
        self._tally.moved(source, target, self._now_ns - self._since_ns)
        self.state, self._since_ns, self._by = target, self._now_ns, by
        self._new_generation()
        self._open_until_ns = self._now_ns + (open_ns or 0)
        if target is State.CLOSED and (by is not None or not self._times.stable_ns):
            self.attempt = 0
        self._emit(
            Transition(
                name=self.name,
                at_ns=self._now_ns,
                source=source,
                target=target,
                cause=cause,
                generation=self.generation,
                attempt=self.attempt,
                counts=counts,
                open_ns=open_ns,
                by=by,
            )
        )

    def _new_generation(self) -> None:
        self.generation += 1
        self._forget()

    def _forget(self) -> None:
        """Start counting anew; permits are valid for one token and one generation."""
        self._window = window_for(self.config, self._now_ns)
        self._probation = Probation()
        self._started_ns = self._now_ns
        self._open_until_ns = self._now_ns
        self._told: set[Cause] = set()
        self.consecutive_failures = 0

    def _use(self, config: BreakerConfig) -> None:
        shape = self.config.window, self.config.window_size
        self.config, self._times = config, Times.of(config)
        if shape != (config.window, config.window_size):
            self._window = window_for(config, self._now_ns)

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _drain(self) -> tuple[Event, ...]:
        if not self._events:
            return ()
        events = tuple(self._events)
        self._events.clear()
        return events
