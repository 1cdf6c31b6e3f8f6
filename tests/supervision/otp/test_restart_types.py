"""Section D: restart type by exit reason."""

from __future__ import annotations

from typing import Any

import pykka
import pytest

from supervision.actor import Actor
from supervision.decide import Fate, fate
from supervision.manage import restart_child
from supervision.reasons import KILLED, LOST, NORMAL, SHUTDOWN, Crash, Hung, ShutdownInfo
from supervision.spec import ChildSpec, Restart
from supervision.starting import Refused, Started
from supervision.supervisor import Supervisor
from tests.supervision.otp.kit import ALL_ENDS, ENDS, PlannedError, Stage

TABLE = [
    pytest.param(
        restart,
        how,
        kept if restart == "temporary" or how in ENDS else "restart",
        id=f"otp_0{number}-{restart}-{how}",
    )
    for number, restart, kept in (
        (48, "permanent", "restart"),
        (49, "transient", "keep"),
        (50, "temporary", "forget"),
    )
    for how in ALL_ENDS
]


@pytest.mark.parametrize(("restart", "how", "expected"), TABLE)
def test_restart_type_and_reason_decide(restart: Restart, how: str, expected: str) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", restart=restart), stage.spec("b"))
    first = stage.ref(sup, "a")
    stage.die(sup, "a", how)
    down = f"down a {'killed' if how == 'kill' else how}"
    start = ["up a", "up b", down]
    if expected == "restart":
        stage.check_up(sup, [*start, "up a"], a="up", b="up")
        assert stage.ref(sup, "a").number > first.number
    elif expected == "keep":
        stage.check_up(sup, start, a="undefined", b="up")
    else:
        stage.check_up(sup, start, b="up")


def test_otp_051_a_transient_child_that_ended_well_can_be_started_again() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", restart="transient"))
    stage.die(sup, "a", "normal")
    assert stage.add(sup, stage.spec("a")) == Refused("already_present")
    assert isinstance(stage.call(restart_child, sup, "a"), Started)
    stage.check_up(sup, ["up a", "down a normal", "up a"], a="up")


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
@pytest.mark.parametrize("how", ALL_ENDS)
def test_otp_052_the_spec_of_a_temporary_child_is_gone_after_its_end(
    strategy: Any, how: str
) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", restart="temporary"), strategy=strategy)
    stage.die(sup, "a", how)
    assert stage.states(sup) == {}
    assert isinstance(stage.add(sup, stage.spec("a")), Started)
    assert stage.states(sup) == {"a": "up"}


class Counter(Actor):
    """Counts what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def on_receive(self, message: Any) -> int:
        """Count, or fail."""
        if message == "crash":
            self.count = -1000
            raise PlannedError
        if isinstance(message, type):
            raise message
        self.count += 1
        return self.count


def test_otp_053_a_restarted_child_is_a_new_actor_with_fresh_state() -> None:
    stage = Stage()
    sup = stage.boot(ChildSpec(id="a", start=Counter))
    old = stage.ref(sup, "a")
    assert old.ask("one") == 1
    old.tell("crash")
    stage.sim.settle()
    new = stage.ref(sup, "a")
    assert (new.actor_urn != old.actor_urn, new.number > old.number) == (True, True)
    assert new.ask("one") == 1
    with pytest.raises(pykka.ActorDeadError):
        old.ask("one")


def test_otp_054_hung_lost_and_crash_are_failures_and_three_ends_are_ordinary() -> None:
    failures = (Hung(1.0), LOST, KILLED, Crash(MemoryError()), Crash(RecursionError()))
    assert {fate("transient", reason) for reason in failures} == {Fate.RESTART}
    ordinary = (NORMAL, SHUTDOWN, ShutdownInfo(1))
    assert {fate("transient", reason) for reason in ordinary} == {Fate.KEEP}


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, MemoryError, RecursionError])
def test_otp_054_what_would_stop_an_interpreter_is_a_crash_of_one_child(
    error: type[BaseException],
) -> None:
    stage = Stage()
    sup = stage.boot(ChildSpec(id="a", start=Counter, restart="transient"), stage.spec("b"))
    old = stage.ref(sup, "a")
    old.tell(error)
    stage.sim.settle()
    assert isinstance(old.exit_reason, Crash)
    assert isinstance(old.exit_reason.cause, error)
    stage.check_up(sup, ["up b"], a="up", b="up")


def test_otp_055_an_exception_while_serving_an_ask_is_a_crash_and_reaches_the_asker() -> None:
    stage = Stage()
    sup = stage.boot(ChildSpec(id="a", start=Counter))
    old = stage.ref(sup, "a")
    with pytest.raises(PlannedError):
        old.ask("crash")
    stage.sim.settle()
    assert isinstance(old.exit_reason, Crash)
    assert stage.ref(sup, "a").ask("one") == 1


def test_otp_056_an_answer_that_is_an_error_value_is_no_exit() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"))
    rejected = PlannedError("rejected")
    assert stage.ref(sup, "a").ask(rejected) is rejected
    stage.check_up(sup, ["up a"], a="up")


def test_supervisors_may_be_subclassed_with_their_own_init() -> None:
    stage = Stage()

    class Tree(Supervisor):
        def init(self) -> object:
            return {"strategy": "one_for_all"}, [stage.spec("a"), stage.spec("b")]

    sup = stage.sim.start(Tree())
    stage.die(sup, "b")
    trace = ["up a", "up b", "down b crash", "down a shutdown", "up a", "up b"]
    stage.check_up(sup, trace, a="up", b="up")
