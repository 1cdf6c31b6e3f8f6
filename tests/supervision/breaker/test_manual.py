"""FORCED_OPEN, DISABLED, METRICS_ONLY and operators (cases 88-97, 99)."""

from __future__ import annotations

import pytest

from supervision.breaker import (
    FAILURE,
    SUCCESS,
    BreakerConfig,
    Cause,
    ConfigError,
    Event,
    Exceeded,
    IllegalMove,
    NotAllowed,
    Operator,
    Refused,
    State,
    Transition,
    WasReset,
)
from supervision.clock import to_ns
from tests.supervision.breaker.support import OPERATOR, Bench


def in_state(state: State) -> Bench:
    """Return a breaker that got into ``state`` by hand, with its events forgotten."""
    bench = Bench(minimum_calls=2, window_size=4, open_s=10.0, permitted_half_open=2)
    if state is State.HALF_OPEN:
        bench.move(State.OPEN)
    if state is not State.CLOSED:
        bench.move(state)
    assert bench.state() is state
    bench.events.clear()
    return bench


def test_breaker_088_forced_open_refuses_everything_and_time_does_not_end_it() -> None:
    bench = Bench()
    permit = bench.permit()
    bench.move(State.FORCED_OPEN)
    assert bench.machine.next_deadline_ns() is None
    for _ in range(3):
        bench.advance(1e6)
        refused = bench.refused()
        assert (refused.state, refused.remaining_ns) == (State.FORCED_OPEN, 0)
    bench.end(permit, FAILURE)
    bench.machine.note(SUCCESS, 0, bench.now_ns)
    metrics = bench.machine.metrics(bench.now_ns)
    assert (metrics.not_permitted, bench.machine.counts(bench.now_ns).calls) == (3, 0)
    assert bench.state() is State.FORCED_OPEN


@pytest.mark.parametrize("state", [State.FORCED_OPEN, State.DISABLED])
def test_breaker_089_these_states_tell_only_transitions_and_resets(state: State) -> None:
    bench = Bench(minimum_calls=1)
    late = bench.permit()
    bench.move(state)
    bench.events.clear()
    answer = bench.ask()
    if not isinstance(answer, Refused):
        bench.end(answer, FAILURE)
        bench.end(answer, FAILURE)
    bench.end(late, FAILURE)
    assert bench.events == []
    bench.events += bench.machine.reset(OPERATOR, bench.now_ns)
    assert [type(event) for event in bench.events] == [Transition, WasReset]


def test_breaker_090_disabled_lets_all_pass_counts_nothing_and_never_trips() -> None:
    bench = in_state(State.DISABLED)
    bench.results("F" * 20)
    assert bench.state() is State.DISABLED
    assert bench.machine.counts(0).calls == 0
    assert sum(bench.machine.metrics(0).calls.values()) == 0


def test_breaker_091_metrics_only_counts_tells_once_per_rule_and_never_trips() -> None:
    bench = Bench(minimum_calls=2, slow_call_s=1.0, initial_state=State.METRICS_ONLY)
    for _ in range(10):
        bench.result(FAILURE, 2.0)
    assert bench.state() is State.METRICS_ONLY
    assert bench.machine.counts(0).failed == 10
    assert [event.rule for event in bench.of(Exceeded)] == [Cause.FAILURE_RATE, Cause.SLOW_RATE]


def test_breaker_092_metrics_only_starts_with_empty_counts() -> None:
    bench = Bench()
    bench.results("FFF")
    bench.move(State.METRICS_ONLY)
    assert bench.machine.counts(0).calls == 0


@pytest.mark.parametrize("state", list(State))
def test_breaker_093_reset_closes_empties_and_tells(state: State) -> None:
    bench = in_state(state)
    if state is State.CLOSED:
        bench.results("F")
        stale = bench.permit()
    else:
        stale = None
    bench.events.clear()
    bench.events += bench.machine.reset(OPERATOR, bench.now_ns)
    kinds = [type(event) for event in bench.events]
    assert kinds == ([WasReset] if state is State.CLOSED else [Transition, WasReset])
    assert (bench.state(), bench.machine.attempt) == (State.CLOSED, 0)
    assert bench.machine.consecutive_failures == 0
    if stale is not None:
        bench.end(stale, FAILURE)
    assert bench.machine.counts(bench.now_ns).calls == 0


