"""Section H: children that come and go."""

from __future__ import annotations

import gc
import time
import tracemalloc
from typing import Any

import pytest

from supervision.actor import Actor
from supervision.backoff import Backoff
from supervision.dynamic import DynamicSupervisor
from supervision.manage import (
    CountChildren,
    TerminateChild,
    WhichChildren,
    count_children,
    delete_child,
    get_childspec,
    restart_child,
    start_child,
    terminate_child,
    which_child,
    which_children,
)
from supervision.reasons import KILLED, SHUTDOWN
from supervision.spec import ChildSpec
from supervision.starting import OK, Refused, Started
from tests.supervision.otp.kit import PlannedError, Player, Stage


def template(stage: Stage, **fields: Any) -> ChildSpec:
    """Return a template whose children are named by the argument of their start."""
    return ChildSpec(id="template", start=stage.start, **fields)


def pool(stage: Stage, **fields: Any) -> Any:
    """Start a dynamic supervisor with a template and room for restarts."""
    return stage.dynamic(DynamicSupervisor, template(stage, **fields), intensity=10)


def begin(sup: Any, name: object) -> Any:
    """Start one child and return its ref."""
    answer = start_child(sup, args=(name,))
    assert isinstance(answer, Started), answer
    return answer.ref


def test_otp_082_children_are_started_on_request_from_the_template() -> None:
    stage = Stage()
    sup = pool(stage)
    assert stage.counts(sup) == (1, 0, 0, 0)
    a, b = begin(sup, "a"), begin(sup, "b")
    assert [tuple(line) for line in which_children(sup)] == [
        (None, b, "worker"),
        (None, a, "worker"),
    ]
    assert stage.counts(sup) == (1, 2, 0, 2)
    assert stage.take() == ["up a", "up b"]


def test_otp_083_children_are_terminated_by_ref() -> None:
    stage = Stage()
    sup = pool(stage)
    foreign = stage.sim.start(Player(stage, "foreign"))
    a = begin(sup, "a")
    assert terminate_child(sup, "a") == Refused("simple_one_for_one")
    assert terminate_child(sup, foreign) == Refused("not_found")
    assert foreign.is_alive()
    assert terminate_child(sup, a) is OK
    assert (a.exit_reason, terminate_child(sup, a)) == (SHUTDOWN, OK)
    assert stage.counts(sup) == (1, 0, 0, 0)


def test_otp_084_there_is_nothing_to_restart_or_delete_by_id() -> None:
    stage = Stage()
    sup = pool(stage)
    assert restart_child(sup, "a") == Refused("simple_one_for_one")
    assert delete_child(sup, "a") == Refused("simple_one_for_one")


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_otp_085_a_start_that_says_ignore_keeps_nothing(restart: Any) -> None:
    stage = Stage()
    sup = pool(stage, restart=restart)
    stage.plan("a", "ignore")
    assert start_child(sup, args=("a",)) == Started(None)
    assert stage.counts(sup) == (1, 0, 0, 0)
    stage.stop(sup)
    stage.check_ended(sup, ["ignored a"])


@pytest.mark.parametrize("outcome", ["error", "raise", "junk"])
def test_otp_086_a_start_that_fails_keeps_nothing(outcome: str) -> None:
    stage = Stage()
    sup = pool(stage)
    stage.plan("a", outcome)
    answer = start_child(sup, args=("a",))
    assert isinstance(answer, Refused)
    assert answer.error == "start_failed"
    assert which_children(sup) == []


@pytest.mark.parametrize("restart", ["permanent", "transient"])
def test_otp_087_a_restart_that_says_ignore_removes_the_child(restart: Any) -> None:
    stage = Stage()
    sup = pool(stage, restart=restart)
    a = begin(sup, "a")
    stage.plan("a", "ignore")
    stage.end(a, "a", "kill")
    stage.sim.settle()
    assert which_children(sup) == []
    assert stage.take() == ["up a", "down a killed", "ignored a"]


def test_otp_088_the_budget_is_shared_by_all_children() -> None:
    stage = Stage()
    sup = stage.dynamic(DynamicSupervisor, template(stage), intensity=2)
    for ref in [begin(sup, name) for name in "abc"]:
        ref.tell("crash")
    stage.sim.settle()
    assert sup.exit_reason == SHUTDOWN
    assert not stage.sim.cells


def test_otp_089_all_are_told_at_once_and_the_stop_takes_as_long_as_the_slowest() -> None:
    stage = Stage()
    stage.takes_s.update({number: 1.0 + number / 10 for number in range(10)})
    stage.takes_s["late"] = 60.0
    sup = pool(stage, shutdown_ms=3000)
    refs = [begin(sup, name) for name in [*range(10), "late"]]
    began_ns = stage.sim.now_ns()
    stage.take()
    sup.stop_now(SHUTDOWN, block=False)
    assert sup.actor_stopped.wait(60)
    assert set(stage.take()[:11]) == {f"told {name}" for name in [*range(10), "late"]}
    assert [ref.exit_reason for ref in refs] == [SHUTDOWN] * 10 + [KILLED]
    assert stage.sim.now_ns() - began_ns == 3 * 10**9
    assert sup.exit_reason == SHUTDOWN


