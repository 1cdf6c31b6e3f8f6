"""A sum that takes in what is new is the sum of all parts, to the last digit that it shows."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.ledger import rows
from robotrader.ledger.money import EXACT, ZERO
from robotrader.ledger.rows import _Sum

PARTS = st.sampled_from([None, *map(Decimal, ("0", "1", "-1", "2.5", "0.50", "1.250", "-3"))])
PUTS = st.lists(st.tuples(st.integers(0, 8), PARTS), min_size=6, max_size=40)


def put(found: _Sum, parts: list[Decimal | None], place: int, part: Decimal | None) -> None:
    """Put it in its place, or behind the last one."""
    if place < len(parts):
        parts[place] = part
    else:
        place = len(parts)
        parts.append(part)
    found.put(place, part)


@given(PUTS, st.sampled_from((1, 2, 3, 32)), st.sets(st.integers(0, 39)))
def test_whatever_is_put_where_it_is_the_sum_of_all(
    puts: list[tuple[int, Decimal | None]], block: int, anew: set[int]
) -> None:
    with pytest.MonkeyPatch.context() as patch, localcontext(EXACT):
        patch.setattr(rows, "BLOCK", block)
        found, parts = _Sum(), list[Decimal | None]()
        for number, (place, part) in enumerate(puts):
            put(found, parts, place, part)
            found.add_up(anew=number in anew)
            assert str(found.known) == str(sum((each or ZERO for each in parts), ZERO))
            assert found.total is None if None in parts else found.total is found.known


@given(PUTS)
def test_what_was_rounded_on_the_way_is_exact_once_all_is_added_up_anew(
    puts: list[tuple[int, Decimal | None]],
) -> None:
    """With two digits a sum loses some; its parts are kept, and with them what it should be."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "BLOCK", 2)
        found, parts = _Sum(), list[Decimal | None]()
        with localcontext(EXACT) as context:
            context.prec = 1
            for place, part in puts:
                put(found, parts, place, part)
                found.add_up(anew=False)
        with localcontext(EXACT):
            found.add_up(anew=True)
            assert str(found.known) == str(sum((each or ZERO for each in parts), ZERO))
