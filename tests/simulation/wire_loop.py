"""An asyncio loop whose time and turns are a simulation's: real clients run in it unmodified.

Every callback that the loop owes is a message to one actor, ``LoopPump``: the simulation decides by
its seed when that actor gets its next turn among all the others, so every await of a client is a
scheduling point. Within the loop the order is asyncio's own: callbacks in the order in which they
were asked for, timers by their deadline. The clock begins near zero: at epoch-sized floats a step
below one ulp would never advance.

There is no selector, no socket and no thread: connections are made by ``wire_net.Network``.
"""

from __future__ import annotations

import asyncio
import traceback
from asyncio import base_events
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVarTuple

from supervision import Actor, ActorRef, MailboxSpec, Simulation, here
from supervision.clock import NANOSECONDS, to_ns
from supervision.runtime.simulated import SimulatedRuntime
from supervision.states import DEAD

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context

    from supervision.clock import ManualClock
    from supervision.runtime.simulated import Wait
    from supervision.timers import Timer, TimerHeap
    from tests.simulation.wire_net import Network, SimServer

Ts = TypeVarTuple("Ts")

MOST_READY: Final = 1_000_000
"""Callbacks that may be owed at once: asyncio has no bound, a runaway has to be seen."""


class LoopedRuntime(SimulatedRuntime):
    """A simulated runtime whose threads all have a running loop, as the real broker thread has."""

    def __init__(
        self, system: Simulation, clock: ManualClock, timers: TimerHeap, seed: int
    ) -> None:
        super().__init__(system, clock, timers, seed)
        self.loop: asyncio.AbstractEventLoop | None = None

    def _loop(self, carrier: here.Carrier) -> Wait | None:
        asyncio._set_running_loop(self.loop)
        try:
            return super()._loop(carrier)
        finally:
            asyncio._set_running_loop(None)


class LoopedSimulation(Simulation):
    """A simulation with an asyncio loop in it: ``loop``."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed, raise_deadlocks=False)
        clock: Any = self.clock
        self.simulated: LoopedRuntime = LoopedRuntime(self, clock, self._heap.heap, seed)
        self.loop = SimLoop(self)
        self.simulated.loop = self.loop

    def close(self) -> None:
        """End everything, the loop too."""
        self.loop.close()
        super().close()


class LoopPump(Actor):
    """Runs a loop's callbacks, one a turn."""

    runtime = "broker"
    mailbox: ClassVar[MailboxSpec] = MailboxSpec(capacity=MOST_READY)

    def __init__(self, loop: SimLoop) -> None:
        super().__init__()
        self._loop = loop

    def on_receive(self, message: Any) -> None:
        """Run a callback as the loop's own thread does: inside no actor."""
        if not message.cancelled():
            carrier = here.carrier()
            assert carrier is not None, "a turn has a carrier"
            own, carrier.current = carrier.current, None
            try:
                message._run()
            finally:
                carrier.current = own


class _Timer(asyncio.TimerHandle):
    """A timer of the loop, kept by the simulation."""

    __slots__ = ("kept",)

    kept: Timer


class SimLoop(base_events.BaseEventLoop):
    """See the module's prose.

    Attributes:
        network: where ``create_connection`` and ``create_server`` go; set by who makes it.
        failures: what callbacks raised and what tasks nobody asked for their end have left.
    """

    def __init__(self, system: Simulation) -> None:
        super().__init__()
        self.system = system
        self.network: Network | None = None
        self.failures: list[str] = []
        self.callbacks = 0
        self._timers: set[_Timer] = set()
        self._pump: ActorRef[LoopPump] = system.start(LoopPump(self))
        self.set_exception_handler(self._failed)

    def _failed(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        where = traceback.extract_tb(error.__traceback__)[-3:] if error is not None else ()
        lines = " < ".join(f"{each.name}:{each.lineno}" for each in reversed(where))
        self.failures.append(f"{context.get('message')}: {error!r} in {lines}")

    # -- time and turns --

    def time(self) -> float:
        """Seconds since the simulation began."""
        return self.system.now_ns() / NANOSECONDS

    def is_running(self) -> bool:
        """It runs whenever the simulation does."""
        return not self.is_closed()

    def set_debug(self, enabled: bool) -> None:
        """Change nothing: see ``get_debug``."""

    def get_debug(self) -> bool:
        """No: debug mode reads the clock of the machine."""
        return False

    def call_soon(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Owe a callback its turn."""
        self._must_be_open()
        handle = asyncio.Handle(callback, args, self, context)
        self._owe(handle)
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """As ``call_soon``: there is one thread at a time."""
        return self.call_soon(callback, *args, context=context)

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Owe a callback its turn in ``delay`` seconds."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Owe a callback its turn at ``when`` on the loop's clock."""
        self._must_be_open()
        handle = _Timer(when, callback, args, self, context)
        due_ns = max(to_ns(when), self.system.now_ns())
        handle.kept = self.system.timers.at(due_ns, lambda: self._due(handle))
        self._timers.add(handle)
        return handle

    def _due(self, handle: _Timer) -> None:
        self._timers.discard(handle)
        self._owe(handle)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        assert isinstance(handle, _Timer), "call_at makes no others"
        self._timers.discard(handle)
        handle.kept.cancel()

    def _must_be_open(self) -> None:
        if self.is_closed():
            msg = "Event loop is closed"
            raise RuntimeError(msg)

    def _owe(self, handle: asyncio.Handle) -> None:
        self.callbacks += 1
        self._pump.tell(handle)

    # -- lives --

    def forget(self) -> None:
        """Drop everything that is owed, as the death of the process does."""
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # it died with the rest
        for timer in list(self._timers):
            timer.cancel()
        self._pump.kill()
        self._pump = self.system.start(LoopPump(self))

    def close(self) -> None:
        """Owe nothing any more."""
        if self.is_closed():
            return
        for task in asyncio.all_tasks(self):
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # the run is over
        for timer in list(self._timers):
            timer.cancel()
        if self._pump._cell.state != DEAD:
            self._pump.kill()
        self._closed = True

    def run_forever(self) -> None:
        """Refuse: the simulation drives the loop.

        Raises:
            RuntimeError: always.
        """
        msg = "a simulated loop is driven by Simulation.run(); use complete() for a coroutine"
        raise RuntimeError(msg)

    def complete(self, coroutine: Any, limit_s: float = 600.0) -> Any:
        """Run the simulation until ``coroutine`` is over; return what it returns."""
        task = self.create_task(coroutine)
        assert self.system.run(task.done, limit_s=limit_s), f"not over in {limit_s:g} s: {task}"
        return task.result()

    # -- connections --

    async def create_connection(self, protocol_factory: Any, *args: Any, **_options: Any) -> Any:
        """Connect to ``host`` and ``port`` in the network.

        Raises:
            OSError: nobody listens there, or nobody answers.
        """
        assert self.network is not None, "a loop without a network has no connections"
        host, port = args
        return await self.network.connect(self, protocol_factory, host, port)

    async def create_server(  # type: ignore[override]  # of the many ways to say where: two
        self, protocol_factory: Any, *args: Any, **_options: Any
    ) -> SimServer:
        """Listen at ``host`` and ``port`` in the network.

        Raises:
            OSError: the port is in use.
        """
        assert self.network is not None, "a loop without a network has no connections"
        host, port = args
        return self.network.listen(self, protocol_factory, host, port)
