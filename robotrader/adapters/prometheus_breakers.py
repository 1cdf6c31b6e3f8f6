"""Exports circuit breakers to Prometheus: those that are actors of a system, and guards.

A breaker's totals belong to its actor, so a scrape asks for them, all breakers at once and for at
most ``ANSWER_S`` in all. One that does not answer is missing from that scrape and counted: a gap is
honest, an old value would not be. Names follow Prometheus' naming practice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import pykka
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from supervision import BreakerActor, MailboxFull
from supervision.breaker_actor import Look

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from supervision import ActorRef, Future
    from supervision.breaker import Guard, Metrics
    from supervision.system import ActorSystem

ANSWER_S: Final = 0.25
"""A scrape has seconds and a breaker answers in microseconds: later than this is a sick breaker."""

_PREFIX: Final = "robotrader_"
_TOTAL: Final = "_total"
_HELP: Final = {
    "breaker_state": "1 for the state that the breaker is in, 0 for the others",
    "breaker_calls_total": "Calls that ended, by outcome",
    "breaker_transitions_total": "Changes of state",
    "breaker_not_permitted_total": "Calls that the breaker refused",
    "breaker_slow_calls_total": "Calls that took longer than the limit of a slow call",
    "breaker_late_results_total": "Results that came when their generation was over",
    "breaker_expired_permits_total": "Permits whose holder never reported",
    "breaker_open_seconds_total": "Seconds spent open or forced open",
    "breaker_failure_rate_pct": "Failures in the window in percent; NaN below the minimum of calls",
    "breaker_slow_rate_pct": "Slow calls in the window in percent; NaN below the minimum of calls",
}


class BreakerCollector(Collector):
    """Collector of a system's breaker actors and of ``guards``."""

    def __init__(self, system: ActorSystem, guards: Iterable[Guard] = ()) -> None:
        self._system = system
        self._guards = tuple(guards)
        self._unanswered = 0

    def describe(self) -> Iterable[Metric]:
        """Describe nothing in advance: all names have the collector's own prefix."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ask every breaker and give its samples."""
        families = {name: _family(name) for name in _HELP}
        for metrics in (*self._answers(), *(guard.metrics() for guard in self._guards)):
            for name, labels, value in metrics.samples():
                families[name].add_sample(_PREFIX + name, labels, value)
        yield from families.values()
        yield CounterMetricFamily(
            f"{_PREFIX}breaker_unanswered_scrapes",
            "Times that a breaker did not answer a scrape",
            value=self._unanswered,
        )

    def _answers(self) -> Iterator[Metrics]:
        cells = list(self._system.cells.values())
        refs = [cell.ref for cell in cells if isinstance(cell.actor, BreakerActor)]
        asked = [self._ask(ref) for ref in refs]
        until_s = time.monotonic() + ANSWER_S
        for answer in asked:
            try:
                if answer is not None:
                    yield answer.get(timeout=max(0.0, until_s - time.monotonic()))
            except (pykka.Timeout, pykka.ActorDeadError):
                self._unanswered += 1

    def _ask(self, ref: ActorRef[Any]) -> Future[Any] | None:
        try:
            return ref.ask(Look(), block=False, timeout=ANSWER_S)
        except (pykka.ActorDeadError, MailboxFull):
            self._unanswered += 1
            return None


def _family(name: str) -> Metric:
    kind = CounterMetricFamily if name.endswith(_TOTAL) else GaugeMetricFamily
    return kind(_PREFIX + name.removesuffix(_TOTAL), _HELP[name])
