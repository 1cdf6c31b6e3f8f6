"""Bad data are refused with a reason, good data are not."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import (
    MOST_PROBLEMS,
    DataError,
    Problems,
    bar_fault,
    fault,
    quote_fault,
    trade_fault,
)

ANY = st.floats() | st.sampled_from([0.0, 1.0, 2.0, -1.0, nan, inf])
GOOD = st.floats(1e-9, 1e12)


def finite(*numbers: float) -> bool:
    return all(-inf < number < inf for number in numbers)


@given(ANY, ANY, ANY, ANY, ANY)
def test_a_bar_is_refused_if_and_only_if_it_cannot_be(
    opened: float, high: float, low: float, close: float, volume: float
) -> None:
    possible = finite(opened, high, low, close, volume) and volume >= 0
    possible = possible and low > 0 and low == min(opened, high, low, close)
    possible = possible and high == max(opened, high, low, close)
    assert (fault(opened, high, low, close, volume) is None) == possible


@given(st.tuples(GOOD, GOOD, GOOD, GOOD), st.floats(0, 1e12))
def test_every_possible_bar_is_taken(prices: tuple[float, ...], volume: float) -> None:
    low, one, other, high = sorted(prices)
    assert fault(one, high, low, other, volume) is None
    assert bar_fault(Bar(1, 5, 6, one, high, low, other, volume)) is None
    assert "not after its start" in str(bar_fault(Bar(1, 5, 5, one, high, low, other, volume)))


@given(ANY, ANY, ANY, ANY)
def test_a_quote_is_refused_if_and_only_if_it_cannot_be(
    bid: float, ask: float, bid_size: float, ask_size: float
) -> None:
    possible = finite(bid, ask, bid_size, ask_size) and min(bid, ask, bid_size, ask_size) >= 0
    possible = possible and (bid > 0 or not bid_size) and (ask > 0 or not ask_size)
    possible = possible and (not ask or bid <= ask)
    assert (quote_fault(Quote(1, 5, bid, ask, bid_size, ask_size)) is None) == possible


@given(ANY, ANY)
def test_a_trade_is_refused_if_and_only_if_it_cannot_be(price: float, size: float) -> None:
    assert (trade_fault(Trade(1, 5, price, size)) is None) == (
        finite(price, size) and price > 0 and size >= 0
    )


@pytest.mark.parametrize(
    ("bar", "said"),
    [
        ((1, 2, nan, 1, 1), "no finite number"),
        ((1, 2, 0, 1, 1), "price 0 is not above zero"),
        ((1, 2, 1, 1, -1), "volume -1 is negative"),
        ((1, 1, 2, 1, 1), "high 1 is below low 2 (are the columns swapped?)"),
        ((3, 2, 1, 1, 1), "open 3 lies outside 1 to 2"),
        ((1, 2, 1, 3, 1), "close 3 lies outside 1 to 2"),
    ],
)
def test_the_reason_names_what_is_wrong(bar: tuple[float, ...], said: str) -> None:
    assert said in str(fault(*bar))


@given(st.integers(0, MOST_PROBLEMS * 2))
def test_problems_are_one_error_with_a_line_each_and_a_bound(count: int) -> None:
    problems = Problems("A.csv")

    def report() -> None:
        for line in range(count):
            problems.add(line, "bad")
        problems.check()

    if not count:
        report()
        return
    with pytest.raises(DataError) as caught:
        report()
    listed = [f"A.csv:{line}: bad" for line in range(min(count, MOST_PROBLEMS))]
    assert list(caught.value.problems[: len(listed)]) == listed
    assert len(caught.value.problems) - len(listed) == (count >= MOST_PROBLEMS)
    assert str(caught.value).splitlines() == list(caught.value.problems)
