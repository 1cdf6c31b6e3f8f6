"""A breaker's totals since it was made: plain integers, read at scrape time.

``Metrics`` is the picture of one moment; ``samples`` gives it as Prometheus would name it, so that
an adapter only has to copy. A rate below the minimum of calls is NaN: unknown is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from supervision.breaker.states import State
from supervision.breaker.verdict import Outcome
from supervision.clock import NANOSECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

REFUSING = frozenset({State.OPEN, State.FORCED_OPEN})
"""The states whose duration ``open_seconds_total`` sums."""


@dataclass(slots=True)
class Tally:
    """Counters that only grow."""

    calls: dict[Outcome, int] = field(default_factory=lambda: dict.fromkeys(Outcome, 0))
    slow: int = 0
    not_permitted: int = 0
    late: int = 0
    expired: int = 0
    transitions: dict[tuple[State, State], int] = field(default_factory=dict)
    open_ns: int = 0

    def moved(self, source: State, target: State, stayed_ns: int) -> None:
        """Count a transition after ``stayed_ns`` in ``source``."""
        key = source, target
        self.transitions[key] = self.transitions.get(key, 0) + 1
        if source in REFUSING:
            self.open_ns += stayed_ns


@dataclass(frozen=True, slots=True)
class Metrics:
    """A breaker's totals and gauges at one moment; rates are percentages or NaN."""

    name: str
    state: State
    calls: Mapping[Outcome, int]
    slow: int
    not_permitted: int
    late: int
    expired: int
    transitions: Mapping[tuple[State, State], int]
    open_ns: int
    failure_rate_pct: float
    slow_rate_pct: float

    def samples(self) -> Iterator[tuple[str, dict[str, str], float]]:
        """Yield each sample's name, labels and value."""
        name = {"breaker": self.name}
        for state in State:
            yield "breaker_state", {**name, "state": state.value}, float(state is self.state)
        for outcome, calls in self.calls.items():
            yield "breaker_calls_total", {**name, "outcome": outcome.value}, calls
        for (source, target), moves in self.transitions.items():
            labels = {**name, "from": source.value, "to": target.value}
            yield "breaker_transitions_total", labels, moves
        yield "breaker_not_permitted_total", name, self.not_permitted
        yield "breaker_slow_calls_total", name, self.slow
        yield "breaker_late_results_total", name, self.late
        yield "breaker_expired_permits_total", name, self.expired
        yield "breaker_open_seconds_total", name, self.open_ns / NANOSECONDS
        yield "breaker_failure_rate_pct", name, self.failure_rate_pct
        yield "breaker_slow_rate_pct", name, self.slow_rate_pct
