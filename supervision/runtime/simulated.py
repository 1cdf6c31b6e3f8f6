"""The simulated runtime: virtual time, seeded order, one thread at a time.

Every runnable cell gets a turn of one message; which one is next is drawn from a seeded generator,
so another seed is another interleaving and the same seed is the same one. When nothing can run, the
clock jumps to the next timer. When there is none either and somebody still waits, that is a
deadlock, and it is reported with who waits for whom.

A handler that blocks in ``ask`` keeps its stack on the thread it is on, and another carrier thread
goes on with the loop. Exactly one thread runs at any moment, the caller of ``run`` or one carrier,
and they pass the turn to each other explicitly, so the order stays the seed's alone.
"""

from __future__ import annotations

import _thread
from random import Random
from typing import TYPE_CHECKING, Any, Final

from supervision import here
from supervision.cell import Cell
from supervision.errors import Deadlock, StaleIncarnation
from supervision.fence import refuse
from supervision.stacks import stack_of
from supervision.states import DEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.clock import ManualClock
    from supervision.future import Future
    from supervision.runtime.base import P
    from supervision.simulation import Simulation
    from supervision.timers import TimerHeap

_MASK: Final = (1 << 64) - 1
_PRIME: Final = 0x100000001B3  # FNV-1a, 64 bit


class Wait:
    """A handler that waits for a future; its stack stays on its carrier's thread."""

    __slots__ = ("carrier", "cell", "due", "future", "gate", "ident")

    def __init__(self, carrier: here.Carrier, future: Future[Any]) -> None:
        self.carrier = carrier
        self.cell = carrier.current
        self.future = future
        self.ident = _thread.get_ident()
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.due = False

    def describe(self) -> str:
        """Say who waits for whom, with the stack of the one that waits."""
        asker = self.cell.ref if self.cell is not None else "?"
        asked = self.future.asked
        return f"{asker} waits for {asked}\n{stack_of(self.ident)}"


