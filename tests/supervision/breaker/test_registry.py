"""Breakers by key, and what of a guard outlives it (cases 98, 100, 134)."""

from __future__ import annotations

import logging
import random
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest

from supervision.breaker import (
    FAILURE,
    SUCCESS,
    BreakerConfig,
    BreakerError,
    BreakerMachine,
    BreakersByKey,
    ConfigError,
    Guard,
    Snapshot,
    State,
)
from supervision.clock import ManualClock, to_ns
from tests.supervision.breaker.journal import BrokenJournal, FileJournal
from tests.supervision.breaker.support import OPERATOR, Bench, Front

CONFIG = BreakerConfig(minimum_calls=1, open_s=10.0, permitted_half_open=1)


def by_key(capacity: int) -> BreakersByKey:
    clock = ManualClock()

    def make(key: Hashable) -> Guard:
        return Guard(BreakerMachine(str(key), CONFIG, random.Random(1), 0), clock)

    return BreakersByKey(make, capacity)


def test_breaker_134_the_map_is_bounded_and_the_longest_unused_makes_room() -> None:
    guards = by_key(2)
    first = guards.get("AAPL")
    guards.get("MSFT")
    assert guards.get("AAPL") is first
    guards.get("IBM")
    assert (len(guards), "AAPL" in guards, "MSFT" in guards) == (2, True, False)


def test_breaker_134_an_open_or_busy_breaker_is_never_forgotten() -> None:
    guards = by_key(2)
    guards.get("AAPL").note(FAILURE)
    guards.get("MSFT")
    guards.get("IBM")
    assert "AAPL" in guards
    assert guards.get("AAPL").state is State.OPEN
    call = guards.get("IBM").acquire()
    with pytest.raises(BreakerError, match="all 2 breakers by key are open or busy"):
        guards.get("TSLA")
    call.succeed()
    guards.get("TSLA")
    assert "IBM" not in guards


def test_breaker_134_a_map_without_room_is_refused() -> None:
    with pytest.raises(ConfigError, match="capacity is 0"):
        by_key(0)


def test_breaker_098_a_forced_open_guard_is_so_before_the_first_call(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "j.jsonl")
    Front(journal=journal).guard.move(State.FORCED_OPEN, OPERATOR)
    again = Front(journal=journal)
    assert again.machine.state is State.FORCED_OPEN
    assert again.machine.changed_by == OPERATOR
    again.guard.reset(OPERATOR)
    assert Front(journal=journal).machine.state is State.CLOSED


def test_breaker_100_an_open_breaker_is_restored_with_its_period_backoff_and_no_permits() -> None:
    bench = Bench(minimum_calls=1, open_s=10.0, open_factor=2.0, permitted_half_open=1)
    bench.results("F")
    bench.advance(10)
    probe = bench.permit()
    bench.machine.release(probe, bench.now_ns)
    bench.results("F")
    bench.advance(5)
    kept = bench.machine.snapshot()
    assert (kept.remaining_ns, kept.attempt) == (to_ns(15), 2)
    twin = Bench(minimum_calls=1, open_s=10.0, open_factor=2.0, permitted_half_open=1)
    stale = twin.permit()
    twin.clock.advance(1000)
    twin.machine.restore(kept, twin.now_ns)
    assert (twin.state(), twin.remaining_ns()) == (State.OPEN, to_ns(15))
    twin.advance(15)
    twin.end(stale, SUCCESS)
    assert twin.state() is State.HALF_OPEN, "the permit from before the restart is void"
    twin.results("F")
    assert twin.remaining_ns() == to_ns(40)


@pytest.mark.parametrize(("elapsed_s", "remaining_s"), [(0, 10), (4, 6), (10, 0), (99, 0)])
def test_breaker_100_time_known_to_have_passed_counts(elapsed_s: float, remaining_s: float) -> None:
    bench = Bench(minimum_calls=1, open_s=10.0)
    bench.results("F")
    twin = Bench(minimum_calls=1, open_s=10.0)
    twin.machine.restore(bench.machine.snapshot(), 0, elapsed_ns=to_ns(elapsed_s))
    assert twin.remaining_ns() == to_ns(remaining_s)


def test_breaker_100_a_crash_in_closed_forgets_neither_the_row_nor_the_backoff() -> None:
    settings: dict[str, Any] = {"consecutive_failures": 3, "stable_for_s": 60.0, "open_s": 1.0}
    bench = Bench(permitted_half_open=1, **settings)
    bench.results("FFF")
    bench.advance(1)
    bench.results("S")
    bench.advance(40)
    bench.results("FF")
    twin = Bench(permitted_half_open=1, **settings)
    twin.clock.advance(1000)
    twin.machine.restore(bench.machine.snapshot(), twin.now_ns)
    assert (twin.machine.consecutive_failures, twin.machine.attempt) == (2, 1)
    twin.advance(19.999_999_999)
    assert twin.machine.attempt == 1
    twin.results("F")
    assert (twin.state(), twin.machine.attempt) == (State.OPEN, 2)


def test_breaker_129_permits_given_before_a_restoration_are_void_in_the_same_state_too() -> None:
    bench = Bench(consecutive_failures=1)
    permit = bench.permit()
    bench.machine.restore(bench.machine.snapshot(), bench.now_ns)
    bench.end(permit, FAILURE)
    assert (bench.state(), bench.machine.metrics(0).late) == (State.CLOSED, 1)


def test_breaker_100_a_snapshot_of_another_breaker_is_refused() -> None:
    bench = Bench()
    with pytest.raises(BreakerError, match="snapshot is of other"):
        bench.machine.restore(Snapshot("other", State.CLOSED, 1, 0), 0)


def test_breaker_098_an_operator_hears_of_a_journal_that_fails_and_a_caller_does_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    front = Front(journal=BrokenJournal(tmp_path / "j.jsonl"), minimum_calls=1)
    with caplog.at_level(logging.ERROR):
        front.guard.note(FAILURE)
    assert front.state() is State.OPEN
    assert "did not keep" in caplog.text
    with pytest.raises(OSError, match="no space left"):
        front.guard.move(State.FORCED_OPEN, OPERATOR)
    with pytest.raises(OSError, match="no space left"):
        front.guard.reset(OPERATOR)
