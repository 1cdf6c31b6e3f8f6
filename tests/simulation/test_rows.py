"""The 47 crash rows: a run hits each, or a test that is there; a flipped bit is no secret."""

from __future__ import annotations

import ast
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from robotrader.adapters.pool import ProcessPool
from tests.simulation import core, rows
from tests.simulation.plan import Fault, Plan
from tests.simulation.seeds import run_all

ROOT = Path(__file__).parents[2]
S = 1_000_000_000
RARE = {
    5: ("operator", "trip_in_commit", "pause", 1.0),
    18: ("process", "crash_told", "", 8.0),
    22: ("broker", "cut_short", "1", 0.0),
    27: ("process", "crash_with", "commit.durable ModifyIntended", 1.0),
    28: ("process", "crash_with", "send.after change", 1.0),
    31: ("operator", "crash_in_trip", "commit.durable SwitchTripped", 0.0),
    32: ("operator", "crash_in_trip", "cancel.before", 0.0),
    33: ("operator", "crash_in_clear", "commit.before", 0.0),
    43: ("broker", "rolls_dead", "", 0.0),
    47: ("disk", "lost_tail", "", 0.0),
}
"""Rows that luck alone hardly ever hits, and the fault that aims at them."""

DEEP_SEEDS = 600


def again_and_again(seed: int, row: int) -> Plan:
    """Return a plan in which the fault of a row comes every seven seconds."""
    cls, kind, subject, amount = RARE[row]
    lasts_ns = 6 * S if kind == "cut_short" else 0
    faults = tuple(
        Fault(n, (4 + 7 * n) * S, cls, kind, subject, amount, lasts_ns) for n in range(1, 9)
    )
    return Plan(seed, 65.0, (cls,), faults)


@pytest.mark.parametrize("row", sorted(RARE))
def test_a_fault_that_aims_at_a_row_hits_it(row: int) -> None:
    """Within a few seeds, and no invariant is broken by it."""
    for seed in range(12):
        outcome = core.simulate(again_and_again(seed, row))
        assert outcome.ok, outcome.text()
        if outcome.coverage.get(f"row {row}"):
            return
    pytest.fail(f"row {row} was not hit in 12 seeds")


@pytest.mark.parametrize("row", sorted(rows.ELSEWHERE))
def test_the_tests_of_the_other_rows_are_there(row: int) -> None:
    """A row that no run can hit names a test, and the test exists."""
    path, _, name = rows.ELSEWHERE[row].partition("::")
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    assert name in {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}


@pytest.mark.parametrize("seed", range(6))
def test_a_flipped_bit_is_refused_by_name_or_harmless(seed: int) -> None:
    """A start over a damaged record says so; damage that is not read changes no decision."""
    fault = Fault(1, (10 + seed) * S, "disk", "flip", lasts_ns=4 * S)
    outcome = core.simulate(Plan(seed, 40.0, ("disk",), (fault,)))
    assert outcome.ok, outcome.text()
    said = outcome.coverage
    assert said.get("flip refused", 0) + said.get("flip survived", 0) == 1
    assert bool(said.get("flip refused")) == bool(said.get("refused: corrupt"))
    assert not said.get("refused: other")


@pytest.mark.deep
def test_a_deep_run_hits_all_rows() -> None:
    """All 47 by runs, drawn and aimed, or by tests that are there; the table is printed."""
    total = run_all(ProcessPool(os.cpu_count() or 1), 5_000_000, DEEP_SEEDS)
    coverage = Counter(total.coverage)
    for row in RARE:
        for seed in range(12):
            coverage.update(core.simulate(again_and_again(seed, row)).coverage)
    sys.stdout.write(f"\n{rows.table(coverage)}\n")
    assert not total.failed, "\n\n".join(total.failed)
    assert rows.missed(coverage) == []
