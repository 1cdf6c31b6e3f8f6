"""OPEN: nothing passes, and how it ends (cases 52-63)."""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

import pytest

from supervision.breaker import (
    FAILURE,
    SUCCESS,
    CallRefused,
    CircuitOpen,
    LateResult,
    OpenExtended,
    Refused,
    State,
    Verdict,
)
from supervision.clock import to_ns
from tests.supervision.breaker.support import OPERATOR, Bench, Counted, Front


def opened(**settings: Any) -> Bench:
    """Return a breaker that one failure has opened, by default for 10 s."""
    bench = Bench(**{"minimum_calls": 1, "open_s": 10.0, **settings})
    bench.results("F")
    assert bench.state() is State.OPEN
    return bench


def test_breaker_052_a_refused_call_is_not_made_and_says_who_and_how_long() -> None:
    front, function = Front(minimum_calls=1, open_s=10.0, name="orders"), Counted()
    front.guard.note(FAILURE)
    front.clock.advance(4)
    with pytest.raises(CircuitOpen, match=r"breaker orders is open.*6\.000 s") as caught:
        front.guard.call(function)
    assert function.calls == 0
    assert (caught.value.name, caught.value.remaining_ns) == ("orders", to_ns(6))


@pytest.mark.parametrize("after_s", [0, 5, 9.999_999_999])
def test_breaker_052_the_remaining_time_is_above_0_and_at_most_the_period(after_s: float) -> None:
    bench = opened()
    bench.advance(after_s)
    refused = bench.refused()
    assert 0 < refused.remaining_ns <= to_ns(10)
    assert (refused.name, refused.state) == ("b", State.OPEN)


def test_breaker_053_each_refused_call_is_counted_and_gives_an_event() -> None:
    bench = opened()
    for _ in range(3):
        bench.refused()
    assert bench.machine.metrics(0).not_permitted == 3
    assert len(bench.of(CallRefused)) == 3


def test_breaker_054_notes_of_results_do_not_change_an_open_breaker() -> None:
    front = Front(minimum_calls=1, open_s=10.0)
    front.guard.note(FAILURE)
    for verdict in (SUCCESS, FAILURE, SUCCESS):
        front.guard.note(verdict)
        assert front.state() is State.OPEN
    assert front.guard.metrics().late == 3
    assert front.machine.remaining_ns(0) == to_ns(10)


def test_breaker_054_notes_count_where_results_do() -> None:
    front = Front(minimum_calls=3, permitted_half_open=1, open_s=10.0)
    front.guard.note(SUCCESS)
    front.guard.note(FAILURE)
    front.guard.note(FAILURE)
    assert front.state() is State.OPEN
    front.clock.advance(10)
    front.guard.note(SUCCESS)
    assert front.state() is State.CLOSED


@pytest.mark.parametrize("verdict", [SUCCESS, FAILURE])
def test_breaker_055_a_result_of_an_earlier_call_is_late_and_moves_nothing(
    verdict: Verdict,
) -> None:
    bench = Bench(minimum_calls=1, open_s=10.0)
    earlier = bench.permit()
    bench.results("F")
    events = bench.end(earlier, verdict, 3.0)
    assert [type(event) for event in events] == [LateResult]
    assert (bench.state(), bench.machine.metrics(0).late) == (State.OPEN, 1)


@pytest.mark.parametrize(
    ("offset_ns", "state"), [(-1, State.OPEN), (0, State.HALF_OPEN), (1, State.HALF_OPEN)]
)
def test_breaker_056_the_period_ends_exactly_at_its_deadline(offset_ns: int, state: State) -> None:
    bench = opened()
    bench.clock.advance_ns(to_ns(10) + offset_ns)
    bench.tick()
    assert bench.state() is state
    by_call = opened()
    by_call.clock.advance_ns(to_ns(10) + offset_ns)
    assert isinstance(by_call.ask(), Refused) == (state is State.OPEN)
    assert by_call.state() is state


def test_breaker_057_the_timer_alone_moves_it_without_a_call() -> None:
    bench = opened()
    assert bench.machine.next_deadline_ns() == to_ns(10)
    bench.advance(10)
    assert bench.moves()[-1] == (State.OPEN, State.HALF_OPEN)


