"""Events, listeners and telemetry (cases 115-123)."""

from __future__ import annotations

import logging
import math
import random
import threading

import pytest

from supervision.breaker import (
    FAILURE,
    IGNORED,
    SUCCESS,
    BreakerConfig,
    BreakerMachine,
    CallEnded,
    CallRefused,
    CallStarted,
    CircuitOpen,
    Event,
    Exceeded,
    Guard,
    Listeners,
    Metrics,
    Outcome,
    Permit,
    Snapshot,
    State,
    Transition,
    WasReset,
)
from supervision.clock import ManualClock, to_ns
from tests.supervision.breaker.support import OPERATOR, Bench, Counted, Front


def test_breaker_115_each_transition_is_told_once_in_order_when_it_is_visible() -> None:
    front = Front(minimum_calls=1, permitted_half_open=1, open_s=10.0)
    seen: list[tuple[State, State]] = []

    def see(event: Event) -> None:
        if isinstance(event, Transition):
            seen.append((event.target, front.guard.metrics().state))

    front.guard.listeners.add(see)
    front.guard.note(FAILURE)
    front.events(Transition)
    front.clock.advance(10)
    assert front.state() is State.HALF_OPEN
    front.events(Transition)
    front.guard.note(SUCCESS)
    assert [event.target for event in front.events(Transition)] == [
        State.OPEN,
        State.HALF_OPEN,
        State.CLOSED,
    ]
    assert seen == [(state, state) for state in (State.OPEN, State.HALF_OPEN, State.CLOSED)]


def test_breaker_116_listeners_hear_the_start_and_the_end_of_each_call() -> None:
    front = Front()
    front.guard.call(Counted())
    with pytest.raises(OSError, match="down"):
        front.guard.call(Counted(error=OSError("down")))
    told = [(type(event), getattr(event, "outcome", None)) for event in front.events(Event)]
    assert told == [
        (CallStarted, None),
        (CallEnded, Outcome.SUCCESS),
        (CallStarted, None),
        (CallEnded, Outcome.FAILURE),
    ]


def test_breaker_117_every_kind_of_event_has_its_name_time_and_duration() -> None:
    bench = Bench(name="orders", minimum_calls=2, slow_call_s=1.0)
    bench.advance(3)
    bench.result(IGNORED, 0.5)
    bench.result(SUCCESS, 2.0)
    bench.result(FAILURE, 2.0)
    bench.refused()
    bench.events += bench.machine.reset(OPERATOR, bench.now_ns)
    kinds = [type(event) for event in bench.events]
    assert kinds == [
        *(CallEnded, CallEnded, CallEnded),
        *(Exceeded, Exceeded, Transition),
        *(CallRefused, Transition, WasReset),
    ]
    assert all((event.name, event.at_ns) == ("orders", to_ns(3)) for event in bench.events)
    ended = [(event.outcome, event.duration_ns, event.slow) for event in bench.of(CallEnded)]
    assert ended == [
        (Outcome.IGNORED, to_ns(0.5), False),
        (Outcome.SUCCESS, to_ns(2), True),
        (Outcome.FAILURE, to_ns(2), True),
    ]
    assert [(event.value, event.limit) for event in bench.of(Exceeded)] == [(50, 50), (100, 100)]


def test_breaker_118_a_listener_that_raises_affects_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    front = Front(minimum_calls=1)
    later: list[Event] = []

    def broken(event: Event) -> None:
        message = f"cannot hear {event!r}"
        raise ZeroDivisionError(message)

    front.guard.listeners.add(broken)
    front.guard.listeners.add(later.append)
    with caplog.at_level(logging.ERROR):
        front.guard.note(FAILURE)
        assert len(front.events(Transition)) == 1
    assert front.state() is State.OPEN
    assert later == front.heard
    assert "listener raised" in caplog.text


def test_breaker_118_a_listener_that_has_left_hears_nothing() -> None:
    front, heard = Front(), list[Event]()
    leave = front.guard.listeners.add(heard.append)
    front.guard.note(SUCCESS)
    front.events(Event)
    leave()
    front.guard.note(SUCCESS)
    assert (len(front.events(CallEnded)), len(heard)) == (2, 1)


def test_breaker_119_making_a_breaker_or_a_second_view_gives_no_event() -> None:
    front = Front(initial_state=State.OPEN)
    Guard(front.machine, front.clock, listeners=front.guard.listeners)
    front.guard.metrics()
    assert front.state() is State.OPEN
    assert front.events(Event) == []


def test_breaker_120_a_slow_listener_delays_no_caller() -> None:
    front, goes_on = Front(minimum_calls=1), threading.Event()
    front.guard.listeners.add(lambda _: goes_on.wait(10))
    for _ in range(100):
        front.guard.call(Counted())
    assert not goes_on.is_set(), "100 calls ended while the listener held its first event"
    goes_on.set()
    assert len(front.events(CallEnded)) == 100


def test_breaker_120_a_full_queue_drops_calls_and_counts_them_but_keeps_transitions() -> None:
    goes_on, told = threading.Event(), list[Event]()
    clock, listeners = ManualClock(), Listeners(capacity=3)
    machine = BreakerMachine("b", BreakerConfig(consecutive_failures=10), random.Random(1), 0)
    guard = Guard(machine, clock, listeners=listeners)

    def slow(event: Event) -> None:
        goes_on.wait(10)
        told.append(event)

    listeners.add(slow)
    for _ in range(10):
        guard.note(FAILURE)
    goes_on.set()
    assert listeners.flush(10)
    assert len(told) + listeners.dropped == 12, "10 calls, a rule that holds, a transition"
    assert listeners.dropped >= 7
    assert isinstance(told[-1], Transition)
    listeners.close()


