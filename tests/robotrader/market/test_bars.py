"""Bars are the venue's own, whole, and of times that are known (F51, F56)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, Trade
from robotrader.emulator import streams
from robotrader.emulator.ticker import Ticker
from robotrader.market import BarBuilder, Cells, Phase, Skipped
from robotrader.venue import AlwaysOpen
from tests.robotrader.market.kit import AAPL, CLOSE, DAY, OPEN, TABLE, H, M, S, bar, quote, trade


class Wire:
    """What the emulated gateway would have sent, as bars."""

    def __init__(self) -> None:
        self.bars: list[Bar] = []

    def send(self, _name: str, **f: Any) -> None:
        start_ns = f["time"] * S
        self.bars.append(
            Bar(
                AAPL, start_ns, start_ns + 5 * S, f["open"], f["high"], f["low"], f["close"],
                float(f["volume"]), f["wap"], f["count"],
            )
        )  # fmt: skip


def venue_bars(trades: list[Trade]) -> list[Bar]:
    """The venue's own five-second bars of these trades."""
    wire = Wire()
    stream = streams.Stream(wire, 1, AAPL, "bars", bar=[])
    for each in trades:
        price = each.price
        ticker = Ticker(
            AAPL, date(2025, 11, 24), quote(each.time_ns, 1, 2), each, price, price, price, price
        )
        streams._send_bar(stream, ticker)
    return wire.bars


STEPS = st.lists(
    st.tuples(
        st.integers(0, 20 * S),
        st.integers(100, 100_000).map(lambda cents: cents / 100),
        st.integers(1, 900).map(float),
    ),
    max_size=60,
)


def walk(steps: list[tuple[int, float, float]], start_ns: int = OPEN) -> list[Trade]:
    trades, now_ns = [], start_ns
    for step_ns, price, size in steps:
        now_ns += step_ns
        trades.append(trade(now_ns, price, size))
    return trades


def built(builder: BarBuilder, trades: list[Trade]) -> list[Bar]:
    return [made for each in trades for made in builder.trade(each)]


@given(STEPS)
def test_five_second_bars_are_the_emulated_venues_own(
    steps: list[tuple[int, float, float]],
) -> None:
    trades = walk(steps)
    builder = BarBuilder(AAPL, Cells(5 * S, AlwaysOpen()))
    assert built(builder, trades) == venue_bars(trades)


@given(STEPS, st.sampled_from([15, 60, 300]))
def test_bars_of_bars_are_the_bars_of_the_ticks(
    steps: list[tuple[int, float, float]], size_s: int
) -> None:
    trades = walk(steps)
    small = BarBuilder(AAPL, Cells(5 * S, TABLE))
    large = BarBuilder(AAPL, Cells(size_s * S, TABLE))
    direct = BarBuilder(AAPL, Cells(size_s * S, TABLE))
    parts = [*built(small, trades), *small.advance(CLOSE)]
    joined = [made for part in parts for made in large.bar(part)]
    joined += large.advance(CLOSE)
    wanted = [*built(direct, trades), *direct.advance(CLOSE)]
    for got, want in zip(joined, wanted, strict=True):
        assert got.wap == pytest.approx(want.wap, abs=2e-4), "rounded at both levels"
        assert [getattr(got, f) for f in Bar.__struct_fields__ if f != "wap"] == [
            getattr(want, f) for f in Bar.__struct_fields__ if f != "wap"
        ]


@given(STEPS, st.booleans())
def test_no_bar_crosses_an_open_or_a_close_and_all_shares_are_in_one(
    steps: list[tuple[int, float, float]], outside_rth: bool
) -> None:
    """Hours of bars round the open and the close of an early day."""
    trades = sorted(
        walk([(n * 300, p, s) for n, p, s in steps], DAY + 8 * H), key=lambda t: t.time_ns
    )
    cells = Cells(H, TABLE, outside_rth=outside_rth)
    builder = BarBuilder(AAPL, cells)
    bars = [*built(builder, trades), *builder.advance(DAY + 60 * H)]
    for one in bars:
        phases = {cells.phase(t) for t in (one.start_ns, one.end_ns - 1)}
        assert len(phases) == 1
        assert phases <= {Phase.REGULAR, Phase.EXTENDED}
        assert outside_rth or phases == {Phase.REGULAR}
        assert one.end_ns - one.start_ns <= H
    assert sum(b.count for b in bars) + builder.skipped[Skipped.CLOSED] == len(trades)
    starts = [one.start_ns for one in bars]
    assert starts == sorted(set(starts))


