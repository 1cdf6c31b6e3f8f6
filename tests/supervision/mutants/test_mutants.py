"""The seeded mistakes are all caught, and the catalogues fit the code (F94)."""

from __future__ import annotations

import pytest

from tests.supervision.mutants import runner

LEAST = {"supervisor": 40, "breaker": 20}
"""How many mistakes each catalogue has at least."""

catalogues = pytest.mark.parametrize(
    "name", [pytest.param("supervisor"), pytest.param("breaker", id="breaker_139")]
)


@catalogues
def test_every_mutant_changes_exactly_one_place_of_the_code_as_it_is_now(name: str) -> None:
    mutants, _ = runner.catalogue(name)
    assert len(mutants) >= LEAST[name]
    assert len({mutant.id for mutant in mutants}) == len(mutants)
    for mutant in mutants:
        text = (runner.ROOT / mutant.file).read_text()
        assert text.count(mutant.old) == 1, f"{mutant.id}: {mutant.file}"
        assert mutant.old != mutant.new, mutant.id


@pytest.mark.deep
@pytest.mark.timeout(5_400)
@catalogues
def test_every_mutant_is_caught(name: str) -> None:
    assert runner.survivors(name) == []
