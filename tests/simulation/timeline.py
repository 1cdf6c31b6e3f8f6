"""What happened in a run, for people: faults, deaths, records, requests, breaches."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from robotrader.domain.records import Record
    from tests.simulation.core import CoreWorld

MOST: Final = 5_000
S: Final = 1_000_000_000


class Timeline:
    """Keeps lines if it is on."""

    def __init__(self, world: CoreWorld, *, on: bool) -> None:
        self._world, self.on = world, on
        self._lines: deque[str] = deque(maxlen=MOST)

    def say(self, text: str) -> None:
        """Add a line with the time."""
        if self.on:
            self._lines.append(f"{self._world.sim_ns() / S:10.6f} {text}")

    def records(self, fresh: list[tuple[int, Record]]) -> None:
        """Add what became durable."""
        if self.on:
            for seq, record in fresh:
                fields = msgspec.to_builtins(record)
                text = " ".join(f"{name}={value}" for name, value in fields.items()
                                if value and name != "wall_ns")  # fmt: skip
                self.say(f"journal {seq} {type(record).__name__} {text}")

    def lines(self) -> tuple[str, ...]:
        """Return all lines."""
        return tuple(self._lines)
