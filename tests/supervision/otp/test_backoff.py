"""Section V: backoff between restarts."""

from __future__ import annotations

import math
import random
from typing import Any

import pykka
import pytest

from supervision.actor import Actor
from supervision.backoff import Backoff, Row
from supervision.backoff_actor import (
    BackoffSupervisor,
    CurrentChild,
    Reset,
    RestartCount,
    WhileStopped,
)
from supervision.clock import to_ns
from supervision.errors import Unavailable
from supervision.manage import restart_child, terminate_child
from supervision.reasons import NORMAL, SHUTDOWN
from supervision.spec import ChildSpec, SpecError
from supervision.starting import OK
from tests.supervision.otp.kit import Stage

MINUTE, DAY = 60.0, 86_400.0


@pytest.mark.parametrize(
    ("retry", "min_s", "max_s", "expected_s"),
    [
        (0, 5 * MINUTE, 7 * MINUTE, 5 * MINUTE),
        (2, 5.0, 7.0, 7.0),
        (2, 5.0, 7 * DAY, 20.0),
        (29, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE),
        (10**9, 0.001, 3600.0, 3600.0),
    ],
)
def test_otp_221_the_delay_doubles_up_to_its_cap(
    retry: int, min_s: float, max_s: float, expected_s: float
) -> None:
    backoff = Backoff(min_s=min_s, max_s=max_s)
    assert backoff.delay_ns(retry, random.Random(1)) == to_ns(expected_s)


def test_otp_221_jitter_adds_up_to_its_fraction() -> None:
    backoff, rng = Backoff(min_s=1.0, max_s=1.0, jitter=0.5), random.Random(221)
    delays = [backoff.delay_ns(0, rng) / 1e9 for _ in range(2000)]
    assert 1.0 <= min(delays) < 1.01
    assert 1.49 < max(delays) <= 1.5


@pytest.mark.parametrize(
    "wrong",
    [
        {"min_s": 0, "max_s": 1},
        {"min_s": 2, "max_s": 1},
        {"min_s": 1, "max_s": math.inf},
        {"min_s": 1, "max_s": 1, "jitter": 1.5},
        {"min_s": 1, "max_s": 1, "reset_after_s": 0},
        {"min_s": 1, "max_s": 1, "max_retries": -1},
    ],
)
def test_a_wrong_backoff_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="backoff: "):
        Backoff(**wrong)


def ups(stage: Stage, sup: Any, name: str, count: int) -> list[float]:
    """Kill the child ``count`` times as soon as it is up; return the gaps in seconds."""
    gaps = []
    for _ in range(count):
        began_ns = stage.sim.now_ns()
        stage.die(sup, name, "kill")
        assert stage.sim.run(lambda: stage.trace[-1] == f"up {name}")
        gaps.append((stage.sim.now_ns() - began_ns) / 1e9)
    return gaps


def test_otp_222_restarts_come_after_200_400_800_and_1600_milliseconds() -> None:
    stage = Stage()
    backoff = Backoff(min_s=0.2, max_s=10.0)
    sup = stage.boot(stage.spec("a", backoff=backoff), intensity=9)
    assert ups(stage, sup, "a", 4) == [0.2, 0.4, 0.8, 1.6]
    assert stage.counts(sup) == (1, 1, 0, 1)


def test_otp_223_a_child_that_stays_up_starts_the_row_again() -> None:
    stage = Stage()
    backoff = Backoff(min_s=1.0, max_s=9.0)
    assert backoff.reset_after_ns == 5 * 10**9
    sup = stage.boot(stage.spec("a", backoff=backoff), intensity=9)
    assert ups(stage, sup, "a", 2) == [1.0, 2.0]
    stage.sim.run_for(4.9)
    assert ups(stage, sup, "a", 1) == [4.0]
    stage.sim.run_for(5.0)
    assert ups(stage, sup, "a", 2) == [1.0, 2.0]


def test_otp_223_the_row_is_a_value() -> None:
    backoff = Backoff(min_s=1.0, max_s=1.0, reset_after_s=2.0)
    row = Row().retried().retried().started(10)
    assert row.failed(backoff, 10 + 2 * 10**9 - 1).retries == 2
    assert row.failed(backoff, 10 + 2 * 10**9).retries == 0
    manual = Backoff(min_s=1.0, max_s=1.0, reset_after_s=math.inf)
    assert row.failed(manual, 10**18).retries == 2


