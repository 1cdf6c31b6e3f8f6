"""All seeded mistakes by their names, and at which level they are looked for.

The protocol of orders has a catalogue already, which its own tests must catch: here the simulation
has to find the same mistakes, with nothing but the invariants. What it cannot find stands in
``SURVIVES`` with the reason, and counts as missed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.robotrader.execution.mutants.catalogue import MUTANTS as OF_ORDERS
from tests.robotrader.execution.mutants.comparing import COMPARING
from tests.simulation.mutants.accounts import ACCOUNTS
from tests.simulation.mutants.aims import AIMS
from tests.simulation.mutants.gate import GATE
from tests.simulation.mutants.journals import JOURNALS
from tests.simulation.mutants.links import LINKS
from tests.simulation.mutants.protecting import PROTECTING
from tests.simulation.mutants.switches import SWITCHES
from tests.simulation.mutants.unseen import UNSEEN
from tests.simulation.mutants.wires import WIRES

if TYPE_CHECKING:
    from tests.simulation.plan import Aim
    from tests.supervision.mutants.mutant import Mutant

ROOT: Final = Path(__file__).resolve().parents[3]


AIMED: Final = 150
"""So many runs of a mistake with an aim are aimed; those that follow are as in every swarm."""


class Seeded(NamedTuple):
    """A mistake, and where it is looked for: at which level, and in runs with which faults."""

    mutant: Mutant
    level: str = "core"
    aim: Aim | None = None

    def run(self, number: int) -> tuple[str, int, Aim | None]:
        """Return level, seed and aim of a run by its number."""
        if self.aim is None:
            return self.level, number, None
        if number < AIMED:
            return self.level, number, self.aim
        return self.level, number - AIMED, None


def changed_text(mutant: Mutant) -> str:
    """Return the file with the mistake in it.

    Raises:
        LookupError: the text to replace is not there exactly once.
    """
    text = (ROOT / mutant.file).read_text()
    if text.count(mutant.old) != 1:
        msg = f"mutant {mutant.id}: its text is {text.count(mutant.old)} times in {mutant.file}"
        raise LookupError(msg)
    return text.replace(mutant.old, mutant.new)


SHARE: Final = 0.95
"""The part of the mistakes that have to be found."""

_BY_AREA: Final = {
    "orders": (*(each for each in OF_ORDERS if each not in COMPARING), *PROTECTING),
    "reconciler": COMPARING,
    "risk": (*GATE, *SWITCHES),
    "journal": JOURNALS,
    "account": ACCOUNTS,
    "gateway": (*LINKS, *WIRES),
}
ALL: Final = {each.id: each for own in _BY_AREA.values() for each in own}
AREAS: Final = {
    area: tuple(each.id for each in own if each.id not in UNSEEN) for area, own in _BY_AREA.items()
}
_WIRED: Final = frozenset(each.id for each in WIRES)


def _seeded(mutant: Mutant) -> Seeded:
    level = "wire" if mutant.id in _WIRED else "core"
    return Seeded(mutant, *AIMS.get(mutant.id, (level, None)))


CATALOGUE: Final = {name: _seeded(ALL[name]) for names in AREAS.values() for name in names}

SURVIVES: Final[dict[str, str]] = {
    "exit-may-grow": "an exit of more than is held opens a short position, which another check "
    "refuses; where those are allowed no strategy has asked for one in any run",
    "gate-judges-too-early": "a new gate hears of the link right before it hears what waits, and "
    "without a link nothing passes: an intent has to come between the two",
    "late-end-counts": "what half an answer lacks is asked for again: an order is gone only if it "
    "lacks twice, ten seconds apart, a position twice, three seconds apart",
    "filled-is-what-remains": "the status behind an order counts: an answer has to end between the "
    "two, of an order that was told before in it",
}
"""Why a mistake of the catalogue is not found; it counts as missed."""
