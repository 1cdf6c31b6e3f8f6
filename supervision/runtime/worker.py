"""A worker: one run queue, served by one thread at a time.

It is the runtime of a pool (ten thousand actors share one worker) and of an actor with a thread of
its own (a worker that serves a single cell). One worker a pool is a choice, not a limit: under the
interpreter lock a second one only adds switches, and with one the cells need no lock.

A handler that blocks in ``ask`` would stop every actor of its pool. So the thread that waits hands
the run queue to another carrier thread and takes it back when the answer is there: still only one
of them runs at any moment.

A handler that hangs cannot be ended. Its thread is abandoned: another carrier takes the queue over,
and whatever the old one still tries to send is refused (see ``fence``).
"""

from __future__ import annotations

import _thread
import threading
import time
from itertools import count
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final

from supervision import here
from supervision.cell import Cell
from supervision.errors import StaleIncarnation, WouldBlock
from supervision.fence import abandon, bury, refuse
from supervision.states import DEAD

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.future import Future
    from supervision.runtime.base import P
    from supervision.system import ActorSystem

BATCH: Final = 64
"""Messages a turn: enough to hide the cost of a turn, few enough to starve nobody (about 50 us)."""

MAX_WAITING: Final = 64
"""Threads of one pool that may wait in ``ask`` at once; more of them is a design error."""

SAMPLING: Final = 63
"""Mask of the turns whose time is not taken: one of 64 is sample enough for a histogram."""

_numbers = count(1)


class _Resume:
    """A waiting thread's place in the run queue: whoever pops it hands the queue over."""

    __slots__ = ("carrier", "gate", "used")

    def __init__(self, carrier: here.Carrier) -> None:
        self.carrier = carrier
        self.gate = _thread.allocate_lock()
        self.gate.acquire()
        self.used = False


