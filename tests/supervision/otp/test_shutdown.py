"""Section K: how children are stopped."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Any

import pykka
import pytest

from supervision import root
from supervision.actor import Actor
from supervision.errors import StaleIncarnation
from supervision.manage import count_children, terminate_child, which_child
from supervision.reasons import KILLED, NORMAL, SHUTDOWN, ShutdownInfo
from supervision.spec import ChildSpec, SupervisorFlags
from supervision.starting import OK
from supervision.supervisor import Supervisor
from supervision.system import ActorSystem
from tests.supervision.otp.kit import ALL_ENDS, Slow, Stage


def reports(stage: Stage, kind: str) -> list[tuple[object, object]]:
    """Return id and reason of the reports of one kind."""
    return [(facts["id"], facts["reason"]) for k, facts in stage.reporter.reports if k == kind]


def test_otp_123_an_idle_child_obeys_and_a_stubborn_one_is_killed_and_reported() -> None:
    stage = Stage()
    stage.stubborn.add("b")
    sup = stage.boot(stage.spec("a", shutdown_ms=1000), stage.spec("b", shutdown_ms=1000))
    a, b = stage.ref(sup, "a"), stage.ref(sup, "b")
    stage.take()
    began_ns = stage.sim.now_ns()
    stage.stop(sup)
    stage.check_ended(sup, ["ignores b", "down a shutdown"])
    assert (a.exit_reason, b.exit_reason) == (SHUTDOWN, KILLED)
    assert stage.sim.now_ns() - began_ns == 10**9
    assert reports(stage, "shutdown_error") == [("'b'", "Killed()")]


def test_otp_124_brutal_kill_asks_nobody() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", shutdown_ms="brutal_kill"))
    a = stage.ref(sup, "a")
    stage.stop(sup)
    stage.check_ended(sup, ["up a"])
    assert a.exit_reason == KILLED
    assert not reports(stage, "shutdown_error")


@pytest.mark.parametrize("kind", ["worker", "supervisor"])
def test_otp_125_infinity_waits_as_long_as_it_takes(kind: Any) -> None:
    stage = Stage()
    stage.takes_s["a"] = 3600.0
    sup = stage.boot(stage.spec("a", shutdown_ms="infinity", type=kind))
    stage.stop(sup)
    stage.check_ended(sup, ["up a", "told a", "down a shutdown"])
    assert stage.sim.now_ns() >= 3600 * 10**9


def test_otp_126_the_next_child_is_told_when_the_previous_one_is_down() -> None:
    stage = Stage()
    stage.takes_s.update(a=2.0, b=1.0, c=3.0)
    sup = stage.boot(*[stage.spec(name) for name in "abc"])
    stage.take()
    stage.stop(sup)
    trace = [f"{what} {name}{end}" for name in "cba" for what, end in WHILE_STOPPING]
    stage.check_ended(sup, trace)


WHILE_STOPPING = (("told", ""), ("down", " shutdown"))


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("how", ALL_ENDS)
def test_otp_127_a_child_that_ends_by_itself_during_the_stop_is_not_restarted(
    restart: Any, how: str
) -> None:
    stage = Stage()
    stage.takes_s["b"] = 3.0
    sup = stage.boot(stage.spec("a", restart=restart), stage.spec("b"), intensity=9)
    a = stage.ref(sup, "a")
    stage.take()
    sup.stop_now(SHUTDOWN, block=False)
    stage.sim.run_for(1)
    stage.end(a, "a", how)
    stage.sim.run()
    ended = f"down a {'killed' if how == 'kill' else how}"
    stage.check_ended(sup, ["told b", ended, "down b shutdown"])


def test_otp_128_a_stop_with_a_reason_gives_the_supervisor_that_reason() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"))
    stage.stop(sup, ShutdownInfo("maintenance"))
    stage.check_ended(sup, ["up a", "down a shutdown"], ShutdownInfo("maintenance"))
    drained = stage.boot(stage.spec("b"))
    drained.stop(block=False)
    stage.sim.run()
    assert drained.exit_reason == NORMAL


def test_otp_128_a_stop_completes_also_when_its_caller_gives_up() -> None:
    stage = Stage()
    stage.takes_s["a"] = 4.0
    sup = stage.boot(stage.spec("a"))
    sup.stop_now(SHUTDOWN, block=False)
    assert not sup.actor_stopped.wait(1.0)
    assert sup.exit_reason is None
    assert sup.actor_stopped.wait(10.0)
    stage.check_ended(sup, ["up a", "told a", "down a shutdown"])


class Loner(Actor):
    """Unties itself from its supervisor."""

    def on_receive(self, message: Any) -> Any:
        """Untie."""
        self.unlink(message)
        return "untied"


def test_otp_129_a_child_that_has_untied_itself_is_still_waited_for() -> None:
    stage = Stage()
    sup = stage.boot(ChildSpec(id="a", start=Loner))
    loner = stage.ref(sup, "a")
    assert loner.ask(sup) == "untied"
    sup.tell("something unrelated")
    assert stage.call(terminate_child, sup, "a") is OK
    assert loner.exit_reason == SHUTDOWN
    stage.check_up(sup, [], a="undefined")


@pytest.mark.parametrize(
    ("restart", "how", "reported"),
    [
        ("permanent", "normal", True),
        ("permanent", "crash", True),
        ("permanent", "shutdown", False),
        ("transient", "normal", False),
        ("transient", "info", False),
        ("transient", "crash", True),
        ("temporary", "normal", False),
    ],
)
def test_otp_130_an_unexpected_end_during_the_stop_is_reported(
    restart: Any, how: str, *, reported: bool
) -> None:
    stage = Stage()
    stage.takes_s["b"] = 3.0
    sup = stage.boot(stage.spec("a", restart=restart), stage.spec("b"))
    a = stage.ref(sup, "a")
    sup.stop_now(SHUTDOWN, block=False)
    stage.sim.run_for(1)
    stage.end(a, "a", how)
    stage.sim.run()
    assert [name for name, _ in reports(stage, "shutdown_error")] == ["'a'"] * reported
    assert sup.exit_reason == SHUTDOWN


def test_otp_131_a_shutdown_of_zero_asks_and_kills_at_once() -> None:
    stage = Stage()
    stage.stubborn.add("a")
    sup = stage.boot(stage.spec("a", shutdown_ms=0))
    a, began_ns = stage.ref(sup, "a"), stage.sim.now_ns()
    stage.stop(sup)
    stage.check_ended(sup, ["up a", "ignores a"])
    assert (a.exit_reason, stage.sim.now_ns()) == (KILLED, began_ns)


class Stuck(Actor):
    """Blocks a real thread in a handler, then tries to have an effect."""

    def __init__(self, inside: threading.Event, gate: threading.Event, effects: list[str]) -> None:
        super().__init__()
        self.inside = inside
        self.gate = gate
        self.effects = effects

    def on_receive(self, message: Any) -> None:
        """Block; then ask whether the effect is allowed."""
        self.inside.set()
        try:
            self.gate.wait()
            self.incarnation.check()
        except StaleIncarnation:
            self.effects.append("refused")
            raise
        self.effects.append("committed")


def test_otp_132_killed_means_fenced_unregistered_dead_and_counted() -> None:
    system = ActorSystem("killed")
    inside, gate = threading.Event(), threading.Event()
    effects: list[str] = []
    spec = ChildSpec(id="a", start=Stuck, args=(inside, gate, effects), shutdown_ms=1)
    try:
        sup = system.start(Supervisor([spec], SupervisorFlags(intensity=5)))
        info = which_child(sup, "a")
        stuck: Any = info.child if isinstance(info, tuple) else None
        stuck.tell("go")
        assert inside.wait(10)
        assert terminate_child(sup, "a") is OK
        assert stuck.exit_reason == KILLED
        assert stuck.number not in system.cells
        assert len(system.zombies) == 1
        ident = system.zombies[0].ident
        with pytest.raises(pykka.ActorDeadError):
            stuck.ask("are you there")
        gate.set()
        for thread in threading.enumerate():
            if thread.ident == ident:
                thread.join(10)
        assert effects == ["refused"]
        assert not system.zombies
    finally:
        gate.set()
        system.close()


STUBBORN_TREE = """
import sys
from supervision.actor import Actor
from supervision.root import stop_root
from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor

