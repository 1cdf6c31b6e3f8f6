"""Adjusted prices earn what somebody earns who holds the shares and puts each dividend back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar
from robotrader.market.actions import Action, ActionKind, Adjust, adjustment
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

FIRST = date(2020, 1, 1)
SPLIT, DIVIDEND = ActionKind.SPLIT, ActionKind.DIVIDEND


def at(number: int) -> date:
    return FIRST + timedelta(number)


def days(closes: list[float]) -> list[Daily]:
    return [Daily(at(n), c, c * 1.25, c * 0.75, c, 1000.0) for n, c in enumerate(closes)]


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Daily], list[Action]]:
    closes = draw(st.lists(st.floats(1, 1000), min_size=2, max_size=30))
    made = []
    for number in sorted(draw(st.sets(st.integers(-2, len(closes) + 2), max_size=6))):
        split = draw(st.sampled_from([0.1, 0.5, 2.0, 4.0, 20.0]))
        kinds = draw(st.sampled_from([(SPLIT,), (DIVIDEND,), (SPLIT, DIVIDEND)]))
        if SPLIT in kinds:
            made.append(Action(at(number), SPLIT, split))
        if DIVIDEND in kinds:
            before = closes[min(max(number - 1, 0), len(closes) - 1)]
            part = draw(st.floats(0.001, 0.5))
            held = before / split if SPLIT in kinds else before
            made.append(Action(at(number), DIVIDEND, held * part))
    return days(closes), draw(st.permutations(made))


def invested(rows: list[Daily], actions: list[Action]) -> float:
    """What one share of the first day is worth on the last one: shares are counted, not prices."""
    shares = 1.0
    for before, row in pairwise(rows):
        today = [each for each in actions if each.day == row.day]
        price = before.close
        for each in today:
            if each.kind is SPLIT:
                shares, price = shares * each.value, price / each.value
        for each in today:
            if each.kind is DIVIDEND:
                shares += shares * each.value / (price - each.value)
    return shares * rows[-1].close


@given(histories())
def test_the_return_is_that_of_dividends_put_back(
    history: tuple[list[Daily], list[Action]],
) -> None:
    rows, actions = history
    made = adjustment(actions, rows).apply_days(rows)
    assert made[-1] == rows[-1], "the last day is what was traded"
    wanted = invested(rows, actions) / rows[0].close
    assert made[-1].close / made[0].close == pytest.approx(wanted, rel=1e-12)


@given(histories())
def test_with_splits_alone_worth_and_turnover_stay(
    history: tuple[list[Daily], list[Action]],
) -> None:
    rows, actions = history
    made = adjustment(actions, rows, Adjust.SPLITS).apply_days(rows)
    for row, other in zip(rows, made, strict=True):
        assert other.close * other.volume == pytest.approx(row.close * row.volume, rel=1e-12)
    splits = [each for each in actions if each.kind is SPLIT]
    assert made == adjustment(splits, rows).apply_days(rows)
    assert adjustment(actions, rows, Adjust.NONE).apply_days(rows) == rows


@given(histories())
def test_bars_inside_a_day_are_adjusted_as_their_day_is(
    history: tuple[list[Daily], list[Action]],
) -> None:
    rows, actions = history
    bars = [bar(row) for row in rows]
    factors = adjustment(actions, rows)
    for made, row in zip(factors.apply_bars(bars), factors.apply_days(rows), strict=True):
        assert (made.open, made.high, made.low, made.close) == (
            row.open, row.high, row.low, row.close,
        )  # fmt: skip
        assert (made.volume, made.wap, made.count) == (row.volume, row.close, 3)


def bar(row: Daily) -> Bar:
    noon = datetime(row.day.year, row.day.month, row.day.day, 17, tzinfo=UTC)
    start_ns = int(noon.timestamp()) * 10**9
    return Bar(1, start_ns, start_ns + 60 * 10**9, row.open, row.high, row.low, row.close,
               row.volume, row.close, 3)  # fmt: skip


def test_apple_in_2020() -> None:
    """Four for one on 31 August 2020; 0.82 on 7 August was 0.205 in shares of today."""
    rows = [
        Daily(date(2020, 8, 6), 441.62, 457.65, 439.19, 455.61, 50_607_225),
        Daily(date(2020, 8, 7), 452.82, 454.70, 441.17, 444.45, 49_511_403),
        Daily(date(2020, 8, 28), 504.05, 505.77, 498.31, 499.23, 46_907_479),
        Daily(date(2020, 8, 31), 127.58, 131.00, 126.00, 129.04, 225_702_688),
    ]
    actions = [Action(date(2020, 8, 31), SPLIT, 4), Action(date(2020, 8, 7), DIVIDEND, 0.82)]
    made = adjustment(actions, rows).apply_days(rows)
    assert made[2].close == pytest.approx(124.8075)
    assert made[2].volume == 187_629_916
    assert made[0].close == pytest.approx(455.61 / 4 * (1 - 0.82 / 455.61))


def test_a_dividend_that_takes_all_is_refused_with_its_day() -> None:
    with pytest.raises(DataError, match=r"dividends of 10\.0 on 2020-01-02 are not below the"):
        adjustment([Action(at(1), DIVIDEND, 10.0)], days([10.0, 1.0]))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_an_action_without_a_number_says_so(value: float) -> None:
    fault = Action(FIRST, SPLIT, value).fault
    assert fault is not None
    assert "write a number above zero" in fault
