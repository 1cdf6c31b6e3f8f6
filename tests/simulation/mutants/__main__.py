"""``python -m tests.simulation.mutants [NAME...]``: which checker finds which seeded mistake.

Names are those of the catalogue, or parts of them; none means all. What was found is kept in a
file, so that a run may be interrupted, and one with more ``--seeds`` goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from tests.simulation.mutants.catalogue import CATALOGUE, ROOT, UNSEEN
from tests.simulation.mutants.hunt import JOBS, SEEDS, Found, Kept, hunt_all

HEAD: Final = "| mistake | what it breaks | found by | seed | simulated |\n|---|---|---|---|---|\n"
SHARE: Final = 0.95
"""The part of the mistakes that have to be found."""


def main() -> int:
    """Hunt what is asked for, print the table; return 1 if too few are found."""
    asked = _arguments()
    names = [each for each in CATALOGUE if not asked.names or any(n in each for n in asked.names)]
    if not names:
        sys.stderr.write(f"no mistake is called like {', '.join(asked.names)}\n")
        return 2
    sys.stdout.write(HEAD)
    count = 0
    for found in hunt_all(names, Kept(asked.kept), asked.seeds, asked.jobs):
        count += bool(found.checker)
        sys.stdout.write(row(found) + "\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{count} of {len(names)} found, {count / len(names):.1%}\n")
    return int(count < SHARE * len(names))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many each may take")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--kept", type=Path, default=ROOT / "build" / "simulation-mutants.jsonl")
    return parser.parse_args()


def row(found: Found) -> str:
    """Return what came of a mistake as a row of the table."""
    mutant, level = CATALOGUE[found.id]
    where = f"{found.seed}" if level == "core" else f"{level} {found.seed}"
    by = found.checker or f"not found: {UNSEEN.get(found.id, 'not explained yet')}"
    seed = where if found.checker else f"{found.tried} tried"
    return f"| {found.id} | {mutant.breaks} | {by} | {seed} | {found.simulated_s:,.0f} s |"


if __name__ == "__main__":
    sys.exit(main())
