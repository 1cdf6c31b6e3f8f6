"""The simulated runtime: equal seeds give equal runs, in every process; time is virtual."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from functools import partial
from typing import Any

import pytest

from supervision import Fault, FaultPoints, Simulation, StaleIncarnation, Supervisor
from supervision.spec import ChildSpec
from supervision.testing import TraceRecorder, actor_of
from tests.supervision.actors.kit import Echo, Watcher

PROGRAM = textwrap.dedent("""
    import sys
    from supervision import Actor, ChildSpec, Simulation, Supervisor, SupervisorFlags

    class Noisy(Actor):
        def __init__(self, name, names):
            super().__init__()
            self.name, self.names = name, names
        def on_start(self):
            self.send_after(len(self.name) / 100, "tick")
        def on_receive(self, message):
            for name in sorted({self.name, *self.names}):
                peer = peers.get(name)
                if peer is not None and peer.is_alive():
                    peer.ask(name) if name > self.name else peer.tell(name)
            if message == "tick" and self.name == "bb":
                raise RuntimeError(self.name)

    peers = {}
    sim = Simulation(int(sys.argv[1]), raise_deadlocks=False)
    names = {"a", "bb", "ccc", "dddd"}
    specs = [ChildSpec(id=name, start=Noisy, args=(name, names)) for name in sorted(names)]
    sup = sim.start(Supervisor(specs, SupervisorFlags(intensity=50, period_s=5)))
    for cell in list(sim.cells.values()):
        if isinstance(cell.actor, Noisy):
            peers[cell.actor.name] = cell.ref
    sim.run_for(2.0)
    print(sim.steps, hex(sim.trace_hash))
""")


def run(seed: int, hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(seed)],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return done.stdout


def test_equal_seeds_give_equal_traces_in_every_process_and_with_every_hash_seed() -> None:
    traces = [run(1, hash_seed) for hash_seed in ("0", "1", "random", "random")]
    assert len(set(traces)) == 1, traces
    assert int(traces[0].split()[0]) > 20, "the program does something"


def test_another_seed_is_another_order() -> None:
    assert len({run(seed, "0") for seed in range(4)}) > 1


@pytest.mark.deep
def test_fifty_seeds_give_equal_traces_in_fresh_processes() -> None:
    for seed in range(50):
        traces = {run(seed, hash_seed) for hash_seed in ("0", "1", "random")}
        assert len(traces) == 1, f"seed {seed}: {traces}"


def interleaving(seed: int) -> list[Any]:
    """Order in which ten senders' messages arrive at one actor."""
    sim = Simulation(seed)
    sink = sim.start(Watcher())

    class Sender(Echo):
        def on_receive(self, message: Any) -> Any:
            sink.tell(message)

    for number in range(10):
        sim.start(Sender()).tell(number)
    sim.run()
    seen: list[Any] = actor_of(sink).seen
    sim.close()
    return seen


def test_the_order_is_drawn_from_the_seed_and_loses_nothing() -> None:
    orders = [interleaving(seed) for seed in range(20)]
    assert orders[3] == interleaving(3)
    assert len({tuple(order) for order in orders}) > 15
    assert all(sorted(order) == list(range(10)) for order in orders)


def test_the_clock_jumps_to_the_next_timer_when_nothing_can_run() -> None:
    sim = Simulation(0)

    class Hourly(Echo):
        def on_receive(self, message: Any) -> Any:
            times.append(sim.now_ns() / 1e9)
            if message:
                self.send_after(3600, message - 1)

    times: list[float] = []
    sim.start(Hourly()).tell(24)
    sim.run()
    assert times == [3600.0 * hour for hour in range(25)]
    sim.close()


def test_timers_of_one_moment_fire_in_the_order_in_which_they_were_set() -> None:
    sim = Simulation(0)
    order: list[int] = []
    for number in range(100):
        sim.timers.at(10**9, partial(order.append, number))
    sim.run_for(1.0)
    assert order == list(range(100))
    assert sim.now_ns() == 10**9
    sim.close()


def test_run_for_leaves_the_clock_at_its_end_and_fires_nothing_beyond() -> None:
    sim = Simulation(0)
    fired: list[str] = []
    sim.timers.at(2 * 10**9, lambda: fired.append("at 2 s"))
    sim.run_for(1.5)
    assert (fired, sim.now_ns()) == ([], 1_500_000_000)
    sim.run_for(0.5)
    assert fired == ["at 2 s"]
    sim.close()


