"""The simulation finds seeded mistakes, and the catalogue fits the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulation.mutants.catalogue import CATALOGUE, UNSEEN, changed_text
from tests.simulation.mutants.hunt import Found, Kept, hunt

if TYPE_CHECKING:
    from pathlib import Path

LEAST = 60
QUICK = (
    "commit-is-not-awaited",
    "refused-commit-is-believed",
    "refused-commit-is-not-heard",
    "every-leg-transmits",
    "stop-moves-away",
)
"""Found in the first seed: a mistake of the protocol, of the disk, of brackets and of stops."""


def test_every_mistake_changes_exactly_one_place_of_the_code_as_it_is_now() -> None:
    assert len(CATALOGUE) >= LEAST
    for name, seeded in CATALOGUE.items():
        mutant = seeded.mutant
        assert mutant.id == name
        assert mutant.old != mutant.new, name
        compile(changed_text(mutant), mutant.file, "exec", dont_inherit=True)


def test_what_cannot_be_seen_is_explained() -> None:
    assert set(UNSEEN) <= set(CATALOGUE)
    assert all(UNSEEN.values())


@pytest.mark.parametrize("name", QUICK)
def test_a_mistake_is_found_at_once(name: str) -> None:
    found = hunt(name, seeds=2)
    assert found.checker, f"{name} was not seen in {found.tried} seeds"
    assert (found.id, found.seed) == (name, found.tried - 1)


def test_what_was_found_is_kept_and_not_hunted_again(tmp_path: Path) -> None:
    name = QUICK[0]
    kept = Kept(tmp_path / "found.jsonl")
    known = Found(name, hunt(name, seeds=0).key, 3, 360.0, "I6 intent before order", 2)
    kept.add(known)
    again = Kept(tmp_path / "found.jsonl")
    assert again.found == {name: known}
    assert hunt(name, before=again.found[name]) == known


@pytest.mark.deep
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize("name", [name for name in CATALOGUE if name not in UNSEEN])
def test_every_mistake_is_found(name: str) -> None:
    found = hunt(name)
    assert found.checker, f"{name} was not seen in {found.tried} seeds"
