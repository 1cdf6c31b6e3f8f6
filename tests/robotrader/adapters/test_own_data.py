"""A folder of one's own data: everything in it is found, or named as not read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from robotrader.adapters import bundled, csv_bars, own_data, parquet_bars
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.quality import DataError
from robotrader.market.series import Daily
from tests.robotrader.adapters import lean_writer

DAY = date(2024, 1, 2)
OPEN = datetime(2024, 1, 2, 9, 30, tzinfo=ZoneInfo("America/New_York"))
OPEN_NS = int(OPEN.timestamp()) * 10**9
SECOND_NS = 10**9


def bars(con_id: int, length_s: int, count: int, start_ns: int = OPEN_NS) -> list[Bar]:
    step = length_s * SECOND_NS
    starts = range(start_ns, start_ns + count * step, step)
    return [Bar(con_id, at, at + step, 10, 12, 9, 11, 400, 10.5, 4) for at in starts]


def days(count: int) -> list[Daily]:
    return [Daily(DAY + timedelta(n), 10, 12, 9, 11, 1000) for n in range(count)]


def folder(top: Path, name: str) -> Path:
    (top / name).mkdir()
    return top / name


def test_every_place_and_format_is_found(tmp_path: Path) -> None:
    parquet_bars.write(folder(tmp_path, "bars_30s") / "aapl.parquet", bars(1, 30, 4))
    csv_bars.write(folder(tmp_path, "quotes") / "KO.csv.gz", [Quote(1, OPEN_NS, 1, 2, 100, 100)])
    csv_bars.write(folder(tmp_path, "trades") / "KO.csv", [Trade(1, OPEN_NS, 1.5, 100)])
    csv_bars.write(tmp_path / "BRK.B.csv", days(3))
    rows = [(OPEN.replace(tzinfo=None), [Decimal(n) for n in (10, 12, 9, 11)], 400)]
    lean_writer.bars(tmp_path, "minute", "ibm", DAY, rows)
    (tmp_path / "README.txt").write_text("mine")
    found = own_data.load(tmp_path)
    assert list(found.series) == ["AAPL", "BRK.B", "IBM", "KO"]
    assert {s.instrument.symbol for s in found.series.values()} == set(found.series)
    aapl = found.recordings[265598]
    assert [bar.con_id for bar in aapl.bars(DAY)] == [265598] * 4
    ko = found.recordings[8894]
    assert [len(ko.trades(DAY)), len(ko.quotes(DAY))] == [1, 1]
    ibm = found.series["IBM"].instrument.con_id
    assert found.recordings[ibm].bars(DAY)[0].start_ns == OPEN_NS
    assert found.series["BRK.B"].days == tuple(days(3))
    assert found.said[:2] == (
        (
            "AAPL: own data, Parquet, 4 bars (your own): 2024-01-02 to 2024-01-02, "
            "bars replayed as recorded, order of prices inside and quotes made up; contract 265598"
        ),
        (
            "BRK.B: own data, CSV, 3 days (your own): 2024-01-02 to 2024-01-04, "
            f"synthetic intraday prices; contract {own_data.instrument('BRK.B').con_id}"
        ),
    )
    assert "not adjusted for splits" in found.said[2]
    assert found.said[-1] == f"not read: {tmp_path / 'README.txt'}"


def test_one_file_is_enough(tmp_path: Path) -> None:
    csv_bars.write(tmp_path / "AAPL.csv", days(2))
    csv_bars.write(tmp_path / "KO.csv", days(2))
    assert list(own_data.load(tmp_path / "AAPL.csv").series) == ["AAPL"]


def test_a_file_in_a_folder_of_bars_says_its_length_by_the_folder(tmp_path: Path) -> None:
    lines = "time,open,high,low,close\n2024-01-02 09:30,10,12,9,11\n"
    (folder(tmp_path, "bars_1h") / "AAPL.csv").write_text(lines)
    for path in (tmp_path, tmp_path / "bars_1h", tmp_path / "bars_1h" / "AAPL.csv"):
        (bar,) = own_data.load(path).recordings[265598].bars(DAY)
        assert (bar.start_ns, bar.end_ns) == (OPEN_NS, OPEN_NS + 3600 * SECOND_NS)


def test_of_bars_the_shortest_count_day_by_day(tmp_path: Path) -> None:
    day_ns = 86_400 * SECOND_NS
    long = bars(1, 3600, 2) + bars(1, 3600, 2, OPEN_NS + day_ns)
    csv_bars.write(folder(tmp_path, "bars_1h") / "AAPL.csv", long)
    csv_bars.write(folder(tmp_path, "bars_1min") / "AAPL.csv", bars(1, 60, 5))
    recording = own_data.load(tmp_path).recordings[265598]
    assert len(recording.bars(DAY)) == 5
    assert len(recording.bars(DAY + timedelta(1))) == 2


def test_a_number_follows_from_the_symbol_alone_and_is_not_ibkrs() -> None:
    known = bundled.instruments()
    symbols = [f"{a}{b}{c}X" for a in "ABCDEFGH" for b in "ABCDEFGH" for c in "ABCDEFGH"]
    numbers = [own_data.instrument(symbol).con_id for symbol in symbols]
    assert numbers == [own_data.instrument(symbol).con_id for symbol in symbols]
    assert len(set(numbers)) == len(symbols)
    assert min(numbers) >= 910_000_000
    assert max(numbers) < 2**31
    assert not {each.con_id for each in known} & set(numbers)
    assert {own_data.instrument(each.symbol) for each in known} == set(known)


def test_the_problems_of_all_files_are_one_error(tmp_path: Path) -> None:
    for symbol in ("AAPL", "KO"):
        text = "date,open,high,low,close\n2024-01-02,10,9,8,11\n2024-01-03,1,1,1,0\n"
        (tmp_path / f"{symbol}.csv").write_text(text)
    with pytest.raises(DataError) as caught:
        own_data.load(tmp_path)
    places = [problem.split(": ")[0] for problem in caught.value.problems]
    assert places == [f"{tmp_path / name}.csv:{line}" for name in ("AAPL", "KO") for line in (2, 3)]


def test_days_in_two_files_are_an_error(tmp_path: Path) -> None:
    csv_bars.write(tmp_path / "AAPL.csv", days(2))
    csv_bars.write(folder(tmp_path, "daily") / "AAPL.csv", days(1))
    with pytest.raises(DataError, match="AAPL: 2024-01-02 is in two files of days; keep one"):
        own_data.load(tmp_path)


def test_a_folder_with_nothing_and_no_folder_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="or equity/usa in it"):
        own_data.load(tmp_path)
    with pytest.raises(DataError, match="there is no such file or folder"):
        own_data.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="no time zone 'Mars'"):
        own_data.load(tmp_path, "Mars")
