"""Seeds are jobs: blocks, sums, executors, slices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.adapters.pool import ProcessPool
from robotrader.jobs import InProcess
from tests.simulation import __main__ as command
from tests.simulation import ledger, rows
from tests.simulation.run import SECONDS
from tests.simulation.seeds import BLOCK, NOTHING, Sum, blocks, run_all

SEED = 1_000_007

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pool_of_processes_says_what_one_process_says() -> None:
    """Another executor, the same sum."""
    assert run_all(ProcessPool(2), 0, 3) == run_all(InProcess(), 0, 3)


def test_blocks_are_the_whole_range_and_nothing_twice() -> None:
    """Also where the last one is shorter."""
    cut = blocks(5, 2 * BLOCK + 1)
    seeds = [seed for each in cut for seed in range(each.first, each.first + each.count)]
    assert seeds == list(range(5, 5 + 2 * BLOCK + 1))


def test_slices_add_up(tmp_path: Path) -> None:
    """The second slice goes on where the first has ended, and says where all of them stand."""
    assert command._slice("core", 2, tmp_path, "inline") == 0
    assert ledger.read(tmp_path, "core").sum == run_all(InProcess(), ledger.FIRST_DEEP, 2)
    assert command._slice("core", 1, tmp_path, "inline") == 0
    after = ledger.read(tmp_path, "core")
    assert after.sum == run_all(InProcess(), ledger.FIRST_DEEP, 3)
    assert after.market_s == after.own_s == 3 * SECONDS
    report = ledger.standing(tmp_path)
    assert "core level, seeds and weeks: 0.1 of 87,600 simulated hours" in report
    assert "wire level: 0.0 of 500 simulated hours" in report
    assert f"{after.sum.events:,} events" in report


def test_what_failed_is_run_again_and_is_mended_once_it_holds(tmp_path: Path) -> None:
    """The text of a failed run names its seed; a run that holds is kept apart, not forgotten."""
    text = f"I1 something\nagain: python -m tests.simulation --level core --seed {SEED} --seconds 9"
    failed = ledger.Ledger(Sum(1, 1, {}, (text,)), 120.0, 120.0, 1.0)
    ledger.write(tmp_path, "core", failed)
    assert ledger.run_again(tmp_path, "core").mended == (SEED,)
    assert ledger.read(tmp_path, "core").sum.failed == ()
    assert f"failed first and hold since the mend: {SEED}" in ledger.standing(tmp_path)


def test_the_documentation_says_where_the_slices_stand_and_none_failed() -> None:
    """``python -m tests.simulation --write`` makes it so."""
    page = ledger.PAGE.read_text()
    assert ledger.standing(ledger.LEDGER) in page
    assert ledger.written(page, ledger.LEDGER) == page
    for level in ("core", "long", "wire"):
        assert ledger.read(ledger.LEDGER, level).sum.failed == ()


def test_rows_that_were_not_hit_are_named() -> None:
    """All 47 are in the table; those that other tests hit are not missed."""
    assert len(rows.table({}).splitlines()) == rows.COUNT
    hit = {f"row {row}": 1 for row in range(1, rows.COUNT + 1) if row != 7}
    assert rows.missed(hit) == [7]
    assert rows.missed(NOTHING.plus(Sum(1, 1, hit, ())).coverage) == [7]
