"""Who looks after an event: of the checkers those that read something of what is new.

Each says in ``reads`` what it has to see at once: the world's lists and, of the journal, the types
of records. What else it needs of the lists it catches up with then, in order; so one that is left
alone misses nothing (``test_watch`` runs seeds both ways). One whose answer depends on time or on
our process as well reads ``ALWAYS``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from robotrader.domain import records as rec
from tests.simulation.outcome import Breach

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.domain.records import Record
    from tests.simulation.world import World

ALWAYS: Final = 1
SENT: Final = 2
"""What left our process."""

ASKED: Final = 4
"""What reached the venue."""

EXECUTIONS: Final = 8
LOSSES: Final = 16
"""That the link was READY and is not any more."""

CRASHES: Final = 32
_OF: Final = {kind: 64 << number for number, kind in enumerate(rec.TYPE_IDS.values())}
RECORDS: Final = sum(_OF.values())
"""Every record."""


def of(*kinds: type[Record]) -> int:
    """Return what a checker reads that has to see these records."""
    return sum(_OF[each] for each in kinds)


class Checker(Protocol):
    """One invariant."""

    name: str

    def check(self, world: World) -> list[Breach]:
        """Return how it is broken, as far as that was not said before."""
        ...


class Watcher(Checker, Protocol):
    """One that holds after every event."""

    reads: int
    """When it has to look, see the module's prose."""


def check_all(checkers: Iterable[Checker], world: World) -> list[Breach]:
    """Return what is broken, but for checkers that a fault has put out of force."""
    excused, found = world.excused, list[Breach]()
    for each in checkers:
        if not excused or each.name.split()[0] not in excused:
            found += each.check(world)
    return found


class Watch:
    """The checkers of a run, in the order in which they look."""

    def __init__(self, checkers: Sequence[Watcher]) -> None:
        self.checkers = tuple(checkers)
        self._log = self._sent = self._asked = self._executions = 0
        self._losses = self._crashes = 0
        self._due: dict[int, tuple[Watcher, ...]] = {}

    def look(self, world: World) -> list[Breach]:
        """Let those look for whom there is something new; return what is broken."""
        news = self._news(world)
        due = self._due.get(news)
        if due is None:
            due = self._due[news] = tuple(each for each in self.checkers if each.reads & news)
        return check_all(due, world)

    def _news(self, world: World) -> int:
        """Return what has come since the last look."""
        news, log = ALWAYS, world.log
        if len(log) != self._log:
            for _, record in log[self._log :]:
                news |= _OF[record.__class__]
            self._log = len(log)
        if len(world.sent) != self._sent:
            self._sent = len(world.sent)
            news |= SENT
        if len(world.asked) != self._asked:
            self._asked = len(world.asked)
            news |= ASKED
        if len(world.executions) != self._executions:
            self._executions = len(world.executions)
            news |= EXECUTIONS
        if world.losses != self._losses:
            self._losses = world.losses
            news |= LOSSES
        if len(world.ends.crashes) != self._crashes:
            self._crashes = len(world.ends.crashes)
            news |= CRASHES
        return news
