"""Sections E, F and G: one_for_one, one_for_all and rest_for_one."""

from __future__ import annotations

from typing import Any

import pykka
import pytest

from supervision.manage import restart_child, terminate_child
from supervision.reasons import SHUTDOWN
from supervision.spec import ChildSpec
from supervision.starting import Started
from tests.supervision.otp.kit import Player, Stage

UPS_AB = ["up a", "up b"]
UPS_ABC = [*UPS_AB, "up c"]


def booted(strategy: Any, names: str, intensity: int = 10, **more: Any) -> tuple[Stage, Any]:
    """Start permanent children and drop the trace of their start."""
    stage = Stage()
    specs = [stage.spec(name, **more.get(name, {})) for name in names]
    sup = stage.boot(*specs, strategy=strategy, intensity=intensity)
    stage.take()
    return stage, sup


def test_otp_057_one_for_one_restarts_only_the_one_that_failed() -> None:
    stage, sup = booted("one_for_one", "ab")
    a, b = stage.ref(sup, "a"), stage.ref(sup, "b")
    stage.die(sup, "a")
    assert stage.ref(sup, "a") is not a
    assert stage.ref(sup, "b") is b
    stage.check_up(sup, ["down a crash", "up a"], a="up", b="up")


def test_otp_058_one_restart_too_many_stops_everything_in_reverse() -> None:
    stage, sup = booted("one_for_one", "abc", intensity=2)
    for _ in range(3):
        stage.die(sup, "b")
    tries = ["down b crash", "up b"] * 2
    stage.check_ended(sup, [*tries, "down b crash", "down c shutdown", "down a shutdown"])


def test_otp_059_a_restart_that_always_fails_uses_up_the_budget() -> None:
    stage, sup = booted("one_for_one", "ab", intensity=3)
    stage.plan("a", *["error"] * 9)
    stage.die(sup, "a")
    stage.check_ended(sup, ["down a crash", *["failed a"] * 3, "down b shutdown"])


def test_otp_060_a_restart_that_says_ignore_is_not_retried() -> None:
    stage, sup = booted("one_for_one", "ab")
    stage.plan("a", "ignore")
    stage.die(sup, "a")
    stage.check_up(sup, ["down a crash", "ignored a"], a="undefined", b="up")


def test_otp_061_info_is_for_who_asked_and_dropped_on_restart() -> None:
    stage, sup = booted("one_for_one", "")
    started = stage.add(sup, stage.spec("a", "info", "info", "info"))
    assert (started.ref, started.info) == (stage.ref(sup, "a"), "some info")
    stage.die(sup, "a")
    assert stage.states(sup) == {"a": "up"}
    stage.call(terminate_child, sup, "a")
    again = stage.call(restart_child, sup, "a")
    assert isinstance(again, Started)
    assert again.info == "some info"


def test_otp_062_two_crashes_at_once_are_two_restarts_in_order() -> None:
    stage, sup = booted("one_for_one", "abc", intensity=2)
    for name, ref in [(name, stage.ref(sup, name)) for name in "ca"]:
        stage.end(ref, name, "kill")
    stage.sim.settle()
    trace = ["down c killed", "down a killed", "up c", "up a"]
    stage.check_up(sup, trace, a="up", b="up", c="up")
    stage.die(sup, "b")
    assert sup.exit_reason == SHUTDOWN


def test_otp_063_one_for_all_restarts_all_and_counts_one() -> None:
    stage, sup = booted("one_for_all", "abc", intensity=1)
    stage.die(sup, "b")
    trace = ["down b crash", "down c shutdown", "down a shutdown", *UPS_ABC]
    stage.check_up(sup, trace, a="up", b="up", c="up")
    stage.die(sup, "b")
    assert sup.exit_reason == SHUTDOWN


def test_otp_064_a_temporary_sibling_is_stopped_and_forgotten() -> None:
    stage, sup = booted("one_for_all", "abc", b={"restart": "temporary"})
    stage.die(sup, "a")
    trace = ["down a crash", "down c shutdown", "down b shutdown", "up a", "up c"]
    stage.check_up(sup, trace, a="up", c="up")


def test_otp_065_a_running_transient_sibling_is_started_again() -> None:
    stage, sup = booted("one_for_all", "ab", b={"restart": "transient"})
    stage.die(sup, "a")
    stage.check_up(sup, ["down a crash", "down b shutdown", *UPS_AB], a="up", b="up")