def test_otp_090_ten_children_are_killed_without_being_asked() -> None:
    stage = Stage()
    sup = pool(stage, shutdown_ms="brutal_kill")
    refs = [begin(sup, number) for number in range(10)]
    stage.take()
    stage.stop(sup)
    assert {ref.exit_reason for ref in refs} == {KILLED}
    stage.check_ended(sup, [])


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("how", ["normal", "info", "crash", "kill"])
def test_otp_091_other_exits_during_the_stop_change_nothing(restart: Any, how: str) -> None:
    stage = Stage()
    stage.takes_s["slow"] = 3.0
    sup = pool(stage, restart=restart)
    begin(sup, "slow")
    other = begin(sup, "other")
    stage.takes_s["other"] = 9.0
    sup.stop_now(SHUTDOWN, block=False)
    stage.end(other, "other", how)
    stage.sim.run()
    assert sup.exit_reason == SHUTDOWN
    assert not stage.sim.cells


def test_otp_092_max_children_counts_those_that_wait_for_a_retry() -> None:
    stage = Stage()
    backoff = Backoff(min_s=1.0, max_s=1.0)
    spec = template(stage, backoff=backoff)
    sup = stage.dynamic(DynamicSupervisor, spec, intensity=10, max_children=2)
    a = begin(sup, "a")
    begin(sup, "b")
    assert start_child(sup, args=("c",)) == Refused("max_children", 2)
    stage.end(a, "a", "kill")
    stage.sim.settle()
    assert {line.child for line in which_children(sup)} >= {"restarting"}
    assert start_child(sup, args=("c",)) == Refused("max_children", 2)
    stage.sim.run_for(1)
    assert stage.counts(sup) == (1, 2, 0, 2)
    assert start_child(sup, args=("c",)) == Refused("max_children", 2)


def test_otp_093_extra_arguments_come_first_at_start_and_restart() -> None:
    stage, seen = Stage(), list[tuple[Any, ...]]()

    def start(*args: Any) -> object:
        seen.append(args)
        return Player(stage, args[-1])

    spec = ChildSpec(id="t", start=start, args=("own",))
    sup = stage.dynamic(DynamicSupervisor, spec, intensity=5, extra_args=["x", "y"])
    begin(sup, "a").tell("crash")
    stage.sim.settle()
    assert seen == [("x", "y", "own", "a")] * 2


def test_otp_094_restart_outcomes_give_these_counts() -> None:
    stage = Stage()
    backoff = Backoff(min_s=100.0, max_s=100.0)  # a failed restart stays visible
    sup = stage.dynamic(DynamicSupervisor, template(stage, backoff=backoff), intensity=99)
    seen = []
    for outcome in ("ok", "info", "ignore", "error", "junk"):
        ref = begin(sup, outcome)
        stage.plan(outcome, *[outcome] * 9)
        stage.end(ref, outcome, "kill")
        stage.sim.run_for(100)
        counts = count_children(sup)
        seen.append((counts.workers, counts.active))
    assert seen == [(1, 1), (2, 2), (2, 2), (3, 2), (4, 2)]


def test_otp_095_a_child_that_waits_for_its_retry_can_be_terminated() -> None:
    stage = Stage()
    sup = stage.dynamic(DynamicSupervisor, None, intensity=9)
    spec = ChildSpec(id="a", start=stage.start, args=("a",), backoff=Backoff(min_s=9.0, max_s=9.0))
    ref = stage.add(sup, spec).ref
    stage.end(ref, "a", "kill")
    stage.sim.settle()
    assert [line.child for line in which_children(sup)] == ["restarting"]
    assert stage.call(terminate_child, sup, ref) is OK
    assert stage.call(terminate_child, sup, ref) == Refused("not_found")
    stage.sim.run_for(100)
    assert stage.take() == ["up a", "down a killed"]


def test_otp_096_each_child_has_the_time_that_its_own_spec_gives() -> None:
    stage = Stage()
    stage.takes_s.update(patient=50.0, hasty=50.0)
    sup = stage.dynamic(DynamicSupervisor, None)
    times: dict[str, Any] = {"patient": "infinity", "brutal": "brutal_kill", "hasty": 1}
    refs = {
        name: stage.add(sup, stage.spec(name, shutdown_ms=shutdown)).ref
        for name, shutdown in times.items()
    }
    stage.stop(sup)
    reasons = {name: ref.exit_reason for name, ref in refs.items()}
    assert reasons == {"patient": SHUTDOWN, "brutal": KILLED, "hasty": KILLED}


class Holder(Actor):
    """Takes a big argument and forgets it."""

    def __init__(self, _payload: bytearray) -> None:
        super().__init__()


