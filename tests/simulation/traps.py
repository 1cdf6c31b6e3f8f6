"""Traps at named points: what happens when a run comes by with something in hand.

A process that dies at a drawn moment hardly ever dies where it matters. A trap names the point,
what has to be in hand there (a record's name, ``order``, ``change``; empty: whatever it is), and at
which time of coming by it goes off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.say import Trip
from robotrader.risk import Level
from tests.simulation.rows import died

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.simulation.core import CoreWorld


class ProcessDied(BaseException):
    """The process was told to die here; no handler of the product may catch it."""


@dataclass(slots=True)
class _Trap:
    point: str
    what: str
    left: int
    go_off: Callable[[str, tuple[str, ...]], None]


class Traps:
    """The traps of a process; its death takes them away."""

    def __init__(self, world: CoreWorld) -> None:
        self._world = world
        self._set: list[_Trap] = []

    def clear(self) -> None:
        """Take all of them away."""
        self._set.clear()

    def passes(self, point: str, what: tuple[str, ...]) -> None:
        """Come by.

        Raises:
            ProcessDied: a trap that kills went off.
        """
        if not self._set:
            return
        for trap in list(self._set):
            if trap.point == point and (not trap.what or trap.what in what):
                trap.left -= 1
                if trap.left <= 0:
                    self._set.remove(trap)
                    trap.go_off(point, what)

    def to_die(self, point: str, what: str = "", count: int = 1) -> None:
        """Let the process die there."""
        self._set.append(_Trap(point, what, count, self._die))

    def to_die_soon(self, point: str, what: str, turns: int) -> None:
        """Let the process die so many turns later."""

        def later(_point: str, _what: tuple[str, ...]) -> None:
            self._world.crash_steps.append(self._world.system.steps + turns)

        self._set.append(_Trap(point, what, 1, later))

    def to_do(self, point: str, what: str, do: Callable[[], None], count: int = 1) -> None:
        """Let something happen right after that, while others go on."""
        self._set.append(_Trap(point, what, count, lambda *_: self._world.after(1_000, do)))

    def to_trip(self, point: str, what: str, level: Level, count: int = 1) -> None:
        """Let a person trip the kill switch there."""

        def trip(_point: str, _what: tuple[str, ...]) -> None:
            self._world.striker.ask("kill-switch", Trip(level, "all", "bob", "in a commit"))

        self._set.append(_Trap(point, what, count, trip))

    def _die(self, point: str, what: tuple[str, ...]) -> None:
        self._world.dying = f"crash at {point}"
        died(self._world, point, what)
        raise ProcessDied(point)
