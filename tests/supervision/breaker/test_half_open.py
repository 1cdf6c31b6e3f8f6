"""HALF_OPEN: a few permits, their results, and the decision (cases 64, 66-77; F82)."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.breaker import (
    FAILURE,
    IGNORED,
    SUCCESS,
    Cause,
    Classifier,
    LateResult,
    PermitExpired,
    State,
    Transition,
    Verdict,
)
from supervision.clock import to_ns
from tests.supervision.breaker.support import Bench, Counted, Front


def half_open(**settings: Any) -> Bench:
    """Return a breaker that has just become half-open."""
    bench = Bench(**{"minimum_calls": 1, "open_s": 10.0, "permit_ttl_s": 30.0, **settings})
    bench.results("F")
    bench.advance(10)
    assert bench.state() is State.HALF_OPEN
    return bench


@pytest.mark.parametrize("permits", [1, 2, 5])
def test_breaker_064_exactly_n_permits_are_given_and_the_next_call_is_refused(permits: int) -> None:
    bench = half_open(permitted_half_open=permits)
    for _ in range(permits):
        bench.permit()
    refused = bench.refused()
    assert (refused.state, refused.remaining_ns) == (State.HALF_OPEN, 0)
    assert bench.machine.in_flight == permits


def test_breaker_064_a_result_does_not_free_its_permit_for_another_call() -> None:
    bench = half_open(permitted_half_open=2)
    bench.results("S")
    bench.permit()
    bench.refused()
    assert bench.state() is State.HALF_OPEN


@pytest.mark.parametrize(("letter", "state"), [("S", State.CLOSED), ("F", State.OPEN)])
def test_breaker_066_with_one_permit_the_first_result_decides(letter: str, state: State) -> None:
    bench = half_open(permitted_half_open=1)
    bench.results(letter)
    assert bench.state() is state


def test_breaker_066_a_timeout_of_the_probe_opens() -> None:
    front = Front(minimum_calls=1, permitted_half_open=1, open_s=10.0, call_timeout_s=1.0)
    front.guard.note(FAILURE)
    front.clock.advance(10)
    front.guard.acquire()
    assert front.state() is State.HALF_OPEN
    front.timers.advance(1)
    assert front.state() is State.OPEN


@pytest.mark.parametrize(("letters", "state"), [("FFSF", State.OPEN), ("FSSS", State.CLOSED)])
def test_breaker_067_four_permits_decide_by_their_rate(letters: str, state: State) -> None:
    bench = half_open(permitted_half_open=4)
    bench.results(letters[:3])
    assert bench.state() is State.HALF_OPEN
    bench.results(letters[3])
    assert bench.state() is state
    counts = bench.of(Transition)[-1].counts
    assert (counts.calls, counts.failed) == (4, letters.count("F"))


def test_breaker_067_without_a_failure_rate_any_failure_reopens() -> None:
    bench = half_open(
        permitted_half_open=4, failure_rate_pct=None, slow_rate_pct=None, consecutive_failures=1
    )
    bench.results("SSSF")
    assert bench.state() is State.OPEN


def test_breaker_068_the_slow_rate_decides_here_too() -> None:
    bench = half_open(permitted_half_open=4, slow_rate_pct=75, slow_call_s=1.0)
    for duration_s in (2, 2, 0, 2):
        bench.result(SUCCESS, duration_s)
    assert bench.state() is State.OPEN
    assert bench.of(Transition)[-1].cause is Cause.PROBES_FAILED


def test_breaker_069_an_ignored_result_returns_its_permit_and_decides_nothing() -> None:
    bench = half_open(permitted_half_open=4)
    for _ in range(4):
        bench.result(IGNORED)
    assert (bench.state(), bench.machine.in_flight) == (State.HALF_OPEN, 0)
    bench.results("SSSS")
    assert bench.state() is State.CLOSED


def test_breaker_070_a_permit_released_without_a_result_is_available_again() -> None:
    bench = half_open(permitted_half_open=1)
    permit = bench.permit()
    bench.refused()
    bench.machine.release(permit, bench.now_ns)
    again = bench.permit()
    bench.machine.release(permit, bench.now_ns)
    assert bench.machine.in_flight == 1, "released twice, it frees nothing that others hold"
    bench.end(again, SUCCESS)
    assert bench.state() is State.CLOSED


def test_breaker_071_a_permit_that_is_not_used_in_time_is_taken_back() -> None:
    bench = half_open(permitted_half_open=1, permit_ttl_s=5.0)
    dead = bench.permit()
    assert bench.machine.next_deadline_ns() == bench.now_ns + to_ns(5)
    bench.advance(4.999_999_999)
    bench.refused()
    bench.clock.advance_ns(1)
    bench.tick()
    assert len(bench.of(PermitExpired)) == 1
    alive = bench.permit()
    assert [type(event) for event in bench.end(dead, FAILURE)] == [LateResult]
    assert bench.state() is State.HALF_OPEN
    bench.end(alive, SUCCESS)
    assert bench.state() is State.CLOSED


def test_breaker_071_each_permit_has_its_own_deadline() -> None:
    bench = half_open(permitted_half_open=2, permit_ttl_s=5.0)
    bench.permit()
    bench.advance(3)
    bench.permit()
    bench.advance(2)
    assert (bench.machine.in_flight, len(bench.of(PermitExpired))) == (1, 1)
    bench.advance(3)
    assert (bench.machine.in_flight, len(bench.of(PermitExpired))) == (0, 2)
    assert bench.machine.metrics(0).expired == 2


@pytest.mark.parametrize("target", [State.OPEN, State.CLOSED])
def test_breaker_072_after_the_longest_wait_it_goes_where_it_was_told(target: State) -> None:
    bench = half_open(half_open_wait_s=7.0, after_half_open_wait=target)
    bench.permit()
    bench.advance(6.999_999_999)
    assert bench.state() is State.HALF_OPEN
    assert bench.machine.next_deadline_ns() == bench.now_ns + 1
    bench.clock.advance_ns(1)
    bench.tick()
    assert bench.state() is target
    assert bench.of(Transition)[-1].cause is Cause.WAITED_LONG_ENOUGH


def test_breaker_072_another_exit_cancels_the_wait() -> None:
    bench = half_open(half_open_wait_s=7.0, permitted_half_open=1)
    bench.results("S")
    assert bench.machine.next_deadline_ns() is None
    bench.advance(7)
    assert bench.state() is State.CLOSED


def test_breaker_073_three_successes_in_a_row_close_and_a_failure_opens() -> None:
    bench = half_open(success_threshold=3, permitted_half_open=1)
    bench.results("SS")
    assert (bench.state(), bench.machine.half_open_successes) == (State.HALF_OPEN, 2)
    bench.results("F")
    assert (bench.state(), bench.machine.half_open_successes) == (State.OPEN, 0)
    bench.advance(10)
    assert bench.machine.half_open_successes == 0
    bench.results("SSS")
    assert (bench.state(), bench.machine.half_open_successes) == (State.CLOSED, 0)


@pytest.mark.parametrize("verdict", [SUCCESS, FAILURE])
def test_breaker_074_results_of_calls_admitted_while_closed_decide_nothing(
    verdict: Verdict,
) -> None:
    bench = Bench(minimum_calls=1, open_s=10.0, permitted_half_open=1)
    stale = bench.permit()
    bench.results("F")
    bench.advance(10)
    assert [type(event) for event in bench.end(stale, verdict)] == [LateResult]
    assert bench.state() is State.HALF_OPEN
    bench.permit()


def test_breaker_074_a_second_result_of_one_permit_is_late() -> None:
    bench = half_open(permitted_half_open=2)
    permit = bench.permit()
    bench.end(permit, SUCCESS)
    assert [type(event) for event in bench.end(permit, SUCCESS)] == [LateResult]
    assert bench.state() is State.HALF_OPEN
    closed = Bench(window_size=10)
    permit = closed.permit()
    closed.end(permit, FAILURE)
    closed.end(permit, FAILURE)
    assert closed.machine.counts(0).calls == 1


def test_breaker_074_a_permit_of_another_breaker_is_late() -> None:
    bench, other = half_open(permitted_half_open=1), half_open(permitted_half_open=1)
    bench.end(other.permit(), SUCCESS)
    assert bench.state() is State.HALF_OPEN


@pytest.mark.parametrize(("early", "state"), [(True, State.OPEN), (False, State.HALF_OPEN)])
def test_breaker_075_an_early_decision_opens_once_the_rest_cannot_help(
    early: bool, state: State
) -> None:
    bench = half_open(permitted_half_open=4, early_decision=early)
    bench.results("F")
    assert bench.state() is State.HALF_OPEN
    bench.results("F")
    assert bench.state() is state


def test_breaker_075_a_decision_is_never_early_by_default() -> None:
    assert Bench().machine.config.early_decision is False


def test_breaker_076_every_half_open_period_admits_anew() -> None:
    bench = half_open(permitted_half_open=1)
    for _ in range(3):
        bench.results("F")
        bench.advance(10)
        assert bench.state() is State.HALF_OPEN
        held = bench.permit()
        bench.refused()
        bench.machine.release(held, bench.now_ns)


def test_breaker_077_with_a_configured_probe_live_calls_wait_for_its_result() -> None:
    bench = half_open(permitted_half_open=1, probe_only=True)
    bench.refused()
    probe = bench.permit(probe=True)
    bench.refused()
    bench.end(probe, SUCCESS)
    assert bench.state() is State.CLOSED
    bench.permit()


def test_breaker_077_a_probe_through_the_guard_decides_and_orders_do_not_run() -> None:
    front = Front(
        classifier=Classifier(),
        minimum_calls=1,
        open_s=10.0,
        probe_only=True,
        permitted_half_open=1,
    )
    front.guard.note(FAILURE)
    front.clock.advance(10)
    order, probe = Counted(), Counted(value=1_700_000_000)
    assert front.guard.probe(probe) == 1_700_000_000
    assert (order.calls, probe.calls, front.state()) == (0, 1, State.CLOSED)


def test_breaker_014_fewer_permits_wanted_decide_by_the_results_that_are_in() -> None:
    bench = half_open(permitted_half_open=4)
    bench.results("SS")
    assert bench.machine.reconfigure(bench.machine.config.but(permitted_half_open=3), 0) == ()
    bench.machine.reconfigure(bench.machine.config.but(permitted_half_open=2), bench.now_ns)
    assert bench.state() is State.CLOSED