def test_breaker_058_without_automatic_transition_only_a_call_moves_it() -> None:
    bench = opened(auto_half_open=False)
    assert bench.machine.next_deadline_ns() is None
    bench.advance(1000)
    bench.machine.note(SUCCESS, 0, bench.now_ns)
    assert bench.state() is State.OPEN
    bench.permit()
    assert bench.state() is State.HALF_OPEN


def test_breaker_059_leaving_early_cancels_the_timer_and_a_late_one_changes_nothing() -> None:
    bench = opened()
    due_ns = bench.machine.next_deadline_ns()
    bench.move(State.CLOSED)
    assert (due_ns, bench.machine.next_deadline_ns()) == (to_ns(10), None)
    before = bench.machine.snapshot()
    bench.advance(10)
    assert bench.tick() == ()
    assert bench.machine.snapshot().generation == before.generation
    forced = opened()
    forced.move(State.FORCED_OPEN)
    forced.advance(10)
    assert forced.state() is State.FORCED_OPEN


def test_breaker_059_the_timer_of_an_earlier_opening_does_not_end_a_later_one() -> None:
    bench = opened()
    bench.advance(5)
    bench.move(State.CLOSED)
    bench.results("F")
    bench.advance(5)
    assert bench.state() is State.OPEN
    bench.advance(5)
    assert bench.state() is State.HALF_OPEN


def test_breaker_060_open_for_a_duration_overrides_the_configured_one_once() -> None:
    bench = Bench(minimum_calls=1, permitted_half_open=1, open_s=10.0)
    bench.move(State.OPEN, open_for_ns=to_ns(3))
    assert bench.remaining_ns() == to_ns(3)
    bench.advance(3)
    bench.results("F")
    assert bench.remaining_ns() == to_ns(10)


@pytest.mark.parametrize("open_for_ns", [0, -1])
def test_breaker_060_an_open_duration_below_1_ns_is_refused(open_for_ns: int) -> None:
    bench = Bench()
    with pytest.raises(ValueError, match=f"open_for_ns is {open_for_ns}"):
        bench.move(State.OPEN, open_for_ns=open_for_ns)
    with pytest.raises(ValueError, match="the target OPEN"):
        bench.move(State.DISABLED, open_for_ns=1)
    assert bench.state() is State.CLOSED


def test_breaker_061_open_while_open_keeps_the_deadline_unless_it_is_to_extend() -> None:
    bench = opened()
    bench.advance(4)
    assert bench.move(State.OPEN) == ()
    assert bench.remaining_ns() == to_ns(6)
    events = bench.move(State.OPEN, extend=True)
    assert bench.remaining_ns() == to_ns(10)
    assert [type(event) for event in events] == [OpenExtended]
    bench.move(State.OPEN, open_for_ns=to_ns(2))
    assert bench.remaining_ns() == to_ns(2)
    assert bench.machine.changed_by is OPERATOR


def test_breaker_061_the_period_starts_at_the_latest_opening() -> None:
    bench = opened(permitted_half_open=1)
    bench.advance(10)
    bench.advance(3)
    bench.results("F")
    assert bench.machine.next_deadline_ns() == to_ns(23)


def test_breaker_062_nobody_waits_in_an_open_breaker() -> None:
    front = Front(minimum_calls=1, open_s=10.0)
    front.guard.note(FAILURE)
    took_ns: list[int] = []
    go = threading.Barrier(64)

    def ask() -> None:
        go.wait(10)
        for _ in range(20):
            # The thread's own time: on a shared machine the time of others says nothing of ours.
            start_ns = time.thread_time_ns()
            with pytest.raises(CircuitOpen):
                front.guard.call(Counted())
            took_ns.append(time.thread_time_ns() - start_ns)

    threads = [threading.Thread(target=ask) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(took_ns) == 64 * 20
    assert statistics.quantiles(took_ns, n=100)[98] < 1_000_000


def test_breaker_063_the_remaining_time_only_falls_between_transitions() -> None:
    bench = opened()
    seen = []
    for _ in range(10):
        seen.append(bench.refused().remaining_ns)
        bench.advance(0.99)
    assert seen == sorted(set(seen), reverse=True)
