"""Configuration: what is accepted, what is refused and in which words (cases 1-15)."""

from __future__ import annotations

import dataclasses
import math
import random
from typing import Any

import pytest

from supervision.breaker import (
    SUCCESS,
    BreakerConfig,
    BreakerMachine,
    BreakerRegistry,
    ConfigError,
    DuplicateBreaker,
    Exponential,
    Guard,
    State,
    WindowKind,
)
from supervision.clock import ManualClock
from tests.supervision.breaker.support import Bench


def check_refused(field: str, value: Any, **others: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        BreakerConfig(**{field: value}, **others)
    assert field in str(caught.value), "names the field"
    assert repr(value) in str(caught.value), "names the value"
    assert "use " in str(caught.value), "names the remedy"


@pytest.mark.parametrize("value", [0, -1, 100.1, 1000])
def test_breaker_001_a_failure_rate_outside_its_range_is_refused(value: float) -> None:
    check_refused("failure_rate_pct", value)


@pytest.mark.parametrize("value", [0.1, 100])
def test_breaker_001_a_failure_rate_at_its_edges_is_accepted(value: float) -> None:
    assert BreakerConfig(failure_rate_pct=value).failure_rate_pct == value


@pytest.mark.parametrize("value", [0, -1, 100.1])
def test_breaker_002_a_slow_rate_outside_its_range_is_refused(value: float) -> None:
    check_refused("slow_rate_pct", value)


@pytest.mark.parametrize("value", [0.1, 100])
def test_breaker_002_a_slow_rate_at_its_edges_is_accepted(value: float) -> None:
    assert BreakerConfig(slow_rate_pct=value).slow_rate_pct == value


def test_breaker_003_a_slow_duration_of_0_is_refused_and_of_1_ns_accepted() -> None:
    check_refused("slow_call_s", 0)
    bench = Bench(slow_call_s=1e-9, minimum_calls=1, slow_rate_pct=100)
    bench.machine.record(bench.permit(), SUCCESS, 1, 0)
    assert bench.state() is State.CLOSED, "1 ns is not longer than 1 ns"
    bench.machine.record(bench.permit(), SUCCESS, 2, 0)
    assert bench.machine.counts(0).slow == 1


@pytest.mark.parametrize("value", [0, 0.000999, -1])
def test_breaker_004_an_open_period_below_a_millisecond_is_refused(value: float) -> None:
    check_refused("open_s", value)
    assert BreakerConfig(open_s=0.001).open_s == 0.001


def test_breaker_005_no_permits_in_half_open_is_refused() -> None:
    check_refused("permitted_half_open", 0)


@pytest.mark.parametrize("field", ["window_size", "minimum_calls", "consecutive_failures"])
def test_breaker_006_a_window_a_minimum_or_a_row_of_0_is_refused(field: str) -> None:
    check_refused(field, 0)


def test_breaker_007_a_minimum_above_a_count_window_is_reduced_to_it() -> None:
    bench = Bench(window_size=5, minimum_calls=100)
    assert bench.machine.config.needed_calls == 5
    bench.results("FFFF")
    assert bench.state() is State.CLOSED
    bench.results("F")
    assert bench.state() is State.OPEN


def test_breaker_007_a_minimum_may_exceed_the_seconds_of_a_time_window() -> None:
    config = BreakerConfig(window=WindowKind.SECONDS, window_size=5, minimum_calls=100)
    assert config.needed_calls == 100


def test_breaker_008_a_wait_in_half_open_is_not_negative_and_0_is_unlimited() -> None:
    check_refused("half_open_wait_s", -0.1)
    bench = Bench(half_open_wait_s=0, minimum_calls=1)
    bench.results("F")
    bench.advance(60)
    assert bench.state() is State.HALF_OPEN
    assert bench.machine.next_deadline_ns() is None
    bench.advance(10 * 365 * 86_400.0)
    assert bench.state() is State.HALF_OPEN


@pytest.mark.parametrize("target", list(State))
def test_breaker_008_the_state_after_that_wait_is_open_or_closed(target: State) -> None:
    if target in {State.OPEN, State.CLOSED}:
        assert BreakerConfig(after_half_open_wait=target).after_half_open_wait is target
    else:
        check_refused("after_half_open_wait", target)


def test_breaker_009_a_backoff_factor_below_1_and_a_jitter_outside_0_to_1_are_refused() -> None:
    check_refused("open_factor", 0.99)
    check_refused("jitter", -0.01)
    check_refused("jitter", 1.01)


NUMBERS = [
    field.name
    for field in dataclasses.fields(BreakerConfig)
    if str(field.type).split(" |")[0] in {"int", "float"}
]


@pytest.mark.parametrize("field", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, True, False, "1"])
def test_breaker_009_nan_infinity_booleans_and_texts_are_refused(field: str, value: Any) -> None:
    check_refused(field, value)


