"""CLOSED: what counts, and what opens the breaker (cases 18-27 and 32)."""

from __future__ import annotations

import math

import pytest

from supervision.breaker import (
    FAILURE,
    IGNORED,
    RELEASED,
    SUCCESS,
    Cause,
    Classifier,
    Exceeded,
    State,
    Transition,
    Verdict,
)
from tests.supervision.breaker.support import Bench


def test_breaker_018_below_the_minimum_the_rate_is_unknown_and_nothing_trips() -> None:
    bench = Bench(window_size=10, minimum_calls=10)
    bench.results("F" * 9)
    metrics = bench.machine.metrics(bench.now_ns)
    assert bench.state() is State.CLOSED
    assert math.isnan(metrics.failure_rate_pct)
    assert math.isnan(metrics.slow_rate_pct)


def test_breaker_019_a_success_that_completes_the_minimum_can_trip() -> None:
    bench = Bench(window_size=5, minimum_calls=5, failure_rate_pct=50)
    bench.results("FFFS")
    assert bench.state() is State.CLOSED
    bench.results("S")
    assert bench.state() is State.OPEN
    assert bench.of(Transition)[-1].counts.failure_rate_pct == 60


def test_breaker_020_exactly_the_threshold_trips() -> None:
    bench = Bench(window_size=4, minimum_calls=4, failure_rate_pct=50)
    bench.results("FFSS")
    assert bench.state() is State.OPEN


def test_breaker_021_just_below_the_threshold_does_not_trip() -> None:
    bench = Bench(window_size=10_000, minimum_calls=10_000, failure_rate_pct=50)
    bench.results("F" * 4999 + "S" * 5001)
    assert bench.machine.metrics(0).failure_rate_pct == pytest.approx(49.99)
    assert bench.state() is State.CLOSED


def test_breaker_022_slow_is_strictly_longer_than_the_threshold() -> None:
    bench = Bench(slow_call_s=2.0)
    bench.result(SUCCESS, 2.0)
    assert bench.machine.counts(0).slow == 0
    bench.machine.record(bench.permit(), SUCCESS, 2_000_000_001, 0)
    assert bench.machine.counts(0).slow == 1


def test_breaker_023_a_slow_success_is_both_and_a_slow_failure_is_both() -> None:
    bench = Bench(slow_call_s=2.0)
    bench.result(SUCCESS, 3.0)
    counts = bench.machine.counts(0)
    assert (counts.calls, counts.failed, counts.slow, counts.slow_failed) == (1, 0, 1, 0)
    bench.result(FAILURE, 3.0)
    counts = bench.machine.counts(0)
    assert (counts.calls, counts.failed, counts.slow, counts.slow_failed) == (2, 1, 2, 1)


def test_breaker_024_the_slow_rate_trips_without_a_failure() -> None:
    bench = Bench(slow_call_s=1.0, slow_rate_pct=50, window_size=4, minimum_calls=4)
    for duration_s in (0.5, 0.5, 1.5, 1.5):
        bench.result(SUCCESS, duration_s)
    assert bench.state() is State.OPEN
    assert bench.of(Transition)[-1].cause is Cause.SLOW_RATE


def test_breaker_025_both_rates_over_give_both_events_and_one_transition() -> None:
    bench = Bench(slow_call_s=1.0, slow_rate_pct=50, window_size=2, minimum_calls=2)
    bench.result(FAILURE, 1.5)
    bench.result(FAILURE, 1.5)
    rules = [event.rule for event in bench.of(Exceeded)]
    assert rules == [Cause.FAILURE_RATE, Cause.SLOW_RATE]
    assert bench.moves() == [(State.CLOSED, State.OPEN)]


def test_breaker_026_five_failures_in_a_row_open_and_a_success_between_does_not() -> None:
    bench = Bench(consecutive_failures=5)
    bench.results("FFFF")
    assert bench.machine.consecutive_failures == 4
    bench.results("S")
    assert (bench.machine.consecutive_failures, bench.state()) == (0, State.CLOSED)
    bench.results("FFFFF")
    assert bench.state() is State.OPEN
    assert bench.of(Transition)[-1].cause is Cause.CONSECUTIVE


@pytest.mark.parametrize("verdict", [IGNORED, RELEASED])
def test_breaker_027_what_is_not_counted_does_not_reset_the_row(verdict: Verdict) -> None:
    bench = Bench(consecutive_failures=3)
    bench.results("FF")
    bench.result(verdict)
    assert bench.machine.consecutive_failures == 2
    bench.results("F")
    assert bench.state() is State.OPEN


def test_breaker_027_a_success_resets_the_row() -> None:
    bench = Bench(consecutive_failures=2)
    bench.results("FSFSFS")
    assert bench.state() is State.CLOSED


def test_breaker_032_only_the_listed_result_is_a_failure_and_none_is_never_tested() -> None:
    tested: list[object] = []

    def unlucky(value: object) -> bool:
        tested.append(value)
        return value == 13

    rule = Classifier(failing_results=["BAD", unlucky])
    assert rule.result("BAD") is FAILURE
    assert rule.result(13) is FAILURE
    assert rule.result("GOOD") is SUCCESS
    assert rule.result(None) is SUCCESS
    assert tested == [13, "GOOD"]
