"""What was found, by area, and what was not: the tables of ``docs/reliability.md``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from tests.simulation.mutants.catalogue import AREAS, CATALOGUE, SURVIVES
from tests.simulation.mutants.unseen import UNSEEN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.mutants.hunt import Found

SO_FAR: Final = "not found so far"
_HEAD: Final = "| area | mistakes | found | not found |\n|---|---|---|---|"


def by_area(found: Mapping[str, Found]) -> str:
    """Return the table of areas, with a line for all."""
    rows = [_HEAD]
    for area, names in (*AREAS.items(), ("all", tuple(CATALOGUE))):
        seen = [name for name in names if name in found and found[name].checker]
        left = [f"`{name}`" for name in names if name not in seen]
        share = f" ({len(seen) / len(names):.1%})" if area == "all" else ""
        missed = f"{len(left)}" if area == "all" else ", ".join(left)
        rows.append(f"| {area} | {len(names)} | {len(seen)}{share} | {missed} |")
    return "\n".join(rows)


def by_checker(found: Mapping[str, Found]) -> str:
    """Return how many mistakes each checker has found first."""
    names = (each.checker for name, each in found.items() if each.checker and name in CATALOGUE)
    counted = Counter(each if each.startswith("the run") else each.split()[0] for each in names)
    return ", ".join(f"{name} {count}" for name, count in counted.most_common())


def survivors(found: Mapping[str, Found]) -> str:
    """Return what is not found, with the reason, and how many runs were made."""
    rows = ["| not found | runs | why |", "|---|---|---|"]
    for name in CATALOGUE:
        each = found.get(name)
        if each is None or not each.checker:
            tried = 0 if each is None else each.tried
            rows.append(f"| `{name}` | {tried} | {SURVIVES.get(name, 'not found so far')} |")
    return "\n".join(rows)


def left_out() -> str:
    """Return what no run can show, with the reason."""
    rows = ["| left out | why no run shows it |", "|---|---|"]
    return "\n".join([*rows, *(f"| `{name}` | {why} |" for name, why in UNSEEN.items())])


def report(found: Mapping[str, Found]) -> str:
    """Return all tables."""
    parts = (by_area(found), f"Found first by: {by_checker(found)}.", survivors(found), left_out())
    return "\n\n".join(parts) + "\n"