class Echo(Actor):
    """Answers, crashes, stops, and can reset its supervisor's row."""

    def __init__(self, seen: list[Any]) -> None:
        super().__init__()
        self.seen = seen

    def on_receive(self, message: Any) -> Any:
        """Do what the message says."""
        if message == "crash":
            raise RuntimeError(message)
        if message == "stop":
            self.stop_with(NORMAL)
        elif message == "well":
            parent = self._cell.parent
            assert parent is not None
            parent.ref.tell(Reset())
        self.seen.append(message)
        return ("echo", message)


def front(stage: Stage, seen: list[Any], **more: Any) -> Any:
    """Start a backoff supervisor over an echo that comes back after a second."""
    backoff = more.pop("backoff", Backoff(min_s=1.0, max_s=8.0, reset_after_s=math.inf))
    restart = more.pop("restart", "permanent")
    spec = ChildSpec(id="e", start=Echo, args=(seen,), backoff=backoff, restart=restart)
    return stage.sim.start(BackoffSupervisor(spec, **more))


def settle(stage: Stage, sup: Any, *messages: Any) -> None:
    """Tell messages and settle."""
    for message in messages:
        sup.tell(message)
    stage.sim.settle()


def test_otp_224_a_manual_reset_comes_from_the_childs_own_message() -> None:
    stage, seen = Stage(), list[Any]()
    sup = front(stage, seen)
    for _ in range(2):
        settle(stage, sup, "crash")
        stage.sim.run_for(8)
    assert sup.ask(RestartCount()) == 2
    settle(stage, sup, "well")
    assert sup.ask(RestartCount()) == 0


def test_otp_225_more_than_max_retries_stop_the_supervisor() -> None:
    stage = Stage()
    backoff = Backoff(min_s=1.0, max_s=1.0, max_retries=2)
    sup = stage.boot(stage.spec("a", backoff=backoff), intensity=99)
    stage.plan("a", *["error"] * 5)
    stage.die(sup, "a")
    stage.sim.run()
    stage.check_ended(sup, ["up a", "down a crash", "failed a", "failed a"])


@pytest.mark.parametrize(
    ("restart", "end", "back"),
    [
        ("permanent", "stop", True),
        ("permanent", "crash", True),
        ("transient", "stop", False),
        ("transient", "crash", True),
    ],
)
def test_otp_226_on_stop_restarts_always_and_on_failure_only_failures(
    restart: Any, end: str, *, back: bool
) -> None:
    stage = Stage()
    sup = front(stage, [], restart=restart)
    settle(stage, sup, end)
    stage.sim.run_for(2)
    assert sup.is_alive() is back
    if back:
        assert sup.ask("hi") == ("echo", "hi")
    else:
        assert sup.exit_reason == NORMAL


def test_otp_227_after_the_final_stop_message_the_next_end_is_final() -> None:
    stage, seen = Stage(), list[Any]()
    sup = front(stage, seen, final_stop=lambda message: message == "stop")
    settle(stage, sup, "crash")
    stage.sim.run_for(1)
    settle(stage, sup, "stop")
    assert sup.exit_reason == NORMAL
    assert seen == ["stop"]


def down(stage: Stage, **more: Any) -> tuple[Any, list[Any]]:
    """Return a backoff supervisor whose child is down, and what its children see."""
    seen: list[Any] = []
    sup = front(stage, seen, **more)
    settle(stage, sup, "crash")
    assert sup.ask(CurrentChild()) is None
    return sup, seen


def test_otp_228_messages_while_stopped_become_dead_letters() -> None:
    stage = Stage()
    sup, seen = down(stage)
    stats = stage.sim.stats_of(BackoffSupervisor)
    settle(stage, sup, "one")
    with pytest.raises(Unavailable):
        sup.ask("two")
    assert stats.dead_letters == 2
    stage.sim.run_for(2)
    assert seen == []


def test_otp_228_requests_while_stopped_are_answered_with_a_value() -> None:
    stage = Stage()
    sup, seen = down(stage, while_stopped=WhileStopped(reply="stopped"))
    assert sup.ask("two") == "stopped"
    settle(stage, sup, "one")
    stage.sim.run_for(2)
    assert seen == []
    assert sup.ask("three") == ("echo", "three")


def test_otp_228_messages_while_stopped_go_to_a_handler() -> None:
    stage, handled = Stage(), list[Any]()
    handler = stage.sim.start(Echo(handled))
    sup, seen = down(stage, while_stopped=WhileStopped(handler=handler))
    assert sup.ask("two") == ("echo", "two")
    settle(stage, sup, "one")
    assert (handled, seen) == (["two", "one"], [])