class SimulatedRuntime:
    """See the module's prose; made and driven by ``Simulation``."""

    def __init__(
        self, system: Simulation, clock: ManualClock, timers: TimerHeap, seed: int
    ) -> None:
        self.system = system
        self.name = "simulated"
        self.trace_hash = 0xCBF29CE484222325
        self.steps = 0
        self.waits: list[Wait] = []
        self._clock = clock
        self._timers = timers
        self._random = Random(seed).random
        self._runnable: list[Any] = []
        self._ordinals: dict[type, int] = {}
        self._spares: list[Any] = []
        self._caller = _thread.allocate_lock()
        self._caller.acquire()
        self._running = False
        self._closed = False
        self._limit_ns: int | None = None
        self._until: Callable[[], bool] | None = None
        self._error: BaseException | None = None
        self._active: here.Carrier | None = None

    # -- what cells and callers use --

    def attach(self, cell: Cell) -> None:
        """Take ``cell`` on."""
        cell.runtime = self
        cell.ready = self._runnable.append
        cell.scheduled = False

    def detach(self, cell: Cell) -> None:
        """Let go of ``cell``: nothing is kept for it."""

    def caller(self) -> here.Carrier | None:
        """Return the carrier of the caller if it is inside a turn of this simulation."""
        carrier = here.carrier()
        return carrier if carrier is not None and carrier.runtime is self else None

    def fence(self, cell: Cell) -> None:
        """Wake the handler of ``cell`` if it waits: its wait ends with ``StaleIncarnation``."""
        for wait in self.waits:
            if wait.cell is cell:
                self._resume(wait)

    def close(self) -> None:
        """End all carriers; handlers that still wait are ended, not resumed."""
        if self._closed:
            return
        self._closed = True
        for wait in list(self.waits):
            wait.gate.release()
        for gate in self._spares:
            gate.release()

    # -- driving, from outside --

    def drive(self, limit_ns: int | None, until: Callable[[], bool] | None) -> None:
        """Run until ``until()`` holds, or nothing is left to do by ``limit_ns`` (None: ever).

        Raises:
            Deadlock: handlers wait for each other and nothing can run.
        """
        if self._closed:
            msg = "the simulation is closed: make a new one"
            raise RuntimeError(msg)
        self._limit_ns, self._until = limit_ns, until
        self._go_on()
        self._caller.acquire()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _go_on(self) -> None:
        """Let a carrier run the loop."""
        if self._spares:
            self._spares.pop().release()
        else:
            _thread.start_new_thread(self._carry, ())

    def _carry(self) -> None:
        carrier = here.Carrier(self)
        here.enter(carrier)
        gate = _thread.allocate_lock()
        gate.acquire()
        while not self._closed:
            try:
                waiting = self._loop(carrier)
            except (StaleIncarnation, Deadlock):
                carrier.current = None
                continue
            except BaseException as error:  # noqa: BLE001 - of ``until`` or a timer: the caller's
                self._error, waiting = error, None
            self._spares.append(gate)
            if waiting is None:
                self._caller.release()
            else:
                waiting.gate.release()
            gate.acquire()

    # -- the loop --

    def _loop(self, carrier: here.Carrier) -> Wait | None:
        """Run until there is a wait to hand over to, or (None) the caller's turn has come."""
        runnable = self._runnable
        random = self._random
        while True:
            if self._until is not None and self._until():
                return None
            if not runnable:
                if self._idle():
                    return None
                continue
            index = int(random() * len(runnable))
            item = runnable[index]
            runnable[index] = runnable[-1]
            runnable.pop()
            if item.__class__ is not Cell:
                if self._is_last(item):
                    return item  # type: ignore[no-any-return]  # what is no cell is a wait
                continue
            self._note(item)
            carrier.current = item
            item.turn(1)
            carrier.current = None

    def _note(self, cell: Cell) -> None:
        """Mix what runs next into the trace hash: integers only, so equal in every process."""
        queue = cell.queue
        kind = queue[0].__class__ if queue else None.__class__
        ordinals = self._ordinals
        ordinal = ordinals.get(kind)
        if ordinal is None:
            ordinal = ordinals[kind] = len(ordinals)
        self.steps += 1
        self.trace_hash = ((self.trace_hash ^ (cell.number << 16 | ordinal)) * _PRIME) & _MASK
        recorder = self.system.recorder
        if recorder is not None:
            recorder.step(self._clock.now_ns(), cell, queue[0] if queue else None)

    def _idle(self) -> bool:
        """Move the clock to the next timer; return whether there is nothing left to do."""
        due_ns = self._timers.next_ns()
        if self.waits and self._stuck() and self._deadlocked():
            return True
        if due_ns is None or (self._limit_ns is not None and due_ns > self._limit_ns):
            return True
        self._move_to(due_ns)
        self._timers.pop().fire()
        return False

    def _move_to(self, due_ns: int) -> None:
        """Move the clock forward, and mix it into the trace."""
        left_ns = due_ns - self.system.coarse_ns
        if left_ns > 0:
            self._clock.advance_ns(left_ns)
            self.trace_hash = ((self.trace_hash ^ due_ns) * _PRIME) & _MASK

    def _stuck(self) -> bool:
        """Say whether handlers wait for answers and nothing but their deadlines can happen."""
        waits = self.waits
        if self._timers.more_than(len(waits)):
            return False
        return all(wait.future.asked is not None for wait in waits)

    def _deadlocked(self) -> bool:
        report = "\n".join(wait.describe() for wait in self.waits)
        self.system.deadlocks.append(report)
        if not self.system.raise_deadlocks:
            return False
        self._error = Deadlock(f"nothing can run at {self._clock.now_ns()} ns:\n{report}")
        return True

    # -- waiting --

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback``: whoever it wakes waits for no lock that a turn here needs."""
        callback()

    def let_pass(self) -> None:
        """Do nothing: there is one thread."""

    def at_once(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return ``callback`` as it is: turns are run by the simulation."""
        return callback

    def wait_for(self, future: Future[Any], timeout_s: float | None) -> None:
        """Wait for ``future``; other actors go on meanwhile, in virtual time."""
        limit_ns = None
        if timeout_s is not None:
            limit_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        carrier = here.carrier()
        if carrier is None or carrier.runtime is not self:
            self._wait_outside(future, limit_ns)
            return
        own, carrier.current = carrier.current, None
        passed = self._passes(future, limit_ns)
        if passed and not self._stops():
            self._random()  # the loop draws what it resumes, also where there is one
        else:
            carrier.current = own
            self._hand_over(Wait(carrier, future), None if passed else limit_ns, due=passed)
        carrier.current = own
        if own is not None and own.state == DEAD:
            refuse(own)

    def _passes(self, future: Future[Any], until_ns: int | None) -> bool:
        """Let the time of a wait pass if nothing else can happen in it; return whether it has.

        Then no other thread is needed to go on with the loop: what it would do is done here.
        """
        if until_ns is None or future.asked is not None or self._runnable:
            return False
        due_ns, limit_ns = self._timers.next_ns(), self._limit_ns
        if (due_ns is not None and due_ns <= until_ns) or self._stops():
            return False
        if limit_ns is not None and until_ns > limit_ns:
            return False
        self._move_to(until_ns)
        return True

    def _stops(self) -> bool:
        """Whether the caller's turn has come, as far as can be said inside of a handler."""
        try:
            return self._until is not None and self._until()
        except BaseException:  # noqa: BLE001 - the loop asks again, and tells the caller
            return True

    def _hand_over(self, wait: Wait, limit_ns: int | None, *, due: bool) -> None:
        """Keep the handler's stack on this thread while another one goes on with the loop."""
        future, carrier = wait.future, wait.carrier
        self.waits.append(wait)
        timer = None
        if due:
            self._resume(wait)
        else:
            future.on_done(lambda: self._resume(wait))
            if limit_ns is not None:
                timer = self._timers.add(limit_ns, lambda: self._resume(wait))
        carrier.current = None
        self._go_on()
        wait.gate.acquire()
        carrier.current = wait.cell
        if timer is not None:
            timer.cancel()
        self.waits.remove(wait)
        if self._closed:
            msg = "the simulation was closed"
            raise StaleIncarnation(msg)

    def _wait_outside(self, future: Future[Any], limit_ns: int | None) -> None:
        self.drive(limit_ns, future.done)
        if limit_ns is not None and not future.done() and self._clock.now_ns() < limit_ns:
            self._clock.advance_ns(limit_ns - self._clock.now_ns())

    def _resume(self, wait: Wait) -> None:
        if not wait.due:
            wait.due = True
            self._runnable.append(wait)

    def _is_last(self, wait: Wait) -> bool:
        return wait in self.waits