@pytest.mark.parametrize("with_template", [True, False])
def test_otp_097_arguments_of_temporary_children_are_not_kept(*, with_template: bool) -> None:
    stage = Stage()
    spec = ChildSpec(id="t", start=Holder, restart="temporary")
    sup = stage.dynamic(DynamicSupervisor, spec if with_template else None)
    tracemalloc.start()
    for _ in range(1000):
        args = (bytearray(1_000_000),)
        if with_template:
            start_child(sup, args=args)
        else:
            start_child(sup, ChildSpec(id=1, start=Holder, args=args, restart="temporary"))
        del args
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert count_children(sup).active == 1000
    assert kept < 20_000_000
    stage.stop(sup)


def churn(children: int) -> float:
    """Return the seconds that starting, crashing and stopping so many children takes."""
    stage = Stage()
    sup = stage.dynamic(DynamicSupervisor, ChildSpec(id="t", start=Actor), intensity=10**6)
    began = time.perf_counter()
    refs = [begin(sup, number) for number in range(children)]
    for ref in refs[::10]:
        ref.kill()
    stage.sim.settle()
    assert count_children(sup).active == children
    stage.stop(sup)
    assert not stage.sim.cells
    return time.perf_counter() - began


def test_otp_098_ten_thousand_children_cost_at_most_fifty_times_a_thousand() -> None:
    assert churn(10_000) <= 50 * churn(1000)


@pytest.mark.parametrize("number", ["otp_117"])
def test_restarting_children_are_counted_but_not_active(number: str) -> None:
    """Case 117."""
    stage = Stage()
    sup = stage.dynamic(DynamicSupervisor, template(stage), intensity=99)
    a, _b = begin(sup, "a"), begin(sup, "b")
    asked: list[Any] = []

    def ask(_name: object) -> None:
        if not asked:
            requests = (CountChildren(), WhichChildren(), TerminateChild(a), CountChildren())
            asked.extend(sup.ask(request, block=False) for request in requests)

    stage.on_fail = ask
    stage.plan("a", *["error"] * 50)
    stage.end(a, "a", "kill")
    stage.sim.settle()
    before, which, terminated, after = (future.get(timeout=0) for future in asked)
    assert (before.workers, before.active) == (2, 1), number
    assert "restarting" in [line.child for line in which]
    assert (terminated, after.workers, after.active) == (OK, 1, 1)
    assert stage.take() == ["up a", "up b", "down a killed", "failed a"]


def test_otp_116_a_dynamic_supervisor_in_a_restart_loop_obeys_its_shutdown() -> None:
    stage = Stage()
    sup = stage.dynamic(DynamicSupervisor, template(stage), intensity=10**9)
    a = begin(sup, "a")
    stage.plan("a", *["error"] * 1000)
    stage.on_fail = lambda _name: sup.stop_now(SHUTDOWN, block=False)
    stage.end(a, "a", "kill")
    stage.sim.run()
    stage.check_ended(sup, ["up a", "down a killed", "failed a"])


def test_otp_146_which_child_of_a_dynamic_supervisor_is_asked_by_ref() -> None:
    stage = Stage()
    sup = pool(stage)
    a = begin(sup, "a")
    assert which_child(sup, a) == (None, a, "worker")
    assert which_child(sup, "a") == Refused("simple_one_for_one")
    stage.call(terminate_child, sup, a)
    assert which_child(sup, a) == Refused("not_found")


def test_otp_148_the_spec_of_a_dynamic_child_is_shown_by_ref() -> None:
    stage = Stage()
    sup = pool(stage)
    spec = get_childspec(sup, begin(sup, "a"))
    assert isinstance(spec, dict)
    assert (spec["id"], spec["restart"], spec["args"]) == ("template", "permanent", "<0 hidden>")
    assert get_childspec(sup, "a") == Refused("simple_one_for_one")


def test_a_template_takes_arguments_and_no_specs() -> None:
    stage = Stage()
    answer = stage.add(pool(stage), stage.spec("a"))
    assert isinstance(answer, Refused)
    assert answer.error == "bad_spec"
    free = stage.dynamic(DynamicSupervisor, None)
    answer = start_child(free, {"id": "a"})
    assert isinstance(answer, Refused)
    assert answer.error == "bad_spec"


def test_a_transient_child_that_ended_well_is_forgotten() -> None:
    stage = Stage()
    sup = pool(stage, restart="transient")
    begin(sup, "a").tell("normal")
    begin(sup, "b").tell("crash")
    stage.sim.settle()
    assert len(which_children(sup)) == 1


class Bad(Actor):
    """Cannot be made."""

    def __init__(self) -> None:
        raise PlannedError


def test_a_class_whose_constructor_raises_is_a_failed_start() -> None:
    stage = Stage()
    answer = stage.add(stage.dynamic(DynamicSupervisor, None), ChildSpec(id="a", start=Bad))
    assert isinstance(answer, Refused)
    assert isinstance(answer.detail, PlannedError)