def test_breaker_121_exceeded_is_told_before_the_transition() -> None:
    bench = Bench(consecutive_failures=1)
    bench.results("F")
    assert [type(event) for event in bench.events] == [CallEnded, Exceeded, Transition]


def by_name(metrics: Metrics) -> dict[str, float]:
    """Return the samples by name and labels, without the breaker's own label."""
    return {
        ",".join([name, *(f"{k}={v}" for k, v in labels.items() if k != "breaker")]): value
        for name, labels, value in metrics.samples()
    }


def test_breaker_122_the_samples_show_what_happened() -> None:
    bench = Bench(minimum_calls=2, window_size=2, slow_call_s=1.0, open_s=10.0, name="data")
    samples = by_name(bench.machine.metrics(bench.now_ns))
    assert math.isnan(samples["breaker_failure_rate_pct"])
    assert math.isnan(samples["breaker_slow_rate_pct"])
    late = bench.permit()
    bench.result(SUCCESS, 2.0)
    bench.results("F")
    bench.refused()
    bench.end(late, FAILURE)
    bench.clock.advance(4)
    samples = by_name(bench.machine.metrics(bench.now_ns))
    assert samples["breaker_open_seconds_total"] == 4
    bench.advance(6)
    bench.advance(5)
    metrics = bench.machine.metrics(bench.now_ns)
    samples = by_name(metrics)
    assert samples["breaker_calls_total,outcome=success"] == 1
    assert samples["breaker_calls_total,outcome=failure"] == 1
    assert samples["breaker_not_permitted_total"] == 1
    assert samples["breaker_slow_calls_total"] == 1
    assert samples["breaker_late_results_total"] == 1
    assert samples["breaker_open_seconds_total"] == 10
    assert samples["breaker_transitions_total,from=closed,to=open"] == 1
    assert all(labels["breaker"] == "data" for _, labels, _ in metrics.samples())


def test_breaker_122_a_rate_is_a_number_from_the_minimum_on() -> None:
    bench = Bench(minimum_calls=2, failure_rate_pct=90)
    bench.results("FS")
    samples = by_name(bench.machine.metrics(0))
    assert samples["breaker_failure_rate_pct"] == 50
    assert samples["breaker_slow_rate_pct"] == 0


def random_life(bench: Bench, rng: random.Random, steps: int) -> None:
    """Do random things to a breaker."""
    for _ in range(steps):
        bench.advance(rng.choice((0, 0, 0, 1, 5)))
        if rng.random() < 0.05:
            target = rng.choice(list(State))
            if (bench.state(), target) not in {
                (State.CLOSED, State.HALF_OPEN),
                (State.METRICS_ONLY, State.OPEN),
                (State.METRICS_ONLY, State.HALF_OPEN),
            }:
                bench.move(target)
        answer = bench.ask()
        if isinstance(answer, Permit):
            bench.end(answer, rng.choice((SUCCESS, FAILURE, IGNORED)), rng.random())


def test_breaker_122_transitions_in_minus_out_give_the_state_and_one_gauge_is_1() -> None:
    rng = random.Random(122)
    bench = Bench(window_size=5, minimum_calls=3, permitted_half_open=2, open_s=5.0)
    for _ in range(20):
        random_life(bench, rng, 50)
        metrics = bench.machine.metrics(bench.now_ns)
        stay = {state: int(state is State.CLOSED) for state in State}
        for (source, target), moves in metrics.transitions.items():
            stay[source] -= moves
            stay[target] += moves
        gauges = {
            labels["state"]: value
            for name, labels, value in metrics.samples()
            if name == "breaker_state"
        }
        assert stay == {state: int(state is metrics.state) for state in State}
        assert sum(gauges.values()) == 1
        assert gauges[metrics.state.value] == 1


def test_breaker_123_the_journal_of_transitions_replays_to_the_same_states() -> None:
    rng, kept = random.Random(123), list[Snapshot]()
    bench = Bench(window_size=5, minimum_calls=3, permitted_half_open=2, open_s=5.0)
    for _ in range(2000):
        before = len(bench.of(Transition))
        random_life(bench, rng, 1)
        if len(bench.of(Transition)) > before:
            kept.append(bench.machine.snapshot())
            event = bench.of(Transition)[-1]
            assert event.target is kept[-1].state
            tripped = event.source is State.CLOSED and event.target is State.OPEN
            assert not tripped or event.by is not None or event.counts.calls >= 3
    assert len(kept) > 50
    for snapshot in kept:
        twin = BreakerMachine("b", bench.machine.config, random.Random(1), 0)
        twin.restore(Snapshot.from_plain(snapshot.to_plain()), 0)
        assert (twin.state, twin.attempt) == (snapshot.state, snapshot.attempt)
        assert twin.remaining_ns(0) == (snapshot.remaining_ns or 0)


def test_breaker_052_a_refusal_reaches_listeners_of_the_guard() -> None:
    front = Front(initial_state=State.OPEN)
    with pytest.raises(CircuitOpen):
        front.guard.call(Counted())
    assert len(front.events(CallRefused)) == 1
