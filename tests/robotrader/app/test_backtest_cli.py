"""``robotrader backtest`` as a user has it: real prices, kept reports, one error a mistake."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
import pyarrow.parquet as pq
import pytest

from robotrader.__main__ import main
from robotrader.app import backtest_cli, run_files
from tests.robotrader.app.research_kit import ROOT

if TYPE_CHECKING:
    from datetime import tzinfo

SMA = (
    "--set", 'strategy.sma.class="robotrader.strategies.sma_cross:SmaCross"',
    "--set", "strategy.sma.params={ fast = 10, slow = 30, qty = 100 }",
    "--set", 'strategy.sma.symbols=["AAPL", "KO"]',
    "--set", 'universe.symbols=["AAPL", "KO"]',
    "--set", "kill_switch.losses_max=0",
)  # fmt: skip
DAILY = ("--set", "strategy.sma.bar=1d")
OF_ITS_TIME = {"name", "seconds_load", "seconds_run"}
WINDOW = ("--from", "2000-01-01", "--to", "2001-12-31")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["backtest", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_a_run_is_shown_kept_and_shown_again(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "run", "sma", *SMA, *DAILY, *WINDOW)
    assert (status, err) == (0, "")
    assert "2000-01-03 to 2001-12-31, 500 days" in out
    assert "open, high, low and volume synthetic" in out, "where prices are from is said"
    name = out.rpartition("kept as ")[2].split()[0]
    status, listed, _ = run(capsys, "ls")
    assert (status, listed.count(name)) == (0, 1)
    status, again, _ = run(capsys, "show", name)
    assert status == 0
    assert again == out.rpartition("kept as ")[0]


def test_runs_of_the_same_second_are_kept_apart(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Noon(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2026, 11, 21, 12, 0, 0, tzinfo=tz)

    monkeypatch.setattr(backtest_cli, "datetime", Noon)
    for _ in range(3):
        assert run(capsys, "run", "sma", *SMA, *DAILY, *WINDOW)[0] == 0
    kept = sorted(path.parent.name for path in Path("data/backtests").glob("*/report.json"))
    noon = "20261121T120000-sma"
    assert kept == [noon, f"{noon}-2", f"{noon}-3"]


def test_a_run_has_tables_and_its_page_is_opened_or_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, _, err = run(capsys, "open")
    assert (status, "no backtests in data/backtests" in err) == (2, True)
    for _ in range(2):
        assert run(capsys, "run", "sma", *SMA, *DAILY, *WINDOW, "--quiet")[0] == 0
    first, second = sorted(Path("data/backtests").iterdir())
    for name, kind in run_files.ROWS.items():
        rows: list[Any] = msgspec.json.decode((first / f"{name}.json").read_bytes())
        assert [msgspec.convert(each, kind, strict=False) for each in rows]
        assert pq.read_table(first / f"{name}.parquet").num_rows == len(rows) > 0
    assert run(capsys, "open", "--print") == (0, f"{second / 'tearsheet.html'}\n", "")
    page = (first / "tearsheet.html").read_text("utf-8")
    assert page.count('class="mark bought"') > 5
    assert "<script" not in page
    (first / "tearsheet.html").unlink()
    browser, looked = tmp_path / "browser", tmp_path / "looked"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {looked}\n')
    browser.chmod(0o700)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "BROWSER": str(browser)}
    words = [sys.executable, "-m", "robotrader", "backtest", "open", first.name]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == f"{first / 'tearsheet.html'}\n"
    assert looked.read_text() == (first / "tearsheet.html").resolve().as_uri()
    assert (first / "tearsheet.html").read_text("utf-8") == page, "made anew as it was"
    (first / "candles.json").unlink()
    (first / "tearsheet.html").unlink()
    assert run(capsys, "open", first.name, "--print")[0] == 0
    old = (first / "tearsheet.html").read_text("utf-8")
    assert "<h2>Trades</h2>" not in old, "a run of an older version has a page without candles"
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    assert "no browser could be started: open" in run(capsys, "open")[2]


def test_a_pair_trades_both_legs_on_real_days(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "conf", "--yes", "--quiet"]) == 0
    shorts = ("--set", "risk.allow_short=true", "--set", "kill_switch.losses_max=0")
    status, out, err = run(capsys, "run", "pairs", *WINDOW, *shorts, "--json")
    assert (status, err) == (0, "")
    report = json.loads(out)
    assert [each["name"] for each in report["symbols"]] == ["KO", "PEP"]
    counts = [each["trades"]["count"] for each in report["symbols"]]
    assert counts[0] == counts[1] > 3


def test_figures_add_up_and_costs_lower_them(capsys: pytest.CaptureFixture[str]) -> None:
    def made(*more: str) -> dict[str, Any]:
        status, out, err = run(capsys, "run", "sma", "--json", *SMA, *DAILY, *WINDOW, *more)
        assert (status, err) == (0, "")
        report: dict[str, Any] = json.loads(out)
        return report

    free, costly = made("--plan", "none"), made("--slippage", "50")
    for each in (free, costly):
        gained = sum(float(part["trades"]["gain"]) for part in each["symbols"])
        floating = sum(float(part["unrealized"]) for part in each["symbols"])
        change = each["summary"]["end_value"] - each["summary"]["begin_value"]
        assert each["fills"] > 10
        if all(float(part["open_qty"]) == 0 for part in each["symbols"]):
            assert change == pytest.approx(gained)
        assert change == pytest.approx(gained + floating, abs=200)
    assert float(free["commissions"]) == 0
    assert float(costly["commissions"]) > 0
    assert costly["summary"]["end_value"] < free["summary"]["end_value"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing", *SMA), "no strategy nothing: known are sma"),
        (("sma", *SMA), "bars of 1m are asked for, its data has days only"),
        (("sma", *SMA, *DAILY, "--from", "2050-01-01"), "there is 1990-01-02 to 2022-12-28"),
        (("sma", *SMA, *DAILY, "--to", "1980-01-01"), "there is 1990-01-02 to 2022-12-28"),
        (("sma", *SMA, *DAILY, "--set", 'strategy.sma.symbols=["ZZZ"]',
          "--set", 'universe.symbols=["ZZZ"]'), "no data for ZZZ: the bundled data has AAPL"),
        ((), "no strategy is on: name one"),
        (("sma", *SMA, *DAILY, "--set", "strategy.sma.params={ fast = 30, slow = 10 }"), "fast 30"),
    ],
)  # fmt: skip
def test_each_mistake_has_one_error_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, out, err = run(capsys, "run", *arguments)
    assert status in {1, 2}
    assert out == ""
    assert says in err
    assert err.count("\n") == 1


def test_own_minute_bars_are_read_and_a_bad_row_is_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "own" / "bars_1min"
    folder.mkdir(parents=True)
    lines = ["time,open,high,low,close,volume"]
    for minute in range(380):
        price = (
            100
            + (minute // 40 % 2) * (minute % 40) / 10
            - (1 - minute // 40 % 2) * (minute % 40) / 10
        )
        at = f"2024-01-02T{9 + (30 + minute) // 60:02d}:{(30 + minute) % 60:02d}:00"
        lines.append(f"{at},{price},{price + 1},{price - 1},{price},1000")
    for symbol in ("AAPL", "KO"):
        (folder / f"{symbol}.csv").write_text("\n".join(lines) + "\n")
    given = ("run", "sma", "--data", str(tmp_path / "own"), *SMA)
    status, out, err = run(capsys, *given)
    assert (status, err) == (0, "")
    assert "2024-01-02 to 2024-01-02, 1 days" in out
    (folder / "KO.csv").write_text("\n".join([*lines[:5], lines[5].replace("1000", "nan")]) + "\n")
    status, _, err = run(capsys, *given)
    assert status == 2
    assert "KO.csv:6:" in err


def test_signals_at_once_give_the_same_report(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for more in ((), ("--signals",)):
        status, out, err = run(capsys, "run", "sma", "--json", *SMA, *DAILY, *WINDOW, *more)
        assert (status, err) == (0, "")
        report = json.loads(out)
        said.append({k: v for k, v in report.items() if k not in OF_ITS_TIME})
    assert said[0] == said[1]
    assert said[0]["fills"] > 10


def test_own_quotes_are_what_is_traded_against(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Bars only lead to decisions: a quote that costs more than any bar is what is paid."""
    own, clock = tmp_path / "own", [f"2024-01-02T10:{minute:02d}:00" for minute in range(50)]
    for folder in ("bars_1min", "quotes"):
        (own / folder).mkdir(parents=True)
    for symbol in ("AAPL", "KO"):
        prices = [100 + abs(25 - at) for at in range(50)]
        rows = [f"{at},{p},{p + 1},{p - 1},{p},1000" for at, p in zip(clock, prices, strict=True)]
        text = "\n".join(["time,open,high,low,close,volume", *rows])
        (own / "bars_1min" / f"{symbol}.csv").write_text(text + "\n")
        rows = [f"{at},{p + 3},{p + 3.02}" for at, p in zip(clock, prices, strict=True)]
        text = "\n".join(["time,bid,ask", *rows])
        (own / "quotes" / f"{symbol}.csv").write_text(text + "\n")
    fast = ("--set", "strategy.sma.params={ fast = 2, slow = 5, qty = 10 }")
    given = ("run", "sma", "--json", "--plan", "none", "--data", str(own), *SMA, *fast)
    finals = []
    for more in ((), ("--quotes",)):
        status, out, err = run(capsys, *given, *more)
        assert (status, err) == (0, "")
        report = json.loads(out)
        assert report["fills"] == 2
        finals.append(report["track"]["values"][-1])
    # Bought 3.02 above the next open, worth 3.01 above the last close: 20 shares, a cent each.
    assert finals[0] - finals[1] == pytest.approx(0.2, abs=1e-6)
    (own / "quotes" / "KO.csv").unlink()
    status, _, err = run(capsys, *given, "--quotes")
    assert status == 2
    assert "KO: its data has no quotes" in err


def test_a_run_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = run(capsys, "show", "x")
    assert status == 2
    assert "no run x in" in err