def test_breaker_009_every_number_of_the_configuration_is_tried() -> None:
    assert len(NUMBERS) == 16


@pytest.mark.parametrize("field", ["auto_half_open", "early_decision", "probe_only"])
def test_breaker_009_a_number_is_no_flag(field: str) -> None:
    check_refused(field, 1)


@pytest.mark.parametrize("fixed", [{"open_s": 1.0}, {"open_factor": 2.0}, {"open_cap_s": 90.0}])
def test_breaker_010_an_interval_function_and_a_fixed_period_exclude_each_other(
    fixed: dict[str, float],
) -> None:
    with pytest.raises(ConfigError, match=r"interval and open_s.* both given; use"):
        BreakerConfig(interval=Exponential(1.0), **fixed)  # type: ignore[arg-type]


def test_breaker_011_a_base_with_overrides_makes_an_independent_immutable_config() -> None:
    base = BreakerConfig(window_size=7, minimum_calls=7)
    wider = base.but(window_size=9)
    assert (base.window_size, wider.window_size) == (7, 9)
    assert (wider.minimum_calls, wider.but()) == (7, wider)
    with pytest.raises(dataclasses.FrozenInstanceError):
        base.window_size = 8  # type: ignore[misc]
    with pytest.raises(ConfigError, match="window_sise"):
        base.but(window_sise=8)


@pytest.mark.parametrize("attempt", [0, -1])
def test_breaker_012_openings_are_counted_from_1(attempt: int) -> None:
    with pytest.raises(ConfigError, match=rf"attempt is {attempt}"):
        Exponential(1.0, 2.0)(attempt)
    with pytest.raises(ConfigError, match=rf"attempt is {attempt}"):
        BreakerConfig(interval=lambda _: 1.0).open_period_ns(attempt, random.Random(1))


@pytest.mark.parametrize("seconds", [0.0, math.nan, math.inf, -1.0, None])
def test_breaker_012_an_interval_function_that_gives_no_seconds_is_refused(seconds: Any) -> None:
    with pytest.raises(ConfigError, match=r"interval\(1\)"):
        BreakerConfig(interval=lambda _: seconds)


@pytest.mark.parametrize("state", [State.CLOSED, State.OPEN, State.METRICS_ONLY])
def test_breaker_013_the_initial_state_is_honoured_without_an_event(state: State) -> None:
    bench = Bench(initial_state=state)
    assert (bench.state(), bench.tick()) == (state, ())
    assert (bench.remaining_ns() > 0) == (state is State.OPEN)


@pytest.mark.parametrize("state", [State.HALF_OPEN, State.FORCED_OPEN, State.DISABLED])
def test_breaker_013_a_breaker_starts_in_no_other_state(state: State) -> None:
    check_refused("initial_state", state)


def test_breaker_014_a_limit_changed_at_run_time_applies_from_the_next_decision() -> None:
    bench = Bench(consecutive_failures=5)
    bench.results("FF")
    bench.machine.reconfigure(bench.machine.config.but(consecutive_failures=3), bench.now_ns)
    assert bench.state() is State.CLOSED
    assert bench.machine.consecutive_failures == 2, "what was counted stays counted"
    bench.results("F")
    assert bench.state() is State.OPEN


def test_breaker_014_an_invalid_change_leaves_the_old_limit() -> None:
    bench = Bench(consecutive_failures=5)
    old = bench.machine.config
    with pytest.raises(ConfigError, match="consecutive_failures"):
        bench.machine.reconfigure(old.but(consecutive_failures=0), bench.now_ns)
    assert bench.machine.config is old


def test_breaker_014_a_window_of_another_shape_starts_empty() -> None:
    bench = Bench(window_size=10)
    bench.results("SSS")
    bench.machine.reconfigure(bench.machine.config.but(window_size=20), 0)
    assert bench.machine.counts(0).calls == 0


def test_breaker_015_a_name_means_one_breaker_with_one_configuration() -> None:
    clock, rng = ManualClock(), random.Random(1)
    registry = BreakerRegistry(
        lambda name, config: Guard(BreakerMachine(name, config, rng, 0), clock)
    )
    first = registry.get("orders", BreakerConfig(window_size=5))
    assert registry.get("orders", BreakerConfig(window_size=5)) is first
    with pytest.raises(DuplicateBreaker, match="orders"):
        registry.get("orders", BreakerConfig(window_size=6))
    assert list(registry) == [first]
