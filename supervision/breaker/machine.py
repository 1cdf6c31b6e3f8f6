"""The breaker itself: a pure state machine without clock, lock, thread or randomness of its own.

Time (monotonic nanoseconds) and a seeded generator are passed in; every change comes back as a
tuple of events. The rules it keeps:

- A result counts only with the generation that admitted it. Each change of state starts a new one;
  what comes later is late: counted as such and otherwise ignored (sony/gobreaker's rule).
- A permit is spent once. In HALF_OPEN it also has a deadline, so a dead caller holds nothing.
- What is due happens before what is asked: every operation first brings the machine up to now, so
  a timer that fires late or twice changes nothing.

``states.py`` has the states and moves as tables, ``trip.py`` the thresholds. The machine is not
thread-safe: the guard or the actor around it takes one operation at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervision.breaker import trip
from supervision.breaker.course import Course
from supervision.breaker.errors import IllegalMove, NotAllowed
from supervision.breaker.events import (
    CallEnded,
    CallRefused,
    Event,
    Exceeded,
    LateResult,
    OpenExtended,
    WasReset,
)
from supervision.breaker.permit import Permit, Refused
from supervision.breaker.states import CONDUCT, MOVES, Cause, State
from supervision.breaker.verdict import Outcome

if TYPE_CHECKING:
    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.states import Conduct
    from supervision.breaker.verdict import Operator, Verdict


class BreakerMachine(Course):
    """One breaker: questions, results, time and operators go in, events come out.

    All times are nanoseconds of one monotonic clock; a time before the last one is read as the
    last one.
    """

    __slots__ = ()

    def try_acquire(self, now_ns: int, *, probe: bool = False) -> Permit | Refused:
        """Ask to make a call; what granting or refusing changed stands in the answer's events.

        ``probe`` marks a call made only to find out whether the service is back; with
        ``probe_only`` no other call passes in HALF_OPEN.
        """
        self._advance(now_ns, calling=True)
        if not self._admits(probe=probe):
            return self._refuse()
        permit = Permit(self._next_number(), self.generation, self._token)
        if self.state is State.HALF_OPEN:
            self._probation.admit(permit, self._now_ns + self._times.permit_ttl_ns)
        permit.events = self._drain()
        return permit

    def record(
        self, permit: Permit, verdict: Verdict, duration_ns: int, now_ns: int
    ) -> tuple[Event, ...]:
        """Take in the result of the call that ``permit`` allowed; late ones are only counted."""
        self._advance(now_ns)
        if self._is_current(permit):
            self._judge(verdict, max(0, duration_ns))
        else:
            self._late(verdict.outcome, duration_ns)
        return self._drain()

    def release(self, permit: Permit, now_ns: int) -> tuple[Event, ...]:
        """Take back a permit whose call was not made or says nothing about the service."""
        self._advance(now_ns)
        if self._is_current(permit):
            self._uncounted(Outcome.RELEASED, 0)
        return self._drain()

    def note(self, verdict: Verdict, duration_ns: int, now_ns: int) -> tuple[Event, ...]:
        """Take in a result that no permit was asked for; a breaker that refuses counts it late."""
        self._advance(now_ns)
        if self._admits(probe=True):
            self._judge(verdict, max(0, duration_ns))
        else:
            self._late(verdict.outcome, duration_ns)
        return self._drain()

    def tick(self, now_ns: int) -> tuple[Event, ...]:
        """Do what is due; a call that comes too late or too early changes nothing else."""
        self._advance(now_ns)
        return self._drain()

    def move(
        self,
        target: State,
        by: Operator,
        now_ns: int,
        *,
        open_for_ns: int | None = None,
        extend: bool = False,
    ) -> tuple[Event, ...]:
        """Change the state by hand; to the same state it is a silent no-op.

        ``open_for_ns`` (at least 1) replaces the configured period of this one opening. An OPEN
        breaker gets a new period from now on with it, or with ``extend``.

        Raises:
            NotAllowed: the operator's role is not among the configured ones.
            IllegalMove: the table of states has no such move. The state is kept either way.
            ValueError: ``open_for_ns`` is below 1, or given for another state than OPEN.
        """
        self._authorise(by)
        self._check_period(target, open_for_ns)
        self._advance(now_ns)
        if target is not self.state:
            self._move(target, by, open_for_ns)
        elif target is State.OPEN and (extend or open_for_ns is not None):
            self._extend(by, open_for_ns)
        return self._drain()

    def reset(self, by: Operator, now_ns: int) -> tuple[Event, ...]:
        """Close the breaker, empty its counts and forget its earlier openings.

        Raises:
            NotAllowed: the operator's role is not among the configured ones.
        """
        self._authorise(by)
        self._advance(now_ns)
        if self.state is not State.CLOSED:
            self._enter(State.CLOSED, Cause.OPERATOR, by=by)
        else:
            self._new_generation()
        self.attempt = 0
        self._by = by
        self._emit(WasReset(self.name, self._now_ns, by))
        return self._drain()

    def reconfigure(self, config: BreakerConfig, now_ns: int) -> tuple[Event, ...]:
        """Use new limits from the next decision on; a window of another shape starts empty."""
        self._advance(now_ns)
        self._use(config)
        if self.state is State.HALF_OPEN:
            # With fewer permits wanted, the results that are in may be all that will ever come.
            self._decide_probation()
        return self._drain()

    def _admits(self, *, probe: bool) -> bool:
        if self.state is not State.HALF_OPEN:
            return CONDUCT[self.state].admits
        if self.config.probe_only and not probe:
            return False
        return self._probation.has_room(self.config)

    def _refuse(self) -> Refused:
        remaining_ns = self.remaining_ns(self._now_ns)
        self._tally.not_permitted += 1
        if self._conduct.tells:
            self._emit(CallRefused(self.name, self._now_ns, self.state, remaining_ns))
        return Refused(self.name, self.state, remaining_ns, self._drain())

    def _is_current(self, permit: Permit) -> bool:
        """Spend the permit; say whether its result belongs to this generation."""
        fresh = not permit.spent and permit.owner is self._token
        permit.spent = True
        if not fresh or permit.generation != self.generation:
            return False
        return self.state is not State.HALF_OPEN or self._probation.take_back(permit)

    def _late(self, outcome: Outcome, duration_ns: int) -> None:
        self._tally.late += 1
        if self._conduct.tells:
            self._emit(LateResult(self.name, self._now_ns, outcome, duration_ns))

    @property
    def _conduct(self) -> Conduct:
        return CONDUCT[self.state]

    def _judge(self, verdict: Verdict, duration_ns: int) -> None:
        if not self._conduct.counts:
            return
        if verdict.outcome in {Outcome.IGNORED, Outcome.RELEASED}:
            self._uncounted(verdict.outcome, duration_ns)
            return
        slow = duration_ns > self._times.slow_call_ns
        self._tally.calls[verdict.outcome] += 1
        self._tally.slow += slow
        outcome, now_ns = verdict.outcome, self._now_ns
        self._emit(CallEnded(self.name, now_ns, outcome, duration_ns, slow, verdict.alert))
        self._count(verdict, duration_ns, slow=slow)

    def _uncounted(self, outcome: Outcome, duration_ns: int) -> None:
        if not self._conduct.counts:
            return
        self._tally.calls[outcome] += 1
        self._emit(CallEnded(self.name, self._now_ns, outcome, duration_ns))

    def _count(self, verdict: Verdict, duration_ns: int, *, slow: bool) -> None:
        failed = verdict.outcome is Outcome.FAILURE
        if self.state is State.HALF_OPEN:
            self._probation.record(duration_ns, failed=failed, slow=slow)
            self._decide_probation()
            return
        self.consecutive_failures = self.consecutive_failures + 1 if failed else 0
        self._window.record(self._now_ns, duration_ns, failed=failed, slow=slow)
        if verdict.asks_to_open and self.state is State.CLOSED:
            self._enter(State.OPEN, Cause.REQUESTED, open_ns=verdict.open_ns(self._now_ns))
        else:
            self._decide()

    def _decide(self) -> None:
        """Publish the rules that hold; in CLOSED, open by the first of them."""
        counts = self.counts(self._now_ns)
        causes = []
        for cause, value, limit in trip.exceeded(self.config, counts, self.consecutive_failures):
            causes.append(cause)
            if cause not in self._told:
                self._told.add(cause)
                self._emit(Exceeded(self.name, self._now_ns, cause, value, limit))
        if causes and self.state is State.CLOSED:
            self._enter(State.OPEN, causes[0])

    def _decide_probation(self) -> None:
        cause = self._probation.decision(self.config)
        if cause is not None:
            self._enter(State.CLOSED if cause is Cause.PROBES_PASSED else State.OPEN, cause)

    def _authorise(self, by: Operator) -> None:
        if by.role not in self.config.operator_roles:
            roles = ", ".join(sorted(self.config.operator_roles))
            msg = f"breaker {self.name}: {by.who} is {by.role!r}; only {roles} may change it"
            raise NotAllowed(msg)

    def _check_period(self, target: State, open_for_ns: int | None) -> None:
        if open_for_ns is not None and (target is not State.OPEN or open_for_ns < 1):
            msg = (
                f"breaker {self.name}: open_for_ns is {open_for_ns} for {target.value}; "
                "use nanoseconds >= 1 and the target OPEN"
            )
            raise ValueError(msg)

    def _move(self, target: State, by: Operator, open_for_ns: int | None) -> None:
        if target not in MOVES[self.state]:
            raise IllegalMove(self.name, self.state, target)
        self._enter(target, Cause.OPERATOR, by=by, open_ns=open_for_ns)

    def _extend(self, by: Operator, open_for_ns: int | None) -> None:
        open_ns = open_for_ns or self.config.open_period_ns(max(1, self.attempt), self._rng)
        self._open_until_ns = self._now_ns + open_ns
        self._by = by
        self._emit(OpenExtended(self.name, self._now_ns, open_ns, by))