def test_breaker_094_closed_to_half_open_is_illegal_and_keeps_the_state() -> None:
    bench = in_state(State.CLOSED)
    with pytest.raises(IllegalMove, match="breaker b cannot go from closed to half_open"):
        bench.move(State.HALF_OPEN)
    assert bench.state() is State.CLOSED


ILLEGAL = {
    (State.CLOSED, State.HALF_OPEN),
    (State.METRICS_ONLY, State.OPEN),
    (State.METRICS_ONLY, State.HALF_OPEN),
}


@pytest.mark.parametrize("target", list(State))
@pytest.mark.parametrize("source", list(State))
def test_breaker_095_the_whole_table_of_moves(source: State, target: State) -> None:
    bench = in_state(source)
    generation = bench.machine.generation
    if (source, target) in ILLEGAL:
        with pytest.raises(IllegalMove):
            bench.move(target)
        assert (bench.state(), bench.machine.generation) == (source, generation)
        return
    events = bench.move(target)
    assert bench.state() is target
    if source is target:
        assert (events, bench.machine.generation) == ((), generation)
    else:
        assert [type(event) for event in events] == [Transition]
        assert bench.machine.generation == generation + 1


def test_breaker_096_manual_open_half_open_and_close_give_one_event_each() -> None:
    bench = Bench()
    for target in (State.OPEN, State.HALF_OPEN, State.CLOSED):
        events: tuple[Event, ...] = bench.move(target)
        assert len(events) == 1
        assert isinstance(events[0], Transition)
        assert (events[0].target, events[0].cause) == (target, Cause.OPERATOR)


def test_breaker_097_close_resets_the_counters() -> None:
    bench = Bench(consecutive_failures=3, permitted_half_open=5)
    bench.results("FFF")
    bench.move(State.HALF_OPEN)
    bench.results("FF")
    bench.move(State.CLOSED)
    assert bench.machine.consecutive_failures == 0
    assert bench.machine.counts(0).calls == 0
    bench.results("FF")
    assert bench.state() is State.CLOSED


@pytest.mark.parametrize("role", ["viewer", "", "Trader"])
def test_breaker_099_another_role_may_change_nothing(role: str) -> None:
    bench = in_state(State.CLOSED)
    if not role:
        with pytest.raises(ConfigError, match=r"operator\.role"):
            Operator("eve", role, "why not")
        return
    by = Operator("eve", role, "why not")
    with pytest.raises(NotAllowed, match=rf"eve is '{role}'; only admin, trader may change it"):
        bench.machine.move(State.FORCED_OPEN, by, 0)
    with pytest.raises(NotAllowed):
        bench.machine.reset(by, 0)
    assert (bench.state(), bench.events) == (State.CLOSED, [])


@pytest.mark.parametrize("role", ["trader", "admin"])
def test_breaker_099_each_change_has_who_when_and_why(role: str) -> None:
    bench = Bench()
    by = Operator("ada", role, "exchange closed")
    bench.advance(3)
    (event,) = bench.machine.move(State.FORCED_OPEN, by, bench.now_ns)
    assert isinstance(event, Transition)
    assert (event.by, event.at_ns) == (by, to_ns(3))
    assert bench.machine.changed_by is by


def test_breaker_099_nobody_changes_anything_without_a_name_and_a_reason() -> None:
    with pytest.raises(ConfigError, match=r"operator\.who"):
        Operator(" ", "admin", "why")
    with pytest.raises(ConfigError, match=r"operator\.why"):
        Operator("ada", "admin", "")
    with pytest.raises(ConfigError, match="operator_roles"):
        BreakerConfig(operator_roles=frozenset())
