"""The same supervisors on real threads: what the simulation proves must not depend on it."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from supervision.actor import Actor
from supervision.dynamic import DynamicSupervisor
from supervision.manage import (
    count_children,
    start_child,
    terminate_child,
    which_child,
    which_children,
)
from supervision.reasons import SHUTDOWN
from supervision.spec import ChildSpec, DynamicFlags, SupervisorFlags
from supervision.starting import OK, Started
from supervision.supervisor import Supervisor
from supervision.system import ActorSystem

PAIRS = [
    pytest.param(own, child, id=f"supervisor-on-{own}-children-on-{child}")
    for own in ("thread", "pool", "pool:other")
    for child in ("thread", "pool", "pool:children")
]


class Log:
    """A trace that threads may wait for."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()

    def add(self, line: str) -> None:
        """Append a line."""
        with self._changed:
            self.lines.append(line)
            self._changed.notify_all()

    def wait_for(self, count: int) -> list[str]:
        """Return the lines once there are ``count`` of them."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.lines) >= count, 20), self.lines
            return list(self.lines)


class Logged(Actor):
    """Says when it comes and goes."""

    def __init__(self, log: Log, name: str) -> None:
        super().__init__()
        self.log = log
        self.name = name

    def on_start(self) -> None:
        """Say so."""
        self.log.add(f"up {self.name}")

    def on_receive(self, message: Any) -> Any:
        """Crash if asked to."""
        if message == "crash":
            raise RuntimeError(message)
        return message

    def on_failure(self, *_error: object) -> None:
        """Say so."""
        self.log.add(f"crash {self.name}")

    def on_stop(self) -> None:
        """Say so."""
        self.log.add(f"down {self.name}")


def child_of(sup: Any, name: str) -> Any:
    """Return the running ref of a child."""
    info = which_child(sup, name)
    assert isinstance(info, tuple)
    return info.child


@pytest.mark.parametrize(("own", "child"), PAIRS)
def test_a_group_restart_and_a_stop_in_order_on_real_threads(own: str, child: str) -> None:
    system, log = ActorSystem("real"), Log()
    specs = [ChildSpec(id=n, start=Logged, args=(log, n), runtime=child) for n in "abc"]
    try:
        flags = SupervisorFlags(strategy="rest_for_one", intensity=5)
        sup = system.start(Supervisor(specs, flags), on=own)
        assert log.wait_for(3) == ["up a", "up b", "up c"]
        child_of(sup, "b").tell("crash")
        assert log.wait_for(7)[3:] == ["crash b", "down c", "up b", "up c"]
        assert child_of(sup, "b").ask("hi") == "hi"
        sup.stop_now(SHUTDOWN, block=False)
        assert sup.actor_stopped.wait(20)
        assert log.wait_for(10)[7:] == ["down c", "down b", "down a"]
        assert sup.exit_reason == SHUTDOWN
        assert not system.cells
    finally:
        system.close()


@pytest.mark.parametrize(("own", "child"), PAIRS)
def test_a_nested_tree_starts_and_escalates_on_real_threads(own: str, child: str) -> None:
    system, log = ActorSystem("real"), Log()
    leaf = ChildSpec(id="leaf", start=Logged, args=(log, "leaf"), runtime=child)
    flags = SupervisorFlags(intensity=0)
    inner = ChildSpec(
        id="inner", start=Supervisor, args=([leaf], flags), type="supervisor", runtime=own
    )
    try:
        sup = system.start(Supervisor([inner], SupervisorFlags(intensity=1)), on=own)
        child_of(child_of(sup, "inner"), "leaf").tell("crash")
        assert log.wait_for(3) == ["up leaf", "crash leaf", "up leaf"]
        assert count_children(sup).active == 1
        child_of(child_of(sup, "inner"), "leaf").tell("crash")
        assert sup.actor_stopped.wait(20)
        assert sup.exit_reason == SHUTDOWN
        assert not system.cells
    finally:
        system.close()


@pytest.mark.parametrize(("own", "child"), PAIRS)
def test_dynamic_children_come_and_go_on_real_threads(own: str, child: str) -> None:
    system, log = ActorSystem("real"), Log()
    template = ChildSpec(id="t", start=Logged, args=(log,), runtime=child)
    try:
        flags = DynamicFlags(intensity=100, max_children=20)
        sup = system.start(DynamicSupervisor(template, flags), on=own)
        answers = [start_child(sup, args=(str(number),)) for number in range(20)]
        refs: list[Any] = [one.ref for one in answers if isinstance(one, Started)]
        for ref in refs[:10]:
            ref.tell("crash")
        log.wait_for(20 + 10 + 10)
        assert count_children(sup).active == 20
        assert terminate_child(sup, refs[-1]) is OK
        assert len(which_children(sup)) == 19
        sup.stop_now(SHUTDOWN, block=False)
        assert sup.actor_stopped.wait(20)
        assert not system.cells
    finally:
        system.close()


def test_a_thousand_crashes_from_many_threads_are_all_restarted() -> None:
    system, log = ActorSystem("storm"), Log()
    specs = [ChildSpec(id=str(n), start=Logged, args=(log, str(n))) for n in range(50)]
    try:
        sup = system.start(Supervisor(specs, SupervisorFlags(intensity=10**6)), on="pool")

        def crash(number: int) -> None:
            for name in range(number, 50, 10):
                child_of(sup, str(name)).tell("crash")

        for round_ in range(4):
            threads = [threading.Thread(target=crash, args=(number,)) for number in range(10)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            log.wait_for(50 + 100 * (round_ + 1))
        assert count_children(sup).active == 50
        assert len(system.cells) == 51
    finally:
        system.close()
