"""The watchdog: finds actors that hang and threads that are gone, and lets the rest go on.

It samples, it does not ping: a worker shows which cell it is in, a cell counts the messages that it
has taken. The same cell in the same message for as long as its class's budget is hung; an idle
actor never is. Handlers pay nothing for it. Between two looks it sleeps a period, or until the
earliest budget ends: only the begin of a hang is sampled, its end is a deadline.

A hung actor is ended with ``Hung``: fenced (what it still sends is refused), its thread abandoned,
its supervisor told. Python cannot end the thread, so only ``system.MAX_ZOMBIES`` of them are
borne; one more, or a hang of a class whose policy is ``exit``, ends the process, whose own
supervisor (see ``heart``) starts a fresh one. A thread that vanished is treated as ``Lost``.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from supervision import ending, fence
from supervision.clock import NANOSECONDS, to_ns
from supervision.reasons import LOST, Hung
from supervision.runtime.loop import LoopRuntime
from supervision.runtime.worker import Worker
from supervision.stacks import stack_of
from supervision.states import DEAD, STARTING

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.here import Carrier
    from supervision.system import ActorSystem

PERIOD_S: Final = 0.05
"""Time between two looks. A hang is seen up to one after it began and judged when its budget has
passed since then: at most one too late, so that half of the tenth of a second that is promised is
left for waking up and for the end of the process."""


@dataclass(slots=True)
class _Seen:
    """The message that a worker was in when it was last looked at, and since when."""

    cell: Cell
    handled: int
    since_ns: int
    reported: bool = False


class Watchdog:
    """See the module's prose; every system with real threads starts one.

    Args:
        system: whose workers to watch.
        period_s: time between two looks.
        slow_turn_s: a message that takes longer is reported to the observer, once.
    """

    def __init__(
        self, system: ActorSystem, *, period_s: float = PERIOD_S, slow_turn_s: float = 0.25
    ) -> None:
        self._system = system
        self._period_ns = to_ns(period_s)
        self._slow_ns = to_ns(slow_turn_s)
        self._seen: dict[Worker | LoopRuntime, _Seen] = {}
        self._stopped = threading.Event()

    def start(self) -> Watchdog:
        """Look every period, and at every deadline, on a thread of its own."""
        name = f"{self._system.name}-watchdog"
        threading.Thread(target=self._run, name=name, daemon=True).start()
        return self

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()

    def _run(self) -> None:
        rest_ns = self._period_ns
        while not self._stopped.wait(rest_ns / NANOSECONDS):
            rest_ns = self.look()

    def look(self) -> int:
        """Look at every worker once; return in how many nanoseconds the next look is due."""
        now_ns = self._system.coarse_ns = self._system.now_ns()
        watched = self._system.watched()
        rest_ns = self._period_ns
        for runtime in watched:
            carrier = runtime.active
            if carrier is not None:
                rest_ns = min(rest_ns, self._look_at(runtime, carrier, now_ns))
            if isinstance(runtime, Worker) and runtime.lost():
                self._lost(runtime)
        for gone in self._seen.keys() - set(watched):
            del self._seen[gone]
        for zombie in list(self._system.zombies):
            fence.interrupt(zombie)
        return rest_ns

    def _look_at(self, runtime: Worker | LoopRuntime, carrier: Carrier, now_ns: int) -> int:
        """Return what is left of the budget of whoever is in a message, at most a period."""
        cell = carrier.current
        seen = self._seen.get(runtime)
        if cell is None or cell.state == DEAD:
            self._seen.pop(runtime, None)
        elif seen is None or seen.cell is not cell or seen.handled != cell.handled:
            self._seen[runtime] = _Seen(cell, cell.handled, now_ns)
        else:
            return self._judge(runtime, carrier, seen, now_ns - seen.since_ns)
        return self._period_ns

    def _judge(
        self, runtime: Worker | LoopRuntime, carrier: Carrier, seen: _Seen, busy_ns: int
    ) -> int:
        cell = seen.cell
        budget_s = cell.actor.hang_budget_s
        if cell.state == STARTING:  # a start may take long; whoever waits for it has its own limit
            budget_s = max(budget_s, self._system.start_timeout_s)
        left_ns = to_ns(budget_s) - busy_ns
        if left_ns <= 0:
            del self._seen[runtime]
            self._hung(runtime, carrier, cell, budget_s)
            return self._period_ns
        if busy_ns > self._slow_ns and not seen.reported:
            seen.reported = True
            if self._system.observer is not None:
                self._system.observer.slow_turn(cell, busy_ns)
        return left_ns

    def _hung(
        self, runtime: Worker | LoopRuntime, carrier: Carrier, cell: Cell, budget_s: float
    ) -> None:
        stack = stack_of(carrier.ident)
        if carrier.current is not cell:
            return  # it went on in this very moment
        facts = {"actor": str(cell.ref), "budget_s": budget_s, "stack": stack}
        if self._system.observer is not None:
            self._system.observer.report("hung", facts)
        if cell.actor.hang_policy == "exit" or isinstance(runtime, LoopRuntime):
            self._system.fatal(f"{cell.ref} made no progress in {budget_s:g} s:\n{stack}")
            return
        outer = list(carrier.outer)
        ending.kill(cell, Hung(budget_s))
        for waiting in outer:  # they started the hung one and wait for it on the same thread
            ending.end(waiting, Hung(budget_s))

    def _lost(self, worker: Worker) -> None:
        lost = worker.replace_lost()
        for cell in lost:
            ending.end(cell, LOST)
