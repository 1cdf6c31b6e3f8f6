"""Sections I and J: how many restarts, how fast, and what happens while one is retried."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import supervision.intensity
from supervision.clock import MonotonicClock
from supervision.intensity import RestartWindow
from supervision.manage import (
    CountChildren,
    DeleteChild,
    RestartChild,
    StartChild,
    TerminateChild,
    WhichChildren,
    delete_child,
    restart_child,
    start_child,
    terminate_child,
)
from supervision.reasons import SHUTDOWN
from supervision.starting import OK, Refused, Started
from tests.supervision.otp.kit import Stage

P_NS = 5 * 10**9


def test_otp_100_intensity_zero_allows_no_restart() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), stage.spec("b"), intensity=0)
    stage.die(sup, "a")
    stage.check_ended(sup, ["up a", "up b", "down a crash", "down b shutdown"])


@pytest.mark.parametrize("intensity", [1, 2, 5])
def test_otp_101_one_more_than_intensity_stops_it(intensity: int) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=intensity)
    for _ in range(intensity):
        stage.die(sup, "a")
    stage.check_up(sup, ["up a", *["down a crash", "up a"] * intensity], a="up")
    stage.die(sup, "a")
    stage.check_ended(sup, ["down a crash"])


def test_otp_102_retries_and_group_restarts_are_one_attempt_each() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), stage.spec("b"), strategy="one_for_all", intensity=3)
    stage.plan("b", "error")
    stage.die(sup, "a")
    stage.die(sup, "a")
    assert sup.is_alive()
    stage.die(sup, "b")
    assert sup.exit_reason == SHUTDOWN


def test_otp_103_what_is_no_restart_is_not_counted() -> None:
    stage = Stage()
    specs = [stage.spec("a", restart="transient"), stage.spec("b", restart="temporary")]
    sup = stage.boot(*specs, intensity=0)
    for how in ("normal", "shutdown", "info"):
        stage.die(sup, "a", how)
        stage.call(restart_child, sup, "a")
    stage.die(sup, "b")
    stage.add(sup, stage.spec("c", "ignore"))
    stage.call(terminate_child, sup, "a")
    stage.call(restart_child, sup, "a")
    assert stage.states(sup) == {"a": "up", "c": "undefined"}
    assert sup.is_alive()


def test_otp_104_crashes_wider_apart_than_the_period_never_stop_it() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=1, period_s=1)
    for _ in range(50):
        stage.die(sup, "a")
        stage.sim.run_for(1.000000001)
    assert stage.states(sup) == {"a": "up"}
    assert stage.take().count("up a") == 51


def test_otp_105_the_window_slides() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=3, period_s=5)
    stage.die(sup, "a")
    stage.sim.run_for(4.9)
    for _ in range(2):
        stage.die(sup, "a")
    stage.sim.run_for(0.2)  # the next bucket, if there were buckets: only the first is too old
    stage.die(sup, "a")
    assert sup.is_alive()
    stage.die(sup, "a")
    assert sup.exit_reason == SHUTDOWN


@pytest.mark.parametrize(
    ("age_ns", "allowed"), [(P_NS - 1, False), (P_NS, False), (P_NS + 1, True)]
)
def test_otp_106_the_edge_of_the_window_belongs_to_it(age_ns: int, *, allowed: bool) -> None:
    window = RestartWindow(1, P_NS)
    assert window.add(7)
    assert window.add(7 + age_ns) is allowed
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=1, period_s=5)
    stage.die(sup, "a")
    stage.sim.run_for(age_ns / 1e9)
    stage.die(sup, "a")
    assert sup.is_alive() is allowed


def test_otp_107_only_a_monotonic_clock_is_read() -> None:
    assert MonotonicClock().now_ns() <= MonotonicClock().now_ns()
    package = Path(supervision.intensity.__file__).parent
    wall = {"time", "time_ns", "now", "utcnow", "today"}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                clock = node.value.id in ("time", "datetime") and node.attr in wall
                assert not clock, f"{path.name}:{node.lineno} reads the wall clock"


def test_otp_108_too_many_restarts_stop_all_in_reverse_with_reason_shutdown() -> None:
    stage = Stage()
    sup = stage.boot(*[stage.spec(name) for name in "abc"], intensity=0)
    stage.take()
    stage.die(sup, "b")
    stage.check_ended(sup, ["down b crash", "down c shutdown", "down a shutdown"])
    assert stage.reporter.kinds()[-1] == "shutdown"


@pytest.mark.parametrize(
    ("retries", "window_ns", "times", "expected"),
    [
        (-1, None, [0] * 50, [True] * 50),
        (-1, 10, [0, 5, 16], [True, False, True]),
        (2, None, [0, 10**12, 10**15], [True, True, False]),
        (0, 10, [0], [False]),
        (0, None, [0], [False]),
    ],
)
def test_otp_109_max_retries_reads_as_in_pekko(
    retries: int, window_ns: int | None, times: list[int], expected: list[bool]
) -> None:
    window = RestartWindow.from_max_retries(retries, window_ns)
    assert [window.add(now) for now in times] == expected
    with pytest.raises(ValueError, match="max_retries is -2"):
        RestartWindow.from_max_retries(-2, None)


def test_otp_110_after_the_window_the_count_starts_again() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=2, period_s=1)
    for _ in range(3):
        stage.die(sup, "a")
        stage.die(sup, "a")
        stage.sim.run_for(1.1)
    assert sup.is_alive()


def test_the_window_keeps_no_more_than_it_needs() -> None:
    window = RestartWindow(3, 100)
    for now in range(0, 100_000, 101):
        assert window.add(now)
    assert window.used(10**6) == 0


@pytest.mark.parametrize("number", ["otp_111", "otp_119"])
def test_between_two_attempts_what_arrived_earlier_is_served(number: str) -> None:
    """Cases 111 and 119."""
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=20)
    stage.take()
    stage.plan("a", *["error"] * 5)

    def ask(_name: object) -> None:
        sup.ask(CountChildren(), block=False).on_done(lambda: stage.trace.append("answered"))

    stage.on_fail = ask
    stage.die(sup, "a")
    trace = ["down a crash", *["failed a", "answered"] * 5, "up a"]
    stage.check_up(sup, trace, a="up")
    assert number


def test_otp_113_a_failed_start_is_retried_until_it_succeeds() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=5)
    stage.plan("a", "error", "raise", "junk")
    stage.die(sup, "a")
    trace = ["up a", "down a crash", *["failed a"] * 3, "up a"]
    stage.check_up(sup, trace, a="up")


def while_restarting(*requests: Any, names: str = "ab") -> tuple[Stage, Any, list[Any]]:
    """Leave requests in the mailbox while ``a`` waits for its retry; return the answers."""
    stage = Stage()
    sup = stage.boot(*[stage.spec(name) for name in names], intensity=5)
    futures: list[Any] = []

    def leave(_name: object) -> None:
        if not futures:
            futures.extend(sup.ask(request, block=False) for request in requests)

    stage.on_fail = leave
    stage.take()
    stage.plan("a", "error")
    stage.die(sup, "a")
    return stage, sup, [future.get(timeout=0) for future in futures]


def test_otp_114_a_restarting_child_is_shown_and_protected() -> None:
    requests = [
        WhichChildren(),
        CountChildren(),
        StartChild({"id": "a", "start": Stage}),
        RestartChild("a"),
        DeleteChild("a"),
    ]
    stage, sup, (which, counts, start, restart, delete) = while_restarting(*requests, names="a")
    assert which[0].child == "restarting"
    assert (counts.specs, counts.active, counts.workers) == (1, 0, 1)
    assert (start, restart) == (Refused("already_present"), Refused("restarting"))
    assert delete == Refused("restarting")
    assert stage.states(sup) == {"a": "up"}


def test_otp_115_terminating_a_restarting_child_voids_its_retry() -> None:
    stage, sup, (answer,) = while_restarting(TerminateChild("a"))
    assert answer is OK
    stage.check_up(sup, ["down a crash", "failed a"], a="undefined", b="up")
    assert isinstance(stage.call(restart_child, sup, "a"), Started)


def test_otp_116_a_shutdown_during_a_restart_loop_is_obeyed_at_once() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), stage.spec("b"), intensity=10**9)
    stage.take()
    stage.plan("a", *["error"] * 1000)
    failures: list[object] = []

    def stop(name: object) -> None:
        failures.append(name)
        if len(failures) == 5:
            sup.stop_now(SHUTDOWN, block=False)

    stage.on_fail = stop
    stage.die(sup, "a")
    stage.check_ended(sup, ["down a crash", *["failed a"] * 5, "down b shutdown"])


def test_otp_118_each_retry_is_one_count() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=4)
    stage.plan("a", *["error"] * 3)
    stage.die(sup, "a")
    assert sup.is_alive()
    stage.die(sup, "a")
    assert sup.exit_reason == SHUTDOWN


@pytest.mark.parametrize(
    "requests",
    [
        [TerminateChild("a")],
        [TerminateChild("a"), DeleteChild("a")],
        [TerminateChild("a"), RestartChild("a")],
    ],
    ids=["terminated", "deleted", "replaced"],
)
def test_otp_120_the_retry_of_a_child_that_does_not_wait_is_ignored(requests: list[Any]) -> None:
    stage, sup, answers = while_restarting(*requests)
    assert all(answer is OK or isinstance(answer, Started) for answer in answers)
    ups = stage.take().count("up a")
    assert ups == (1 if isinstance(requests[-1], RestartChild) else 0)
    assert sup.is_alive()


@pytest.mark.parametrize(
    ("strategy", "again"),
    [
        ("one_for_one", ["up b"]),
        ("one_for_all", ["down a shutdown", "up a", "up b", "up c"]),
        ("rest_for_one", ["up b", "up c"]),
    ],
)
def test_otp_121_a_retry_restarts_what_the_strategy_says(strategy: Any, again: list[str]) -> None:
    stage = Stage()
    sup = stage.boot(*[stage.spec(name) for name in "abc"], strategy=strategy, intensity=5)
    stage.plan("b", "error")
    stage.die(sup, "b")
    trace = stage.take()
    assert trace[trace.index("failed b") + 1 :] == again
    assert stage.states(sup) == dict.fromkeys("abc", "up")


def test_otp_122_error_then_ok_uses_two_attempts() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=2)
    stage.plan("a", "error", "ok")
    stage.die(sup, "a")
    assert stage.states(sup) == {"a": "up"}
    stage.die(sup, "a")
    assert sup.exit_reason == SHUTDOWN


def test_a_deleted_child_can_be_started_again_after_a_void_retry() -> None:
    stage, sup, _answers = while_restarting(TerminateChild("a"))
    assert stage.call(delete_child, sup, "a") is OK
    assert isinstance(stage.call(start_child, sup, stage.spec("a")), Started)
    assert list(stage.states(sup)) == ["b", "a"]


def test_otp_062_an_exit_that_arrives_while_another_child_stops_is_handled_afterwards() -> None:
    stage = Stage()
    stage.takes_s["a"] = 3.0
    sup = stage.boot(stage.spec("a"), stage.spec("b"))
    b = stage.ref(sup, "b")
    stage.take()
    stopped = sup.ask(TerminateChild("a"), block=False)
    stage.sim.run_for(1)
    stage.end(b, "b", "crash")
    stage.sim.run_for(1)
    assert stage.take() == ["told a", "down b crash"]
    stage.sim.run_for(2)
    assert stopped.get(timeout=0) is OK
    stage.check_up(sup, ["down a shutdown", "up b"], a="undefined", b="up")
