"""A simulation: an actor system whose time, order and randomness come from a seed.

All runtimes of such a system are one simulated runtime, so the same actors and the same tree run
in it unchanged. ``trace_hash`` is equal for equal seeds in every process.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from supervision.clock import ManualClock, to_ns
from supervision.runtime.simulated import SimulatedRuntime
from supervision.system import ActorSystem
from supervision.timers import TimerHeap

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from supervision.runtime.base import Runtime
    from supervision.testing import TraceRecorder
    from supervision.timers import Timer


class _SimulatedTimers:
    """The timers of a simulation: only a heap; the runtime moves the clock."""

    def __init__(self) -> None:
        self.heap = TimerHeap()

    def at(self, deadline_ns: int, callback: Callable[[], object]) -> Timer:
        """Call ``callback()`` when virtual time reaches ``deadline_ns``."""
        return self.heap.add(deadline_ns, callback)

    def close(self) -> None:
        """Nothing to end."""


class _VirtualClock(ManualClock):
    """A clock that tells its system the time as it moves: senders read it for every message."""

    __slots__ = ("_system",)

    def __init__(self, system: Simulation) -> None:
        super().__init__()
        self._system = system

    def advance_ns(self, delta_ns: int) -> None:
        """Move forward by ``delta_ns``; a time before now is refused as any clock refuses it."""
        if delta_ns < 0:
            super().advance_ns(delta_ns)
        self._now_ns = self._system.coarse_ns = self._now_ns + delta_ns


class Simulation(ActorSystem):
    """See the module's prose.

    Args:
        seed: of the order in which actors get their turns, and of ``random``.
        raise_deadlocks: raise ``Deadlock`` out of ``run`` when nothing can run and handlers wait;
            otherwise note it in ``deadlocks`` and let the deadlines of the waits pass.
    """

    def __init__(
        self, seed: int = 0, *, name: str = "simulation", raise_deadlocks: bool = True
    ) -> None:
        self.seed = seed
        self.random = Random(f"{seed}/random")
        self.raise_deadlocks = raise_deadlocks
        self.deadlocks: list[str] = []
        self.recorder: TraceRecorder | None = None
        self._heap = _SimulatedTimers()
        clock = _VirtualClock(self)
        super().__init__(name, clock=clock, urn_base=self.random.getrandbits(128))
        self.simulated = SimulatedRuntime(self, clock, self._heap.heap, seed)

    def _make_timers(self) -> _SimulatedTimers:
        return self._heap

    def runtime(self, name: str) -> Runtime:  # noqa: ARG002 - every name is the same runtime here
        """Return the simulated runtime, whatever the name."""
        return self.simulated

    def _runtime_of(self, cell: Cell, name: str) -> Runtime:  # noqa: ARG002 - as above
        return self.simulated

    @property
    def trace_hash(self) -> int:
        """Hash of everything that ran so far and when (64 bits)."""
        return self.simulated.trace_hash

    @property
    def steps(self) -> int:
        """How many turns have been run."""
        return self.simulated.steps

    def run(self, until: Callable[[], bool] | None = None, *, limit_s: float | None = None) -> bool:
        """Run until ``until()`` holds, nothing is left to do, or ``limit_s`` virtual seconds pass.

        Returns:
            Whether ``until`` holds (True without one).

        Raises:
            Deadlock: see ``raise_deadlocks``.
        """
        limit_ns = None if limit_s is None else self.now_ns() + to_ns(limit_s)
        self.simulated.drive(limit_ns, until)
        return until is None or until()

    def settle(self) -> None:
        """Run what can run at the present virtual time; no clock jump."""
        self.simulated.drive(self.now_ns(), None)

    def run_for(self, seconds: float) -> None:
        """Run ``seconds`` of virtual time and leave the clock there."""
        end_ns = self.now_ns() + to_ns(seconds)
        self.simulated.drive(end_ns, None)
        self.clock.advance_ns(end_ns - self.now_ns())  # type: ignore[attr-defined]  # a ManualClock

    def close(self) -> None:
        """Kill what still lives and end the carriers."""
        super().close()
        self.simulated.close()
