"""A run as tables and candles: every order, fill and day once, and nothing that did not happen."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters import parquet_rows
from robotrader.app.run_files import ROWS
from robotrader.backtest import Result, Tables, charts_of, tables_of
from robotrader.backtest.candles import LINES, MOST
from robotrader.backtest.tearsheet.candles import candle_charts
from robotrader.domain import records as rec
from robotrader.performance import flat_trades
from robotrader.venue import AlwaysOpen, FixedPlan
from tests.robotrader.backtest.test_engine import KO, bars, host, run
from tests.robotrader.strategies.kit import AAPL

if TYPE_CHECKING:
    from robotrader.domain import Bar

CENT = Decimal("0.01")
STEPS = st.dictionaries(
    st.integers(0, 60),
    st.tuples(st.sampled_from(["buy", "sell", "close"]), st.integers(1, 50)),
    max_size=25,
)
MOVES = st.lists(st.integers(-30, 30), min_size=62, max_size=80)


def prices(moves: list[int], con_id: int) -> list[Bar]:
    rows, last = [], 10_000
    for move in moves:
        opened, last = last, last + move
        high, low = max(opened, last) + 5, min(opened, last) - 5
        rows.append((opened / 100, high / 100, low / 100, last / 100))
    return bars(rows, con_id)


def ran(
    moves: list[int], steps: dict[int, tuple[str, int]], others: dict[int, tuple[str, int]]
) -> tuple[Result, dict[int, list[Bar]]]:
    known = {AAPL.con_id: prices(moves, AAPL.con_id), KO.con_id: prices(moves[::-1], KO.con_id)}
    hosts = host(steps, stop=2.0), host(others, instrument=KO)
    return run(known, *hosts, plan=FixedPlan())[0], known


@settings(max_examples=8)
@given(MOVES, STEPS, STEPS)
def test_the_tables_are_the_runs_records(moves: list[int], one: Any, other: Any) -> None:
    result, known = ran(moves, one, other)
    made = tables_of(result, known)
    intended = [each for each in result.records if isinstance(each, rec.OrderIntended)]
    assert [each.ref for each in made.orders] == [each.ref for each in intended]
    assert len(made.fills) == len(result.fills)
    assert sum(each.filled for each in made.orders) == sum(each.qty for each in made.fills)
    paid = sum((each.commission or Decimal(0) for each in made.fills), Decimal(0))
    assert sum(each.commission for each in made.orders) == paid
    assert sum(each.commissions for each in made.equity) == paid
    assert sum(each.fills for each in made.equity) == len(result.fills)
    for each in made.orders:
        assert (each.ending == "filled") == (each.filled == each.qty)
        assert (each.ended_ns is None) == (each.ending == "")
        assert each.ended_ns is None or each.asked_ns <= each.ended_ns
    assert [each.gain for each in made.trades] == [e.gain for e in flat_trades(result.fills)]


@settings(max_examples=8)
@given(MOVES, STEPS, STEPS)
def test_what_is_held_at_the_end_is_the_accounts(moves: list[int], one: Any, other: Any) -> None:
    """Cash and shares are the exchange's own books; the day's row is of its value."""
    result, known = ran(moves, one, other)
    last = tables_of(result, known).equity[-1]
    held = [each for each in result.final.positions.values() if each.qty]
    worth = [float(each.qty) * known[each.con_id][-1].close for each in held]
    assert last.value == pytest.approx(float(result.final.equity or 0))
    assert last.long * last.value == pytest.approx(sum(each for each in worth if each > 0))
    assert last.short * last.value == pytest.approx(-sum(each for each in worth if each < 0))
    assert last.drawdown >= 0


@settings(max_examples=10)
@given(MOVES, STEPS, st.integers(1, 20))
def test_candles_have_all_prices_and_marks_all_fills(
    moves: list[int], steps: dict[int, tuple[str, int]], longer: int
) -> None:
    """However many bars a candle is: nothing is left out, and no mark is off its candle."""
    result, known = ran(moves * longer, steps, {})
    made = charts_of(result, known, 0)
    assert (len(made.charts) > 0) == bool(result.fills)
    if not made.charts:
        return
    whole, own = made.charts[0], known[AAPL.con_id]
    assert len(whole.candles) <= MOST
    assert whole.bars == -(-len(own) // MOST)
    assert max(each.high for each in whole.candles) == max(each.high for each in own)
    assert min(each.low for each in whole.candles) == min(each.low for each in own)
    assert (whole.candles[0].open, whole.candles[-1].close) == (own[0].open, own[-1].close)
    assert sum(each.fills for each in whole.marks) == len(result.fills)
    assert sum(each.qty for each in whole.marks) == sum(e.fill.qty for e in result.fills)
    for chart in made.charts:
        for mark in chart.marks:
            candle = chart.candles[mark.at]
            assert candle.low - 1e-9 <= mark.price <= candle.high + 1e-9
        for trip in chart.trips:
            assert 0 <= trip.begin <= trip.end < len(chart.candles)
    assert len(made.charts) == (1 if whole.bars == 1 else 2)
    if whole.bars > 1:
        assert made.charts[1].bars == 1
        assert sum(each.fills for each in made.charts[1].marks) > 0, "the last ones are there"
    for each in candle_charts(made):
        ET.fromstring(each)


def test_trades_that_are_too_many_for_lines_are_counted() -> None:
    steps = {at: ("buy", 1) if at % 2 == 0 else ("close", 0) for at in range(2 * LINES + 4)}
    result, known = ran([1, -1] * (LINES + 5), steps, {})
    made = charts_of(result, known, 0)
    assert made.charts[0].trips == ()
    assert made.charts[0].trips_left_out > LINES
    page = "".join(candle_charts(made))
    assert f"no lines for {made.charts[0].trips_left_out} trades" in page


def test_a_run_without_a_fill_says_so() -> None:
    result, known = ran([1] * 62, {}, {})
    assert "nothing was traded" in "".join(candle_charts(charts_of(result, known, 0)))
    assert tables_of(result, known).orders == ()


@settings(max_examples=8)
@given(MOVES, STEPS)
def test_parquet_has_the_rows_and_columns_of_json(
    tmp_path_factory: pytest.TempPathFactory, moves: list[int], steps: dict[int, tuple[str, int]]
) -> None:
    result, known = ran(moves, steps, {3: ("buy", 7)})
    made = tables_of(result, known)
    folder = tmp_path_factory.mktemp("rows")
    for name in Tables.__struct_fields__:
        rows = getattr(made, name)
        parquet_rows.write(folder / name, ROWS[name], rows)
        read = pq.read_table(folder / name).to_pylist()
        said = msgspec.json.decode(msgspec.json.encode(rows))
        assert [_plain(each) for each in read] == [_floats(ROWS[name], each) for each in said]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    for name, kind in ROWS.items():
        parquet_rows.write(tmp_path / name, kind, ())
        columns = pq.read_table(tmp_path / name).schema.names
        assert columns == [field.encode_name for field in msgspec.structs.fields(kind)]


def test_the_manual_names_every_column() -> None:
    manual = (Path(__file__).parents[3] / "docs" / "backtesting.md").read_text("utf-8")
    for name, kind in ROWS.items():
        (line,) = [each for each in manual.splitlines() if each.startswith(f"| `{name}` |")]
        listed = re.sub(r" \([^)]*\)", "", line.split("|")[3]).replace("`", "").strip().split(", ")
        assert listed == [field.encode_name for field in msgspec.structs.fields(kind)], name


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in row.items()}


def _floats(kind: type[msgspec.Struct], row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of JSON with decimals, which are texts there, as doubles."""
    types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    money = {name for name, each in types.items() if each in (Decimal, Decimal | None)}
    return {k: float(v) if k in money and v is not None else v for k, v in row.items()}


def test_a_day_is_the_exchanges_and_has_its_last_close() -> None:
    from robotrader.backtest.rows import closes_of

    sessions, own = AlwaysOpen(), prices([7] * 3_000, AAPL.con_id)
    found = closes_of(own, sessions)
    expected = {sessions.day_of(each.start_ns): each.close for each in own}
    assert found == expected
    assert len(found) == 3
    first = datetime.fromtimestamp(own[0].start_ns / 1e9, UTC)
    assert min(found) in {first.date(), first.date() - timedelta(1)}
