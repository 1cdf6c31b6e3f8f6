"""Fault points: named places where a test or a chaos run can crash, delay or drop.

There are three: ``receive`` (an actor is about to handle a message), ``mailbox`` (a message is
about to be queued) and ``timer`` (a timer is about to fire). They are off by default and cost
nothing then: arming ``receive`` puts a wrapper around the handlers of the cells concerned, arming
``mailbox`` sends their senders through the slow path, arming ``timer`` wraps new timers. What a
fault does is drawn from an injected generator, so a seed repeats it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pykka

from supervision.errors import SupervisionError
from supervision.future import Future

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from supervision.cell import Cell
    from supervision.system import ActorSystem

Point = Literal["receive", "mailbox", "timer"]
Action = Literal["crash", "delay", "drop"]

_POSSIBLE: dict[str, tuple[str, ...]] = {
    "receive": ("crash", "delay", "drop"),
    "mailbox": ("drop",),
    "timer": ("drop",),
}


class InjectedFault(SupervisionError):
    """The crash that a fault point was told to cause."""


@dataclass(slots=True)
class Fault:
    """One fault.

    Attributes:
        point: where it acts.
        action: what it does there; a sender or a timer can only ``drop``.
        actor: name of the actor's class that it concerns; None means every class that is not the
            library's own (a supervisor that misses an exit breaks a promise, it does not fail).
        probability: chance at each passage, 0 to 1.
        times: how often at most; None means without limit.
        delay_s: for ``delay``: seconds that the handler is held up.
    """

    point: Point
    action: Action
    actor: str | None = None
    probability: float = 1.0
    times: int | None = None
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a fault that could not act.

        Raises:
            ValueError: names the field, its value and what would be accepted.
        """
        possible = _POSSIBLE.get(self.point)
        if possible is None:
            msg = f"fault point {self.point!r}: choose one of {', '.join(_POSSIBLE)}"
            raise ValueError(msg)
        if self.action not in possible:
            msg = f"fault action {self.action!r} at {self.point!r}: choose {' or '.join(possible)}"
            raise ValueError(msg)
        if not 0 <= self.probability <= 1:
            msg = f"fault probability {self.probability!r}: give a number from 0 to 1"
            raise ValueError(msg)

    def concerns(self, cell: Cell) -> bool:
        """Say whether the fault is meant for this actor."""
        kind = type(cell.actor)
        if self.actor is None:
            return kind.__module__.partition(".")[0] != __name__.partition(".")[0]
        return self.actor == kind.__name__

    def strikes(self, random: Random) -> bool:
        """Draw whether it acts now, and count that it did."""
        if self.times == 0 or random.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        return True


class FaultPoints:
    """The armed faults of one system; ``arm`` and ``disarm`` it as a whole.

    Args:
        system: whose actors are concerned.
        faults: what may happen.
        random: source of the draws; seed it to repeat a run.
    """

    def __init__(self, system: ActorSystem, faults: Sequence[Fault], random: Random) -> None:
        self._system = system
        self._faults = tuple(faults)
        self._random = random
        self.struck: dict[tuple[str, str], int] = {}

    def arm(self) -> FaultPoints:
        """Put the faults in place, for living and for future actors."""
        self._system.faults = self
        for cell in list(self._system.cells.values()):
            self.prepare(cell)
        return self

    def disarm(self) -> None:
        """Take the faults away; what waits is handled normally."""
        self._system.faults = None
        for cell in list(self._system.cells.values()):
            cell.receive = cell.actor.on_receive
            if cell.spec.overflow != "conflate":
                cell.capacity = cell.spec.capacity

    def prepare(self, cell: Cell) -> None:
        """Arm one cell (the system calls it for every actor that is started)."""
        receive = self._at("receive", cell)
        if receive:
            cell.receive = self._faulty(receive, cell.actor.on_receive)
        if self._at("mailbox", cell):
            cell.capacity = -1

    def admits(self, cell: Cell, message: object) -> bool:  # noqa: ARG002 - a port for richer rules
        """Say whether ``message`` reaches the mailbox of ``cell``."""
        return not any(self._strikes(fault) for fault in self._at("mailbox", cell))

    def fires(self) -> bool:
        """Say whether a timer that is due fires."""
        dropping = [fault for fault in self._faults if fault.point == "timer"]
        return not any(self._strikes(fault) for fault in dropping)

    def _at(self, point: Point, cell: Cell) -> list[Fault]:
        return [one for one in self._faults if one.point == point and one.concerns(cell)]

    def _strikes(self, fault: Fault) -> bool:
        if not fault.strikes(self._random):
            return False
        key = (fault.point, fault.action)
        self.struck[key] = self.struck.get(key, 0) + 1
        return True

    def _faulty(
        self, faults: Sequence[Fault], receive: Callable[[Any], Any]
    ) -> Callable[[Any], Any]:
        def handle(message: Any) -> Any:
            for fault in faults:
                if not self._strikes(fault):
                    continue
                if fault.action == "drop":
                    return None
                if fault.action == "crash":
                    msg = f"fault point 'receive' was told to crash on {message!r}"
                    raise InjectedFault(msg)
                pause(self._system, fault.delay_s)
            return receive(message)

        return handle


def pause(system: ActorSystem, seconds: float) -> None:
    """Hold the calling handler up for ``seconds`` of the system's time; others go on."""
    nothing: Future[None] = Future()
    nothing.deadline_ns = system.now_ns() + round(seconds * 1e9)
    try:
        nothing.get(timeout=seconds)
    except pykka.Timeout:
        return
