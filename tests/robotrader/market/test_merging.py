"""Rows that are there and rows that come: nothing is lost, doubled, or taken without a word."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, Trade
from robotrader.market.merging import Part, merged
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

DAY = date(2024, 1, 1)


def row(number: int, close: int = 0) -> Daily:
    price = 10.0 + close
    return Daily(DAY + timedelta(number), price, price, price, price, 1.0)


numbers = st.dictionaries(st.integers(0, 40), st.integers(0, 1), max_size=20)


def rows(found: dict[int, int]) -> list[Daily]:
    return [row(number, found[number]) for number in sorted(found)]


@given(numbers, st.lists(numbers.filter(bool), max_size=4))
def test_replacing_is_what_a_dictionary_does(
    old: dict[int, int], new: list[dict[int, int]]
) -> None:
    new.sort(key=min)
    parts = [Part(str(n), rows(each)) for n, each in enumerate(new)]
    done = merged(rows(old), parts, "X", replace=True)
    wanted = dict(old)
    for each in new:
        wanted |= each
    assert done.rows == rows(wanted)
    assert len(done.rows) == len(old) + done.added


@given(numbers, numbers.filter(bool))
def test_equal_rows_count_once_and_different_ones_are_all_named(
    old: dict[int, int], new: dict[int, int]
) -> None:
    differing = [n for n in sorted(new) if n in old and old[n] != new[n]]
    parts = [Part("X.csv", rows(new))]
    if not differing:
        done = merged(rows(old), parts, "X", replace=False)
        assert done.rows == rows(old | new)
        assert (done.added, done.replaced) == (len(new.keys() - old.keys()), 0)
        return
    with pytest.raises(DataError) as caught:
        merged(rows(old), parts, "X", replace=False)
    places = [problem.split(": ")[:2] for problem in caught.value.problems]
    in_order = sorted(new)
    assert places == [
        ["X.csv", f"row {in_order.index(n) + 1}, {DAY + timedelta(n)}"] for n in differing
    ]


def test_a_difference_is_said_in_one_sentence() -> None:
    with pytest.raises(DataError) as caught:
        merged([row(1), row(2)], [Part("A.csv", [row(0)]), Part("B.csv", [row(2, 1)])], "X",
               replace=False)  # fmt: skip
    assert str(caught.value) == (
        "B.csv: row 1, 2024-01-03: open is 11.0, 10.0 is there; correct the file, or import with "
        "--replace to take its rows"
    )


def test_trades_of_one_time_are_compared_together() -> None:
    there = [Trade(1, 5, 10.0, 1), Trade(1, 5, 10.0, 1), Trade(1, 6, 10.0, 1)]
    done = merged(there, [Part("T", there[:2])], "X", replace=False)
    assert (done.rows, done.added) == (there, 0)
    with pytest.raises(DataError, match=r"T: row 1, 1970-01-01T00:00:00\.000000005Z: 1 rows at"):
        merged(there, [Part("T", there[:1])], "X", replace=False)


def test_bars_that_overlap_are_refused_though_none_begins_twice() -> None:
    bars = [Bar(1, 0, 60, 1, 1, 1, 1, 0), Bar(1, 30, 90, 1, 1, 1, 1, 0)]
    with pytest.raises(DataError, match=r"X: the bar of .*000000030Z overlaps that of 1970-01-01"):
        merged(bars[:1], [Part("B", bars[1:])], "X", replace=True)


def test_too_many_differences_end_with_their_number() -> None:
    old, new = [row(n) for n in range(150)], [row(n, 1) for n in range(150)]
    with pytest.raises(DataError, match="X: and 50 more: is it other data"):
        merged(old, [Part("X.csv", new)], "X", replace=False)
