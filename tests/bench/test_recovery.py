"""The restart on a long journal, with real processes: with the snapshot, and within its bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import recovery
from bench.plan import FIGURES
from robotrader.adapters import journal_tools

BOUNDS = {each.key: each.most for each in FIGURES if each.workload == "recovery"}


TRIES = 3
"""What the neighbours of a test take from the machine is not what the core needs."""

BUSY = 8.0
"""How much longer a start may take where other tests run beside: it is processor time."""


def within(measured: dict[str, float], slack: float) -> bool:
    """Whether a restart kept every bound of the plan."""
    assert measured.keys() <= BOUNDS.keys()
    return all(seconds < (BOUNDS[key] or 0.0) * slack for key, seconds in measured.items())


def check(folder: Path, records: int, slack: float = 1.0) -> None:
    recovery.write(folder / "journal", records, snapshot=True)
    (taken,) = journal_tools.verify(folder / "journal").snapshots
    assert taken >= records - 12
    assert any(within(recovery.restart(folder), slack) for _ in range(TRIES))
    found = journal_tools.verify(folder / "journal")
    assert found.problems == ()
    assert found.records > taken, "sessions began"
    assert journal_tools.prove(folder / "journal").problems == ()


def test_a_killed_core_comes_back_with_its_snapshot_and_all_of_its_journal(tmp_path: Path) -> None:
    check(tmp_path, 5_000, BUSY)


@pytest.mark.bench
def test_a_killed_core_is_protected_within_4_s_and_trades_within_20_s(tmp_path: Path) -> None:
    check(tmp_path, 5_000)


@pytest.mark.deep
@pytest.mark.timeout(300)
def test_so_it_is_with_100_000_records(tmp_path: Path) -> None:
    check(tmp_path, 100_000)
