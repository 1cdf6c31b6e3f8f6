"""``robotrader data`` as a user has it: in and out to the byte, one error a mistake."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.__main__ import main
from robotrader.adapters import csv_bars, parquet_bars
from robotrader.adapters.own_data import instrument
from robotrader.domain import Bar, Quote, Trade
from robotrader.market.series import Daily
from tests.robotrader.adapters import lean_writer

if TYPE_CHECKING:
    from collections.abc import Sequence

KO = instrument("KO").con_id
NEW_YORK = ZoneInfo("America/New_York")
OPEN = datetime(2024, 1, 2, 9, 30, tzinfo=NEW_YORK)
OPEN_NS = int(OPEN.timestamp()) * 10**9
M = 60 * 10**9
NAIVE = "time,open,high,low,close,volume\n2024-01-02 09:30,10,12,9,11,400\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["data", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def done(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """What a command that works prints with ``--json``."""
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    return json.loads(out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a command that is refused says; it has printed nothing and changed nothing."""
    before = files()
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert files() == before
    return err.removeprefix("robotrader: ").rstrip("\n")


def files() -> dict[str, bytes]:
    """Every file there is, but the lease and the mark of a catalogue that was opened."""
    found = (path for path in Path().rglob("*") if path.is_file())
    return {
        str(path): path.read_bytes()
        for path in found
        if path.name not in {".lease", "catalogue.json"}
    }


def minutes(count: int, start_ns: int = OPEN_NS, con_id: int = KO) -> list[Bar]:
    starts = range(start_ns, start_ns + count * M, M)
    return [Bar(con_id, at, at + M, 10, 12, 9, 11, 400, 10.5, 4) for at in starts]


def days(count: int, first: date = date(2024, 1, 2), close: float = 11) -> list[Daily]:
    return [Daily(first + timedelta(n), 10, 12, 9, close, 1000) for n in range(count)]


# -- import --