def test_an_hour_that_holds_the_open_is_cut_there() -> None:
    cells = Cells(H, TABLE, outside_rth=True)
    assert cells.at(OPEN - 1) == (DAY + 14 * H, OPEN, Phase.EXTENDED)
    assert cells.at(OPEN) == (OPEN, DAY + 15 * H, Phase.REGULAR)
    assert cells.at(CLOSE - 1) == (CLOSE - H, CLOSE, Phase.REGULAR)
    assert Cells(H, TABLE).at(CLOSE) is None


def test_the_cells_of_two_days_of_minutes_are_780_distinct_times() -> None:
    """F51: 390 each for two full days, from open to close; an early day in between has 210."""
    cells = list(Cells(M, TABLE).between(DAY, DAY + 72 * H))
    assert len(cells) == len({cell.start_ns for cell in cells}) == 390 + 210 + 390
    assert cells[0].start_ns == OPEN
    assert {cell.end_ns - cell.start_ns for cell in cells} == {M}
    first = datetime.fromtimestamp(cells[0].start_ns / S, UTC)
    assert (first.hour, first.minute) == (14, 30)


def test_a_bar_that_was_not_watched_from_its_beginning_is_not_made() -> None:
    builder = BarBuilder(AAPL, Cells(M, TABLE), since_ns=OPEN + 40 * S)
    bars = built(builder, [trade(OPEN + n * S, 100.0) for n in range(41, 200, 7)])
    assert [one.start_ns for one in bars] == [OPEN + M, OPEN + 2 * M]
    assert builder.skipped[Skipped.PARTIAL] == 3


def test_an_interruption_loses_the_bar_in_the_making_and_no_other() -> None:
    builder = BarBuilder(AAPL, Cells(M, TABLE))
    bars = built(builder, [trade(OPEN + n * S, 100.0) for n in (1, 61)])
    builder.interrupted(OPEN + 90 * S)
    bars += built(builder, [trade(OPEN + n * S, 100.0) for n in (95, 119, 120, 181)])
    assert [one.start_ns for one in bars] == [OPEN, OPEN + 2 * M]


def test_a_tick_after_the_end_of_its_bar_changes_nothing() -> None:
    builder = BarBuilder(AAPL, Cells(M, TABLE))
    builder.trade(trade(OPEN + 1, 100.0))
    (made,) = builder.advance(OPEN + M)
    assert made.count == 1
    assert builder.trade(trade(OPEN + 2, 1.0)) == ()
    assert builder.skipped[Skipped.LATE] == 1


def test_time_ends_a_bar_without_a_tick_and_a_cell_without_trades_has_none() -> None:
    builder = BarBuilder(AAPL, Cells(M, TABLE))
    assert builder.advance(OPEN + 5 * M) == ()
    builder.trade(trade(OPEN + 5 * M, 100.0))
    assert builder.advance(OPEN + 6 * M - 1) == ()
    assert [b.end_ns for b in builder.advance(OPEN + 6 * M)] == [OPEN + 6 * M]


def test_a_small_bar_that_does_not_fit_is_refused() -> None:
    builder = BarBuilder(AAPL, Cells(M, TABLE))
    assert builder.bar(bar(OPEN + 50 * S, 20 * S)) == ()
    assert builder.skipped[Skipped.MISFIT] == 1


def test_the_last_small_bar_finishes_its_bar_at_once() -> None:
    builder = BarBuilder(AAPL, Cells(15 * S, TABLE))
    made = [builder.bar(bar(OPEN + n * 5 * S, 5 * S)) for n in range(3)]
    assert [len(each) for each in made] == [0, 0, 1]


@pytest.mark.parametrize("size_ns", [0, -1, 7 * M, 2 * H])
def test_a_length_that_does_not_divide_an_hour_is_refused(size_ns: int) -> None:
    with pytest.raises(ValueError, match="divides an hour"):
        Cells(size_ns, TABLE)


def test_random_days_of_seconds_are_joined_without_loss() -> None:
    rng = Random(3)
    trades = [trade(OPEN + n * S, 100 + rng.random(), 100.0) for n in range(0, 23_400, 3)]
    builder = BarBuilder(AAPL, Cells(5 * M, TABLE))
    bars = [*built(builder, trades), *builder.advance(CLOSE)]
    assert len(bars) == 78
    assert sum(b.volume for b in bars) == sum(t.size for t in trades)
