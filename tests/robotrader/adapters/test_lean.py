"""LEAN files, written by another hand from the published format, are read for what they say."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robotrader.adapters import lean
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.market.series import Daily
from tests.robotrader.adapters import lean_writer as writer

NEW_YORK = ZoneInfo("America/New_York")
CON_ID = 7
DAY = date(2014, 3, 10)  # the first market day of summer time
PRICES = st.integers(1, 10**9).map(lambda count: Decimal(count) / 10_000)
SIZES = st.integers(1, 10**6)
in_any_case = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def ns(moment: datetime) -> int:
    since = moment.replace(tzinfo=NEW_YORK).timestamp()
    return int(since // 1) * 10**9 + moment.microsecond * 1_000


def floats(four: list[Decimal]) -> tuple[float, float, float, float]:
    opened, high, low, close = map(float, four)
    return opened, high, low, close


@st.composite
def prices(draw: st.DrawFn) -> list[Decimal]:
    low, one, other, high = sorted(draw(PRICES) for _ in range(4))
    return [one, high, low, other]


def clock(step: timedelta, most: int) -> st.SearchStrategy[list[datetime]]:
    numbers = st.sets(st.integers(4 * 3600, 20 * 3600), max_size=most)
    start = datetime.combine(DAY, time())
    return numbers.map(
        lambda drawn: sorted({start + timedelta(seconds=n) // step * step for n in drawn})
    )


@pytest.mark.parametrize(("resolution", "bar_s"), [("minute", 60), ("second", 1)])
@in_any_case
@given(data=st.data())
def test_bars(tmp_path: Path, resolution: str, bar_s: int, data: st.DataObject) -> None:
    times = data.draw(clock(timedelta(seconds=bar_s), 20))
    rows = [(at, data.draw(prices()), data.draw(SIZES)) for at in times]
    path = writer.bars(tmp_path, resolution, "aapl", DAY, rows)
    assert lean.read_bars(path, CON_ID, bar_s) == [
        Bar(CON_ID, ns(at), ns(at) + bar_s * 10**9, *floats(four), float(volume))
        for at, four, volume in rows
    ]


@in_any_case
@given(data=st.data())
def test_days_and_hours(tmp_path: Path, data: st.DataObject) -> None:
    days = sorted(data.draw(st.sets(st.dates(date(1998, 1, 2), date(2030, 1, 1)), max_size=20)))
    rows = [(datetime.combine(day, time()), data.draw(prices()), 100) for day in days]
    path = writer.daily_or_hour(tmp_path, "daily", "aapl", rows)
    assert lean.read_daily(path) == [
        Daily(at.date(), *floats(four), float(volume)) for at, four, volume in rows
    ]
    hours = [(at + timedelta(hours=9), four, volume) for at, four, volume in rows]
    path = writer.daily_or_hour(tmp_path, "hour", "aapl", hours)
    assert lean.read_hours(path, CON_ID) == [
        Bar(CON_ID, ns(at), ns(at) + 3600 * 10**9, *floats(four), float(volume))
        for at, four, volume in hours
    ]


@in_any_case
@given(data=st.data())
def test_trades_but_not_the_suspicious_ones(tmp_path: Path, data: st.DataObject) -> None:
    times = data.draw(clock(timedelta(milliseconds=1), 20))
    micros = data.draw(st.lists(st.integers(0, 999_999), min_size=20, max_size=20))
    rows = [
        (at.replace(microsecond=micro), data.draw(PRICES), data.draw(SIZES), "Q", suspicious)
        for at, micro in zip(times, micros, strict=False)
        for suspicious in (0, 1)
    ]
    path = writer.trade_ticks(tmp_path, "aapl", DAY, rows)
    assert lean.read_trades(path, CON_ID) == [
        Trade(CON_ID, ns(at), float(price), float(size), exchange)
        for at, price, size, exchange, suspicious in rows
        if not suspicious
    ]


def at(text: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(text))


def test_a_bar_of_quotes_is_its_last_one_at_its_end(tmp_path: Path) -> None:
    four: list[Decimal | None] = [Decimal(10), Decimal("10.5"), Decimal("9.5"), Decimal("10.25")]
    over: list[Decimal | None] = [Decimal("10.5"), Decimal(11), Decimal(10), Decimal("10.26")]
    nobody: list[Decimal | None] = [None] * 4
    rows = [(at("09:30"), four, 300, over, 200), (at("09:31"), nobody, 0, over, 200)]
    path = writer.quote_bars(tmp_path, "minute", "aapl", DAY, rows)
    assert lean.read_quote_bars(path, CON_ID, 60) == [
        Quote(CON_ID, ns(at("09:30:59.999")), 10.25, 10.26, 300, 200),
        Quote(CON_ID, ns(at("09:31:59.999")), 0.0, 10.26, 0, 200),
    ]


def test_ticks_of_one_side_are_the_best_of_all_exchanges(tmp_path: Path) -> None:
    rows = [
        (at("09:30:00"), "bid", Decimal("10.00"), 100, "Q", 0),
        (at("09:30:01"), "ask", Decimal("10.04"), 200, "Q", 0),
        (at("09:30:02"), "bid", Decimal("10.02"), 300, "P", 0),
        (at("09:30:03"), "ask", Decimal("10.03"), 400, "P", 0),
        (at("09:30:03"), "ask", Decimal("1.00"), 400, "P", 1),
        (at("09:30:04"), "bid", Decimal("10.01"), 500, "P", 0),
        (at("09:30:05"), "bid", Decimal("10.05"), 600, "Z", 0),
    ]
    path = writer.quote_ticks(tmp_path, "aapl", DAY, rows)
    found = lean.read_quotes(path, CON_ID)
    assert [(q.bid, q.ask, q.bid_size, q.ask_size) for q in found] == [
        (10.00, 0.0, 100, 0),
        (10.00, 10.04, 100, 200),
        (10.02, 10.04, 300, 200),
        (10.02, 10.03, 300, 400),
        (10.01, 10.03, 500, 400),
        (10.05, 0.0, 600, 0),  # both asks would cross: they are older, so they are gone
    ]
    assert [q.time_ns for q in found[:2]] == [ns(at("09:30:00")), ns(at("09:30:01"))]


@in_any_case
@given(
    st.lists(
        st.tuples(st.sampled_from(["bid", "ask"]), st.integers(1, 30), st.sampled_from("QPZ")),
        min_size=1,
        max_size=40,
    )
)
def test_composed_quotes_never_cross(tmp_path: Path, ticks: list[tuple[str, int, str]]) -> None:
    start = at("09:30")
    rows = [
        (start + timedelta(seconds=n), side, Decimal(price) / 100, 100, exchange, 0)
        for n, (side, price, exchange) in enumerate(ticks)
    ]
    path = writer.quote_ticks(tmp_path, "aapl", DAY, rows)
    found = lean.read_quotes(path, CON_ID)
    assert len(found) == len(ticks)
    assert all(not q.ask or q.bid <= q.ask for q in found)


def test_bad_lines_are_named_with_what_to_do(tmp_path: Path) -> None:
    lines = ["34200000,1,2,3,2,1", "soon,100,100,100,100,1", "34260000,100", "34320000,1,1,1,1,1"]
    lines += ["34200000,1,1,1,1,1"]
    path = writer.zipped(tmp_path / "20140310_trade.zip", "a.csv", lines)
    with pytest.raises(DataError) as caught:
        lean.read_bars(path, CON_ID, 60)
    assert [line.removeprefix(f"{path}:") for line in caught.value.problems] == [
        (
            "1: high 0.0002 is below low 0.0003 (are the columns swapped?); "
            "remove the line or correct it"
        ),
        "2: time 'soon' is no number of milliseconds; write the file anew",
        "3: it has too few cells; write the file anew",
        "5: its time is not after the line before; sort, remove doubles",
    ]


def test_what_is_no_zip_of_one_csv_is_a_clear_error(tmp_path: Path) -> None:
    nothing = tmp_path / "20140310_trade.zip"
    nothing.write_bytes(b"nothing")
    with pytest.raises(DataError, match="no zip of a CSV"):
        lean.read_bars(nothing, CON_ID, 60)
    with zipfile.ZipFile(nothing, "w"):
        pass
    with pytest.raises(DataError, match="0 CSV files in it"):
        lean.read_bars(nothing, CON_ID, 60)
    with pytest.raises(DataError, match="does not begin with a day"):
        lean.read_bars(tmp_path / "trade.zip", CON_ID, 60)