class Worker:
    """See the module's prose."""

    def __init__(
        self, system: ActorSystem, name: str, *, dedicated: bool = False, batch: int = BATCH
    ) -> None:
        self.system = system
        self.name = name
        self.active: here.Carrier | None = None
        self.dedicated = dedicated
        self._batch = batch
        self._run_queue: SimpleQueue[Any] = SimpleQueue()
        self._ready = self._run_queue.put  # one for all cells
        self._spares: list[_Resume] = []
        self._waiting = 0
        self._closed = False
        self._cell: Cell | None = None  # the only one, if dedicated
        self._launch()

    # -- what cells and callers use --

    def attach(self, cell: Cell) -> None:
        """Take ``cell`` on."""
        cell.runtime = self
        if self.dedicated:
            self._cell = cell
        cell.ready = self._ready
        cell.scheduled = False

    def detach(self, cell: Cell) -> None:  # noqa: ARG002 - only a dedicated worker goes with it
        """Let go of ``cell``; a thread of its own ends with it."""
        if self.dedicated:
            self.close()

    def caller(self) -> here.Carrier | None:
        """Return the calling thread's carrier if it is this worker's."""
        carrier = here.carrier()
        return carrier if carrier is self.active else None

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback``: whoever it wakes waits for no lock that a turn here needs."""
        callback()

    def let_pass(self) -> None:
        """Do nothing: nobody waits for a worker's queue to be empty."""

    def at_once(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return ``callback`` as it is: turns are run by its thread alone."""
        return callback

    def close(self) -> None:
        """End the worker's threads after what is queued now."""
        self._closed = True
        self.system.workers.discard(self)
        self._run_queue.put(None)

    def depth(self) -> int:
        """Return how many cells wait for a turn."""
        return self._run_queue.qsize()

    # -- serving --

    def _launch(self) -> None:
        name = f"{self.name}-{next(_numbers)}"
        threading.Thread(target=self._serve, name=name, daemon=True).start()

    def _serve(self) -> None:
        carrier = here.Carrier(self)
        here.enter(carrier)
        self.active = carrier
        get = self._run_queue.get
        batch = self._batch
        system = self.system
        turns = 0
        while not carrier.abandoned:
            try:
                item = get()
                if item.__class__ is Cell:
                    carrier.current = item
                    if not system.timing:
                        item.turn(batch)
                    else:
                        turns += 1
                        if turns & SAMPLING:
                            item.turn(batch)
                        else:
                            self._timed_turn(item)
                    carrier.current = None
                elif not self._control(carrier, item):
                    break
            except StaleIncarnation:
                carrier.current = None  # out of a handler whose incarnation had been given up
        if carrier.abandoned:
            bury(carrier)

    def _timed_turn(self, cell: Cell) -> None:
        """Run a turn and take its time."""
        handled, begun_ns = cell.handled, time.perf_counter_ns()
        cell.turn(self._batch)
        messages = cell.handled - handled
        if messages:
            cell.stats.sample(messages, time.perf_counter_ns() - begun_ns)

    def _control(self, carrier: here.Carrier, item: _Resume | None) -> bool:
        """Obey what is not a cell; return whether to go on serving."""
        if item is None:
            self._end_spares()
            return False
        if item.used:
            return True
        item.used = True
        spare = _Resume(carrier)
        self._spares.append(spare)
        self.active = item.carrier
        item.gate.release()
        spare.gate.acquire()
        if spare.used:  # woken to end
            return False
        self.active = carrier
        return True

    def _end_spares(self) -> None:
        while self._spares:
            spare = self._spares.pop()
            spare.used = True
            spare.gate.release()

    # -- waiting inside a handler --

    def wait_for(self, future: Future[Any], timeout_s: float | None) -> None:
        """Wait for ``future``; actors of the same pool go on meanwhile.

        Raises:
            WouldBlock: too many handlers of this pool wait already.
        """
        carrier = here.carrier()
        if carrier is None or carrier is not self.active:
            future.block(timeout_s)
            return
        cell, carrier.current = carrier.current, None
        if self.dedicated:
            future.block(timeout_s)
        else:
            self._yield_to_others(carrier, future, timeout_s)
        carrier.current = cell
        if cell is not None and cell.state == DEAD:
            refuse(cell)  # ended while it waited: its handler must not go on

    def _yield_to_others(
        self, carrier: here.Carrier, future: Future[Any], timeout_s: float | None
    ) -> None:
        if self._waiting >= MAX_WAITING:
            msg = (
                f"pool {self.name!r}: {MAX_WAITING} handlers already wait in ask(); "
                "use tell(), ask(block=False) or a pool of its own for one side"
            )
            raise WouldBlock(msg)
        resume = _Resume(carrier)
        future.on_done(lambda: self._run_queue.put(resume))
        self._waiting += 1
        self._hand_over()
        timeout = -1 if timeout_s is None else min(timeout_s, _thread.TIMEOUT_MAX)
        if not resume.gate.acquire(timeout=timeout):
            self._run_queue.put(resume)  # late: still wait for the queue to be handed back
            resume.gate.acquire()
        self._waiting -= 1

    def _hand_over(self) -> None:
        self.active = None
        if self._spares:
            self._spares.pop().gate.release()
        else:
            self._launch()

    # -- letting go of a thread --

    def fence(self, cell: Cell) -> None:
        """Abandon the thread that is inside a handler of ``cell``; another one takes over."""
        carrier = self.active
        if carrier is None or carrier.current is not cell:
            return
        abandon(carrier, cell)
        if not self.dedicated:
            self._launch()

    def lost(self) -> bool:
        """Say whether the thread that should serve is gone although nobody ended it."""
        carrier = self.active
        return carrier is not None and not self._closed and not carrier.thread.is_alive()

    def replace_lost(self) -> list[Cell]:
        """Let another thread serve; return the cells whose turn was lost with the old one."""
        carrier = self.active
        assert carrier is not None, "lost() has just looked at it"
        self.active = None
        if self.dedicated:
            return [self._cell] if self._cell is not None else []
        gone = [cell for cell in (*carrier.outer, carrier.current) if cell is not None]
        for cell in list(self.system.cells.values()):
            if cell.runtime is self and cell.scheduled and cell not in gone:
                self._run_queue.put(cell)  # its place may have been lost with the thread
        self._launch()
        return gone


def thread_worker(system: ActorSystem, cell: Cell) -> Worker:
    """Make the worker of an actor that runs on a thread of its own."""
    return Worker(system, type(cell.actor).__name__, dedicated=True)
