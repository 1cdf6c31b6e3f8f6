"""Backtests and the emulated gateway read the catalogue, and say from which series."""

from __future__ import annotations

import argparse
import json
import os
import pty
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.__main__ import main
from robotrader.adapters import csv_bars
from robotrader.adapters.catalogue import Catalogue, Entry
from robotrader.app import gateway_data
from robotrader.app.catalogue_data import chosen, replayed
from robotrader.domain.errors import ConfigurationError
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Sequence

SMA = (
    "--set", 'strategy.sma.class="robotrader.strategies.sma_cross:SmaCross"',
    "--set", "strategy.sma.params={ fast = 3, slow = 8, qty = 10 }",
    "--set", "kill_switch.losses_max=0",
)  # fmt: skip
ENTRY = Entry(
    symbol="KO", bar="1m", source="a", origin="", licence="", synthetic=False, adjusted=False,
    labels=(), calendar="XNYS", zone="UTC",
)  # fmt: skip
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def data(*arguments: str) -> None:
    assert main(["data", *arguments, "--quiet"]) == 0


def backtest(
    capsys: pytest.CaptureFixture[str], symbol: str, bar: str, *more: str
) -> tuple[int, dict[str, Any], str]:
    symbols = ("--set", f'strategy.sma.symbols=["{symbol}"]', "--set",
               f'universe.symbols=["{symbol}"]', "--set", f"strategy.sma.bar={bar}")  # fmt: skip
    status = main(["backtest", "run", "sma", "--json", *SMA, *symbols, *more])
    shown = capsys.readouterr()
    return status, json.loads(shown.out) if shown.out else {}, shown.err


def figures(report: dict[str, Any]) -> dict[str, Any]:
    """A report without its name, its times and where its prices are from."""
    return {name: value for name, value in report.items()
            if name not in {"name", "provenance", "seconds", "config_hash"}
            and "second" not in name}  # fmt: skip


def series(*found: tuple[str, str, bool]) -> list[Entry]:
    return [
        msgspec.structs.replace(ENTRY, bar=bar, source=source, synthetic=synthetic)
        for bar, source, synthetic in found
    ]


@given(st.sets(st.tuples(st.sampled_from(["1s", "1m", "5m", "7m", "1h", "1d", "trades"]),
                         st.sampled_from("ab"), st.booleans()), max_size=6),
       st.sampled_from(["1s", "1m", "5m", "1h", "2h", "1d", "trades"]))  # fmt: skip
def test_what_is_chosen_is_real_before_exact_before_long(
    found: set[tuple[str, str, bool]], wanted: str
) -> None:
    seconds = {"1s": 1, "1m": 60, "5m": 300, "7m": 420, "1h": 3600, "2h": 7200, "1d": 86_400}

    def makes(bar: str) -> bool:
        if bar == wanted or "trades" in {bar, wanted} or bar == "1d":
            return bar == wanted
        divides = seconds[wanted] % seconds[bar] == 0 and 3600 % seconds[wanted] == 0
        return seconds[bar] < seconds[wanted] and (wanted == "1d" or divides)

    fit = [each for each in found if makes(each[0])]
    best = min(((each[2], -seconds.get(each[0], 0)) for each in fit), default=None)
    first = [each for each in fit if (each[2], -seconds.get(each[0], 0)) == best]
    if len(first) > 1:
        with pytest.raises(ConfigurationError, match=r"name one, as --source [ab]"):
            chosen(series(*found), "KO", wanted)
        return
    got = chosen(series(*found), "KO", wanted)
    assert (got and (got.bar, got.source, got.synthetic)) == (first[0] if first else None)


def test_bars_of_the_catalogue_trade_as_those_of_a_folder_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data("synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-03", "--volatility", "1")
    Path("own").mkdir()
    data("export", "ZZZ", "own/ZZZ.csv", "--bar", "5m")
    status, made, err = backtest(capsys, "ZZZ", "5m")
    assert (status, err) == (0, "")
    _, again, _ = backtest(capsys, "ZZZ", "5m", "--data", "own")
    assert figures(made) == figures(again)
    assert made["summary"]
    assert "(made up): 2024-01-02 to 2024-01-03, synthetic, bars of 5m" in again["provenance"][0]
    (said,) = made["provenance"]
    assert said.startswith("ZZZ: catalogue ZZZ/1m/synthetic ")
    assert "geometric Brownian motion, seed 1" in said
    assert said.endswith("synthetic, bars of 5m made of bars of 1m")
    page = next(Path("data/backtests").glob(f"{made['name']}/tearsheet.html")).read_text()
    assert "synthetic, bars of 5m" in page
    for where in ("catalogue", "data/catalogue"):
        _, third, _ = backtest(capsys, "ZZZ", "5m", "--data", where)
        assert third["provenance"] == made["provenance"]


def test_real_days_go_before_bundled_ones_and_those_before_synthetic_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data("synth", "KO", "--model", "bridge", "--from", "2020-01-02", "--to", "2020-03-31")
    window = ("--from", "2020-02-03", "--to", "2020-03-31")
    _, report, _ = backtest(capsys, "KO", "1d", *window)
    assert report["provenance"][0].startswith("KO: skfolio")
    _, report, _ = backtest(capsys, "KO", "1d", *window, "--source", "synthetic")
    assert "days made of bars of 1m" in report["provenance"][0]
    data("import", "--bundled", "--symbol", "KO")
    _, report, _ = backtest(capsys, "KO", "1d", *window)
    assert report["provenance"][0].startswith("KO: catalogue KO/1d/bundled ")


