"""All seeded mistakes by their names, and at which level they are looked for.

The protocol of orders has a catalogue already, which its own tests must catch: here the simulation
has to find the same mistakes, with nothing but the invariants. What it cannot find stands in
``UNSEEN`` with the reason, and counts as missed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.robotrader.execution.mutants.catalogue import MUTANTS as OF_ORDERS
from tests.simulation.mutants.accounts import ACCOUNTS
from tests.simulation.mutants.gate import GATE
from tests.simulation.mutants.journals import JOURNALS
from tests.simulation.mutants.links import LINKS
from tests.simulation.mutants.protecting import PROTECTING
from tests.simulation.mutants.switches import SWITCHES
from tests.simulation.mutants.wires import WIRES

if TYPE_CHECKING:
    from tests.supervision.mutants.mutant import Mutant

ROOT: Final = Path(__file__).resolve().parents[3]


class Seeded(NamedTuple):
    """A mistake, and at which level it is looked for."""

    mutant: Mutant
    level: str = "core"


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


_ALL: Final = (
    *(Seeded(each) for each in OF_ORDERS),
    *(Seeded(each) for each in (*PROTECTING, *GATE, *JOURNALS, *ACCOUNTS, *SWITCHES, *LINKS)),
    *(Seeded(each, "wire") for each in WIRES),
)
CATALOGUE: Final = {each.mutant.id: each for each in _ALL}

UNSEEN: Final[dict[str, str]] = {}
"""Why the simulation cannot see a mistake."""
