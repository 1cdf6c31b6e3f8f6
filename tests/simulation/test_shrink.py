"""A failing run becomes small, and what failed once is replayed for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import records as rec
from robotrader.execution.book import Book
from tests.simulation.core import plan_of, simulate
from tests.simulation.corpus import FOLDER, Case, load, text_of
from tests.simulation.run import level_of
from tests.simulation.shrink import ddmin, shrink

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulation.plan import Plan

CASES = sorted(FOLDER.glob("*.toml"))
SHORT_S = 90.0
"""Half a minute of faults has enough of them to leave out; a shrinking makes some forty runs."""


@given(st.sets(st.integers(0, 200)), st.data())
def test_ddmin_keeps_exactly_what_is_needed(items: set[int], data: st.DataObject) -> None:
    """Whatever part of the items is needed for the failure is what is left."""
    every = sorted(items)
    needed = set(data.draw(st.lists(st.sampled_from(every)) if every else st.just([])))
    assert ddmin(every, lambda part: needed <= set(part)) == sorted(needed)


@given(st.lists(st.integers(0, 20), min_size=1, unique=True))
def test_ddmin_leaves_nothing_out_that_matters(items: list[int]) -> None:
    """Where a sum has to be reached no single item that is left can go."""
    goal = sum(items) // 2
    left = ddmin(items, lambda part: sum(part) >= goal)
    assert sum(left) >= goal
    assert not left or all(sum(left) - each < goal for each in left)


def test_a_planted_bug_is_found_and_its_run_is_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fills of the journal that are not counted: a few faults at most are needed to show it."""

    def forgets(self: Book, record: rec.FillCorrected) -> None:
        """Leave a correction out."""

    monkeypatch.setattr(Book, "_fill_corrected", forgets)
    plan = next(each for each in (plan_of(seed, SHORT_S) for seed in range(200)) if _fails(each))
    small = shrink(plan, _fails)
    assert _fails(small)
    assert len(small.faults) <= 3 < len(plan.faults)
    assert {"correct_price", "correct_qty"} & {each.kind for each in small.faults}


def _fails(plan: Plan) -> bool:
    """Whether the journal's fills differ, in a plan that has a correction."""
    if not any(each.kind.startswith("correct") for each in plan.faults):
        return False
    return any(each.checker.startswith("I3 ") for each in simulate(plan).breaches)


@pytest.mark.parametrize("path", CASES, ids=[each.stem for each in CASES])
def test_what_failed_once_holds(path: Path) -> None:
    """The faults of every case of the corpus break nothing any more."""
    case = load(path)
    outcome = level_of(case.level).simulate(case.plan(), record=True)
    assert outcome.ok, outcome.text()


def test_a_case_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All faults, all fields."""
    plan = plan_of(5, 120.0)
    case = Case("core", 5, 60.0, 'a "bug"', "I7", plan.faults)
    path = tmp_path / "case.toml"
    path.write_text(text_of(case))
    assert load(path) == case