class Stubborn(Actor):
    def on_stop_request(self, reason):
        return sys.argv[1] != "stubborn"

specs = [ChildSpec(id=i, start=Stubborn, shutdown_ms="infinity") for i in range(3)]
stop_root(Supervisor.start(specs), 0.2)
print("stopped", flush=True)
"""


@pytest.mark.parametrize(
    ("children", "code", "output"),
    [("stubborn", root.EXIT_NOT_STOPPED, ""), ("obedient", 0, "stopped\n")],
)
def test_otp_133_a_stubborn_tree_ends_the_process_at_the_deadline(
    children: str, code: int, output: str
) -> None:
    command = [sys.executable, "-c", STUBBORN_TREE, children]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (code, output)
    assert ("did not stop within 0.2 s" in ended.stderr) is (children == "stubborn")


class Journal(Actor):
    """Commits what it is told."""

    def __init__(self, trace: list[str]) -> None:
        super().__init__()
        self.trace = trace

    def on_receive(self, message: Any) -> None:
        """Commit."""
        self.trace.append(f"committed {message}")

    def on_stop(self) -> None:
        """Record the end."""
        self.trace.append("down journal")


class Writer(Actor):
    """Writes its last words to the journal when it stops."""

    def __init__(self, name: str, journal: list[Any], trace: list[str]) -> None:
        super().__init__()
        self.name = name
        self.journal = journal
        self.trace = trace

    def on_stop(self) -> None:
        """Write."""
        self.trace.append(f"down {self.name}")
        for number in range(3):
            self.journal[0].tell(f"{self.name}{number}")


def test_otp_134_the_journal_stops_last_and_commits_all_that_was_sent_before() -> None:
    stage, found = Stage(), list[Any]()
    specs = [ChildSpec(id="journal", start=Journal, args=(stage.trace,), drain=True)]
    writers = ("gateway", "risk", "strategy")
    specs += [ChildSpec(id=n, start=Writer, args=(n, found, stage.trace)) for n in writers]
    sup = stage.boot(*specs, strategy="rest_for_one")
    found.append(stage.ref(sup, "journal"))
    sup.stop_now(SHUTDOWN, block=False)
    stage.sim.run()
    downs = [line for line in stage.trace if line.startswith("down")]
    assert downs == ["down strategy", "down risk", "down gateway", "down journal"]
    committed = [
        f"committed {name}{n}" for name in ("strategy", "risk", "gateway") for n in range(3)
    ]
    assert [line for line in stage.trace if line.startswith("committed")] == committed
    assert stage.trace[-1] == "down journal"


class Broken(Supervisor):
    """A supervisor with a bug."""

    def _handle(self, message: Any) -> Any:
        if message == "bug":
            msg = "a bug"
            raise RuntimeError(msg)
        return super()._handle(message)


def test_a_supervisor_that_crashes_or_is_killed_takes_its_children_down() -> None:
    for end in ("bug", "kill"):
        stage = Stage()
        inner = ChildSpec(id="i", start=Broken, args=([stage.spec("x")],), type="supervisor")
        sup = stage.boot(inner, stage.spec("b"))
        stage.take()
        old = stage.ref(sup, "i")
        x = stage.ref(old, "x")
        _ = old.kill() if end == "kill" else old.tell("bug")
        stage.sim.settle()
        assert x.exit_reason == KILLED
        stage.check_up(sup, ["up x"], i="up", b="up")
        assert count_children(stage.ref(sup, "i")).active == 1


def test_a_start_whose_supervisor_is_stopped_meanwhile_fails() -> None:
    stage = Stage()
    slow = ChildSpec(id="a", start=Slow, args=(stage.trace,))
    actor = Supervisor([stage.spec("b"), slow])
    started = stage.sim.begin(actor)
    stage.sim.run_for(0.5)
    actor.actor_ref.stop_now(SHUTDOWN, block=False)
    stage.sim.run()
    with pytest.raises(pykka.ActorDeadError):
        started.get(timeout=0)
    stage.check_ended(actor.actor_ref, ["up b", "begun", "up", "down b shutdown"])