def test_run_until_stops_as_soon_as_the_condition_holds() -> None:
    sim = Simulation(0)
    ref = sim.start(Watcher())
    for number in range(100):
        ref.tell(number)
    assert sim.run(lambda: len(actor_of(ref).seen) == 7)
    assert actor_of(ref).seen == list(range(7))
    assert sim.run(lambda: False, limit_s=1.0) is False
    sim.close()


def test_an_error_in_a_timer_reaches_whoever_drives_the_simulation() -> None:
    sim = Simulation(0)

    def fail() -> None:
        raise ZeroDivisionError

    sim.timers.at(1, fail)
    with pytest.raises(ZeroDivisionError):
        sim.run()
    sim.close()


def test_a_simulation_without_blocking_requests_uses_one_carrier_thread() -> None:
    before = set(threading.enumerate())
    sim = Simulation(0, name="carried")
    refs = [sim.start(Echo()) for _ in range(50)]
    for ref in refs:
        ref.tell("x")
    sim.run()
    assert sim.simulated.waits == []
    # Threads of other tests come and go.
    ours = [each.name for each in set(threading.enumerate()) - before if "carried" in each.name]
    assert ours == [], "threading knows of none; there is one carrier"
    sim.close()


def test_a_closed_simulation_ends_waiting_handlers_and_refuses_to_run() -> None:
    sim = Simulation(0, raise_deadlocks=False)
    ended = threading.Event()

    class Waiting(Echo):
        def on_receive(self, message: Any) -> Any:
            try:
                return self.actor_ref.ask("myself", timeout=1e6)
            except StaleIncarnation:
                ended.set()
                raise

    sim.start(Waiting()).tell("go")
    sim.run_for(1.0)
    assert len(sim.simulated.waits) == 1
    sim.close()
    assert ended.wait(10)
    with pytest.raises(RuntimeError, match="closed: make a new one"):
        sim.run()


def test_a_recorder_writes_a_readable_timeline_of_the_last_turns() -> None:
    sim = Simulation(0)
    sim.recorder = TraceRecorder(limit=3)
    ref = sim.start(Echo())
    for number in range(5):
        ref.tell(number)
    sim.run()
    assert sim.recorder.text().splitlines() == [f"0.000000000 Echo#{ref.number} int"] * 3
    sim.close()


def faulty(seed: int) -> tuple[int, dict[tuple[str, str], int], int]:
    """A supervised actor under drops, delays and crashes; what struck, and the trace."""
    sim = Simulation(seed)
    faults = [
        Fault("receive", "crash", actor="Echo", probability=0.05),
        Fault("receive", "delay", actor="Echo", probability=0.1, delay_s=0.5),
        Fault("receive", "drop", probability=0.1),
        Fault("mailbox", "drop", actor="Echo", probability=0.1),
    ]
    points = FaultPoints(sim, faults, sim.random).arm()
    sup = sim.start(Supervisor([ChildSpec(id="echo", start=Echo)], {"intensity": 1_000}))
    for _ in range(200):
        child = actor_of(sup)._children.get("echo").ref
        child.tell("message")
        sim.run()
    points.disarm()
    sim.run()
    alive = actor_of(sup)._children.get("echo").ref
    assert alive.ask("healthy again") == "healthy again"
    crashed = sim.stats_of(Echo).crashed
    hash_ = sim.trace_hash
    sim.close()
    return hash_, points.struck, crashed


def test_armed_fault_points_strike_by_the_seed_and_disarmed_ones_leave_no_trace() -> None:
    first, struck, crashed = faulty(11)
    assert faulty(11) == (first, struck, crashed)
    assert faulty(12)[0] != first
    assert set(struck) == {
        ("receive", "crash"),
        ("receive", "delay"),
        ("receive", "drop"),
        ("mailbox", "drop"),
    }
    assert crashed == struck["receive", "crash"]


def test_a_dropped_timer_does_not_fire() -> None:
    sim = Simulation(0)
    FaultPoints(sim, [Fault("timer", "drop", times=1)], sim.random).arm()

    class Timed(Watcher):
        def on_start(self) -> None:
            self.send_after(1, "dropped")
            self.send_after(2, "fired")

    ref = sim.start(Timed())
    sim.run()
    assert actor_of(ref).seen == ["fired"]
    sim.close()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"point": "disk", "action": "crash"}, "fault point 'disk': choose one of receive"),
        ({"point": "timer", "action": "crash"}, "'crash' at 'timer': choose drop"),
        ({"point": "receive", "action": "drop", "probability": 2}, "a number from 0 to 1"),
    ],
)
def test_a_fault_that_could_not_act_is_refused(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fault(**fields)
