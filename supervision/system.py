"""The actor system: what all actors of a process (or of one simulation) share.

A clock, the runtimes by name, the table of living cells, the timers, the observer, and the count of
abandoned threads. Nothing here is global except the default system, which pykka's style
``MyActor.start()`` uses outside any actor; inside an actor, new actors join that actor's system.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
import time
import uuid
from itertools import count
from typing import TYPE_CHECKING, Any

import pykka

from supervision import ending, forking, here
from supervision.classstats import ClassStats
from supervision.clock import Clock, MonotonicClock
from supervision.errors import ActorStartError
from supervision.future import Future
from supervision.messages import Start
from supervision.reasons import Crash
from supervision.runtime.loop import LoopRuntime
from supervision.runtime.worker import Worker, thread_worker
from supervision.states import STARTING
from supervision.timers import TimerThread
from supervision.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.actor import Actor
    from supervision.cell import Cell
    from supervision.faults import FaultPoints
    from supervision.observe import Observer
    from supervision.ref import ActorRef
    from supervision.runtime.base import Runtime
    from supervision.timers import Timers

MAX_ZOMBIES = 3
"""Abandoned threads a process may carry; one more means that it should be replaced as a whole."""

FATAL_EXIT_CODE = 70
"""Exit status of a process that gave itself up (EX_SOFTWARE): whoever supervises it restarts it."""


def exit_process(why: str) -> None:
    """End the process at once, with all stacks on stderr; crash-only, no clean-up.

    The time is the monotonic clock's, as in heart's events: it tells them apart from each other.
    """
    sys.stderr.write(f"supervision: giving the process up at {time.monotonic():.6f} s: {why}\n")
    faulthandler.dump_traceback(all_threads=True)
    os._exit(FATAL_EXIT_CODE)


class ActorSystem:
    """See the module's prose.

    Attributes:
        coarse_ns: the clock as of the watchdog's last look, at most ``PERIOD_S`` old: what a
            sender can afford to read for every message.

    Args:
        name: for threads and reports.
        clock: source of time; the monotonic clock by default.
        default_ask_timeout_s: deadline of an ``ask`` that names none (5 s, as in OTP).
        start_timeout_s: longest wait for ``on_start`` of an actor started from outside.
    """

    def __init__(
        self,
        name: str = "system",
        *,
        clock: Clock | None = None,
        default_ask_timeout_s: float = 5.0,
        start_timeout_s: float = 60.0,
        urn_base: int | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self.watchdog: Watchdog | None = None
        self.name = name
        self.clock: Clock = clock or MonotonicClock()
        self.now_ns = self.clock.now_ns
        self.default_ask_timeout_s = default_ask_timeout_s
        self.start_timeout_s = start_timeout_s
        self.urn_base = uuid.uuid4().int if urn_base is None else urn_base
        self.observer: Observer | None = None
        self.faults: FaultPoints | None = None
        self.numbers = count(1)
        self.cells: dict[int, Cell] = {}
        self.classes: dict[type[Any], ClassStats] = {}
        self.pending_starts: dict[int, Future[Any]] = {}
        self.zombies: list[here.Carrier] = []
        self.stale_effects = 0
        self.timing = False
        self.workers: set[Worker] = set()
        self.fatal: Callable[[str], None] = exit_process
        self.timers: Timers = self._make_timers()
        self._runtimes: dict[str, Runtime] = {}
        self.forked = False
        forking.guard(self)

    coarse_ns: int = 0

    def _watch(self, worker: Worker) -> None:
        """Have ``worker`` watched (under the lock)."""
        self.workers.add(worker)
        self._start_watchdog()

    def _start_watchdog(self) -> None:
        if self.watchdog is None:
            self.coarse_ns = self.now_ns()
            self.watchdog = Watchdog(self).start()

    def _make_timers(self) -> Timers:
        return TimerThread(self.now_ns, self.name)

    # -- runtimes --

    def add_runtime(self, runtime: Runtime) -> None:
        """Make ``runtime`` known under its name.

        Raises:
            ValueError: the name is taken.
        """
        with self._lock:
            if runtime.name in self._runtimes:
                msg = f"runtime {runtime.name!r} exists already: give the second one another name"
                raise ValueError(msg)
            self._runtimes[runtime.name] = runtime
            self._start_watchdog()

    def runtime(self, name: str) -> Runtime:
        """Return the runtime called ``name``; ``pool`` and ``pool:ANY`` are made when needed.

        Raises:
            ValueError: no such runtime.
        """
        known = self._runtimes.get(name)
        if known is not None:
            return known
        if name != "pool" and not name.startswith("pool:"):
            msg = f"no runtime {name!r}: use 'thread', 'pool', 'pool:NAME' or add_runtime() first"
            raise ValueError(msg)
        with self._lock:
            known = self._runtimes.get(name)
            if known is None:
                known = worker = Worker(self, name)
                self._runtimes[name] = worker
                self._watch(worker)
        return known

    def _runtime_of(self, cell: Cell, name: str) -> Runtime:
        if name != "thread":
            return self.runtime(name)
        worker = thread_worker(self, cell)
        with self._lock:
            self._watch(worker)
        return worker

    # -- starting and ending actors --

    def start(self, actor: Actor, *, on: str | None = None) -> ActorRef[Any]:
        """Start ``actor`` and wait until it is up.

        Raises:
            ActorStartError: its ``on_start`` raised (the cause), or took too long.
        """
        cell = actor.actor_ref.actor_inbox
        runtime = self._admit(cell, on, None)
        carrier = runtime.caller()
        if carrier is None:
            started = self._starter(cell)
            cell.command(Start())
            return self._await_start(cell, started)
        error = _start_here(cell, carrier)  # no future is needed to tell ourselves
        if error is not None:
            raise _not_started(cell, error) from error
        if cell.state != STARTING:
            return cell.ref
        return self._await_start(cell, self._starter(cell))

    def _await_start(self, cell: Cell, started: Future[Any]) -> ActorRef[Any]:
        if cell.state != STARTING:  # it went on before the future was known
            error = cell.reason.cause if isinstance(cell.reason, Crash) else None
            started.try_set(None, error)
        try:
            started.get(timeout=self.start_timeout_s)
        except BaseException as error:
            if started.done():
                raise _not_started(cell, error) from error
            if not isinstance(error, pykka.Timeout):
                raise  # the wait was interrupted
            ending.kill(cell)
            msg = f"{cell.ref}: on_start took longer than {self.start_timeout_s:g} s"
            raise ActorStartError(msg) from None
        return cell.ref

    def begin(
        self, actor: Actor, *, on: str | None = None, parent: Cell | None = None
    ) -> Future[Any]:
        """Begin to start ``actor``; the future holds what ``on_start`` returns or raises.

        On the caller's own worker the start is done when this returns.
        """
        cell = actor.actor_ref.actor_inbox
        runtime = self._admit(cell, on, parent)
        started = self._starter(cell)
        carrier = runtime.caller()
        if carrier is None:
            cell.command(Start())
        else:
            _start_here(cell, carrier)
        return started

    def _admit(self, cell: Cell, on: str | None, parent: Cell | None) -> Runtime:
        """Take ``cell`` into the table and give it its runtime."""
        if self.forked:
            forking.refuse(self)
        if cell.system is not self:
            cell.join(self)
        actor = cell.actor
        cell.parent = parent
        cell.state = STARTING
        name = on or actor.runtime
        runtime = self._runtimes.get(name) or self._runtime_of(cell, name)
        self.cells[cell.number] = cell
        if self.faults is not None:
            self.faults.prepare(cell)
        if actor.pykka_registry:
            pykka.ActorRegistry.register(cell.ref)
        runtime.attach(cell)
        return runtime

    def _starter(self, cell: Cell) -> Future[Any]:
        """Return the future that is told how the start of ``cell`` goes."""
        started: Future[Any] = Future()
        started.runtime = cell.runtime
        self.pending_starts[cell.number] = started
        return started

    def forget(self, cell: Cell) -> None:
        """Let go of a cell that has ended."""
        self.cells.pop(cell.number, None)
        cell.stats.handled += cell.handled
        if cell.actor.pykka_registry:
            pykka.ActorRegistry.unregister(cell.ref)
        reason = cell.reason
        assert reason is not None, "only ended cells are forgotten"
        if reason.ordinary:
            cell.stats.stopped += 1
        else:
            cell.stats.crashed += 1
        if cell.runtime is not None:
            cell.runtime.detach(cell)
        if self.observer is not None:
            self.observer.ended(cell, reason)

    def stats_of(self, actor_class: type[Any]) -> ClassStats:
        """Return the counters of one class of actor."""
        stats = self.classes.get(actor_class)
        if stats is None:
            name = f"{actor_class.__module__}.{actor_class.__qualname__}"
            stats = self.classes.setdefault(actor_class, ClassStats(name))
        return stats

    def watched(self) -> list[Worker | LoopRuntime]:
        """Return the runtimes that a watchdog has to look at."""
        loops = [one for one in self._runtimes.values() if isinstance(one, LoopRuntime)]
        return [*self.workers, *loops]

    def zombie_added(self) -> None:
        """Give the process up if it carries more abandoned threads than it may."""
        if len(self.zombies) > MAX_ZOMBIES:
            self.fatal(f"{len(self.zombies)} abandoned threads, {MAX_ZOMBIES} are the most allowed")

    def close(self) -> None:
        """Kill what still lives and let all threads end."""
        for cell in list(self.cells.values()):
            ending.kill(cell)
        for runtime in list(self._runtimes.values()):
            runtime.close()
        self.timers.close()
        if self.watchdog is not None:
            self.watchdog.stop()


def _start_here(cell: Cell, carrier: here.Carrier) -> BaseException | None:
    """Start ``cell`` inside the turn of the actor that asks for it; return what went wrong."""
    outer, carrier.current = carrier.current, cell
    if outer is not None:
        carrier.outer.append(outer)
    error = cell.start_here()
    if outer is not None:
        carrier.outer.pop()
    carrier.current = outer
    return error


def _not_started(cell: Cell, error: BaseException) -> ActorStartError:
    return ActorStartError(f"{cell.ref} did not start: {error!r}")


_default: list[ActorSystem] = []
_default_lock = threading.Lock()


def default() -> ActorSystem:
    """Return the process's default system, made at first use (again in a forked process)."""
    with _default_lock:
        if not _default or _default[0].forked:
            _default[:] = [ActorSystem("default")]
        return _default[0]


def current() -> ActorSystem:
    """Return the system of the actor whose handler is running, else the default one."""
    serving = here.carrier()
    if serving is None or serving.current is None:
        return default()
    return serving.current.system
