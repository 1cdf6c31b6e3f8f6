"""Tables by contract say what the whole table says, whatever was put in and taken out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.execution.filed import OfStrategies

KEYS = st.tuples(st.sampled_from("abc"), st.integers(1, 3))
STEPS = st.lists(st.tuples(KEYS, st.none() | st.integers(1, 9)), max_size=30)


def by_contract(table: dict[tuple[str, int], int], con_id: int) -> list[tuple[object, int]]:
    """Return a contract's rows as a look at all rows finds them."""
    return [(key, value) for key, value in table.items() if key[1] == con_id]


@given(STEPS)
def test_rows_of_a_contract_are_those_of_the_table_in_its_order(
    steps: list[tuple[tuple[str, int], int | None]],
) -> None:
    table: OfStrategies[int] = OfStrategies()
    plain: dict[tuple[str, int], int] = {}
    for key, value in steps:
        if value is None:
            assert table.pop(key, None) == plain.pop(key, None)
        else:
            table[key] = plain[key] = value
        assert list(table.items()) == list(plain.items())
        for con_id in (1, 2, 3):
            assert list(table.of(con_id).items()) == by_contract(plain, con_id)
    assert set(table.by_contract) == {con_id for _, con_id in plain}


def test_a_table_that_is_filled_forgets_what_it_had() -> None:
    table: OfStrategies[int] = OfStrategies()
    table["a", 1] = 1
    table.fill([(("b", 2), 2)])
    assert (dict(table), dict(table.of(1)), dict(table.of(2))) == ({("b", 2): 2}, {}, {("b", 2): 2})
    assert table.pop(("a", 1), 7) == 7
