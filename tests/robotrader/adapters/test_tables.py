"""One's own data in CSV and Parquet: what is written is read back equal, what is bad is named."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from robotrader.adapters import csv_bars, parquet_bars
from robotrader.adapters.tables import Layout
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.market.series import Daily

CON_ID = 7
NEW_YORK = ZoneInfo("America/New_York")
PRICE = st.floats(0.0001, 1e6, allow_nan=False)
SIZE = st.floats(0, 1e9, allow_nan=False)
TIMES = st.integers(0, 4_000_000_000_000_000_000)
in_any_case = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def bars_of(draw: st.DrawFn) -> list[Bar]:
    edges = sorted(draw(st.sets(TIMES, min_size=2, max_size=12)))
    return [
        Bar(CON_ID, start, end, *ohlc(draw), draw(SIZE), draw(PRICE), draw(st.integers(0, 9999)))
        for start, end in pairwise(edges)
    ]


def ohlc(draw: st.DrawFn) -> tuple[float, float, float, float]:
    low, one, other, high = sorted(draw(PRICE) for _ in range(4))
    opened, close = draw(st.sampled_from([(one, other), (other, one)]))
    return opened, high, low, close


@st.composite
def days_of(draw: st.DrawFn) -> list[Daily]:
    days = sorted(draw(st.sets(st.dates(date(1900, 1, 1)), min_size=1, max_size=12)))
    return [Daily(day, *ohlc(draw), draw(SIZE)) for day in days]


@st.composite
def trades_of(draw: st.DrawFn) -> list[Trade]:
    times = sorted(draw(st.lists(TIMES, min_size=1, max_size=12)))
    exchange = st.sampled_from(["", "NYSE", "ARCA"])
    return [Trade(CON_ID, at, draw(PRICE), draw(SIZE), draw(exchange)) for at in times]


@st.composite
def quotes_of(draw: st.DrawFn) -> list[Quote]:
    times = sorted(draw(st.lists(TIMES, min_size=1, max_size=12)))
    made = []
    for at in times:
        bid, ask = sorted((draw(PRICE), draw(PRICE)))
        gone = draw(st.sampled_from(["none", "bid", "ask"]))
        bid, ask = 0.0 if gone == "bid" else bid, 0.0 if gone == "ask" else ask
        bid_size, ask_size = draw(SIZE) if bid else 0.0, draw(SIZE) if ask else 0.0
        made.append(Quote(CON_ID, at, bid, ask, bid_size, ask_size))
    return made


ROWS = st.one_of(bars_of(), days_of(), trades_of(), quotes_of())
FORMATS: list[tuple[str, Any]] = [
    ("a.csv", csv_bars),
    ("a.csv.gz", csv_bars),
    ("a.parquet", parquet_bars),
]


@pytest.mark.parametrize(("name", "module"), FORMATS)
@in_any_case
@given(rows=ROWS)
def test_what_is_written_is_read_back_equal(
    tmp_path: Path, name: str, module: Any, rows: list[Any]
) -> None:
    path = tmp_path / name
    module.write(path, rows)
    assert module.read(path, CON_ID) == rows


@pytest.mark.parametrize(("name", "module"), FORMATS)
def test_nothing_is_not_written(tmp_path: Path, name: str, module: Any) -> None:
    with pytest.raises(ValueError, match="no rows to write"):
        module.write(tmp_path / name, [])


def text(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


BARS = ("time,open,high,low,close,volume", "2024-01-02 09:30,10,11,9,10.5,100")


def problems(read: Callable[..., Any], *arguments: Any) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(*arguments)
    return list(caught.value.problems)


def test_every_bad_line_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = text(
        tmp_path / "AAPL.csv",
        *BARS,
        "2024-01-02 09:31,10,9,11,10,100",
        "2024-01-02 09:32,10,11,,10,100",
        "yesterday,10,11,9,10,100",
        "2024-01-02 09:30:30,10,11,9,10,100",
        "2024-01-02 09:35,-1,11,-2,10,100",
        "2024-01-02 09:36,10,11,9,nan,100",
        "2024-01-02 09:37,10,11",
        "2024-03-10 02:30,10,11,9,10,100",
        "2024-03-11 09:30,10,11,9,12,100",
        "2024-03-11 09:31,10,11,9,10,-5",
    )
    found = problems(csv_bars.read, path, CON_ID, Layout(bar_s=60))
    assert [line.removeprefix(f"{path}:") for line in found] == [
        "3: high 9.0 is below low 11.0 (are the columns swapped?); remove the line or correct it",
        "4: low is empty; correct it or remove the line",
        "5: time 'yesterday' is not as 'iso'; correct it or say how times are written",
        "6: its time is not after the row before; sort, remove doubles",
        "7: price -2.0 is not above zero; remove the line or correct it",
        "8: a price or the volume is no finite number; remove the line or fill it in",
        "9: it has 3 cells, too few; complete or remove it",
        "10: time 2024-03-10 02:30:00 does not exist in America/New_York: clocks go forward",
        "11: close 12.0 lies outside 9.0 to 11.0; remove the line or correct it",
        "12: volume -5.0 is negative; remove the line or correct it",
    ]


def test_parquet_names_the_rows_that_are_bad(tmp_path: Path) -> None:
    path = tmp_path / "AAPL.parquet"
    table = {"time_ns": [1, 2, 3], "price": [1.0, None, 3.0], "size": [1, 1, -1]}
    pq.write_table(pa.table(table), path)
    assert [line.removeprefix(f"{path}:") for line in problems(parquet_bars.read, path, 7)] == [
        "2: price is empty; correct it or remove the line",
        "3: size -1.0 is negative; remove the line or correct it",
    ]


def test_after_a_hundred_bad_lines_the_columns_are_suspected(tmp_path: Path) -> None:
    path = text(tmp_path / "A.csv", BARS[0], *["x,1,1,1,1,1"] * 200)
    found = problems(csv_bars.read, path, CON_ID)
    assert len(found) == 101
    assert "are these the right columns?" in found[-1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "1: empty; a header and lines are needed"),
        ("time,open,high,low,close\n", "1: no rows"),
        ("time,open,high\n1,2,3\n", "1: columns are missing"),
        ("time,open,high,low,close,Open\n", "1: columns open are there twice"),
        ("\0\0", "1: columns are missing"),
        ("time,price,size\n1700000000,1,1\n", "2: time '1700000000' is not as 'iso'"),
        ("time_ms,price,size\nsoon,1,1\n", "2: time 'soon' is no count of a known unit"),
        ("time,open,high,low,close\n2024-01-02 09:30,1,1,1,1\n", "folder as bars_1min"),
    ],
)
def test_a_file_that_says_too_little_is_one_clear_error(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "AAPL.csv"
    path.write_text(content)
    assert said in problems(csv_bars.read, path, CON_ID)[0]


def test_files_of_another_kind_are_clear_errors(tmp_path: Path) -> None:
    binary = tmp_path / "A.csv"
    binary.write_bytes(b"\xff\xfe\x00\n" * 9)
    assert "no CSV in UTF-8" in problems(csv_bars.read, binary, CON_ID)[0]
    short = tmp_path / "A.csv.gz"
    short.write_bytes(gzip.compress(b"time,price,size\n" * 99)[:-9])
    assert "no CSV in UTF-8" in problems(csv_bars.read, short, CON_ID)[0]
    assert "no Parquet" in problems(parquet_bars.read, binary, CON_ID)[0]


def test_a_zone_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    path = text(tmp_path / "A.csv", *BARS)
    assert "no time zone 'Mars'" in problems(csv_bars.read, path, 7, Layout(zone="Mars"))[0]


def test_times_are_in_the_declared_zone_unless_they_have_one(tmp_path: Path) -> None:
    path = text(
        tmp_path / "A.csv", "Date Time,Price,Size", "2024-07-01 09:30,1,1", "2024-07-01T13:31Z,1,1"
    )
    found = csv_bars.read(path, CON_ID)
    base = datetime(2024, 7, 1, 13, 30, tzinfo=UTC)
    assert [row.time_ns for row in found] == [
        int((base + timedelta(minutes=n)).timestamp()) * 10**9 for n in (0, 1)
    ]
    tokyo = text(tmp_path / "B.csv", "time,price,size", "2024-07-01 22:30,1,1")
    assert csv_bars.read(tokyo, CON_ID, Layout(zone="Asia/Tokyo"))[0].time_ns == found[0].time_ns


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_counted_times_say_their_unit_in_the_columns_name(tmp_path: Path, unit: str) -> None:
    count = 1_704_205_800 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    path = text(tmp_path / "A.csv", f"Time_{unit},Price,Size", f"{count},1,1")
    assert csv_bars.read(path, CON_ID)[0].time_ns == 1_704_205_800 * 10**9
    plain = text(tmp_path / "B.csv", "time,price,size", f"{count},1,1")
    layout = Layout(time_format=f"epoch_{unit}")
    assert csv_bars.read(plain, CON_ID, layout)[0].time_ns == 1_704_205_800 * 10**9


@pytest.mark.parametrize(
    "written",
    ["2024-01-02", "20240102", "2024-01-02T00:00:00+00:00", "2024-01-02 00:00:00-05:00"],
)
def test_a_day_is_the_one_that_is_written_whatever_the_zone(tmp_path: Path, written: str) -> None:
    path = text(tmp_path / "A.csv", "date,open,high,low,close", f"{written},1,2,1,2")
    assert csv_bars.read(path, CON_ID) == [Daily(date(2024, 1, 2), 1, 2, 1, 2, 0)]


@pytest.mark.parametrize("seconds", [1_704_153_600, 1_704_171_600])
def test_a_counted_day_is_a_midnight_in_utc_or_in_new_york(tmp_path: Path, seconds: int) -> None:
    path = text(tmp_path / "A.csv", "time_s,open,high,low,close", f"{seconds},1,2,1,2")
    assert csv_bars.read(path, CON_ID)[0].day == date(2024, 1, 2)


def test_a_file_without_a_header_has_its_columns_declared(tmp_path: Path) -> None:
    path = text(tmp_path / "A.csv", "02.01.2024 09:30,5,10")
    layout = Layout(columns=("time", "size", "price"), time_format="%d.%m.%Y %H:%M")
    (trade,) = csv_bars.read(path, CON_ID, layout)
    assert (trade.price, trade.size) == (10, 5)
    assert datetime.fromtimestamp(trade.time_ns / 1e9, NEW_YORK).hour == 9
    wrong = Layout(columns=("time", "size", "prize"))
    assert (
        "columns prize are there twice or unknown"
        in problems(csv_bars.read, path, CON_ID, wrong)[0]
    )


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_parquet_timestamps_of_any_unit_and_zone_are_the_same_moment(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    moment = datetime(2024, 7, 1, 9, 30, tzinfo=NEW_YORK)
    value = moment if zone else moment.replace(tzinfo=None)
    path = tmp_path / "A.parquet"
    times = pa.array([value], pa.timestamp(unit, zone))
    pq.write_table(pa.table({"timestamp": times, "price": [1.0], "size": [1.0]}), path)
    assert parquet_bars.read(path, CON_ID)[0].time_ns == int(moment.timestamp()) * 10**9


def test_parquet_keeps_the_nanoseconds_of_times_with_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "A.parquet"
    times = pa.array([1_704_205_800_123_456_789], pa.timestamp("ns", "UTC"))
    pq.write_table(pa.table({"time": times, "price": [1.0], "size": [1.0]}), path)
    assert parquet_bars.read(path, CON_ID)[0].time_ns == 1_704_205_800_123_456_789


def test_parquet_days_may_be_dates_or_midnights(tmp_path: Path) -> None:
    prices = {name: [1.0] for name in ("open", "high", "low", "close")}
    for column in (pa.array([date(2024, 1, 2)]), pa.array([19724 * 86_400], pa.timestamp("s"))):
        path = tmp_path / "A.parquet"
        pq.write_table(pa.table({"date": column} | prices), path)
        assert parquet_bars.read(path, CON_ID)[0].day == date(2024, 1, 2)
