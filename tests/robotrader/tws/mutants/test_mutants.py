"""The seeded mistakes in the codec are all caught, and the catalogue fits the code (F94)."""

from __future__ import annotations

import pytest

from tests.supervision.mutants import runner

NAME = "tests.robotrader.tws.mutants.catalogue"
LEAST = 60


def test_every_mutant_changes_exactly_one_place_of_the_code_as_it_is_now() -> None:
    mutants, _ = runner.catalogue(NAME)
    assert len(mutants) >= LEAST
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        text = (runner.ROOT / mutant.file).read_text(encoding="utf-8")
        assert text.count(mutant.old) == 1, f"{mutant.id}: {mutant.file}"
        assert mutant.old != mutant.new, mutant.id


@pytest.mark.deep
@pytest.mark.timeout(5_400)
def test_every_mutant_is_caught() -> None:
    assert runner.survivors(NAME) == []
