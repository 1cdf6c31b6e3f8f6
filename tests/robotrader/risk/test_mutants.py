"""The seeded mistakes in ledger and risk are all caught, and the catalogues fit the code (F94)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.robotrader.ledger import mutants as of_ledger
from tests.robotrader.risk import mutants as of_risk
from tests.supervision.mutants import runner

if TYPE_CHECKING:
    from types import ModuleType

LEAST = 20
"""How many mistakes each catalogue has at least."""

catalogues = pytest.mark.parametrize(
    "catalogue", [pytest.param(of_ledger, id="ledger"), pytest.param(of_risk, id="risk")]
)


@catalogues
def test_every_mutant_changes_exactly_one_place_of_the_code_as_it_is_now(
    catalogue: ModuleType,
) -> None:
    mutants = catalogue.MUTANTS
    assert len(mutants) >= LEAST
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        text = (runner.ROOT / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.id}: {mutant.file}"
        assert mutant.old != mutant.new, mutant.id


@pytest.mark.deep
@pytest.mark.timeout(5_400)
@catalogues
def test_every_mutant_is_caught(catalogue: ModuleType, tmp_path: Path) -> None:
    folder = runner.copy_of_the_code(tmp_path)
    tests = catalogue.TESTS
    assert runner.passes(folder, tests), "they fail without a mutant: they would catch anything"
    assert [m.id for m in catalogue.MUTANTS if runner.survives(folder, m, tests)] == []
