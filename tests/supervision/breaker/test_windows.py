"""Sliding windows over calls and over seconds (cases 38-51)."""

from __future__ import annotations

import random
import threading

import pytest

from supervision.breaker import SUCCESS, Counts, CountWindow, Guard, RolledOver, State, TimeWindow
from supervision.breaker import WindowKind as Kind
from supervision.clock import NANOSECONDS, ManualClock, to_ns
from tests.supervision.breaker.support import Bench

MS = 1_000_000
LETTERS = {"S": (False, False), "F": (True, False), "s": (False, True), "f": (True, True)}
"""S and F are quick, s and f slow."""


def fill(window: CountWindow | TimeWindow, letters: str, at_ns: int = 0, took_ns: int = 0) -> None:
    for letter in letters:
        failed, slow = LETTERS[letter]
        window.record(at_ns, took_ns, failed=failed, slow=slow)


@pytest.mark.parametrize("window", [CountWindow(3), TimeWindow(3, 0)])
def test_breaker_038_an_empty_snapshot_is_all_zero(window: CountWindow | TimeWindow) -> None:
    counts = window.counts(0)
    assert counts == Counts(0, 0, 0, 0, 0)
    assert (counts.failure_rate_pct, counts.slow_rate_pct, counts.average_ns) == (0, 0, 0)


def test_breaker_039_a_ring_of_10_keeps_the_last_10_results() -> None:
    window = CountWindow(10)
    fill(window, "SS" + "FFFFFF" + "SSSS")
    assert window.counts(0).failure_rate_pct == 60
    fill(window, "SSS")
    assert window.counts(0).failure_rate_pct == 30


STEPS = [
    # result, milliseconds; then calls, failed, slow, total ms, failure %, average ms
    ("f", 5000, (1, 1, 1, 5000, 100.0, 5000.0)),
    ("S", 100, (2, 1, 1, 5100, 50.0, 2550.0)),
    ("S", 100, (3, 1, 1, 5200, 100 / 3, 5200 / 3)),
    ("s", 2000, (4, 1, 2, 7200, 25.0, 1800.0)),
    ("F", 1000, (4, 1, 1, 3200, 25.0, 800.0)),
    ("F", 1000, (4, 2, 1, 4100, 50.0, 1025.0)),
]


def test_breaker_040_every_step_of_a_window_of_4_has_the_tables_totals() -> None:
    window = CountWindow(4)
    for letter, took_ms, (calls, failed, slow, total_ms, rate_pct, average_ms) in STEPS:
        fill(window, letter, took_ns=took_ms * MS)
        counts = window.counts(0)
        assert (counts.calls, counts.failed, counts.slow) == (calls, failed, slow)
        assert counts.duration_ns == total_ms * MS
        assert counts.failure_rate_pct == pytest.approx(rate_pct)
        assert counts.average_ns == pytest.approx(average_ms * MS)


def test_breaker_041_slow_results_leave_a_window_of_2_in_order() -> None:
    window, seen = CountWindow(2), []
    for letter in "fsSS":
        fill(window, letter)
        seen.append(window.counts(0).slow)
    # The first one leaves with the third result, the second with the fourth.
    assert seen == [1, 2, 1, 0]


def test_breaker_041_two_slow_ones_stay_two_until_quick_ones_come() -> None:
    window, seen = CountWindow(2), []
    fill(window, "f")
    for letter in "fsSS":
        fill(window, letter)
        seen.append(window.counts(0).slow)
    assert seen == [2, 2, 1, 0]


def test_breaker_042_the_head_wraps_round() -> None:
    window = CountWindow(3)
    fill(window, "FFF" + "SSS" + "F")
    assert (window.counts(0).calls, window.counts(0).failed) == (3, 1)


def totals(entries: list[tuple[int, int, bool, bool]]) -> Counts:
    """Count the naive way: entries are (time, duration, failed, slow)."""
    failed = [entry for entry in entries if entry[2]]
    slow = [entry for entry in entries if entry[3]]
    both = [entry for entry in failed if entry[3]]
    took_ns = sum([entry[1] for entry in entries])
    return Counts(len(entries), len(failed), len(slow), len(both), took_ns)


def test_breaker_043_100000_random_results_equal_a_naive_list() -> None:
    rng = random.Random(43)
    for size in (1, 2, 3, 7):
        window, kept = CountWindow(size), list[tuple[int, int, bool, bool]]()
        for _ in range(25_000):
            entry = 0, rng.randrange(10**10), rng.random() < 0.4, rng.random() < 0.3
            window.record(0, entry[1], failed=entry[2], slow=entry[3])
            kept = [*kept, entry][-size:]
            assert window.counts(0) == totals(kept)


@pytest.mark.deep
def test_breaker_043_nothing_drifts_after_a_million_results() -> None:
    rng, window = random.Random(44), CountWindow(100)
    for _ in range(1_000_000):
        window.record(0, rng.randrange(10**10), failed=rng.random() < 0.4, slow=rng.random() < 0.3)
    fill(window, "S" * 100)
    assert window.counts(0) == Counts(100, 0, 0, 0, 0)


