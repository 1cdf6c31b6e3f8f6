"""docs/failures.md says of every known failure which tests forbid it, and says nothing else."""

from __future__ import annotations

from tests.failures import PAGE, ROW, carriers, proof, written

NUMBERS = range(1, 111)
THESE = {*range(1, 60), 83, *range(95, 101), 102}
"""What concerns the parts that there are: of the rest, what happens to be proven already."""

LATER = "later: "


def rows() -> dict[int, tuple[str, str]]:
    found = ROW.findall(PAGE.read_text("utf-8"))
    return {int(number): (what, proven) for number, what, proven in found}


def test_every_number_has_one_row_and_is_proven_or_waits_for_its_part() -> None:
    assert len(ROW.findall(PAGE.read_text("utf-8"))) == len(NUMBERS)
    assert sorted(rows()) == list(NUMBERS)
    known = carriers()
    waiting = {number for number, (_, said) in rows().items() if said.startswith(LATER)}
    assert waiting == set(NUMBERS) - known.keys()


def test_of_these_parts_only_what_has_no_part_yet_waits() -> None:
    assert THESE - carriers().keys() == {32, 59}


def test_the_page_names_every_test_that_carries_a_number_and_no_other() -> None:
    """If it does not: ``python -m tests.failures`` writes it anew; read what changed."""
    text = PAGE.read_text("utf-8")
    assert written(text) == text
    for number, files in carriers().items():
        assert rows()[number][1] == proof(files)
