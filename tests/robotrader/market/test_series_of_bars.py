"""Freshness counts open hours only; history and live bars make one series without holes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar
from robotrader.market import Backfill, Cells, Freshness, LineAge
from tests.robotrader.market.kit import AAPL, CLOSE, DAY, OPEN, TABLE, H, M, S, bar

CELLS = Cells(M, TABLE)
STARTS = [cell.start_ns for cell in CELLS.between(CLOSE - 15 * M, DAY + 40 * H)][:30]
"""Thirty minutes: the last fifteen of a day and the first of the next."""


def test_a_silent_line_turns_stale_only_while_the_exchange_was_open() -> None:
    line = LineAge(TABLE, 10 * S, since_ns=OPEN - H)
    assert line.freshness(OPEN - 1) is Freshness.CLOSED
    assert line.freshness(OPEN + 5 * S) is Freshness.WAITING
    assert line.freshness(OPEN + 10 * S) is Freshness.STALE
    line.heard_ns = OPEN + 12 * S
    assert line.freshness(OPEN + 22 * S) is Freshness.FRESH
    assert line.freshness(OPEN + 22 * S + 1) is Freshness.STALE
    line.heard_ns = CLOSE - 1
    assert line.freshness(CLOSE) is Freshness.CLOSED
    assert line.freshness(OPEN + 24 * H + 1) is Freshness.WAITING, "not stale since last night"
    assert line.freshness(OPEN + 24 * H + 11 * S) is Freshness.STALE


def test_a_line_that_was_asked_for_again_has_time_to_speak() -> None:
    line = LineAge(TABLE, 10 * S, since_ns=OPEN)
    assert line.freshness(OPEN + M) is Freshness.STALE
    line.asked(OPEN + M)
    assert line.freshness(OPEN + M + 5 * S) is Freshness.WAITING
    assert line.freshness(OPEN + M + 11 * S) is Freshness.STALE


def test_the_extended_hours_count_where_they_are_wanted() -> None:
    line = LineAge(TABLE, 10 * S, since_ns=DAY, outside_rth=True)
    assert line.freshness(OPEN - M) is Freshness.STALE


def test_a_line_may_not_be_silent_for_no_time() -> None:
    with pytest.raises(ValueError, match="more than 0"):
        LineAge(TABLE, 0, 0)


def test_a_gap_is_named_and_ends_when_history_was_asked_even_if_it_has_nothing() -> None:
    series = Backfill(CELLS, keep=1000)
    for minute in (0, 1, 5, 6, 9):
        series.live(bar(OPEN + minute * M, M))
    assert series.gaps() == ((OPEN + 2 * M, OPEN + 5 * M), (OPEN + 7 * M, OPEN + 9 * M))
    series.history((OPEN + 2 * M, OPEN + 4 * M), [bar(OPEN + 3 * M, M)])
    assert series.gaps() == ((OPEN + 4 * M, OPEN + 5 * M), (OPEN + 7 * M, OPEN + 9 * M))
    series.history((OPEN + 4 * M, OPEN + 9 * M), [bar(OPEN + n * M, M) for n in (5, 6)])
    assert series.gaps() == ()
    assert [(b.start_ns - OPEN) // M for b in series.bars()] == [0, 1, 3, 5, 6, 9]


def test_a_night_is_no_gap() -> None:
    series = Backfill(CELLS, keep=1000)
    series.live(bar(CLOSE - M, M))
    series.live(bar(OPEN + 24 * H, M))
    assert series.gaps() == ()


def test_where_both_differ_historys_bar_stands_and_it_is_counted() -> None:
    for live_first in (True, False):
        series = Backfill(CELLS, keep=10)
        if live_first:
            series.live(bar(OPEN, M, 100.0))
        series.history((OPEN, OPEN + M), [bar(OPEN, M, 101.0)])
        if not live_first:
            series.live(bar(OPEN, M, 100.0))
        assert [b.close for b in series.bars()] == [101.0]
        assert (series.overlaps, series.conflicts) == (1, 1)


def test_a_bar_of_no_cell_is_refused_and_one_outside_what_was_asked_is_left_alone() -> None:
    series = Backfill(CELLS, keep=10)
    series.live(bar(OPEN + S, M))
    series.live(bar(CLOSE, M))
    assert (series.bars(), series.misfits) == ((), 2)
    series.history((OPEN, OPEN + M), [bar(OPEN + M, M), bar(OPEN, M)])
    assert series.bars() == (bar(OPEN, M),)
    with pytest.raises(ValueError, match="at least 1"):
        Backfill(CELLS, keep=0)


@given(st.data())
def test_any_order_of_live_bars_and_answers_gives_the_truth_without_gaps(
    data: st.DataObject,
) -> None:
    """Some minutes have no trade; live misses some; every gap is asked until none is left."""
    truth = {
        start: bar(start, M, 100.0 + n)
        for n, start in enumerate(STARTS)
        if data.draw(st.booleans())
    }
    seen = [s for s in truth if data.draw(st.booleans())]
    series = Backfill(CELLS, keep=1000)
    for start in data.draw(st.permutations(seen)):
        series.live(truth[start])
    asked = 0
    while gaps := series.gaps():
        span = gaps[data.draw(st.integers(0, len(gaps) - 1))]
        series.history(span, [b for b in truth.values() if span[0] <= b.start_ns < span[1]])
        asked += 1
        assert asked <= len(STARTS), "an answer ends its gap"
    known = sorted(seen)
    wanted = [truth[s] for s in sorted(truth) if known and known[0] <= s <= known[-1]]
    assert list(series.bars()) == wanted


@given(st.lists(st.sampled_from(STARTS), max_size=40), st.integers(1, 10))
def test_the_latest_bars_are_kept_in_order(starts: list[int], keep: int) -> None:
    series = Backfill(CELLS, keep)
    for start in starts:
        series.live(bar(start, M))
    got: tuple[Bar, ...] = series.bars()
    assert len(got) <= keep
    assert [b.start_ns for b in got] == sorted({b.start_ns for b in got})
    if starts:
        assert got[-1].start_ns == max(starts)
        assert got[0].con_id == AAPL


@given(st.data(), st.integers(2, 12))
def test_gaps_that_are_kept_up_to_date_are_those_that_a_look_at_everything_finds(
    data: st.DataObject, keep: int
) -> None:
    series = Backfill(CELLS, keep)
    for _ in range(data.draw(st.integers(1, 30))):
        start = data.draw(st.sampled_from(STARTS))
        if data.draw(st.integers(0, 3)):
            series.live(bar(start, M))
        else:
            end = start + data.draw(st.integers(1, 5)) * M
            series.history((start, end), [bar(start, M)] if data.draw(st.booleans()) else [])
        got = series.gaps()
        series._holes = series._gaps = None
        assert got == series.gaps()