def test_breaker_044_sums_are_exact_after_8_threads_with_10000_results_each() -> None:
    machine = Bench(window_size=100_000, minimum_calls=100_000).machine
    guard, go = Guard(machine, ManualClock()), threading.Barrier(8)

    def record() -> None:
        go.wait(10)
        for _ in range(10_000):
            guard.note(SUCCESS, 3)

    threads = [threading.Thread(target=record) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    counts = machine.counts(0)
    assert (counts.calls, counts.duration_ns) == (80_000, 240_000)


@pytest.mark.parametrize(("at_s", "counted"), [(0, 1), (4.9, 1), (5.0, 0), (5.1, 0), (6.0, 0)])
def test_breaker_045_a_result_is_counted_until_the_window_of_5_s_is_over(
    at_s: float, counted: int
) -> None:
    window = TimeWindow(5, 0)
    fill(window, "F")
    assert window.counts(to_ns(at_s)).calls == counted


@pytest.mark.parametrize("start_ns", [0, 123_456_789])
def test_breaker_045_a_result_within_a_second_leaves_with_its_second(start_ns: int) -> None:
    window = TimeWindow(5, start_ns)
    fill(window, "F", at_ns=start_ns + to_ns(0.9))
    assert window.counts(start_ns + to_ns(5) - 1).calls == 1
    assert window.counts(start_ns + to_ns(5)).calls == 0


def test_breaker_046_a_long_gap_empties_the_window_even_when_it_is_only_read() -> None:
    window = TimeWindow(5, 0)
    fill(window, "FFf", took_ns=MS)
    assert window.counts(to_ns(86_400 * 400)) == Counts()
    fill(window, "S", at_ns=to_ns(86_400 * 400))
    assert window.counts(to_ns(86_400 * 400)).calls == 1


def test_breaker_047_results_of_one_second_add_up_and_skipping_3_clears_exactly_3() -> None:
    window = TimeWindow(5, 0)
    for second in range(5):
        fill(window, "FS", at_ns=second * NANOSECONDS)
    assert window.counts(4 * NANOSECONDS) == Counts(10, 5, 0, 0, 0)
    assert window.counts(7 * NANOSECONDS) == Counts(4, 2, 0, 0, 0)


def test_breaker_048_a_window_of_20_s_trips_at_50_percent() -> None:
    bench = Bench(window=Kind.SECONDS, window_size=20, minimum_calls=5, failure_rate_pct=50)
    for letter in "SSSFF":
        bench.results(letter)
        bench.advance(1)
    assert bench.state() is State.CLOSED
    bench.results("F")
    assert bench.state() is State.OPEN


def test_breaker_049_a_clock_that_stands_still_or_goes_back_loses_nothing() -> None:
    window = TimeWindow(2, 0)
    fill(window, "FF", at_ns=NANOSECONDS)
    fill(window, "S", at_ns=0)
    assert window.counts(0) == Counts(3, 2, 0, 0, 0)
    assert window.counts(NANOSECONDS) == Counts(3, 2, 0, 0, 0)


def test_breaker_049_a_breaker_reads_an_earlier_time_as_the_last_one() -> None:
    bench = Bench(window=Kind.SECONDS, window_size=5, minimum_calls=1, open_s=10.0)
    bench.advance(100)
    bench.results("F")
    before_ns = bench.machine.remaining_ns(bench.now_ns)
    assert bench.machine.tick(0) == ()
    answer = bench.machine.try_acquire(5)
    assert getattr(answer, "remaining_ns", None) == before_ns


def test_breaker_050_100000_random_steps_equal_a_naive_list_with_times() -> None:
    rng = random.Random(50)
    for seconds in (1, 2, 3, 5):
        now_ns, window, kept = 0, TimeWindow(seconds, 0), list[tuple[int, int, bool, bool]]()
        for _ in range(25_000):
            gap_ns = rng.choice((0, 1, rng.randrange(2 * NANOSECONDS), rng.randrange(10**11)))
            now_ns += gap_ns if rng.random() < 0.2 else rng.randrange(NANOSECONDS)
            entry = now_ns, rng.randrange(10**10), rng.random() < 0.4, rng.random() < 0.3
            if rng.random() < 0.8:
                window.record(now_ns, entry[1], failed=entry[2], slow=entry[3])
                kept.append(entry)
            oldest = now_ns // NANOSECONDS - seconds
            kept = [old for old in kept if old[0] // NANOSECONDS > oldest]
            assert window.counts(now_ns) == totals(kept)


def test_breaker_051_ages_start_with_the_generation_and_a_negative_age_is_0() -> None:
    window = TimeWindow(5, to_ns(100.5))
    fill(window, "F", at_ns=to_ns(99))
    assert window.counts(to_ns(100)).calls == 1
    assert window.counts(to_ns(105.5) - 1).calls == 1
    assert window.counts(to_ns(105.5)).calls == 0


def test_breaker_051_a_fixed_interval_rolls_the_counts_over_on_its_own_grid() -> None:
    bench = Bench(rollover_s=10, consecutive_failures=3)
    bench.advance(4)
    bench.results("FF")
    assert bench.machine.next_deadline_ns() == to_ns(10)
    bench.advance(6)
    assert (bench.machine.counts(bench.now_ns).calls, bench.machine.consecutive_failures) == (0, 0)
    bench.advance(13)
    assert [event.at_ns for event in bench.of(RolledOver)] == [to_ns(10), to_ns(23)]
    assert bench.machine.next_deadline_ns() == to_ns(30)
