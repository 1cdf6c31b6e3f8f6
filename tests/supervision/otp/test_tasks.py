"""Case 99: tasks under a supervisor."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.actor import Actor
from supervision.manage import count_children
from supervision.reasons import Crash
from supervision.simulation import Simulation
from supervision.tasks import run_task, stream, task_supervisor


def boom() -> None:
    """Raise."""
    msg = "boom"
    raise RuntimeError(msg)


class Caller(Actor):
    """Starts a task that crashes."""

    def on_receive(self, message: Any) -> str:
        """Start it, linked or not."""
        sup, linked = message
        run_task(sup, boom, link_to=self if linked else None)
        return "started"


@pytest.mark.parametrize("linked", [False, True])
def test_otp_099_only_a_linked_caller_goes_down_with_its_task(*, linked: bool) -> None:
    sim = Simulation()
    sup = sim.start(task_supervisor())
    caller = sim.start(Caller())
    assert caller.ask((sup, linked)) == "started"
    sim.settle()
    assert caller.is_alive() is not linked
    assert isinstance(caller.exit_reason, Crash) is linked
    assert count_children(sup).active == 0
    assert sup.is_alive()


def test_otp_099_the_future_has_the_result_or_the_exception() -> None:
    sim = Simulation()
    sup = sim.start(task_supervisor())
    assert run_task(sup, max, 1, 2).result.get() == 2
    with pytest.raises(RuntimeError, match="boom"):
        run_task(sup, boom).result.get()
    assert count_children(sup).active == 0


class Sleeper(Actor):
    """Answers after as many seconds as it is told."""

    def on_receive(self, message: Any) -> Any:
        """Answer later."""
        from supervision.actor import DEFERRED

        reply = self.reply_later()
        system = self._cell.system
        system.timers.at(system.now_ns() + round(message * 1e9), lambda: reply.try_set(message))
        return DEFERRED


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_otp_099_results_stream_in_order_also_slowest_first(at_once: int) -> None:
    sim = Simulation(99)
    sup = sim.start(task_supervisor())
    sleeper = sim.start(Sleeper())
    items = [4.0, 3.0, 2.0, 1.0, 0.5]
    began_ns = sim.now_ns()
    assert list(stream(sup, sleeper.ask, items, at_once=at_once)) == items
    took_s = (sim.now_ns() - began_ns) / 1e9
    assert took_s == {1: 10.5, 2: pytest.approx(6.5, abs=1.1), 5: 4.0}[at_once]
    assert count_children(sup).active == 0


def test_otp_099_a_halted_stream_stops_the_unused_tasks_and_leaks_nothing() -> None:
    sim = Simulation(99)
    sup = sim.start(task_supervisor())
    sleeper = sim.start(Sleeper())
    results = stream(sup, sleeper.ask, [1.0, 2.0, 3.0, 4.0], at_once=3)
    assert next(results) == 1.0
    assert count_children(sup).active == 2
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert count_children(sup).active == 0
    sim.run()
    assert len(sim.cells) == 2
    assert (sup.depth(), sleeper.depth()) == (0, 0)


def test_otp_099_a_task_that_raises_ends_the_stream_with_its_exception() -> None:
    sim = Simulation()
    sup = sim.start(task_supervisor())
    with pytest.raises(ZeroDivisionError):
        list(stream(sup, lambda number: 1 / number, [1, 0, 2]))
    assert count_children(sup).active == 0
