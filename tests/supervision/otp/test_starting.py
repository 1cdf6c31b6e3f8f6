"""Section A: starting a supervisor."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from supervision.actor import Actor
from supervision.decide import ChildCounts
from supervision.errors import ActorStartError
from supervision.manage import count_children, start_child, which_children
from supervision.reasons import Crash
from supervision.simulation import Simulation
from supervision.spec import ChildSpec, SpecError, SupervisorFlags
from supervision.starting import (
    IGNORE,
    BadReturn,
    ChildStartFailed,
    Refused,
    Started,
    StartError,
    StartTimeout,
)
from supervision.supervisor import Supervisor
from supervision.system import ActorSystem
from tests.supervision.otp.kit import PlannedError, Slow, Stage


def test_otp_001_a_supervisor_without_children_starts_and_obeys_shutdown() -> None:
    stage = Stage()
    sup = stage.boot()
    assert sup.is_alive()
    assert stage.counts(sup) == (0, 0, 0, 0)
    stage.stop(sup)
    stage.check_ended(sup, [])


class Ignoring(Supervisor):
    """Its init says ignore."""

    def init(self) -> object:
        """Say ignore."""
        return IGNORE


class Wrong(Supervisor):
    """Its init returns what no init may return."""

    def init(self) -> object:
        """Return junk."""
        return "junk"


class Raising(Supervisor):
    """Its init raises."""

    def init(self) -> object:
        """Raise."""
        raise PlannedError


def test_otp_002_an_init_that_says_ignore_leaves_no_actor() -> None:
    stage = Stage()
    spec = ChildSpec(id="inner", start=Ignoring, type="supervisor")
    outer = stage.boot(spec, stage.spec("b"))
    stage.check_up(outer, ["up b"], inner="undefined", b="up")
    alone = Ignoring()
    stage.sim.begin(alone).get()
    stage.sim.settle()
    assert not alone.actor_ref.is_alive()
    assert len(stage.sim.cells) == 2


def test_otp_003_an_init_of_a_wrong_type_fails_the_start() -> None:
    sim = Simulation()
    with pytest.raises(ActorStartError) as caught:
        sim.start(Wrong())
    cause = caught.value.__cause__
    assert isinstance(cause, SpecError)
    assert (cause.code, cause.value) == ("bad_return", BadReturn("junk"))
    assert not sim.cells


def test_otp_004_an_init_that_raises_fails_the_start_with_its_traceback() -> None:
    sim = Simulation()
    with pytest.raises(ActorStartError) as caught:
        sim.start(Raising())
    cause = caught.value.__cause__
    assert isinstance(cause, PlannedError)
    assert cause.__traceback__ is not None
    assert not sim.cells


def test_otp_005_children_come_up_in_list_order() -> None:
    stage = Stage()
    sup = stage.boot(*[stage.spec(name) for name in "dbeac"])
    stage.check_up(sup, [f"up {name}" for name in "dbeac"], **dict.fromkeys("dbeac", "up"))


def test_otp_006_the_start_returns_only_when_every_child_is_up() -> None:
    sim, trace = Simulation(), list[str]()
    specs = [ChildSpec(id=name, start=Slow, args=(trace,)) for name in "ab"]
    sup = sim.start(Supervisor(specs))
    assert trace == ["begun", "up", "begun", "up"]
    assert sim.now_ns() >= 2 * 10**9
    assert count_children(sup) == ChildCounts(2, 2, 0, 2)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        pytest.param("error", "planned", id="otp_007-error"),
        pytest.param("raise", PlannedError, id="otp_008-raise"),
        pytest.param("junk", BadReturn("junk"), id="otp_009-junk"),
    ],
)
def test_a_child_that_does_not_start_stops_those_before_it(outcome: str, reason: object) -> None:
    stage = Stage()
    error = stage.boot_error(*[stage.spec("a"), stage.spec("b"), stage.spec("c", outcome)])
    assert isinstance(error, ChildStartFailed)
    assert error.child_id == "c"
    assert error.reason == reason or isinstance(error.reason, PlannedError)
    if isinstance(error.reason, PlannedError):
        assert error.reason.__traceback__ is not None
    assert stage.take() == ["up a", "up b", "failed c", "down b shutdown", "down a shutdown"]
    assert not stage.sim.cells


def test_otp_010_temporary_children_before_a_failing_one_are_stopped_too() -> None:
    stage = Stage()
    specs = [stage.spec("a", restart="temporary"), stage.spec("b", "error")]
    assert isinstance(stage.boot_error(*specs), ChildStartFailed)
    assert stage.take() == ["up a", "failed b", "down a shutdown"]
    assert not stage.sim.cells


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
def test_otp_011_a_failed_first_start_is_never_retried_or_counted(restart: Any) -> None:
    stage = Stage()
    assert stage.boot_error(stage.spec("a", "error", restart=restart), intensity=10) is not None
    assert stage.take() == ["failed a"]
    assert "shutdown" not in stage.reporter.kinds()


def test_otp_012_a_permanent_child_that_says_ignore_is_listed_undefined() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", "ignore"), stage.spec("b"))
    assert stage.counts(sup) == (2, 1, 0, 2)
    stage.check_up(sup, ["ignored a", "up b"], a="undefined", b="up")


def test_otp_013_a_temporary_child_that_says_ignore_is_forgotten() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", "ignore", restart="temporary"), stage.spec("b"))
    stage.check_up(sup, ["ignored a", "up b"], b="up")


def test_otp_015_a_start_that_finds_it_running_elsewhere_adopts_nothing() -> None:
    stage = Stage()
    foreign = stage.sim.start(Slow([]))
    sup = stage.boot()
    found = Refused("already_started", foreign)
    answer = stage.add(sup, ChildSpec(id="a", start=lambda: StartError(found)))
    assert answer == found
    stage.check_up(sup, [])
    stage.stop(sup)
    assert foreign.is_alive()


def test_otp_017_a_declarative_front_end_wants_a_strategy() -> None:
    with pytest.raises(SpecError, match="missing_strategy"):
        SupervisorFlags.declared(intensity=3)
    assert SupervisorFlags.declared(strategy="one_for_all").strategy == "one_for_all"


@pytest.mark.parametrize("thing", [object(), "module", int, 3])
def test_otp_018_what_cannot_give_a_spec_raises_by_name(thing: object) -> None:
    with pytest.raises(SpecError) as caught:
        ChildSpec.of(thing)
    assert repr(thing) in str(caught.value)
    assert ChildSpec.of(Slow).id == "Slow"
    assert ChildSpec.of({"id": 1, "start": Slow}).id == 1


def test_otp_019_a_start_that_takes_too_long_is_a_failure_and_fenced() -> None:
    stage = Stage()
    late = ChildSpec(id="late", start=Slow, args=(stage.trace,), start_timeout_s=0.5)
    error = stage.boot_error(stage.spec("a"), late)
    assert isinstance(error, ChildStartFailed)
    assert error.reason == StartTimeout(0.5)
    assert stage.take() == ["up a", "begun", "down a shutdown"]
    assert not stage.sim.cells


class Blocked(Actor):
    """Its on_start blocks a real thread until it is let go."""

    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self.gate = gate

    def on_start(self) -> None:
        """Block."""
        self.gate.wait()


def test_otp_019_a_thread_that_blocks_in_a_start_is_abandoned_and_ends_later() -> None:
    system, gate = ActorSystem("blocked"), threading.Event()
    spec = ChildSpec(id="a", start=Blocked, args=(gate,), start_timeout_s=0.05)
    try:
        with pytest.raises(ActorStartError) as caught:
            system.start(Supervisor([spec]))
        assert isinstance(caught.value.__cause__, ChildStartFailed)
        assert len(system.zombies) == 1
        thread = system.zombies[0].ident
        gate.set()
        for running in threading.enumerate():
            if running.ident == thread:
                running.join(10)
        assert not system.zombies
    finally:
        gate.set()
        system.close()


class BadStart(Actor):
    """Its on_start raises."""

    def on_start(self) -> None:
        """Raise."""
        raise PlannedError


def test_otp_020_an_exception_in_on_start_is_a_failed_start() -> None:
    stage = Stage()
    error = stage.boot_error(ChildSpec(id="a", start=BadStart))
    assert isinstance(error, ChildStartFailed)
    assert isinstance(error.reason, PlannedError)


class Eager(Actor):
    """Sends itself a message while it starts."""

    def __init__(self, trace: list[str]) -> None:
        super().__init__()
        self.trace = trace

    def on_start(self) -> None:
        """Send."""
        self.actor_ref.tell("hello")
        self.trace.append("on_start done")

    def on_receive(self, message: Any) -> None:
        """Record."""
        self.trace.append(message)


def test_otp_021_a_message_to_itself_waits_for_the_acknowledged_start() -> None:
    sim, trace = Simulation(), list[str]()
    sup = sim.start(Supervisor([ChildSpec(id="a", start=Eager, args=(trace,))]))
    assert trace[0] == "on_start done"
    sim.settle()
    assert trace == ["on_start done", "hello"]
    assert sup.is_alive()


def nested(depth: int, trace: list[str]) -> ChildSpec:
    """Return the spec of supervisors inside each other, with a slow worker in the innermost."""
    if depth == 0:
        return ChildSpec(id=0, start=Slow, args=(trace,))
    inner = nested(depth - 1, trace)
    return ChildSpec(id=depth, start=Supervisor, args=([inner],), type="supervisor")


def test_otp_022_a_tree_of_depth_eight_is_up_when_its_start_returns() -> None:
    sim, trace = Simulation(), list[str]()
    sup = sim.start(Supervisor([nested(7, trace)]))
    depth = 0
    while count_children(sup).supervisors:
        sup = which_children(sup)[0].child  # type: ignore[assignment]  # it runs, so it is a ref
        depth += 1
    assert (depth, trace) == (7, ["begun", "up"])


def test_otp_008_a_system_exit_in_a_start_is_only_a_failed_start() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"))

    def leave() -> object:
        raise SystemExit(3)

    answer = stage.call(start_child, sup, {"id": "b", "start": leave})
    assert isinstance(answer, Refused)
    assert isinstance(answer.detail, SystemExit)
    assert isinstance(stage.add(sup, stage.spec("c")), Started)
    assert not isinstance(sup.exit_reason, Crash)


class Saying(Actor):
    """Its on_start returns what it was given."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value

    def on_start(self) -> Any:
        """Say it."""
        return self.value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (IGNORE, Started(None)),
        (StartError("no"), Refused("start_failed", "no")),
        ("junk", Refused("start_failed", BadReturn("junk"))),
    ],
)
def test_otp_012_an_actor_whose_on_start_does_not_want_to_run_is_gone(
    value: object, expected: object
) -> None:
    stage = Stage()
    sup = stage.boot()
    assert stage.add(sup, ChildSpec(id="a", start=Saying, args=(value,))) == expected
    assert len(stage.sim.cells) == 1
