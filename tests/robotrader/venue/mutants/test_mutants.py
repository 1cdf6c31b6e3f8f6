"""The seeded mistakes are all caught, and the catalogue fits the code (F94)."""

from __future__ import annotations

import pytest

from tests.robotrader.venue.mutants.venue_mutants import MUTANTS
from tests.supervision.mutants import runner


def test_every_mutant_changes_exactly_one_place_of_the_code_as_it_is_now() -> None:
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS) >= 35
    for mutant in MUTANTS:
        text = (runner.ROOT / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.id}: {mutant.file}"
        assert mutant.old != mutant.new, mutant.id


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_every_mutant_is_caught() -> None:
    assert runner.survivors("tests.robotrader.venue.mutants.venue_mutants") == []
