"""Cases 166 to 168: failures answered in place."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.directives import Directive, Resilient
from supervision.intensity import RestartWindow
from supervision.reasons import SHUTDOWN, Crash
from supervision.spec import ChildSpec
from tests.supervision.otp.kit import PlannedError, Player, Stage


class Counter:
    """Counts; its constructor can be made to fail."""

    def __init__(self, owner: Resilient, plan: list[str]) -> None:
        if plan and plan.pop(0) == "fail":
            raise PlannedError
        self.owner = owner
        self.count = 0

    def on_receive(self, message: Any) -> Any:
        """Count, fail, or spawn a child."""
        if message == "fail":
            self.count = -100
            raise PlannedError
        if isinstance(message, Player):
            return self.owner.spawn(message)
        self.count += 1
        return self.count


def resilient(
    stage: Stage, directive: Directive, plan: list[str] | None = None, **more: Any
) -> tuple[Any, Any]:
    """Return a supervisor and its resilient child, which always answers with ``directive``."""
    planned = plan if plan is not None else []
    more.setdefault("window", RestartWindow(3, 5 * 10**9))

    def start() -> Resilient:
        return Resilient(lambda owner: Counter(owner, planned), lambda _error: directive, **more)

    sup = stage.boot(ChildSpec(id="r", start=start), stage.spec("b"), intensity=5)
    return sup, stage.ref(sup, "r")


def fail(stage: Stage, ref: Any) -> None:
    """Make the behaviour raise, with two messages waiting; the asker gets the exception."""
    asked = ref.ask("fail", block=False)
    ref.tell("one")
    ref.tell("two")
    stage.sim.settle()
    with pytest.raises(PlannedError):
        asked.get(timeout=0)


def test_otp_166_resume_keeps_state_and_mailbox_and_drops_the_message() -> None:
    stage = Stage()
    sup, ref = resilient(stage, Directive.RESUME)
    fail(stage, ref)
    assert ref.ask("three") == -97
    assert stage.ref(sup, "r") is ref


def test_otp_166_restart_makes_a_new_instance_and_keeps_mailbox_and_ref() -> None:
    stage = Stage()
    sup, ref = resilient(stage, Directive.RESTART)
    fail(stage, ref)
    assert ref.ask("three") == 3
    assert stage.ref(sup, "r") is ref


def test_otp_166_stop_ends_the_actor() -> None:
    stage = Stage()
    _sup, ref = resilient(stage, Directive.STOP)
    with pytest.raises(PlannedError):
        ref.ask("fail")
    stage.sim.settle()
    assert ref.exit_reason == SHUTDOWN


def test_otp_166_escalate_makes_the_supervisor_fail_with_the_same_cause() -> None:
    stage = Stage()
    sup, ref = resilient(stage, Directive.ESCALATE)
    ref.tell("fail")
    stage.sim.settle()
    assert isinstance(sup.exit_reason, Crash)
    assert isinstance(sup.exit_reason.cause, PlannedError)
    assert stage.take() == ["up b", "down b shutdown"]
    assert not stage.sim.cells


def test_otp_167_a_constructor_that_raises_in_a_restart_is_one_more_failure() -> None:
    stage = Stage()
    plan = ["ok", "fail", "fail", "ok"]
    _sup, ref = resilient(stage, Directive.RESTART, plan)
    fail(stage, ref)
    assert ref.ask("three") == 3
    assert plan == []


def test_otp_167_too_many_failures_escalate() -> None:
    stage = Stage()
    sup, ref = resilient(stage, Directive.RESTART, ["ok", *["fail"] * 9])
    ref.tell("fail")
    stage.sim.settle()
    assert isinstance(sup.exit_reason, Crash)
    assert isinstance(sup.exit_reason.cause, PlannedError)


@pytest.mark.parametrize("keep", [False, True])
def test_otp_168_children_are_stopped_first_or_kept(*, keep: bool) -> None:
    stage = Stage()
    _sup, ref = resilient(stage, Directive.RESTART, keep_children=keep)
    child = ref.ask(Player(stage, "child"))
    stage.take()
    fail(stage, ref)
    assert child.is_alive() is keep
    assert stage.take() == ([] if keep else ["down child shutdown"])


def test_otp_168_messages_that_arrive_while_children_stop_are_not_lost() -> None:
    stage = Stage()
    stage.takes_s["child"] = 2.0
    _sup, ref = resilient(stage, Directive.RESTART)
    ref.ask(Player(stage, "child"))
    ref.tell("fail")
    stage.sim.run_for(1)
    asked = [ref.ask(message, block=False) for message in ("one", "fail", "two")]
    stage.sim.run_for(5)
    assert asked[0].get(timeout=0) == 1
    with pytest.raises(PlannedError):
        asked[1].get(timeout=0)
    assert asked[2].get(timeout=0) == 1


def test_a_child_that_ends_by_itself_is_forgotten() -> None:
    stage = Stage()
    _sup, ref = resilient(stage, Directive.RESTART)
    child = ref.ask(Player(stage, "child"))
    child.tell("normal")
    stage.sim.settle()
    fail(stage, ref)
    assert stage.take().count("down child normal") == 1
