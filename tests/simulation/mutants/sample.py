"""Which recorded mistakes ``make test`` looks for again: some of each area, by many checkers.

All of them take minutes of a processor, which ``make deep`` has. Fixed by what is recorded,
so that a red run is red again: area after area gives its next mistake whose checker nobody has
stood for yet, those first that need no second run to show that the product is clean there.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from tests.simulation.mutants.catalogue import AREAS, CATALOGUE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.mutants.hunt import Found

MOST: Final = 24


def sample(found: Mapping[str, Found], most: int = MOST) -> list[str]:
    """Return the names of so many mistakes, of every area that has any."""
    lanes = ([name for name in own if name in found and found[name].checker]
             for own in AREAS.values())  # fmt: skip
    rows = zip_longest(*(_by_checkers(lane, found) for lane in lanes))
    names = [name for row in rows for name in row if name is not None]
    chosen: dict[str, str] = {}
    for name in names:
        chosen.setdefault(code_of(found[name]), name)
    kept = sorted(chosen.values(), key=names.index)
    return (kept + [name for name in names if name not in kept])[:most]


def code_of(found: Found) -> str:
    """Return the short name of who has found it: two of one kind count once."""
    return found.checker.partition(" ")[0]


def _by_checkers(lane: list[str], found: Mapping[str, Found]) -> list[str]:
    """Return one mistake for each checker of an area, the quickest ones first."""
    quick = sorted(lane, key=lambda name: _costs(name, found[name]))
    first = {code_of(found[name]): name for name in reversed(quick)}
    return [name for name in quick if first[code_of(found[name])] == name]


def _costs(name: str, found: Found) -> tuple[bool, bool]:
    """Return what makes it dear: a run at wire level, a second one without the mistake."""
    level, _, aim = CATALOGUE[name].run(found.run)
    return level == "wire", aim is not None