def test_every_format_is_taken(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    top = tmp_path / "prices"
    (top / "bars_1min").mkdir(parents=True)
    (top / "bars_1min" / "KO.csv").write_text(NAIVE)
    csv_bars.write(top / "PEP.csv.gz", days(3))
    parquet_bars.write(top / "IBM.parquet", minutes(3))
    csv_bars.write(top / "XOM.csv", [Trade(1, OPEN_NS, 1.5, 100), Trade(1, OPEN_NS, 1.6, 100)])
    csv_bars.write(top / "CVX.csv", [Quote(1, OPEN_NS, 1, 2, 100, 100)])
    for day in (date(2024, 1, 2), date(2024, 1, 3)):
        at = datetime(day.year, day.month, day.day, 9, 30)  # noqa: DTZ001 - LEAN's own
        lean_writer.bars(
            top, "minute", "aapl", day, [(at, [Decimal(n) for n in (10, 12, 9, 11)], 400)]
        )
    (top / "notes.txt").write_text("mine")
    answer = done(capsys, "import", str(top), "--tz", "America/New_York")
    assert sorted((s["symbol"], s["bar"], s["source"], s["rows"]) for s in answer["series"]) == [
        ("AAPL", "1m", "lean", 2), ("CVX", "quotes", "csv", 1), ("IBM", "1m", "parquet", 3),
        ("KO", "1m", "csv", 1), ("PEP", "1d", "csv", 3), ("XOM", "trades", "csv", 2),
    ]  # fmt: skip
    assert answer["not_read"] == [str(top / "notes.txt")]
    listed = {each["symbol"]: each for each in done(capsys, "ls")["series"]}
    assert (listed["KO"]["zone"], listed["AAPL"]["zone"]) == ("America/New_York",) * 2
    assert listed["AAPL"]["origin"] == "LEAN, minute/aapl"
    assert {each["bar"] for each in listed.values()} == {"1m", "1d", "trades", "quotes"}
    again = done(capsys, "import", str(top), "--tz", "America/New_York")
    assert {(s["added"], s["replaced"]) for s in again["series"]} == {(0, 0)}


def test_the_zone_decides_what_a_time_is(capsys: pytest.CaptureFixture[str]) -> None:
    Path("KO.csv").write_text(NAIVE)
    for zone, hours in (("UTC", 0), ("America/New_York", 5), ("Asia/Tokyo", -9)):
        done(capsys, "import", "KO.csv", "--bar", "1m", "--tz", zone, "--source", zone[:3].lower())
        done(capsys, "export", "KO", f"at{hours}.csv", "--source", zone[:3].lower())
        (bar,) = csv_bars.read(Path(f"at{hours}.csv"), KO)
        wanted = datetime(2024, 1, 2, 9, 30, tzinfo=UTC) + timedelta(hours=hours)
        assert bar.start_ns == int(wanted.timestamp()) * 10**9


def test_bundled_days_say_what_of_them_is_made_up(capsys: pytest.CaptureFixture[str]) -> None:
    done(capsys, "import", "--bundled", "--symbol", "KO", "--symbol", "SPX")
    ko, spx = done(capsys, "ls")["series"]
    assert (ko["rows"], ko["adjusted"], ko["source"]) == (8313, True, "bundled")
    assert "open, high, low and volume synthetic" in ko["labels"]
    assert (spx["symbol"], spx["adjusted"]) == ("SPX", False)
    for found in done(capsys, "gaps"):
        assert (found["found"]["absent"], found["found"]["closed"]) == (0, 0)
    _, out, _ = run(capsys, "ls")
    assert "volume synthetic" in " ".join(out.split())


def test_what_is_there_is_kept_unless_it_is_to_be_replaced(
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv_bars.write(Path("KO.csv"), days(3))
    done(capsys, "import", "KO.csv")
    csv_bars.write(Path("KO.csv"), [*days(2), *days(2, date(2024, 1, 4), 11.5)])
    said = refused(capsys, "import", "KO.csv")
    assert said == (
        "KO.csv: row 3, 2024-01-04: close is 11.5, 11.0 is there; correct the file, or import "
        "with --replace to take its rows"
    )
    (taken,) = done(capsys, "import", "KO.csv", "--replace")["series"]
    assert (taken["added"], taken["replaced"], taken["rows"]) == (1, 1, 4)


BAD_FILES = {
    "KO.csv:2: time 2024-01-02 09:30:00 has no zone; say which with --tz": NAIVE,
    "KO.csv:3: close 61.0 lies outside 58.9 to 60.5; remove the line or correct it":
        "date,open,high,low,close\n2024-01-02,59,60.5,58.9,60\n2024-01-03,59,60.5,58.9,61\n",
    "KO.csv:2: high 1.0 is below low 2.0 (are the columns swapped?)":
        "date,open,high,low,close\n2024-01-02,1,1,2,1\n",
    "KO.csv:3: its time is not after the row before; sort, remove doubles":
        "date,open,high,low,close\n2024-01-03,1,1,1,1\n2024-01-02,1,1,1,1\n",
    "KO.csv:3: its time is not after the row before; sort, remove doubles ":
        "date,open,high,low,close\n2024-01-03,1,1,1,1\n2024-01-03,1,1,1,1\n",
    "KO.csv:2: a price or the volume is no finite number":
        "date,open,high,low,close\n2024-01-02,nan,1,1,1\n",
    "KO.csv:2: close is empty": "date,open,high,low,close\n2024-01-02,1,1,1,\n",
    "KO.csv:2: time 2024-01-02T09:30+00:00 is inside a day, and the length":
        "time,open,high,low,close\n2024-01-02T09:30+00:00,1,1,1,1\n",
    "KO.csv: bars of 1d: write days as date, open, high, low, close, without an end":
        "time,end,open,high,low,close\n2024-01-02T09:30Z,2024-01-03T09:30Z,1,1,1,1\n",
    "KO.csv: bars of 500000000 ns: a length is a whole number of seconds; correct its end":
        "start_ns,end_ns,open,high,low,close\n1704205800000000000,1704205800500000000,1,1,1,1\n",
    "KO.csv:1: columns are missing": "date,price\n2024-01-02,1\n",
    "KO.csv:1: empty": "",
    "KO.csv:1: no rows": "date,open,high,low,close\n",
}  # fmt: skip


@pytest.mark.parametrize(("said", "text"), BAD_FILES.items())
def test_a_bad_file_is_one_error_with_its_row_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], said: str, text: str
) -> None:
    csv_bars.write(Path("PEP.csv"), minutes(3))
    Path("KO.csv").write_text(text)
    with_bar = ("--bar", "1m") if text == NAIVE else ()
    found = refused(capsys, "import", "PEP.csv", "KO.csv", *with_bar)
    assert found.startswith(said.rstrip())
    assert not Path("data").exists()


