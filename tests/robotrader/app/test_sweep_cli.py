"""``robotrader sweep`` as a user has it: kept, resumed, honest about failures and about luck."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from robotrader.adapters.sweep_files import RESULTS, SPEC
from robotrader.app import research_job
from tests.robotrader.app.research_kit import (
    GRID,
    HERE,
    SMA,
    command,
    environ,
    only_sweep,
    prices,
    results,
)
from tests.system.console import PATIENCE_S, until

PLAN = ("sweep", "run", "sma", *SMA, *GRID)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main([*arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked about does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The option that reads a year of prices: they are quicker to load than the bundled ones."""
    return prices(tmp_path_factory.mktemp("own") / "prices")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, own: tuple[str, ...]) -> Path:
    """A sweep that was not interrupted, run here."""
    folder = tmp_path_factory.mktemp("whole")
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main([*PLAN, *own, *HERE, "--quiet"]) == 0
    finally:
        os.chdir(before)
    return folder


def test_a_sweep_shows_its_best_with_its_doubts_and_goes_on_past_failures(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ("--data-dir", str(whole / "data"))
    status, out, err = run(capsys, "sweep", "best", *data)
    assert (status, err) == (0, "")
    assert "9 of 9, 2 failed" in out
    assert "2 times, as: StrategyError: strategy.sma" in out
    assert "fast 8 has to be less than slow 8" in out
    assert "the best of 7 worthless trials" in out
    assert "map of sharpe" in out
    assert "prices of KO: KO: own data, CSV, 261 days" in out
    name = only_sweep(whole).name
    status, listed, _ = run(capsys, "sweep", "ls", *data)
    assert (status, listed.count(name), "9 of 9" in listed) == (0, 1, True)
    assert "deflated Sharpe" in listed
    page = only_sweep(whole) / "report.html"
    page.unlink()
    status, made, _ = run(capsys, "report", "make", name, *data)
    assert (status, made.strip()) == (0, str(page))
    assert "deflated Sharpe" in page.read_text("utf-8")


def test_json_has_the_best_within_its_doubts_only(
    whole: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = run(capsys, "sweep", "best", "--json", "--data-dir", str(whole / "data"))
    report: dict[str, Any] = json.loads(out)
    best = report["best"]
    assert best["trials"] == 7
    assert best["failed"] == 2
    assert 0 <= best["deflated"] <= 1
    assert best["value"] == max(each["figures"]["sharpe"] for each in report["top"])


def test_a_trial_is_the_backtest_of_its_parameters(
    whole: Path, own: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.loads(line) for line in results(whole).splitlines()]
    (one,) = (each for each in lines if each["params"] == {"fast": 4, "slow": 16})
    given = (*SMA, "--set", "strategy.sma.params={ fast = 4, slow = 16, qty = 100 }")
    status, out, _ = run(capsys, "backtest", "run", "sma", *given, *own, "--json")
    report = json.loads(out)
    assert status == 0
    assert report["trades"]["count"] == one["figures"]["trades"] > 0
    for name in ("end_value", "sharpe", "cagr", "max_drawdown", "sortino"):
        assert report["summary"][name] == one["figures"][name]


@pytest.mark.timeout(240)
def test_a_killed_sweep_is_resumed_to_the_same_bytes(
    whole: Path, own: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real process, killed with -9 after a few trials; half a line is added to make it worse."""
    running = subprocess.Popen(
        command(*PLAN, *own, "--workers", "1"),
        cwd=tmp_path,
        env=environ(),
        stdout=subprocess.DEVNULL,
    )
    try:
        folder = until(lambda: next(iter((tmp_path / "data").glob(f"sweeps/*/{RESULTS}")), None))
        until(lambda: folder.read_bytes().count(b"\n") >= 2, looks_s=0.02)
        helpers = children(running.pid)
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait(PATIENCE_S)
    assert helpers
    until(lambda: not any(map(alive, helpers)))
    kept = results(tmp_path)
    lines = kept[: kept.rfind(b"\n") + 1]
    assert results(whole).startswith(lines)
    folder.write_bytes(lines + b'{"number":')
    status, out, err = run(capsys, "sweep", "resume", *HERE)
    assert (status, err) == (0, "")
    assert "9 of 9, 2 failed" in out
    assert results(tmp_path) == results(whole)
    status, again, _ = run(capsys, "sweep", "resume", *HERE)
    assert (status, results(tmp_path)) == (0, results(whole)), "there is nothing left to do"
    assert again == out


def test_an_interrupted_sweep_says_how_to_go_on(
    own: tuple[str, ...],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = research_job._run

    def interrupted(had: research_job.Loaded, task: research_job.Task) -> Any:
        if task.number == 2:
            raise KeyboardInterrupt
        return real(had, task)

    monkeypatch.setattr(research_job, "_run", interrupted)
    status, out, err = run(capsys, *PLAN, *own, *HERE)
    name = only_sweep(tmp_path).name
    assert (status, out) == (130, "")
    assert f"kept 2 of 9; go on with `robotrader sweep resume {name}`" in err


def test_what_has_changed_is_not_resumed(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = only_sweep(whole)
    for name, says in (("code", "program or a strategy's file"), ("data", "history")):
        folder = tmp_path / "data" / "sweeps" / name
        folder.mkdir(parents=True)
        spec = json.loads((source / SPEC).read_bytes())
        (folder / SPEC).write_text(json.dumps(spec | {name: "other"}))
        status, _, err = run(capsys, "sweep", "resume", name)
        assert status == 2
        assert f"the {says} has changed since {name} was begun: run it anew" in err
    broken = tmp_path / "data" / "sweeps" / "broken"
    broken.mkdir()
    (broken / SPEC).write_bytes((source / SPEC).read_bytes())
    (broken / RESULTS).write_bytes(results(whole).splitlines()[0] + b"\nnonsense\n")
    status, _, err = run(capsys, "sweep", "best", "broken")
    assert status == 2
    assert f"{RESULTS}:2: no trial of this version" in err


def test_a_search_that_learns_is_resumed_to_the_same_bytes(
    own: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("optuna")
    plan = ("sweep", "run", "sma", *SMA, *own, "--param", "fast=2:20", "--param", "slow=21:60",
            "--method", "tpe", "--trials", "18", "--seed", "4")  # fmt: skip
    assert run(capsys, *plan, *HERE, "--quiet")[0] == 0
    once = results(tmp_path)
    lines = once.splitlines(keepends=True)
    assert len(lines) == 18
    (only_sweep(tmp_path) / RESULTS).write_bytes(b"".join(lines[:17]))
    assert run(capsys, "sweep", "resume", *HERE, "--quiet")[0] == 0
    assert results(tmp_path) == once


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--param", "fast=0:10"), "parameter fast = 0: expected `int` >= 1"),
        (("--param", "slow=10:6000:10"), "parameter slow = 6000: expected `int` <= 5000"),
        (("--param", "fats=1:2"), "no parameter 'fats' (did you mean fast?)"),
        ((), "no parameter is varied"),
        (("--param", "other.fast=1:2"), "--param other.fast: write STRATEGY.NAME"),
        (("--param", "stop_percent=1:9"), "stop_percent=1.0:9.0 has no step"),
        (("--param", "fast=1:9", "--from", "2050-01-01"), "there is 1990-01-02 to 2022-12-28"),
        (("--param", "fast=1:9", "--set", 'strategy.sma.class="robotrader.none:X"'), "no module"),
    ],
)
def test_each_mistake_has_one_error_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, out, err = run(capsys, "sweep", "run", "sma", *SMA, *arguments, *HERE)
    assert status in {1, 2}
    assert out == ""
    assert says in err
    assert err.count("\n") == 1
    assert not Path("data").exists()


def test_what_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("best", "resume"):
        assert "no sweeps in" in run(capsys, "sweep", verb)[2]
        assert "no sweep x in" in run(capsys, "sweep", verb, "x")[2]
    assert "nothing named x in data" in run(capsys, "report", "make", "x")[2]
    assert "nothing named" in run(capsys, "report", "make", "../sweeps")[2]


@pytest.mark.timeout(240)
def test_a_pool_gives_the_same_bytes_and_who_looks_on_sees_the_best_so_far(
    whole: Path, own: tuple[str, ...], tmp_path: Path
) -> None:
    """In a terminal; what is written to standard output is the same as without one."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        command(*PLAN, *own, "--workers", "2"), cwd=tmp_path, stderr=theirs, stdout=subprocess.PIPE,
        env=environ() | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"},
    )  # fmt: skip
    os.close(theirs)
    seen: list[bytes] = []

    def read() -> None:
        try:
            while part := os.read(ours, 1 << 16):
                seen.append(part)
        except OSError:  # the other end of a terminal is closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = running.communicate(timeout=PATIENCE_S)
    reader.join(PATIENCE_S)
    os.close(ours)
    shown = b"".join(seen).decode()
    assert running.returncode == 0
    assert "of 9 trials" in shown
    assert "best so far by sharpe" in shown
    assert "deflated Sharpe:" in shown
    assert b"so far" not in out
    assert results(tmp_path) == results(whole)


def deadly(how: str) -> tuple[str, ...]:
    return ("sweep", "run", "sma", *SMA,
            "--set", 'strategy.sma.class="tests.robotrader.app.deadly:Deadly"',
            "--set", "strategy.sma.params={}", "--param", f"how={how}")  # fmt: skip


def test_a_trial_that_raises_is_one_failure(
    own: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The history is loaded once for all of them."""
    research_job.loaded.cache_clear()
    status, out, _ = run(capsys, *deadly("lives,raises,loses"), *own, *HERE)
    assert status == 0
    assert "3 of 3, 1 failed" in out
    assert "1 times, as: StrategyCrash" in out
    rows = [json.loads(each) for each in results(tmp_path).splitlines()]
    assert "no luck today" in rows[1]["error"]
    assert rows[0]["figures"] == rows[2]["figures"]
    assert rows[0]["figures"]["trades"] > 0
    assert research_job.loaded.cache_info().misses == 1


@pytest.mark.timeout(240)
def test_a_trial_that_takes_its_process_with_it_is_one_failure(
    own: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = run(capsys, *deadly("lives,dies,loses"), *own, "--workers", "1")
    assert status == 0
    assert "3 of 3, 1 failed" in out
    assert "1 times, as: the worker process died twice" in out
    rows = [json.loads(each) for each in results(tmp_path).splitlines()]
    assert [each["number"] for each in rows] == [0, 1, 2]
    assert rows[0]["figures"] == rows[2]["figures"]


@pytest.mark.deep
@pytest.mark.timeout(240)
def test_a_ray_cluster_gives_the_same_bytes(
    whole: Path, own: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ray")
    assert run(capsys, *PLAN, *own, "--executor", "ray", "--workers", "2", "--quiet")[0] == 0
    assert results(tmp_path) == results(whole)
