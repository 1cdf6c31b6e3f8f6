"""``python -m tests.simulation``: one seed with its timeline, or many in slices that add up.

``--seed N`` runs one and prints what happened; ``--shrink`` makes a failing one small and prints it
as a file for the corpus. ``--slice COUNT --ledger FOLDER`` runs the next COUNT seeds after those
that the folder's ledger counts, adds them to it and says where all levels stand; ``--again`` runs
those that failed once more, on code that was mended since; ``--standing`` only says so, ``--write``
writes it into docs/reliability.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from robotrader.domain.errors import ConfigurationError
from tests.simulation import ledger
from tests.simulation.corpus import Case, text_of
from tests.simulation.executors import EXECUTORS, executor_of
from tests.simulation.run import LEVELS, length_of, level_of, run
from tests.simulation.shrink import shrink


def main() -> int:
    """Run what the arguments ask for; return 1 if an invariant was broken."""
    asked = _arguments()
    if asked.write:
        ledger.PAGE.write_text(ledger.written(ledger.PAGE.read_text(), Path(asked.ledger)))
        return 0
    if asked.again:
        after = ledger.run_again(Path(asked.ledger), asked.level)
        sys.stdout.write(ledger.standing(Path(asked.ledger)))
        return 1 if after.sum.failed else 0
    if asked.slice:
        return _slice(asked.level, asked.slice, Path(asked.ledger), asked.executor)
    if asked.standing:
        sys.stdout.write(ledger.table(Path(asked.ledger)) + ledger.standing(Path(asked.ledger)))
        return 0
    outcome = run(asked.seed, asked.level, asked.seconds, record=True)
    sys.stdout.write(outcome.text() + "\n")
    if asked.shrink and not outcome.ok:
        sys.stdout.write(_small(asked.seed, asked.level, asked.seconds))
    return 0 if outcome.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--level", choices=sorted(LEVELS), default="core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, help="default: a level's own")
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--slice", type=int, default=0, help="how many seeds more")
    parser.add_argument("--standing", action="store_true", help="where all slices stand")
    parser.add_argument("--again", action="store_true", help="run those that failed again")
    parser.add_argument("--write", action="store_true", help="put that into the documentation")
    parser.add_argument("--ledger", default=str(ledger.LEDGER), help="the folder of the sum")
    parser.add_argument("--executor", choices=EXECUTORS, default="pool", help="who runs a slice")
    return parser.parse_args()


def _small(seed: int, level: str, seconds: float | None) -> str:
    module = level_of(level)
    plan = module.plan_of(seed, length_of(seed, level) if seconds is None else seconds)
    broke = module.simulate(plan).breaches[0].checker
    small = shrink(
        plan, lambda each: any(b.checker == broke for b in module.simulate(each).breaches)
    )
    outcome = module.simulate(small, record=True)
    return (
        f"{outcome.text()}\n\n{text_of(Case(level, seed, small.seconds, '', broke, small.faults))}"
    )


def _slice(level: str, count: int, folder: Path, executor: str = "pool") -> int:
    """Run the next seeds, add them to the ledger, say where all levels stand."""
    before = ledger.read(folder, level)
    try:
        with executor_of(executor, os.cpu_count() or 1) as workers:
            for after in ledger.run_slice(workers, folder, level, count):
                sys.stderr.write(f"{after.sum.seeds - before.sum.seeds} of {count} seeds\n")
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(ledger.table(folder) + ledger.standing(folder))
    failed = ledger.read(folder, level).sum.failed
    sys.stdout.write("".join(f"\n{each}\n" for each in failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
