"""References are given once, also by a journal that has lost its end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from robotrader.execution.identity import Identities, parts

lives = st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=8)
"""Of each life: how many orders it gives a reference, and whether the disk loses all of it."""


def _life(begins: tuple[int, int, int, int], next_id: int) -> Identities:
    """Return what a process begins with: the journal's numbers, then the broker's next one."""
    made = Identities()
    made.restore(begins)
    made.begin(made.epoch + 1)
    made.saw_next(next_id)
    return made


@given(first=st.integers(1, 100), lived=lives)
def test_no_reference_is_given_twice_whatever_the_journal_loses_of_its_end(
    first: int, lived: list[tuple[int, bool]]
) -> None:
    """I1: the broker has forgotten the orders, and says only which number is the next."""
    kept, next_id = (0, 0, 0, 0), first
    given_: set[str] = set()
    for count, lost in lived:
        identities = _life(kept, next_id)
        for _ in range(count):
            ref, order_id = identities.next()
            assert ref not in given_
            assert order_id >= next_id
            given_.add(ref)
            next_id = order_id + 1
        kept = kept if lost else identities.state()


def test_an_epoch_counts_from_one_where_the_broker_knows_of_nothing_that_the_journal_lacks() -> (
    None
):
    identities = _life((3, 17, 40, 23), next_id=41)
    assert identities.next() == ("rt1-4-1", 41)
    assert identities.next() == ("rt1-4-2", 42)


def test_a_sequence_skips_the_numbers_that_the_journal_does_not_know() -> None:
    """Seed 1000079: rt1-3-2 was lost with the disk's tail, and given again to another contract."""
    identities = _life((2, 61, 61, 0), next_id=64)
    ref, order_id = identities.next()
    assert order_id == 64
    assert parts(ref) == (3, 3)