def test_a_split_is_no_loss_unless_it_is_left_in(capsys: pytest.CaptureFixture[str]) -> None:
    traded = (*range(2, 6), *range(8, 13), *range(16, 20), *range(22, 27))
    closes = [(date(2024, 1, day), 100.0 if day < 17 else 25.0) for day in traded]
    csv_bars.write(Path("NEW.csv"), [Daily(d, c, c, c, c, 1e6) for d, c in closes])
    Path("actions.csv").write_text("symbol,date,kind,value\nNEW,2024-01-17,split,4\n")
    data("import", "NEW.csv")
    data("import", "--actions", "actions.csv")
    worst = {}
    for adjust in ("all", "splits", "none"):
        status, report, _ = backtest(capsys, "NEW", "1d", "--adjust", adjust)
        assert status == 0
        worst[adjust] = min(report["benchmark"])
        said = report["provenance"][0]
        assert ("adjusted when read" in said) == (adjust != "none")
        assert ("as traded: not adjusted" in said) == (adjust == "none")
    assert worst == {"all": 0.0, "splits": 0.0, "none": -0.75}


@pytest.mark.parametrize(
    ("symbol", "bar", "more", "said"),
    [
        ("KO", "5m", ("--data", "catalogue"), "no data for KO in bars of 5m: data/catalogue has "),
        ("ZZZ", "1s", (), "no data for ZZZ in bars of 1s: data/catalogue has ZZZ/1m/synthetic"),
        ("ZZZ", "5m", ("--source", "mine"), "no data for ZZZ in bars of 5m"),
        ("ZZZ", "5m", ("--from", "2020-01-02", "--to", "2020-02-03"),
         "no data from 2020-01-02 to 2020-02-03: there is 2024-01-02 to 2024-01-02"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_error(
    capsys: pytest.CaptureFixture[str], symbol: str, bar: str, more: Sequence[str], said: str
) -> None:
    data("synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-02")
    status, report, err = backtest(capsys, symbol, bar, *more)
    assert (status, report) == (2, {})
    assert err.startswith(f"robotrader: {said}")
    assert not Path("data/backtests").exists()


def test_two_series_of_one_rank_are_a_question(capsys: pytest.CaptureFixture[str]) -> None:
    for source in ("a", "b"):
        data("synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-02", "--source", source)
    status, _, err = backtest(capsys, "ZZZ", "1m")
    said = "ZZZ: there are ZZZ/1m/a and ZZZ/1m/b: name one, as --source a"
    assert (status, err) == (2, f"robotrader: {said}\n")
    assert backtest(capsys, "ZZZ", "1m", "--source", "b")[0] == 0
    with pytest.raises(ConfigurationError, match="ZZZ/1m/a and ZZZ/1m/b"):
        replayed(Path("data/catalogue"))


def test_the_gateway_replays_a_catalogue_as_it_replays_a_folder() -> None:
    data("synth", "ZZZ", "--from", "2024-01-02", "--to", "2024-01-03")
    data("import", "--bundled", "--symbol", "KO")
    Path("own").mkdir()
    data("export", "ZZZ", "own/ZZZ.parquet")

    def prepared(where: str) -> gateway_data.Prepared:
        arguments = argparse.Namespace(data=Path(where), data_zone="UTC", start="2024-01-02T09:30",
                                       calendar=True, resume=False)  # fmt: skip
        return gateway_data.prepare(arguments, 0, None)

    stored, folder = prepared("data/catalogue"), prepared("own")
    assert stored.recordings is not None
    assert folder.recordings is not None
    con_id = stored.series["ZZZ"].instrument.con_id
    for day in (date(2024, 1, 2), date(2024, 1, 3)):
        bars = stored.recordings[con_id].bars(day)
        assert bars == folder.recordings[con_id].bars(day)
        assert len(bars) == 390
    assert len(stored.series["KO"].days) == 8313
    assert stored.now_ns == int(datetime(2024, 1, 2, 9, 30, tzinfo=NEW_YORK).timestamp()) * 10**9
    zzz = next(line for line in stored.said if line.startswith("ZZZ"))
    assert "catalogue ZZZ/1m/synthetic" in zzz
    assert ", synthetic, bars replayed as recorded" in zzz


def test_a_catalogue_that_is_empty_says_so() -> None:
    with Catalogue(Path("top")).changing():
        pass
    with pytest.raises(ConfigurationError, match="top: the catalogue is empty"):
        replayed(Path("top"))


def test_who_watches_sees_how_far_it_is_and_a_file_does_not() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "robotrader", "data", "synth", "ZZZ",
               "--from", "2024-01-02", "--to", "2024-01-31"]  # fmt: skip
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100",
               "PYTHONPATH": str(Path(__file__).parents[3])}  # fmt: skip
    watched = subprocess.Popen(command, stderr=theirs, stdout=subprocess.PIPE, env=environ)
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:
            break
    out, _ = watched.communicate(timeout=50)
    os.close(ours)
    assert (watched.returncode, b"drawing" in shown, b"drawing" in out) == (0, True, False)
    piped = subprocess.run([*command, "--replace"], capture_output=True, check=True, env=environ)
    assert piped.stderr == b""
