"""Actors on an event loop's thread: their turns are callbacks of the loop.

For actors that live with an asyncio client (a broker connection): a message from a callback of the
same loop reaches the handler without a change of thread. Handlers are plain functions; they must
not block, and a blocking ``ask`` on the loop's thread is refused, because it would stop the loop
and with it whoever has to answer.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from supervision import here
from supervision.errors import StaleIncarnation, WouldBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from supervision.future import Future
    from supervision.runtime.base import P
    from supervision.system import ActorSystem

BATCH: Final = 16
"""Messages a turn; small, because the loop's sockets wait meanwhile."""

SAMPLING: Final = 63
"""As a worker's: the time of one turn of 64 is taken."""

IDLE_AFTER_S: Final = 0.002
"""How long after turns begin actors may do what can wait: what a message leads to is decided by
other threads meanwhile, and they need the interpreter for that."""

LET_PASS_S: Final = 0.002
"""A loop that takes longer does something else first, or hangs: nobody waits for that."""

MAX_TURNS: Final = 64
"""Turns in one callback before the loop gets to look at its sockets again."""


class LoopRuntime:
    """Runs cells on the thread of ``loop``.

    Made inside the loop's own thread (by a coroutine or callback), it serves that loop; see
    ``loop_thread`` for one with a thread of its own.
    """

    def __init__(
        self, system: ActorSystem, name: str, loop: asyncio.AbstractEventLoop, *, batch: int = BATCH
    ) -> None:
        self.system = system
        self.name = name
        self.loop = loop
        self.active = here.Carrier(self)
        self._ident = threading.get_ident()
        self._idlers: list[Cell] = []
        self._to_idle: asyncio.Handle | None = None
        self._batch = batch
        self._cells: deque[Cell] = deque()
        self._armed = False
        self._turns = 0
        self._after: deque[Callable[[], None]] = deque()

    def attach(self, cell: Cell) -> None:
        """Take ``cell`` on."""
        if cell.actor.idles:
            self._idlers.append(cell)
        cell.runtime = self
        cell.ready = self._ready
        cell.scheduled = False

    def detach(self, cell: Cell) -> None:
        """Let go of ``cell``."""
        if cell in self._idlers:
            self._idlers.remove(cell)

    def caller(self) -> here.Carrier | None:
        """Return the calling thread's carrier if it is running a turn on this loop."""
        carrier = here.carrier()
        return carrier if carrier is self.active else None

    def at_once(self, callback: Callable[P, None]) -> Callable[P, None]:
        """Return ``callback`` with the turns that come of it run at its end.

        For a callback of the loop, such as a socket's, that tells actors on it: they need not wait
        for the loop to look at its sockets again. Not to be called in a turn.
        """

        def called(*args: P.args, **kwargs: P.kwargs) -> None:
            self._armed = True  # nobody who is told has to arrange for a turn
            try:
                callback(*args, **kwargs)
            finally:
                self._run()

        return called

    def afterwards(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` behind the turns that wait now; at once if none do."""
        self._after.append(callback)
        if not self._armed:
            self._call_after()

    def let_pass(self) -> None:
        """Wait until the turns that wait now are over, at most ``LET_PASS_S``.

        For a thread that has just told somebody here what is in a hurry: its own next turn would
        hold the interpreter lock against them. On the loop's own thread nothing is waited for.
        """
        if not self._armed or threading.get_ident() == self._ident:
            return
        over = threading.Lock()
        over.acquire()
        self.afterwards(over.release)
        over.acquire(timeout=LET_PASS_S)

    def wait_for(self, future: Future[Any], timeout_s: float | None) -> None:
        """Wait for ``future`` on a thread that is not the loop's.

        Raises:
            WouldBlock: this is the loop's thread.
        """
        if threading.get_ident() == self._ident:
            msg = (
                f"loop {self.name!r}: a blocking wait would stop the event loop; "
                "use tell(), or ask(block=False) and on_done()"
            )
            raise WouldBlock(msg)
        future.block(timeout_s)

    def fence(self, cell: Cell) -> None:
        """Do nothing: the loop's thread cannot be given up while its sockets are in use."""

    def close(self) -> None:
        """Leave the loop to its owner."""

    def _idle(self) -> None:
        """Let actors do what can wait, a little each; sockets and turns come before the rest."""
        self._to_idle = None
        if self._cells:
            return  # with their turns it is called again
        carrier, more = self.active, False
        here.enter(carrier)
        for cell in tuple(self._idlers):
            carrier.current = cell
            with suppress(StaleIncarnation):
                more |= cell.idle()
        carrier.current = None
        here.enter(None)
        if more and self._to_idle is None:
            self._to_idle = self.loop.call_soon(self._idle)

    def _ready(self, cell: Cell) -> None:
        self._cells.append(cell)
        if self._armed:
            return
        self._armed = True
        if threading.get_ident() == self._ident:
            self.loop.call_soon(self._run)
        else:
            self.loop.call_soon_threadsafe(self._run)

    def _run(self) -> None:
        """Run turns, also those that come of them, without a look at the sockets in between.

        Each such look lets go of the interpreter lock: other threads would run between two actors
        of one chain (measured: 0.2 ms and more from an intent to its order).
        """
        cells = self._cells
        carrier = self.active
        timing = self.system.timing
        here.enter(carrier)
        turns = MAX_TURNS
        while cells and turns:
            turns -= 1
            carrier.current = cell = cells.popleft()
            batch = 1 if cell.actor.gives_way else self._batch
            self._turns += 1
            try:
                if timing and not self._turns & SAMPLING:
                    self._timed_turn(cell, batch)
                else:
                    cell.turn(batch)
            except StaleIncarnation:  # of a handler whose incarnation has ended: it is out of it
                continue
        carrier.current = None
        here.enter(None)
        self._armed = False
        if cells and not self._armed:  # who came before that line has left it to this one
            self._armed = True
            self.loop.call_soon(self._run)
        if self._after:
            self._call_after()
        if self._idlers and self._to_idle is None:
            self._to_idle = self.loop.call_later(IDLE_AFTER_S, self._idle)

    def _call_after(self) -> None:
        with suppress(IndexError):  # another thread calls them, too
            while True:
                self._after.popleft()()

    def _timed_turn(self, cell: Cell, batch: int) -> None:
        """Run a turn and take its time."""
        handled, begun_ns = cell.handled, time.perf_counter_ns()
        cell.turn(batch)
        messages = cell.handled - handled
        if messages:
            cell.stats.sample(messages, time.perf_counter_ns() - begun_ns)


class LoopThread(LoopRuntime):
    """A loop runtime with an event loop and a thread of its own.

    Args:
        system: whose actors run on it.
        name: what they call it.
        make_loop: makes the event loop, in the caller's thread.
    """

    def __init__(
        self,
        system: ActorSystem,
        name: str,
        make_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop,
    ) -> None:
        loop = make_loop()
        super().__init__(system, name, loop)
        running = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(running,), name=name, daemon=True)
        self._thread.start()
        running.wait()

    def _serve(self, running: threading.Event) -> None:
        self._ident = self.active.ident = threading.get_ident()
        asyncio.set_event_loop(self.loop)
        self.loop.call_soon(running.set)
        self.loop.run_forever()
        self.loop.close()

    def close(self) -> None:
        """Stop the loop; its thread ends."""
        self.loop.call_soon_threadsafe(self.loop.stop)
