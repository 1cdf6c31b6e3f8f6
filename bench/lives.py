"""What is measured besides messages: lives of actors, restarts, loops, simulation, metrics."""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import statistics
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.systems import base_class
from bench.workloads import Finish, Peers, kinds, run
from supervision import Actor, ActorSystem, ChildSpec, Simulation, Supervisor, SupervisorFlags
from supervision.runtime.loop import LoopThread

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision import ActorRef

PAGE: Final = resource.getpagesize()


def resident_bytes() -> int:
    """Resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def spawn(system: str, size: int) -> dict[str, float]:
    """Start ``size`` idle actors from inside an actor, then stop them all.

    Memory and threads are those of the first time. The times are those of the second: in the first,
    most of it is the wait for memory that a fresh process does not have yet, which a virtual
    machine's host gives at a speed that changes from minute to minute (measured: 120,000 to
    260,000 actors/s).
    """
    base: Any = base_class(system)

    class Idle(base):  # type: ignore[misc]  # the base is a parameter
        """Does nothing."""

    class Spawner(base):  # type: ignore[misc]  # the base is a parameter
        """Starts actors, as an actor of a real system would."""

        def on_receive(self, count: int) -> Any:
            before, begun = resident_bytes(), time.perf_counter()
            self.children = [Idle.start() for _ in range(count)]
            took = time.perf_counter() - begun
            return took, resident_bytes() - before, self.children

    threads = threading.active_count()
    spawner = Spawner.start()
    _, grown, children = spawner.ask(size, timeout=200)
    more_threads = threading.active_count() - threads
    _stop_all(children)
    took, _, children = spawner.ask(size, timeout=200)
    return {
        "rate": size / took,
        "bytes": grown / size,
        "megabytes": grown / 1e6,
        "start_s": took,
        "stop_s": _stop_all(children),
        "threads": more_threads,
    }


def _stop_all(children: Any) -> float:
    """Stop actors; return how many seconds it took."""
    begun = time.perf_counter()
    for future in [child.stop(block=False) for child in children]:
        future.get()
    return time.perf_counter() - begun


class Victim(Actor):
    """A supervised child that crashes when told."""

    runtime = "pool"

    def __init__(self, owner: ActorRef[Any]) -> None:
        super().__init__()
        self._owner = owner

    def on_start(self) -> None:
        """Tell the owner the new address."""
        self._owner.tell(self.actor_ref)

    def on_receive(self, message: Any) -> Any:
        """Crash or answer."""
        if message == "crash":
            raise RuntimeError(message)
        self._owner.tell("pong")


class Crasher(Actor):
    """Crashes a victim, pings its successor, and takes the time between."""

    runtime = "pool"

    def __init__(self, rounds: int, finish: Finish) -> None:
        super().__init__()
        self._left, self._finish = rounds, finish
        self.times_us: list[float] = []
        self._begun = 0
        self._victim: ActorRef[Any] | None = None

    def on_receive(self, message: Any) -> Any:
        """Ping a new victim; crash one that answered."""
        if message != "pong":
            self._victim = message
            message.tell("ping")
            return
        if self._begun:
            self.times_us.append((time.perf_counter_ns() - self._begun) / 1e3)
        if len(self.times_us) == self._left:
            self._finish.arrive()
            return
        assert self._victim is not None, "only a known victim answers"
        self._begun = time.perf_counter_ns()
        self._victim.tell("crash")


UNLIMITED: Final = SupervisorFlags(intensity=1_000_000, period_s=1_000)


def restart(_system: str, size: int) -> dict[str, float]:
    """From a crash to the next message that the restarted child has handled, ``size`` times."""
    system, finish = ActorSystem("restart"), Finish()
    crasher = Crasher(size, finish)
    owner = system.start(crasher)
    child = ChildSpec(id="victim", start=Victim, args=(owner,))
    finish.time(lambda: system.start(Supervisor([child], UNLIMITED), on="pool"))
    times = sorted(crasher.times_us)
    return {"p50_us": statistics.median(times), "p99_us": times[len(times) * 99 // 100]}


class Counting(Actor):
    """Keeps the refs of started victims until there are enough."""

    runtime = "pool"

    def __init__(self, size: int) -> None:
        super().__init__()
        self.refs: list[ActorRef[Any]] = []
        self.finish = Finish()
        self._size = size

    def on_receive(self, message: Any) -> Any:
        """Keep a ref; report when all are there."""
        self.refs.append(message)
        if len(self.refs) == self._size:
            self.finish.arrive()


def storm(_system: str, size: int) -> dict[str, float]:
    """Crash ``size`` children at once; seconds until all of them are up again."""
    system = ActorSystem("storm")
    counting = Counting(size)
    owner = system.start(counting)
    children = [ChildSpec(id=n, start=Victim, args=(owner,)) for n in range(size)]
    counting.finish.time(lambda: system.start(Supervisor(children, UNLIMITED), on="pool"))
    refs, counting.refs, counting.finish = counting.refs, [], Finish()

    def begin() -> None:
        for ref in refs:
            ref.tell("crash")

    return {"seconds": counting.finish.time(begin)}


class Stamp(Actor):
    """Passes a time stamp on, or notes how old it is at the end of the chain."""

    def __init__(self, following: ActorRef[Any] | None, ages_us: list[float]) -> None:
        super().__init__()
        self._following, self._ages_us = following, ages_us

    def on_receive(self, begun_ns: int) -> None:
        """Pass on or note."""
        if self._following is None:
            self._ages_us.append((time.perf_counter_ns() - begun_ns) / 1e3)
        else:
            self._following.tell(begun_ns)


def _chain(length: int, size: int) -> list[float]:
    """Ages in microseconds of ``size`` messages, one sent on the loop every millisecond."""
    system = ActorSystem("loop")
    loop = LoopThread(system, "loop")
    system.add_runtime(loop)
    ages: list[float] = []
    ref: ActorRef[Any] | None = None
    for _ in range(length):
        ref = system.start(Stamp(ref, ages), on="loop")
    assert ref is not None, "a chain has at least one actor"
    head = ref

    async def send() -> None:
        for _ in range(size):
            head.tell(time.perf_counter_ns())
            await asyncio.sleep(0.001)

    asyncio.run_coroutine_threadsafe(send(), loop.loop).result()
    return sorted(ages)


def _compute(stop: Any) -> None:
    while not stop.is_set():
        sum(number * number for number in range(10_000))


def loop_message(_system: str, size: int) -> dict[str, float]:
    """A callback of the loop tells an actor of the loop."""
    ages = _chain(1, size)
    return {"p50_us": statistics.median(ages), "p99_us": ages[len(ages) * 99 // 100]}


def loop_chain(_system: str, size: int) -> dict[str, float]:
    """A chain of three actors on the loop, idle and with a worker process computing."""
    idle = _chain(3, size)
    spawning = multiprocessing.get_context("spawn")
    stop = spawning.Event()
    worker = spawning.Process(target=_compute, args=(stop,))
    worker.start()
    busy = _chain(3, size)
    stop.set()
    worker.join()
    cut = size * 99 // 100
    return {"p50_us": statistics.median(idle), "p99_us": idle[cut], "busy_p99_us": busy[cut]}


def simulation(_system: str, size: int) -> dict[str, float]:
    """20 messages go around a ring of 100 actors in seeded order."""

    def once(seed: int) -> tuple[float, int]:
        simulated = Simulation(seed)
        node = kinds(Actor).node
        finish = Finish(20)
        nodes = [simulated.start(node(finish)) for _ in range(100)]
        for index, ref in enumerate(nodes):
            ref.tell(Peers((nodes[(index + 1) % 100],)))
        for index in range(20):
            nodes[index * 5].tell(size // 20)
        begun, steps = time.perf_counter(), simulated.steps
        simulated.run()
        rate = (simulated.steps - steps) / (time.perf_counter() - begun)
        return rate, simulated.trace_hash

    (rate, first), (_, second), (_, other) = once(1), once(1), once(2)
    return {"rate": rate, "same_hash": float(first == second), "other_hash": float(first != other)}


def metrics(_system: str, size: int) -> dict[str, float]:
    """Cost of the metrics a message: the ring with and without handler times, in one process."""
    from supervision.system import default

    base = base_class("pool")
    plain: list[float] = []
    timed: list[float] = []
    for _ in range(5):
        default().timing = False
        plain.append(run(base, "ring", size))
        default().timing = True
        timed.append(run(base, "ring", size))
    return {"ns": 1e9 / statistics.median(timed) - 1e9 / statistics.median(plain)}


SPECIAL: Final[dict[str, Callable[[str, int], dict[str, float]]]] = {
    "spawn": spawn,
    "restart": restart,
    "storm": storm,
    "loop_message": loop_message,
    "loop_chain": loop_chain,
    "simulation": simulation,
    "metrics": metrics,
}