def test_otp_228_messages_while_stopped_wait_in_a_stash_of_bounded_size() -> None:
    stage = Stage()
    sup, seen = down(stage, while_stopped=WhileStopped(stash=3))
    asked = [sup.ask(number, block=False) for number in range(5)]
    stage.sim.settle()
    for future in asked[3:]:
        with pytest.raises(Unavailable):
            future.get(timeout=0)
    stage.sim.run_for(2)
    assert [future.get(timeout=0) for future in asked[:3]] == [("echo", n) for n in range(3)]
    assert seen == [0, 1, 2]


def test_otp_228_a_stash_is_answered_when_its_supervisor_ends() -> None:
    stage = Stage()
    sup, _seen = down(stage, while_stopped=WhileStopped(stash=3))
    future = sup.ask("never", block=False)
    stage.sim.settle()
    stage.stop(sup)
    with pytest.raises(pykka.ActorDeadError):
        future.get(timeout=0)


def test_otp_229_while_the_old_child_is_ending_it_is_the_current_one() -> None:
    stage = Stage()
    stage.takes_s["a"] = 5.0
    spec = stage.spec("a", backoff=Backoff(min_s=1.0, max_s=1.0))
    sup = stage.sim.start(BackoffSupervisor(spec))
    old = sup.ask(CurrentChild())
    old.stop_now(SHUTDOWN, block=False)
    stage.sim.run_for(1)
    assert sup.ask(CurrentChild()) is old
    assert sup.ask(RestartCount()) == 0
    stage.sim.run_for(5)
    assert sup.ask(CurrentChild()).number > old.number


def test_otp_230_backoff_and_budget_each_count_their_own() -> None:
    stage = Stage()
    backoff = Backoff(min_s=1.0, max_s=1.0, max_retries=2)
    child = stage.spec("a", backoff=backoff)
    inner = ChildSpec(id="inner", start=BackoffSupervisor, args=(child,), type="supervisor")
    outer = stage.boot(inner, intensity=1, period_s=1000)
    for _ in range(2):
        first = stage.ref(outer, "inner")
        for _ in range(3):
            first.tell("crash")
            stage.sim.run_for(1.5)
        assert first.exit_reason == SHUTDOWN
    assert outer.exit_reason == SHUTDOWN
    assert stage.take().count("up a") == 6


def test_otp_112_backoff_does_not_lengthen_the_window() -> None:
    stage = Stage()
    backoff = Backoff(min_s=4.0, max_s=4.0)
    sup = stage.boot(stage.spec("a", backoff=backoff), intensity=1, period_s=3)
    for _ in range(5):  # attempts are four seconds apart: never two in a window
        stage.die(sup, "a")
        stage.sim.run_for(4)
    assert stage.states(sup) == {"a": "up"}
    tight = stage.boot(stage.spec("b", backoff=backoff), intensity=1, period_s=4)
    stage.die(tight, "b")
    stage.sim.run_for(4)
    stage.die(tight, "b")
    stage.sim.run_for(4)
    assert tight.exit_reason == SHUTDOWN


def test_terminating_a_child_voids_its_planned_restart() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", backoff=Backoff(min_s=1.0, max_s=1.0)))
    stage.die(sup, "a")
    assert stage.states(sup) == {"a": "restarting"}
    assert stage.call(terminate_child, sup, "a") is OK
    stage.sim.run_for(10)
    stage.check_up(sup, ["up a", "down a crash"], a="undefined")


def test_a_backoff_supervisor_wants_a_backoff_and_a_child_that_starts() -> None:
    stage = Stage()
    with pytest.raises(SpecError, match="missing_backoff"):
        BackoffSupervisor(stage.spec("a"))
    spec = stage.spec("a", "error", backoff=Backoff(min_s=1.0, max_s=1.0))
    with pytest.raises(Exception, match="did not start"):
        stage.sim.start(BackoffSupervisor(spec))
    assert not stage.sim.cells


def test_otp_120_a_void_retry_does_not_hasten_the_next_one() -> None:
    stage = Stage()
    spec = stage.spec("a", backoff=Backoff(min_s=10.0, max_s=10.0))
    sup = stage.boot(spec, intensity=9)
    stage.die(sup, "a")
    stage.sim.run_for(1)
    stage.call(terminate_child, sup, "a")
    stage.call(restart_child, sup, "a")
    stage.sim.run_for(1)
    stage.die(sup, "a")
    stage.sim.run_for(9)
    assert stage.states(sup) == {"a": "restarting"}
    stage.sim.run_for(2)
    assert stage.states(sup) == {"a": "up"}