def test_naive_parquet_times_need_a_zone_too(capsys: pytest.CaptureFixture[str]) -> None:
    import pandas as pd

    row = {"open": [1.0], "high": [1.0], "low": [1.0], "close": [1.0], "volume": [1.0]}
    times = pd.to_datetime(["2024-01-02 09:30"])
    pd.DataFrame({"time": times, **row}).to_parquet("KO.parquet")
    assert "KO.parquet:1: time 2024-01-02 09:30:00 has no zone" in refused(
        capsys, "import", "KO.parquet", "--bar", "1m"
    )
    done(capsys, "import", "KO.parquet", "--bar", "1m", "--tz", "UTC")
    assert done(capsys, "ls")["series"][0]["bar"] == "1m"


MISTAKES: dict[tuple[str, ...], str] = {
    ("import",): "name files or folders, or --bundled, or --actions FILE: one of the three",
    ("import", "KO.csv", "--bundled"): "name files or folders, or --bundled",
    ("import", "--bundled", "--symbol", "IBM"): "no bundled days of IBM: there are AAPL",
    ("import", "nothing.csv"): "nothing.csv: there is no such file or folder",
    ("import", "KO.csv", "PEP.csv", "--symbol", "KO"): "--symbol goes with one file",
    ("import", "KO.csv", "--symbol", "K/O"): "--symbol 'K/O' is no symbol",
    ("import", "KO.csv", "--bar", "1x"): "--bar '1x' is no length of bars: write it as",
    ("import", "MIN.csv", "--bar", "1s"): "MIN.csv: its rows are 1m, not 1s as --bar says",
    ("import", "KO.csv", "--bar", "5m"):
        "KO.csv:2: time 2024-01-02 is a day without a time; for days give no length of bars",
    ("import", "KO.csv", "--tz", "Mars/Base"): "no time zone 'Mars/Base'",
    ("import", "KO.csv", "--source", "A B"): "--source 'A B' is no name of a source",
    ("import", "KO.csv", "--calendar", "XXXX"): "no calendar 'XXXX'",
    ("gaps", "IBM"): "nothing of IBM: `robotrader data ls` lists what is there",
    ("verify", "IBM"): "nothing of IBM",
    ("export", "IBM", "x.csv"): "no series IBM/*/*: there is nothing of IBM",
    ("export", "PEP", "x.xls"): "x.xls: its ending says how to write it",
    ("export", "PEP", "KO.csv"): "KO.csv: it is there, or what is known of it; --force",
    ("export", "PEP", "x.csv", "--bar", "1m"): "no series PEP/1m/*: there is PEP/1d/csv",
    ("export", "PEP", "x.csv", "--to", "2020-01-01"):
        "PEP/1d/csv: no row from the first to 2020-01-01: there is 2024-01-02 to 2024-01-04",
    ("synth", "X Y!", "--from", "2024-01-02", "--to", "2024-01-03"): "'X Y!' is no symbol",
    ("synth", "X", "--from", "2024-01-03", "--to", "2024-01-02"): "no days from 2024-01-03 to",
    ("synth", "X", "--from", "2024-01-06", "--to", "2024-01-07"): "the exchange had no session",
    ("synth", "X", "--from", "2024-01-02", "--to", "2024-01-03", "--volatility", "-1"):
        "--volatility: Expected `float` >= 0.0; give another number",
    ("synth", "X", "--from", "2024-01-02", "--to", "2024-01-03", "--model", "bridge"):
        "no days of X to draw bridges through",
    ("synth", "PEP", "--from", "2025-01-02", "--to", "2025-01-03", "--model", "bridge"):
        "no day of PEP from 2025-01-02 to 2025-01-03: there is 2024-01-02 to 2024-01-04",
}  # fmt: skip


