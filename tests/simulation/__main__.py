"""``python -m tests.simulation``: one seed with its timeline, or many in slices that add up.

``--seed N`` runs one and prints what happened; ``--shrink`` makes a failing one small and prints it
as a file for the corpus. ``--slice COUNT --ledger FOLDER`` runs the next COUNT seeds after those
that the folder's ledger counts, adds them to it and says where it stands.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from robotrader.domain.errors import ConfigurationError
from tests.simulation import rows
from tests.simulation.corpus import Case, text_of
from tests.simulation.executors import EXECUTORS, executor_of
from tests.simulation.run import LEVELS, SECONDS, level_of, run
from tests.simulation.seeds import NOTHING, Sum, run_all
from tests.simulation.shrink import shrink

FIRST_DEEP: Final = 1_000_000
"""Where the seeds of deep slices begin: they are not those of ``make test``."""

YEAR_S: Final = 365 * 86_400
GOALS_S: Final = {"core": 10.0 * YEAR_S, "wire": 500.0 * 3_600}
"""Simulated time that deep slices have to add up to (issue 6)."""


def main() -> int:
    """Run what the arguments ask for; return 1 if an invariant was broken."""
    asked = _arguments()
    if asked.slice:
        return _slice(asked.level, asked.slice, Path(asked.ledger), asked.executor)
    outcome = run(asked.seed, asked.level, asked.seconds, record=True)
    sys.stdout.write(outcome.text() + "\n")
    if asked.shrink and not outcome.ok:
        sys.stdout.write(_small(asked.seed, asked.level, asked.seconds))
    return 0 if outcome.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--level", choices=sorted(LEVELS), default="core")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--shrink", action="store_true")
    parser.add_argument("--slice", type=int, default=0, help="how many seeds more")
    parser.add_argument("--ledger", default=".", help="the folder that keeps the sum")
    parser.add_argument("--executor", choices=EXECUTORS, default="pool", help="who runs a slice")
    return parser.parse_args()


def _small(seed: int, level: str, seconds: float) -> str:
    module = level_of(level)
    plan = module.plan_of(seed, seconds)
    broke = module.simulate(plan).breaches[0].checker
    small = shrink(
        plan, lambda each: any(b.checker == broke for b in module.simulate(each).breaches)
    )
    outcome = module.simulate(small, record=True)
    return (
        f"{outcome.text()}\n\n{text_of(Case(level, seed, small.seconds, '', broke, small.faults))}"
    )


def _slice(level: str, count: int, folder: Path, executor: str = "pool") -> int:
    """Run the next seeds, add them to the ledger, say where it stands."""
    path = folder / f"simulation-{level}.json"
    before = msgspec.json.decode(path.read_bytes(), type=Sum) if path.exists() else NOTHING
    begun_s = time.monotonic()
    try:
        with executor_of(executor, os.cpu_count() or 1) as workers:
            new = run_all(workers, FIRST_DEEP + before.seeds, count, level)
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    took_s = time.monotonic() - begun_s
    total = before.plus(new)
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(total))
    sys.stdout.write(_report(level, new, total, took_s))
    return 1 if total.failed else 0


def _report(level: str, new: Sum, total: Sum, took_s: float) -> str:
    simulated_s, goal_s = total.seeds * SECONDS, GOALS_S[level]
    hours = new.seeds * SECONDS / 3_600
    return (
        f"{rows.table(total.coverage)}\n"
        f"this slice: {new.seeds} seeds, {hours:.1f} simulated hours in {took_s:.0f} s, "
        f"{hours / took_s:.3f} simulated hours/s, {new.events / took_s:,.0f} events/s\n"
        f"in total: {total.seeds:,} seeds, {simulated_s / 3_600:,.1f} of {goal_s / 3_600:,.0f} "
        f"simulated hours ({simulated_s / goal_s:.3%}), {len(total.failed)} failed; "
        f"rows not hit yet: {rows.missed(total.coverage) or 'none'}\n"
        + "".join(f"\n{each}\n" for each in total.failed)
    )


if __name__ == "__main__":
    sys.exit(main())
