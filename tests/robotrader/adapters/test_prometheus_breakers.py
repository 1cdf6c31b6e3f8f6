"""Circuit breakers as Prometheus sees them: read by Prometheus' own parser."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from robotrader.adapters.prometheus_breakers import BreakerCollector
from supervision import ActorSystem, BreakerActor, BreakerPort
from supervision.breaker import BreakerConfig, BreakerMachine, CircuitOpen, Guard
from supervision.breaker_actor import Look
from supervision.clock import MonotonicClock


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("breakers")
    yield made
    made.close()


def read(collector: BreakerCollector) -> dict[tuple[str, ...], float]:
    """Samples by name and label values, as Prometheus' own parser reads the exposition."""
    registry = CollectorRegistry()
    registry.register(collector)
    text = generate_latest(registry).decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def fail(_: Any = None) -> None:
    raise OSError("down")


def test_breaker_122_an_open_breaker_shows_its_state_calls_and_refusals(
    system: ActorSystem,
) -> None:
    config = BreakerConfig(minimum_calls=2, window_size=2)
    ref = system.start(BreakerActor("data", config))
    port = BreakerPort("data", lambda: ref, system.now_ns, fail_open=False)
    for _ in range(2):
        with pytest.raises(OSError, match="down"):
            port.call(fail)
    with pytest.raises(CircuitOpen):
        port.call(fail)
    samples = read(BreakerCollector(system))
    assert samples["robotrader_breaker_state", "data", "open"] == 1
    assert samples["robotrader_breaker_state", "data", "closed"] == 0
    assert samples["robotrader_breaker_calls_total", "data", "failure"] == 2
    assert samples["robotrader_breaker_not_permitted_total", "data"] == 1
    assert samples["robotrader_breaker_transitions_total", "data", "closed", "open"] == 1
    rate = samples["robotrader_breaker_failure_rate_pct", "data"]
    assert math.isnan(rate), "the window of the closed state is over: unknown is not zero"
    assert samples["robotrader_breaker_unanswered_scrapes_total",] == 0


def test_a_guard_is_exported_like_an_actor(system: ActorSystem) -> None:
    clock = MonotonicClock()
    machine = BreakerMachine("disk", BreakerConfig(), Random(1), clock.now_ns())
    guard = Guard(machine, clock)
    assert guard.call(lambda: 7) == 7
    samples = read(BreakerCollector(system, [guard]))
    assert samples["robotrader_breaker_calls_total", "disk", "success"] == 1


class Stuck(BreakerActor):
    """A breaker that does not answer while its gate is shut."""

    runtime = "thread"
    gate = threading.Event()

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, Look):
            self.gate.wait(30)
        return super().on_receive(message)


def test_a_breaker_that_does_not_answer_is_a_gap_that_is_counted_and_hides_no_other(
    system: ActorSystem,
) -> None:
    system.start(Stuck("stuck", BreakerConfig()))
    system.start(BreakerActor("well", BreakerConfig()))
    collector = BreakerCollector(system)
    samples = read(collector)
    Stuck.gate.set()
    assert samples["robotrader_breaker_state", "well", "closed"] == 1
    assert ("robotrader_breaker_state", "stuck", "closed") not in samples
    assert samples["robotrader_breaker_unanswered_scrapes_total",] == 1
