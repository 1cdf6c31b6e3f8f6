"""The lives of actors: how often each place of the tree was filled, since when, why it was emptied.

An observer of the system that hands everything on to the one before it (metrics). A place is a path
in the tree; its figures outlive the incarnations, so that a restart is seen after it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from supervision.observe import NullObserver
from supervision.reports import MOST_CHARACTERS

if TYPE_CHECKING:
    from supervision import ActorSystem
    from supervision.cell import Cell
    from supervision.observe import Observer
    from supervision.reasons import ExitReason

PLACES_MAX: Final = 50_000
"""Several times the largest tree; more would be a leak of names."""


class Life(NamedTuple):
    """One place of the tree. ``began_ns`` is monotonic, ``ended_ns`` of the wall."""

    starts: int = 0
    began_ns: int = 0
    why: str = ""
    ended_ns: int | None = None

    @property
    def restarts(self) -> int:
        """How often it was filled again."""
        return max(0, self.starts - 1)


class Lives(NullObserver):
    """See the module's prose; it becomes the system's observer, and has its handlers timed."""

    def __init__(self, system: ActorSystem) -> None:
        self._after: Observer = system.observer or NullObserver()
        self._lives: dict[str, Life] = {}
        system.observer = self
        system.timing = True

    def of(self, path: str) -> Life:
        """Return what is known of a place."""
        return self._lives.get(path, Life())

    @property
    def restarts(self) -> int:
        """How often any place was filled again."""
        return sum(each.restarts for each in list(self._lives.values()))

    def started(self, cell: Cell) -> None:
        """Count a start."""
        path = cell.path()
        life = self.of(path)
        if life.starts or len(self._lives) < PLACES_MAX:
            now_ns = cell.system.now_ns()
            self._lives[path] = life._replace(starts=life.starts + 1, began_ns=now_ns)
        self._after.started(cell)

    def ended(self, cell: Cell, reason: ExitReason) -> None:
        """Keep why it ended."""
        path = cell.path()
        life = self._lives.get(path)
        if life is not None:
            why = str(reason)[:MOST_CHARACTERS]
            self._lives[path] = life._replace(why=why, ended_ns=time.time_ns())
        self._after.ended(cell, reason)

    def overflowed(self, cell: Cell, message: object) -> None:
        """Hand on."""
        self._after.overflowed(cell, message)

    def dead_letter(self, cell: Cell, message: object) -> None:
        """Hand on."""
        self._after.dead_letter(cell, message)

    def slow_turn(self, cell: Cell, elapsed_ns: int) -> None:
        """Hand on."""
        self._after.slow_turn(cell, elapsed_ns)

    def report(self, kind: str, facts: dict[str, object]) -> None:
        """Hand on."""
        self._after.report(kind, facts)
