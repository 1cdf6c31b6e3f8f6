"""Days that are made when they are looked at are the days that would have been made at once."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Instrument
from robotrader.market.series import Daily, LateDays, Provenance, Series

FIRST = date(2024, 1, 1)


def made(place: int) -> Daily:
    price = 100.0 + place
    return Daily(FIRST + timedelta(2 * place), price, price + 1, price - 1, price, 1e6)


def test_a_day_is_made_once_and_only_when_somebody_looks() -> None:
    asked: list[int] = []

    def noted(place: int) -> Daily:
        asked.append(place)
        return made(place)

    days = LateDays(1_000, noted)
    assert len(days) == 1_000
    assert (days[-1], days[3], days[3]) == (made(999), made(3), made(3))
    assert asked == [999, 3]
    assert list(islice(days, 2)) == [made(0), made(1)]


@given(st.integers(0, 40), st.slices(40))
def test_a_part_is_the_part_of_a_tuple(many: int, part: slice) -> None:
    days = tuple(map(made, range(many)))
    late = LateDays(many, made)
    assert late[part] == days[part]
    assert late == days
    assert late != days[1:] or many == 0
    with pytest.raises(IndexError):
        late[many]


@given(st.integers(0, 20), st.integers(-3, 45), st.integers(-3, 45))
def test_the_days_between_two_dates_are_those_from_the_first_to_the_last(
    many: int, first: int, last: int
) -> None:
    known = Provenance("nobody", "none", FIRST, FIRST)
    series = Series(Instrument(con_id=1, symbol="A"), LateDays(many, made), known)
    begin, end = FIRST + timedelta(first), FIRST + timedelta(last)
    wanted = tuple(each for each in map(made, range(many)) if begin <= each.day <= end)
    assert series.between(begin, end) == wanted
