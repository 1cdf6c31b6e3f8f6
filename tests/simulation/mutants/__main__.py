"""``python -m tests.simulation.mutants [NAME...]``: which checker finds which seeded mistake.

Names are those of the catalogue, or parts of them; none means all. What was found is kept in a
file, so that a run may be interrupted, and one with more ``--runs`` goes on.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from tests.simulation.mutants import table
from tests.simulation.mutants.catalogue import CATALOGUE, SHARE, SURVIVES
from tests.simulation.mutants.hunt import FOUND, JOBS, RUNS, Found, Kept, hunt_all

HEAD: Final = "| mistake | what it breaks | found by | seed | simulated |\n|---|---|---|---|---|\n"


def main() -> int:
    """Hunt what is asked for, print the table; return 1 if too few are found."""
    asked = _arguments()
    kept = Kept(asked.kept)
    if asked.table:
        sys.stdout.write(table.report(kept.found))
        return 0
    names = [each for each in CATALOGUE if not asked.names or any(n in each for n in asked.names)]
    if not names:
        sys.stderr.write(f"no mistake is called like {', '.join(asked.names)}\n")
        return 2
    sys.stdout.write(HEAD)
    count = 0
    for found in hunt_all(names, kept, asked.runs, asked.jobs):
        count += bool(found.checker)
        sys.stdout.write(row(found) + "\n")
        sys.stdout.flush()
    kept.tidy()
    sys.stdout.write(f"\n{count} of {len(names)} found, {count / len(names):.1%}\n")
    return int(count < SHARE * len(names))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.mutants")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--runs", type=int, default=RUNS, help="how many each may take")
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--kept", type=Path, default=FOUND)
    parser.add_argument("--table", action="store_true", help="print what was found, hunt nothing")
    return parser.parse_args()


def row(found: Found) -> str:
    """Return what came of a mistake as a row of the table."""
    seeded = CATALOGUE[found.id]
    level, seed, aim = seeded.run(found.run)
    where = f"{level} {seed}{' aimed' if aim else ''}"
    by = found.checker or f"not found: {SURVIVES.get(found.id, 'so far')}"
    where = where if found.checker else f"{found.tried} tried"
    return f"| {found.id} | {seeded.mutant.breaks} | {by} | {where} | {found.simulated_s:,.0f} s |"


if __name__ == "__main__":
    sys.exit(main())