def test_a_mistake_is_one_error_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for symbol in ("KO", "PEP"):
        csv_bars.write(Path(f"{symbol}.csv"), days(3))
    csv_bars.write(Path("MIN.csv"), minutes(3))
    done(capsys, "import", "PEP.csv")
    for arguments, said in MISTAKES.items():
        found = refused(capsys, *arguments).splitlines()
        assert found[0].startswith(said), found
        assert len({re.sub(r":[0-9]+: .*", "", line) for line in found}) == 1, "of one file"


# -- export --


def test_out_and_in_again_is_the_same_to_the_byte(capsys: pytest.CaptureFixture[str]) -> None:
    """The rows, what is known of them, and that they are synthetic."""
    done(capsys, "synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-03", "--seed", "7")
    (entry,) = done(capsys, "ls")["series"]
    for name in ("odd name.csv", "odd.csv.gz", "odd.parquet"):
        done(capsys, "export", "ZZZ", name)
        answer = done(capsys, "import", name, "--symbol", "ZZZ", "--data-dir", f"of {name}")
        assert answer["series"][0]["synthetic"] is True
        assert done(capsys, "ls", "--data-dir", f"of {name}")["series"] == [entry]
        stored = f"catalogue/ZZZ/1m/synthetic/{entry['sha256'][:16]}.parquet"
        assert Path(f"of {name}", stored).read_bytes() == Path("data", stored).read_bytes()


numbers = st.floats(0.01, 1e6)


