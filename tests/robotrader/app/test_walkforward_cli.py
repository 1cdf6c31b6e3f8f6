"""``walkforward``, ``montecarlo``, ``backtest compare`` and ``report`` as a user has them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from tests.robotrader.app.research_kit import GRID, HERE, SMA, prices

YEARS = ("--from", "1990-01-02", "--to", "1991-12-31")
PLAN = ("walkforward", "run", "sma", *SMA, *YEARS, *GRID, *HERE)
DAYS = 506


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main([*arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def backtest(capsys: pytest.CaptureFixture[str], fast: int, slow: int, *more: str) -> Any:
    params = f"strategy.sma.params={{ fast = {fast}, slow = {slow}, qty = 100 }}"
    return made(capsys, "backtest", "run", "sma", *SMA, "--set", params, *more)


@pytest.mark.parametrize("scheme", ["rolling", "anchored"])
def test_a_window_outside_is_the_backtest_of_what_was_best_inside(
    capsys: pytest.CaptureFixture[str], scheme: str
) -> None:
    report = made(capsys, *PLAN, "--scheme", scheme, "--train", "200", "--test", "150")
    assert len(report["windows"]) == 2
    ends = [(each["inside"]["last"], each["outside"]["first"]) for each in report["windows"]]
    assert all(inside < outside for inside, outside in ends), "never the same days"
    sizes = [each["inside"]["days"] for each in report["windows"]]
    assert sizes == ([200, 200] if scheme == "rolling" else [200, 350])
    one = report["windows"][1]
    assert one["best"]["trials"] == 7
    assert one["best"]["deflated"] is not None
    params = one["best"]["trial"]["params"]
    span = one["outside"]
    days = ("--from", span["first"], "--to", span["last"])
    alone = backtest(capsys, params["fast"], params["slow"], *days)
    assert alone["summary"]["sharpe"] == pytest.approx(span["sharpe"])
    assert alone["summary"]["days"] == span["days"]
    assert report["track"]["days"][-span["days"] :] == alone["track"]["days"]
    inside = ("--from", one["inside"]["first"], "--to", one["inside"]["last"])
    chosen = backtest(capsys, params["fast"], params["slow"], *inside)
    assert chosen["summary"]["sharpe"] == one["best"]["value"]


@pytest.mark.parametrize(
    ("scheme", "trials"), [("rolling", 7 * 2 + 2), ("folds", 7)]
)  # fmt: skip
def test_callbacks_are_followed_with_the_same_bytes_and_what_is_chosen_is_checked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], scheme: str, trials: int
) -> None:
    """Each trial of each window; the engine runs what was chosen, too, all with ``--engine``."""
    given = prices(tmp_path / "prices", 2)
    plan = ("walkforward", "run", "sma", *SMA, *given, *GRID, *HERE, "--scheme", scheme,
            "--train", "120", "--test", "60", "--folds", "4")  # fmt: skip
    kept = {}
    for name, more in (("engine", ("--engine",)), ("callbacks", ())):
        status, _, _ = run(capsys, *plan, *more, "--data-dir", str(tmp_path / name))
        (folder,) = (tmp_path / name / "walkforwards").iterdir()
        ways = json.loads((folder / "ways.json").read_text())
        kept[name] = (folder / "results.jsonl").read_bytes()
        assert status == 0
        assert ways["followed"] == (trials if name == "callbacks" else 0)
        assert bool(ways["checked"]) == (name == "callbacks")
    assert kept["callbacks"] == kept["engine"]


def test_several_contracts_are_followed_with_the_same_bytes_in_each_window(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each has the bars of the window, and those before it as history."""
    given = prices(tmp_path / "prices", 2, ("KO", "PEP"))
    two = ("--set", 'strategy.sma.symbols=["KO", "PEP"]', "--set", 'universe.symbols=["KO", "PEP"]')
    plan = ("walkforward", "run", "sma", *SMA, *two, *given, *GRID, *HERE, "--scheme", "rolling",
            "--train", "120", "--test", "60")  # fmt: skip
    kept = {}
    for name, more in (("engine", ("--engine",)), ("lanes", ())):
        assert run(capsys, *plan, *more, "--data-dir", str(tmp_path / name))[0] == 0
        (folder,) = (tmp_path / name / "walkforwards").iterdir()
        ways = json.loads((folder / "ways.json").read_text())
        kept[name] = (folder / "results.jsonl").read_bytes()
        assert ways["followed"] == (16 if name == "lanes" else 0)
    assert kept["lanes"] == kept["engine"]


