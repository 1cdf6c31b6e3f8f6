"""``robotrader walkforward resume``: what was interrupted ends as if nothing had happened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from robotrader.__main__ import main
from robotrader.adapters.sweep_files import PLAN, RESULTS
from robotrader.app import research_job
from robotrader.app.walkforward_cli import PAGE, REPORT
from tests.robotrader.app.research_kit import GRID, HERE, SMA, prices

WINDOWS = ("--train", "120", "--test", "60")
FOLDS = ("--scheme", "combinatorial", "--folds", "4")
LEARNS = ("--param", "fast=2:20", "--param", "slow=21:60", "--method", "tpe", "--trials", "18")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own(tmp_path: Path) -> tuple[str, ...]:
    return prices(tmp_path / "own")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["walkforward", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def only_walk() -> Path:
    (found,) = Path("data/walkforwards").iterdir()
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in (RESULTS, REPORT, PAGE)}


@pytest.mark.parametrize(
    "plan",
    [
        (*WINDOWS, *GRID),
        pytest.param((*FOLDS, *GRID), marks=pytest.mark.deep),
        pytest.param((*WINDOWS, *LEARNS), marks=pytest.mark.deep),
    ],
)
def test_cut_anywhere_it_ends_with_the_same_bytes(
    capsys: pytest.CaptureFixture[str], own: tuple[str, ...], plan: tuple[str, ...]
) -> None:
    """In the first search, between search and judging, in the last window, at the very end."""
    if "tpe" in plan:
        pytest.importorskip("optuna")
    status, shown, err = run(capsys, "run", "sma", *SMA, *own, *plan, *HERE)
    assert (status, err) == (0, "")
    folder = only_walk()
    whole = files(folder)
    lines = whole[RESULTS].splitlines(keepends=True)
    assert len(lines) == (9 if "--folds" in plan else 38 if "tpe" in plan else 20)
    for cut in sorted({4, 9, len(lines) - 1, len(lines)}):
        (folder / RESULTS).write_bytes(b"".join(lines[:cut]) + b'{"number":')
        for name in (REPORT, PAGE):
            (folder / name).unlink()
        status, again, err = run(capsys, "resume", *HERE)
        assert (status, err) == (0, ""), cut
        assert again == shown
        assert files(folder) == whole, cut


def test_an_interrupted_one_says_how_to_go_on_and_runs_only_what_is_left(
    capsys: pytest.CaptureFixture[str], own: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, ran = research_job._run, 0

    def interrupted(had: research_job.Loaded, task: research_job.Task) -> Any:
        nonlocal ran
        ran += 1
        if ran == 13:
            raise KeyboardInterrupt
        return real(had, task)

    monkeypatch.setattr(research_job, "_run", interrupted)
    status, out, err = run(capsys, "run", "sma", *SMA, *own, *WINDOWS, *GRID, *HERE)
    name = only_walk().name
    assert (status, out) == (130, "")
    assert f"kept 12 trials; go on with `robotrader walkforward resume {name}`" in err
    status, out, err = run(capsys, "resume", name, *HERE)
    assert (status, err) == (0, "")
    assert ran == 13 + 8, "20 trials, 12 of them kept, one asked for twice"


def test_what_has_changed_or_is_not_there_is_refused(
    capsys: pytest.CaptureFixture[str], own: tuple[str, ...]
) -> None:
    status, _, err = run(capsys, "resume")
    assert status == 2
    assert "no walkforwards in data/walkforwards: begin one with `robotrader walkforward" in err
    assert run(capsys, "run", "sma", *SMA, *own, *WINDOWS, *GRID, *HERE)[0] == 0
    folder = only_walk()
    status, _, err = run(capsys, "resume", "../x", *HERE)
    assert status == 2
    assert f"no walkforward ../x in data/walkforwards: the newest are {folder.name}" in err
    plan = json.loads((folder / PLAN).read_bytes())
    for key, says in (("code", "program or a strategy's file"), ("data", "history")):
        (folder / PLAN).write_text(json.dumps(plan | {key: "other"}))
        status, _, err = run(capsys, "resume", *HERE)
        assert status == 2
        assert f"the {says} has changed since {folder.name} was begun: run it anew" in err
    (folder / PLAN).write_text(json.dumps(plan))
    lines = (folder / RESULTS).read_bytes().splitlines(keepends=True)
    (folder / RESULTS).write_bytes(b"".join(lines[1:3]))
    status, _, err = run(capsys, "resume", *HERE)
    assert status == 2
    assert "trial 1 of {'fast': 4, 'slow': 16} is kept where 0 of" in err


def test_a_mistake_leaves_nothing(capsys: pytest.CaptureFixture[str], own: tuple[str, ...]) -> None:
    status, _, err = run(capsys, "run", "sma", *SMA, *own, *GRID, *HERE, "--train", "6000")
    assert status == 2
    assert "days are too few" in err
    assert not Path("data/walkforwards").exists()
