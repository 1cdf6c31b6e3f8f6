"""The simulation finds seeded mistakes, and the catalogue fits the code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.robotrader.execution.mutants.catalogue import MUTANTS as OF_ORDERS
from tests.simulation.mutants import table
from tests.simulation.mutants.catalogue import (
    ALL,
    AREAS,
    CATALOGUE,
    ROOT,
    SHARE,
    SURVIVES,
    changed_text,
)
from tests.simulation.mutants.hunt import FOUND, Found, Kept, Worker, hunt, key_of, without
from tests.simulation.mutants.sample import MOST, code_of, sample
from tests.simulation.mutants.unseen import UNSEEN
from tests.supervision.mutants import runner

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 60
AGAIN = 3
"""How many runs a mistake may take that the recorded run does not show any more: it was recorded
with a product and a simulation that have changed since."""

RECORDED = Kept(FOUND).found
SEEN = [name for name in CATALOGUE if name in RECORDED and RECORDED[name].checker]
SAMPLE = sample(RECORDED)


def test_every_mistake_changes_exactly_one_place_of_the_code_as_it_is_now() -> None:
    assert len(CATALOGUE) >= LEAST
    assert all(AREAS.values())
    assert sorted(CATALOGUE) == sorted(name for names in AREAS.values() for name in names)
    for name, mutant in ALL.items():
        assert mutant.id == name
        assert mutant.old != mutant.new, name
        compile(changed_text(mutant), mutant.file, "exec", dont_inherit=True)


def test_what_is_not_found_or_left_out_is_explained() -> None:
    """What is left out is hunted with unit tests: of the protocol's mistakes in its own catalogue,
    of others in the file that the reason names. Two change nothing, and say so.
    """
    assert not set(SURVIVES) & set(SEEN)
    assert set(SURVIVES) <= set(CATALOGUE)
    assert all((*SURVIVES.values(), *UNSEEN.values()))
    hunted = {mutant.id for mutant in OF_ORDERS} | set(_tests_of_the_unseen())
    changes_nothing = {"restart-doubts-nothing", "restart-does-not-ask-for-the-link"}
    assert set(UNSEEN) == (set(UNSEEN) & hunted) | changes_nothing
    assert set(UNSEEN) <= set(ALL)


def _tests_of_the_unseen() -> dict[str, str]:
    """Return which file sees a mistake that no run shows, where the reason names one."""
    named = {name: re.search(r"tests/\S+\.py", why) for name, why in UNSEEN.items()}
    return {name: each.group() for name, each in named.items() if each is not None}


@pytest.mark.deep
@pytest.mark.timeout(1_200)
def test_what_no_run_shows_is_seen_by_the_tests_that_are_named(tmp_path: Path) -> None:
    folder = runner.copy_of_the_code(tmp_path)
    named = _tests_of_the_unseen()
    assert len(named) >= 3
    assert all(runner.passes(folder, [file]) for file in set(named.values()))
    alive = [name for name, file in named.items() if runner.survives(folder, ALL[name], [file])]
    assert alive == []


def test_every_mistake_was_hunted_or_is_new() -> None:
    """The share that is found is asserted where all are hunted anew, which is deep."""
    assert len(SEEN) >= LEAST
    assert all(each.key == key_of(CATALOGUE[name]) for name, each in RECORDED.items())


def test_the_tables_of_the_page_are_what_was_found() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text()
    for each in (table.by_area(RECORDED), table.survivors(RECORDED), table.left_out()):
        assert each in page, "python -m tests.simulation.mutants --table prints them"


def test_the_sample_has_all_areas_and_many_checkers() -> None:
    assert len(SAMPLE) == len(set(SAMPLE)) == MOST
    assert all(set(names) & set(SAMPLE) for names in AREAS.values())
    codes = {code_of(RECORDED[name]) for name in SAMPLE}
    every = {code_of(RECORDED[name]) for name in SEEN}
    assert len(codes) == min(MOST, len(every))


def _found_again(names: list[str]) -> None:
    """Assert that they are found at once where they were, and that nothing is without them."""
    lost, guilty = [], []
    with Worker() as worker:
        for name in names:
            known = RECORDED[name]
            before = Found(name, key_of(CATALOGUE[name]), known.run)
            found = hunt(worker, name, known.run + AGAIN, before)
            if not found.checker:
                lost.append(name)
            elif CATALOGUE[name].run(found.run)[2] is not None:  # all others are in the swarm
                clean = without(worker, name, found.run)
                guilty += [f"{name}: {clean.checker} {clean.text}"] if clean.checker else []
    assert not guilty, "the product itself breaks an invariant"
    assert len(lost) <= (1 - SHARE) * len(names), f"hunt anew: {', '.join(lost)}"


@pytest.mark.timeout(300)
def test_a_sample_of_recorded_mistakes_is_found_again() -> None:
    _found_again(SAMPLE)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_all_recorded_mistakes_are_found_again() -> None:
    _found_again(SEEN)


def test_what_was_found_is_kept_and_not_hunted_again(tmp_path: Path) -> None:
    name = "commit-is-not-awaited"
    kept = Kept(tmp_path / "found.jsonl")
    key = key_of(CATALOGUE[name])
    known = Found(name, key, 3, 360.0, "I6 intent before order", 2)
    kept.add(Found(name, key, 1))
    kept.add(known)
    kept.tidy()
    again = Kept(tmp_path / "found.jsonl")
    assert again.found == {name: known}
    with Worker() as worker:
        assert hunt(worker, name, before=again.found[name]) == known


@pytest.mark.deep
@pytest.mark.timeout(14_400)
def test_almost_all_mistakes_are_found_anew() -> None:
    with Worker() as worker:
        found = [hunt(worker, name) for name in CATALOGUE]
    left = [each.id for each in found if not each.checker]
    assert len(left) <= (1 - SHARE) * len(CATALOGUE), f"not found: {', '.join(left)}"