def test_folds_judge_every_day_by_a_split_that_has_not_seen_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = made(capsys, *PLAN, "--scheme", "folds", "--folds", "4", "--purge", "3")
    assert sum(each["outside"]["days"] for each in report["windows"]) == DAYS
    assert len(report["track"]["days"]) == DAYS
    assert report["windows"][0]["inside"]["days"] == DAYS - 127 - 3 - 5


@pytest.mark.timeout(180)
def test_combinatorial_splits_have_paths_and_a_page(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    status, out, err = run(capsys, *PLAN, "--scheme", "combinatorial", "--folds", "4")
    assert (status, err) == (0, "")
    assert "6 splits of 4 folds, 2 tested at once, purged by 5 and embargoed by 5 days" in out
    assert "paths                3: Sharpe ratios" in out
    assert "open, high, low and volume synthetic" in out
    name = out.rpartition("kept as ")[2].split()[0]
    page = Path("data/walkforwards") / name / "report.html"
    first = page.read_text("utf-8")
    page.unlink()
    looked = tmp_path / "looked"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {looked}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", str(browser))
    done = os.spawnve(os.P_WAIT, *opened(name))
    assert done == 0
    assert looked.read_text() == page.resolve().as_uri()
    assert page.read_text("utf-8") == first


def opened(name: str) -> tuple[str, list[str], dict[str, str]]:
    from tests.robotrader.app.research_kit import command, environ

    words = command("report", "open", name)
    return words[0], words, environ()


def test_paths_of_a_kept_run_are_shown_and_kept(capsys: pytest.CaptureFixture[str]) -> None:
    one = backtest(capsys, 4, 16, *YEARS)
    for method in ("stationary", "circular", "shuffle", "resample"):
        paths = made(capsys, "montecarlo", "run", one["name"], "--method", method, "--paths", "60")
        found = paths["paths"]
        assert (found["count"], found["method"]) == (60, method)
        unit = DAYS if found["block"] else one["trades"]["count"]
        assert found["steps"] == unit
        end = next(each for each in found["spreads"] if each["name"] == "end value")
        if found["block"]:
            assert end["real"] == pytest.approx(one["summary"]["end_value"])
        else:
            gain = sum(float(each["trades"]["gain"]) for each in one["symbols"])
            assert end["real"] == pytest.approx(100_000 + gain)
        status, path, _ = run(capsys, "report", "make", paths["name"])
        assert status == 0
        assert "what else might have happened" in Path(path.strip()).read_text("utf-8")
    status, out, _ = run(capsys, "montecarlo", "run", "--paths", "50")
    assert status == 0
    assert "50 paths of 506 days, stationary, blocks of" in out
    page = run(capsys, "report", "make", one["name"])[1].strip()
    assert page.endswith("tearsheet.html")


def test_runs_are_compared_over_the_days_that_both_have(capsys: pytest.CaptureFixture[str]) -> None:
    one = backtest(capsys, 4, 16, *YEARS)
    other = backtest(capsys, 8, 16, "--from", "1990-06-01", "--to", "1991-12-31")
    status, out, err = run(capsys, "backtest", "compare", one["name"], other["name"])
    assert (status, err) == (0, "")
    assert one["name"] in out
    assert "the probability that the second one's is greater" in out
    found = made(capsys, "backtest", "compare", one["name"], other["name"])
    (difference,) = found["differences"]
    assert difference["days"] == other["summary"]["days"]
    assert difference["second"] == pytest.approx(other["summary"]["sharpe"])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*PLAN, "--train", "600"), "506 days are too few: a window and half a test need 726"),
        ((*PLAN, "--scheme", "folds", "--folds", "1"), "test fewer folds than there are"),
        ((*PLAN, "--scheme", "folds", "--method", "tpe"), "--method tpe has seen every day"),
        ((*PLAN, "--scheme", "folds", "--metric", "profit_factor"), "here it may be sharpe"),
        ((*PLAN, "--param", "qty=-1:5"), "parameter qty = -1: expected `int` >= 0"),
        (("montecarlo", "run", "x"), "no run x in data/backtests"),
        (("montecarlo", "run"), "no runs in data/backtests"),
        (("backtest", "compare", "x", "y"), "no run x in data/backtests"),
        (("report", "open", "x"), "nothing named x in data"),
    ],
)
def test_each_mistake_has_one_error_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_window_in_which_nothing_trades_is_left_out_and_said(
    capsys: pytest.CaptureFixture[str],
) -> None:
    still = ("walkforward", "run", "sma", *SMA, *YEARS, *HERE, "--train", "200", "--test", "150",
             "--param", "slow=2000,3000")  # fmt: skip
    status, out, _ = run(capsys, *still)
    assert status == 0
    assert "left out: nothing to choose: no trial has traded" in out
    assert "Sharpe outside" not in out