@settings(max_examples=10)
@given(st.lists(st.tuples(numbers, numbers, numbers, numbers), min_size=1, max_size=8), st.data())
def test_any_rows_are_the_same_after_a_round(
    tmp_path_factory: pytest.TempPathFactory,
    found: Sequence[tuple[float, float, float, float]],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("round")
    rows = []
    for number, four in enumerate(found):
        low, opened, close, high = sorted(four)
        volume = float(data.draw(st.integers(0, 10**9)))
        at = OPEN_NS + number * M
        rows.append(Bar(KO, at, at + M, opened, high, low, close, volume, close, number))
    csv_bars.write(folder / "KO.csv", rows)
    quiet = ("--quiet", "--data-dir")
    assert main(["data", "import", str(folder / "KO.csv"), *quiet, str(folder / "a")]) == 0
    out = folder / "out" / f"KO{data.draw(st.sampled_from(['.csv', '.csv.gz', '.parquet']))}"
    out.parent.mkdir()
    assert main(["data", "export", "KO", str(out), *quiet, str(folder / "a")]) == 0
    assert main(["data", "import", str(out), *quiet, str(folder / "b")]) == 0
    one, two = (
        {str(path.relative_to(folder / top)): path.read_bytes()
         for path in (folder / top).rglob("*") if path.is_file() and path.name != ".lease"}
        for top in "ab"
    )  # fmt: skip
    assert one == two


def test_longer_bars_and_a_window_are_made_on_the_way_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    done(capsys, "synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-04")
    window = ("--from", "2024-01-03", "--to", "2024-01-03")
    assert done(capsys, "export", "ZZZ", "a.csv", "--bar", "1h", *window)["rows"] == 7
    said = done(capsys, "export", "ZZZ", "b.csv", "--bar", "1d", *window)
    assert said["rows"] == 1
    assert "synthetic, days made of bars of 1m" in said["provenance"]
    about = json.loads(Path("b.csv.about.json").read_text())
    assert (about["bar"], about["synthetic"]) == ("1d", True)


def test_splits_and_dividends_are_put_in_when_read_and_not_before(
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv_bars.write(Path("KO.csv"), [*days(2), *days(2, date(2024, 1, 4), 10)])
    Path("actions.csv").write_text(
        "symbol,date,kind,value\nKO,2024-01-04,split,2\nKO,2024-01-05,dividend,1\n"
    )
    done(capsys, "import", "KO.csv")
    assert done(capsys, "import", "--actions", "actions.csv")["actions"] == {"KO": 2}
    assert done(capsys, "ls")["actions"] == {"KO": 2}
    done(capsys, "export", "KO", "raw.csv")
    assert csv_bars.read(Path("raw.csv"), KO) == csv_bars.read(Path("KO.csv"), KO)
    done(capsys, "export", "KO", "all.csv", "--adjust", "all")
    closes = [row.close for row in csv_bars.read(Path("all.csv"), KO)]
    assert closes == pytest.approx([11 / 2 * 0.9, 11 / 2 * 0.9, 10 * 0.9, 10])
    Path("actions.csv").write_text("symbol,date,kind,value\nKO,2024-01-04,split,3\n")
    said = refused(capsys, "import", "--actions", "actions.csv")
    assert said == (
        "actions.csv:2: split of 2024-01-04 is 3.0, 2.0 is there; correct it, or --replace"
    )
    done(capsys, "import", "--actions", "actions.csv", "--replace")
    answer = done(capsys, "import", "all.csv", "--symbol", "KO", "--source", "adj")
    assert answer["series"][0]["rows"] == 4
    adjusted = {each["source"]: each["adjusted"] for each in done(capsys, "ls")["series"]}
    assert adjusted == {"adj": True, "csv": False}


# -- looking --


def test_gaps_are_shown_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    bars = minutes(390)
    del bars[10:15], bars[200]
    csv_bars.write(Path("KO.csv"), [*bars, *minutes(390, OPEN_NS + 2 * 1440 * M)])
    done(capsys, "import", "KO.csv")
    (found,) = done(capsys, "gaps")
    assert (found["found"]["missing"], found["found"]["missing_sessions"]) == (6, 1)
    assert found["places"] == [
        ["2024-01-02T14:40:00Z", "2024-01-02T14:44:00Z", "5 bars missing"],
        ["2024-01-02T17:55:00Z", "2024-01-02T17:55:00Z", "1 bar missing"],
        ["2024-01-03", "2024-01-03", "1 session missing"],
    ]
    status, out, _ = run(capsys, "gaps", "-n", "1")
    assert (status, "and 2 places more" in out) == (0, True)
    assert re.search(r"KO/1m/csv +2024-01-02 +2024-01-04 +774 +66\.15%", out)


def test_another_exchange_is_judged_by_its_own_sessions(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """London's day, half past nine in New York and later, is cut short in New York's calendar."""
    opened = int(datetime(2024, 1, 2, 8, tzinfo=UTC).timestamp()) * 10**9
    csv_bars.write(Path("VOD.csv"), minutes(510, opened))
    done(capsys, "import", "VOD.csv", "--calendar", "XLON", "--source", "london")
    done(capsys, "import", "VOD.csv", "--source", "york")
    london, york = (each["found"] for each in done(capsys, "gaps"))
    assert (london["expected"], london["absent"], london["closed"]) == (510, 0, 0)
    assert (york["absent"] > 0, york["closed"]) == (True, 60), "from 8:00 to 9:00 nobody trades"


def test_verify_fails_for_what_cannot_be_and_when_asked_for_what_is_strange(
    capsys: pytest.CaptureFixture[str],
) -> None:
    csv_bars.write(Path("KO.csv"), minutes(10))
    csv_bars.write(Path("PEP.csv"), days(6))
    assert done(capsys, "import", "KO.csv")["series"]
    assert run(capsys, "verify")[0] == 0
    assert run(capsys, "verify", "--strict")[0] == 4, "380 minutes of the day are missing"
    done(capsys, "import", "PEP.csv")
    status, out, _ = run(capsys, "verify", "--json")
    ko, pep = json.loads(out)["series"]
    assert (status, ko["wrong"], ko["odd"]) == (4, [], ["380 bars missing"])
    assert pep["wrong"] == ["2 rows while the exchange was closed"], "a weekend"
    (data,) = Path("data/catalogue/KO").rglob("*.parquet")
    data.write_bytes(data.read_bytes()[:-1])
    status, out, _ = run(capsys, "verify", "KO", "--json")
    assert status == 4
    assert "gone or damaged" in json.loads(out)["series"][0]["wrong"][0]
    data.with_name("stray.parquet").write_bytes(b"x")
    assert "no entry names it" in run(capsys, "verify")[1]


def test_an_empty_catalogue_is_shown_as_empty(capsys: pytest.CaptureFixture[str]) -> None:
    assert done(capsys, "ls") == {"series": [], "actions": {}}
    assert "data/catalogue is empty: `robotrader data import`" in run(capsys, "ls")[1]
    assert done(capsys, "gaps") == []
    assert done(capsys, "verify")["good"] is True
    assert files() == {}
