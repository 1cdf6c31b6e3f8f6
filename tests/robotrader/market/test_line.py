"""One symbol's market as its actor uses it: one primary source, others as witnesses."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar
from robotrader.market import EdgeLimits, Freshness, LineRules, Reason, SymbolLine
from tests.robotrader.market.kit import AAPL, CLOSE, DAY, OPEN, TABLE, H, M, S, bar, quote, trade


def line(**rules: Any) -> SymbolLine:
    made = LineRules(**{"primary": "ib", "size_ns": M, **rules})
    return SymbolLine(AAPL, TABLE, made, OPEN)


@pytest.mark.parametrize("made_of", ["trades", "bars"])
def test_bars_are_made_of_one_kind_of_one_source(made_of: str) -> None:
    """Whoever counted trades and their bars would count each share twice."""
    subject = line(made_of=made_of)
    made: list[Bar] = []
    for n in range(1, 30):
        now_ns = OPEN + n * 5 * S
        for source in ("ib", "polygon"):
            taken = subject.take(source, trade(now_ns - S, 100.0), now_ns)
            made += taken.bars
            made += subject.take(source, bar(now_ns - 5 * S, 5 * S), now_ns).bars
    volumes = {"trades": 1_200.0, "bars": 120.0}
    assert [b.volume for b in made] == [volumes[made_of]] * len(made)
    assert len(made) == 2
    assert subject.series.bars() == tuple(made)


def test_only_the_primary_sources_quotes_are_passed_on_and_a_witness_confirms_a_jump() -> None:
    subject = line(edge=EdgeLimits(jump=0.1))
    assert subject.take("ib", quote(OPEN, 99.0, 101.0), OPEN).quote is not None
    assert subject.take("polygon", quote(OPEN, 99.0, 101.0), OPEN) == subject.take(
        "polygon", quote(OPEN + 1, 99.0, 101.0), OPEN + 1
    )
    refused = subject.take("polygon", quote(OPEN + 2, 79.0, 81.0), OPEN + 2).refused
    assert refused is not None
    assert refused.reason is Reason.JUMP
    assert subject.take("ib", quote(OPEN + 2, 79.0, 81.0), OPEN + 2).quote is not None


def test_each_source_has_its_own_age_and_a_refused_value_does_not_count_as_heard() -> None:
    subject = line(silent_ns=10 * S)
    subject.take("ib", trade(OPEN, 100.0), OPEN)
    subject.take("polygon", trade(OPEN, 100.0), OPEN)
    later = OPEN + 15 * S
    subject.take("polygon", trade(later, 100.0), later)
    subject.take("ib", trade(later, -1.0), later)
    assert subject.freshness(later) == {"ib": Freshness.STALE, "polygon": Freshness.FRESH}
    subject.asked("ib", later)
    assert subject.freshness(later)["ib"] is Freshness.WAITING


def test_history_is_judged_too_and_the_first_live_price_is_held_to_it() -> None:
    """F55: the first tick of a day may be the bad one."""
    subject = line(edge=EdgeLimits(jump=0.1))
    nan = msgspec.structs.replace(bar(OPEN - 22 * H, M), close=float("nan"))
    foreign = msgspec.structs.replace(bar(OPEN, M), con_id=1)
    subject.history((OPEN, OPEN + 2 * M), (bar(OPEN, M), nan, foreign))
    assert subject.series.bars() == (bar(OPEN, M),)
    assert dict(subject.edge.refused) == {Reason.NOT_FINITE: 1, Reason.FOREIGN: 1}
    later = OPEN + 2 * M
    refused = subject.take("ib", trade(later, 50.0), later).refused
    assert refused is not None
    assert refused.reason is Reason.JUMP
    assert subject.take("ib", trade(later, 101.0), later).refused is None


def test_the_clock_finishes_a_bar_after_a_grace() -> None:
    subject = line(made_of="trades", grace_ns=2 * S)
    assert subject.due_ns() is None
    subject.take("ib", trade(OPEN + S, 100.0), OPEN + S)
    assert subject.due_ns() == OPEN + M + 2 * S
    assert subject.advance(OPEN + M + 2 * S - 1) == ()
    (made,) = subject.advance(OPEN + M + 2 * S)
    assert (made.start_ns, made.end_ns) == (OPEN, OPEN + M)


@given(st.integers(1, 700), st.integers(DAY + 40 * H, DAY + 70 * H))
def test_a_span_has_room_for_the_bars_of_a_warm_up(wanted: int, now_ns: int) -> None:
    subject = line()
    first, last = subject.span_of(wanted, now_ns)
    cells = list(subject.series.cells.between(first, last))
    assert last <= now_ns < last + M
    assert len(cells) >= wanted or last - first > 366 * 24 * H


@given(st.integers(1, 200))
def test_a_short_warm_up_asks_for_hours_and_not_for_a_day(wanted: int) -> None:
    """Twenty symbols' days of five-second bars kept an emulated gateway busy for ten seconds."""
    subject = line()
    first, last = subject.span_of(wanted, CLOSE)
    room = len(list(subject.series.cells.between(first, last)))
    assert room >= 2 * wanted or last - first >= 24 * H
    assert room <= max(60, 4 * wanted) or last - first >= 24 * H


def test_a_day_of_five_second_bars_is_its_minutes() -> None:
    subject = line(made_of="bars")
    made: list[Bar] = []
    for start_ns in range(OPEN, CLOSE, 5 * S):
        made += subject.take("ib", bar(start_ns, 5 * S), start_ns + 5 * S).bars
    assert [b.start_ns for b in made] == list(range(OPEN, CLOSE, M))
    assert {b.count for b in made} == {12}
    assert subject.series.gaps() == ()


@given(
    ahead_s=st.integers(3, 3_600),
    wrong_s=st.integers(1, 120),
    lost=st.booleans(),
    silent_s=st.integers(0, 60),
)
def test_a_clock_that_was_ahead_and_is_set_back_leaves_no_line_silent(
    ahead_s: int, wrong_s: int, lost: bool, silent_s: int
) -> None:
    """Quotes have our clock's time, bars the exchange's: both are let in from the next cell on."""
    subject = line(made_of="bars")

    def take(second: int, ahead_ns: int) -> tuple[bool, int]:
        """Let five seconds pass: whether their quote is let in, how many bars are finished."""
        start_ns = OPEN + second * S
        now_ns = start_ns + 5 * S + ahead_ns
        quoted = subject.take("ib", quote(now_ns, 99.0, 101.0), now_ns).quote is not None
        made = subject.take("ib", bar(start_ns, 5 * S), now_ns).bars
        return quoted, len(made) + len(subject.advance(now_ns))

    until = 600 + wrong_s - wrong_s % 5
    for second in range(0, 600, 5):
        take(second, 0)
    if lost:
        subject.interrupted("ib", OPEN + 600 * S + ahead_s * S)
    for second in range(600, until, 5):
        take(second, ahead_s * S)
    again = until + silent_s - silent_s % 5
    taken = [take(second, 0) for second in range(again, again + 180, 5)]
    assert all(quoted for quoted, _ in taken[1:])
    assert sum(made for _, made in taken) >= 2