@pytest.mark.parametrize("restart", ["transient", "permanent"])
def test_otp_066_an_undefined_sibling_is_started_by_the_group(restart: Any) -> None:
    stage, sup = booted("one_for_all", "ab", b={"restart": restart})
    stage.call(terminate_child, sup, "b")
    stage.take()
    stage.die(sup, "a")
    stage.check_up(sup, ["down a crash", *UPS_AB], a="up", b="up")


def test_otp_067_a_start_that_fails_in_the_group_restarts_all_again() -> None:
    stage, sup = booted("one_for_all", "abc")
    stage.plan("b", "error")
    stage.die(sup, "c")
    trace = ["down c crash", "down b shutdown", "down a shutdown", "up a", "failed b"]
    stage.check_up(sup, [*trace, "down a shutdown", *UPS_ABC], a="up", b="up", c="up")


def test_otp_068_a_group_that_never_comes_up_uses_up_the_budget() -> None:
    stage, sup = booted("one_for_all", "ab", intensity=2)
    stage.plan("b", *["raise"] * 9)
    stage.die(sup, "a")
    first = ["down a crash", "down b shutdown", "up a", "failed b"]
    stage.check_ended(sup, [*first, "down a shutdown", "up a", "failed b", "down a shutdown"])


def test_otp_069_an_ordinary_end_of_a_transient_child_is_no_group_restart() -> None:
    stage, sup = booted("one_for_all", "ab", a={"restart": "transient"})
    stage.die(sup, "a", "normal")
    stage.check_up(sup, ["down a normal"], a="undefined", b="up")


def test_otp_070_a_member_that_says_ignore_stays_undefined() -> None:
    stage, sup = booted("one_for_all", "abc")
    stage.plan("b", "ignore")
    stage.die(sup, "a")
    trace = ["down a crash", "down c shutdown", "down b shutdown", "up a", "ignored b", "up c"]
    stage.check_up(sup, trace, a="up", b="undefined", c="up")


def test_otp_071_ends_caused_by_the_group_stop_are_not_handled_again() -> None:
    stage, sup = booted("one_for_all", "abc", intensity=1)
    for name, ref in [(name, stage.ref(sup, name)) for name in "ac"]:
        stage.end(ref, name, "kill")
    stage.sim.settle()
    trace = ["down a killed", "down c killed", "down b shutdown", *UPS_ABC]
    stage.check_up(sup, trace, a="up", b="up", c="up")


@pytest.mark.parametrize("number", ["otp_072", "otp_156"])
def test_significant_bystanders_of_a_group_stop_do_not_end_the_supervisor(number: str) -> None:
    """Cases 72 and 156."""
    stage = Stage()
    specs = [
        stage.spec("a"),
        stage.spec("b", restart="transient", significant=True),
        stage.spec("c", restart="temporary", significant=True),
    ]
    sup = stage.boot(*specs, strategy="one_for_all", auto_shutdown="any_significant")
    stage.die(sup, "a")
    assert number
    assert stage.states(sup) == {"a": "up", "b": "up"}
    assert sup.is_alive()


class Busy(Player):
    """Answers nothing while it waits for its own message."""

    def on_receive(self, message: Any) -> Any:
        """Take a second of virtual time for the first request."""
        if message == "first":
            self.actor_ref.ask("never", timeout=1, block=False)
        return super().on_receive(message)


def test_otp_073_what_waits_for_a_stopped_sibling_is_answered_dead_or_counted() -> None:
    stage = Stage()
    spec = ChildSpec(id="b", start=Busy, args=(stage, "b"))
    sup = stage.boot(stage.spec("a"), spec, strategy="one_for_all", intensity=5)
    b, stats = stage.ref(sup, "b"), stage.sim.stats_of(Busy)
    stage.end(stage.ref(sup, "a"), "a", "kill")
    stage.end(b, "b", "shutdown")
    b.tell_urgent("shutdown")
    asked = [b.ask(number, block=False) for number in range(5)]
    for number in range(7):
        b.tell(number)
    before = stats.dead_letters
    stage.sim.settle()
    for future in asked:
        with pytest.raises(pykka.ActorDeadError):
            future.get(timeout=0)
    # the word "shutdown" that was told is the eighth message that nobody handled
    assert stats.dead_letters - before == 8
    assert stage.states(sup) == {"a": "up", "b": "up"}


def test_otp_074_rest_for_one_restarts_the_failed_one_and_those_after_it() -> None:
    stage, sup = booted("rest_for_one", "abc")
    a = stage.ref(sup, "a")
    stage.die(sup, "b")
    trace = ["down b crash", "down c shutdown", "up b", "up c"]
    stage.check_up(sup, trace, a="up", b="up", c="up")
    assert stage.ref(sup, "a") is a


