"""The seeded mistakes in the order manager are all caught, and the catalogue fits the code
(F94).
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.robotrader.execution.mutants.catalogue import MUTANTS, TESTS
from tests.supervision.mutants import runner


def test_every_mutant_changes_exactly_one_place_of_the_code_as_it_is_now() -> None:
    assert len(MUTANTS) >= 50
    assert len({mutant.id for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        text = (runner.ROOT / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.id}: {mutant.file}"
        assert mutant.old != mutant.new, mutant.id


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_every_mutant_is_caught() -> None:
    with tempfile.TemporaryDirectory(prefix="mutants-") as made:
        folder = runner.copy_of_the_code(Path(made))
        assert runner.passes(folder, TESTS), "the tests fail without a mutant"
        alive = [mutant.id for mutant in MUTANTS if runner.survives(folder, mutant, TESTS)]
    assert alive == []