def test_otp_075_five_children_stop_in_reverse_and_start_in_order() -> None:
    stage, sup = booted("rest_for_one", "abcde")
    stage.die(sup, "c")
    trace = ["down c crash", "down e shutdown", "down d shutdown", "up c", "up d", "up e"]
    stage.check_up(sup, trace, **dict.fromkeys("abcde", "up"))
    stage.stop(sup)
    stage.check_ended(sup, [f"down {name} shutdown" for name in "edcba"])


def test_otp_076_a_later_start_that_fails_leaves_what_came_up_before_it() -> None:
    stage, sup = booted("rest_for_one", "abcd")
    stage.plan("c", "error")
    stage.die(sup, "b")
    stops = ["down d shutdown", "down c shutdown"]
    trace = ["down b crash", *stops, "up b", "failed c", "up c", "up d"]
    stage.check_up(sup, trace, **dict.fromkeys("abcd", "up"))


def test_otp_077_while_one_waits_for_its_retry_those_after_it_are_undefined() -> None:
    stage, sup = booted("rest_for_one", "abc")
    seen: list[Any] = []
    stage.on_fail = lambda _name: seen.extend(ask_now(sup))
    stage.plan("b", "error")
    stage.die(sup, "b")
    which, counts = (future.get(timeout=0) for future in seen)
    lines = {line.id: line.child for line in which}
    assert lines["b"] == "restarting"
    assert lines["c"] == "undefined"
    assert (counts.specs, counts.active) == (3, 1)
    assert stage.states(sup) == dict.fromkeys("abc", "up")


def ask_now(sup: Any) -> tuple[Any, Any]:
    """Leave two questions in the supervisor's mailbox."""
    from supervision.manage import CountChildren, WhichChildren

    return sup.ask(WhichChildren(), block=False), sup.ask(CountChildren(), block=False)


def test_otp_078_temporary_children_after_it_go_and_those_before_stay() -> None:
    stage, sup = booted(
        "rest_for_one", "abc", a={"restart": "temporary"}, c={"restart": "temporary"}
    )
    stage.die(sup, "b")
    stage.check_up(sup, ["down b crash", "down c shutdown", "up b"], a="up", b="up")


def test_otp_079_the_last_touches_nobody_and_the_first_touches_all() -> None:
    stage, sup = booted("rest_for_one", "abc")
    stage.die(sup, "c")
    stage.check_up(sup, ["down c crash", "up c"], a="up", b="up", c="up")
    stage.die(sup, "a")
    trace = ["down a crash", "down c shutdown", "down b shutdown", *UPS_ABC]
    stage.check_up(sup, trace, a="up", b="up", c="up")


def test_otp_080_children_added_later_are_part_of_the_rest() -> None:
    stage, sup = booted("rest_for_one", "ab")
    stage.add(sup, stage.spec("c"))
    stage.take()
    stage.die(sup, "b")
    trace = ["down b crash", "down c shutdown", "up b", "up c"]
    stage.check_up(sup, trace, a="up", b="up", c="up")


def test_otp_081_a_rest_that_never_comes_up_uses_up_the_budget() -> None:
    stage, sup = booted("rest_for_one", "abc", intensity=2)
    stage.plan("c", *["error"] * 9)
    stage.die(sup, "b")
    trace = ["down b crash", "down c shutdown", "up b", "failed c", "failed c"]
    stage.check_ended(sup, [*trace, "down b shutdown", "down a shutdown"])


def test_otp_061_a_start_may_return_a_running_actor_with_info() -> None:
    stage, sup = booted("one_for_one", "")
    spec = ChildSpec(id="a", start=lambda: (Player.start(stage, "a"), "some info"))
    started = stage.add(sup, spec)
    assert (started.ref, started.info) == (stage.ref(sup, "a"), "some info")
    stage.die(sup, "a")
    stage.check_up(sup, ["up a", "down a crash", "up a"], a="up")


def test_a_start_may_return_an_actor_that_is_dead_already() -> None:
    stage, sup = booted("one_for_one", "")
    dead = stage.sim.start(Player(stage, "a"))
    dead.kill()
    refs = iter([dead])
    spec = ChildSpec(id="a", start=lambda: next(refs, None) or Player(stage, "a"))
    stage.add(sup, spec)
    stage.sim.settle()
    stage.check_up(sup, ["up a", "up a"], a="up")
