"""``robotrader strategy`` as a user has it: write one, look at it, find what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from robotrader.__main__ import main
from robotrader.app.strategy_args import TEMPLATES
from robotrader.app.strategy_templates import IDEAS, texts

ROOT = Path(__file__).resolve().parents[3]
WRONG = ROOT / "tests/robotrader/checks/wrong.py"
pytestmark = pytest.mark.timeout(180)
"""A check starts two more processes, each of which loads the whole system."""

FEW = ("--bars", "200")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["strategy", *arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def verdicts(out: str) -> dict[str, bool | None]:
    return {each["check"]: each["ok"] for each in json.loads(out)["verdicts"]}


def test_a_new_strategy_is_checked_and_backtested_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["init", "conf", "--yes", "--quiet"]) == 0
    status, out, _ = run(capsys, "new", "dip_buyer", "--template", "reversion")
    assert status == 0
    assert out.splitlines() == [
        "wrote strategies/dip_buyer.py",
        "wrote strategies/test_dip_buyer.py",
        "wrote conf/strategies/dip_buyer.toml",
        "next: robotrader strategy check dip_buyer",
    ]
    status, out, err = run(capsys, "check", "dip_buyer", *FEW)
    assert (status, err) == (0, "")
    assert out.startswith("dip_buyer/AAPL: warms up on 80 bars; tried on 200 bars of a random walk")
    assert out.count("\n  ok ") == 6
    window = ("--from", "2001-01-01", "--to", "2001-12-31")
    assert main(["backtest", "run", "dip_buyer", *window]) == 0
    assert "2001-01-02 to 2001-12-31" in capsys.readouterr().out


def test_every_template_passes_its_own_test_and_the_style_of_the_house() -> None:
    assert set(TEMPLATES) == set(IDEAS)
    for template in TEMPLATES:
        assert main(["strategy", "new", f"my_{template}", "--template", template, "--quiet"]) == 0
    for tool in (
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "strategies"],
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "pyproject.toml"),
         "--ignore", "INP001,D,S101,TC,PLR6301", "strategies"],
        [sys.executable, "-m", "ruff", "format", "--line-length", "100", "--check", "strategies"],
    ):  # fmt: skip
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_there_is_never_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "new", "dip")[0] == 0
    mine = Path("strategies/dip.py")
    mine.write_text("# mine\n")
    Path("strategies/test_dip.py").unlink()
    status, out, err = run(capsys, "new", "dip")
    assert (status, out) == (3, "")
    assert "strategies/dip.py exists, and nothing was written" in err
    assert mine.read_text() == "# mine\n"
    assert not Path("strategies/test_dip.py").exists()


def test_without_a_configuration_the_lines_to_add_are_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, out, _ = run(capsys, "new", "dip", "--symbols", "ko,pep", "--bar", "1m")
    assert status == 0
    assert '[strategy.dip]\nclass = "strategies/dip.py:Dip"\nsymbols = ["KO", "PEP"]' in out
    assert run(capsys, "show", "dip")[1].startswith("Dip: warms up on 22 bars")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Dip", "small letters"), ("dip-buyer", "small letters"), ("_dip", "small letters"),
        ("9dip", "small letters"), ("a" * 41, "up to 40"), ("class", "a word of Python's"),
        ("none", "a word of Python's"), ("test_dip", "tests and the command"),
        ("json", "a module of Python's"), ("sma", "has a section [strategy.sma]"),
        ("", "small letters"), ("../dip", "small letters"),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_a_module_a_class_and_a_section_is_refused(
    capsys: pytest.CaptureFixture[str], name: str, says: str
) -> None:
    section = (
        "--set", 'strategy.sma.class="robotrader.strategies.sma_cross:SmaCross"',
        "--set", 'strategy.sma.symbols=["KO"]', "--set", 'universe.symbols=["KO"]',
    )  # fmt: skip
    status, out, err = run(capsys, "new", name, *section)
    assert (status, out) == (2, "")
    assert f"{name!r} is no name for a strategy: " in err
    assert says in err
    assert not Path("strategies").exists()


@pytest.mark.parametrize(
    ("kind", "caught"),
    [("HashOrder", "processes"), ("ReadsFile", "outside")],
)
def test_what_only_whole_processes_show_is_caught(
    capsys: pytest.CaptureFixture[str], kind: str, caught: str
) -> None:
    Path("tomorrow.csv").write_text("up")
    status, out, err = run(capsys, "check", f"{WRONG}:{kind}", *FEW, "--json")
    assert (status, err) == (1, "")
    found = verdicts(out)
    assert list(found) == [
        "look-ahead", "warm-up", "determinism", "restart", "processes", "outside",
    ]  # fmt: skip
    assert [name for name, ok in found.items() if not ok] == [caught]


def test_real_bars_and_own_parameters_are_checked_too(capsys: pytest.CaptureFixture[str]) -> None:
    crossed = ("check", "robotrader.strategies.sma_cross:SmaCross", "--param", "fast=3")
    real = ("--symbol", "KO", "--bar", "1d", "--bars", "300")
    status, out, err = run(capsys, *crossed, "--param", "slow=5", *real)
    assert (status, err) == (0, "")
    assert "warms up on 5 bars; tried on 300 bars of KO: " in out


def test_a_strategy_that_decides_nothing_is_not_passed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "check", f"{WRONG}:Silent", *FEW)
    assert status == 1
    assert out.count("\n  ?  ") == 5
    assert "nothing is proven" in out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ("nothing",),
            "no strategy nothing: sections are none, and there is no strategies/nothing",
        ),
        (("strategies/none.py",), "there is no file strategies/none.py"),
        ((str(WRONG),), "has to say which strategy is meant"),
        ((f"{WRONG}:Sound", "--param", "x"), "write NAME=VALUE"),
        ((f"{WRONG}:Sound", "--param", "x=1"), "has no parameter 'x'"),
        ((f"{WRONG}:ShortWarmUp", "--bars", "50"), "give at least 202: use --bars"),
        ((f"{WRONG}:Sound", "--symbol", "ZZZ", "--bar", "1d"), "no data for ZZZ"),
    ],
)
def test_each_mistake_has_one_error_that_names_it(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], says: str
) -> None:
    status, out, err = run(capsys, "check", *arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1


def test_strategies_of_sections_and_of_the_box_are_listed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["init", "conf", "--yes", "--quiet"]) == 0
    status, out, _ = run(capsys, "ls")
    assert status == 0
    assert "off  breakout          robotrader.strategies.breakout:Breakout  MSFT  1d" in out
    status, out, _ = run(capsys, "ls", "--json")
    rows = json.loads(out)
    assert {each["name"] for each in rows if each["state"] == "box"} == {
        "Breakout", "MeanReversion", "Momentum", "Pairs", "SmaCross",
    }  # fmt: skip
    for each in rows:
        assert run(capsys, "show", each["where"], "--json")[0] == 0


def test_the_sections_that_come_with_it_trade_on_real_days(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["init", "conf", "--yes", "--quiet"]) == 0
    window = ("--from", "2000-01-01", "--to", "2004-12-31", "--set", "kill_switch.losses_max=0")
    names = ("breakout", "mean_reversion", "momentum")
    assert main(["backtest", "run", *names, *window, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [each["name"].partition("/")[0] for each in report["strategies"]] == list(names)
    assert all(each["trades"]["count"] > 5 for each in report["strategies"])
    assert report["refusals"] == {}


def test_a_file_that_says_what_it_is_needs_no_class() -> None:
    code, _ = texts("dip", "minimal")
    Path("dip.py").write_text(code)
    assert main(["strategy", "show", "dip.py", "--quiet"]) == 0


def test_a_spread_is_checked_on_walks_and_on_real_days_of_its_legs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pairs = ("check", "robotrader.strategies.pairs:Pairs", "--param", "lookback=30")
    status, out, err = run(capsys, *pairs, "--bars", "400", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["strategy"] == "check/WALK-PEER"
    assert set(verdicts(out).values()) == {True}
    status, _, err = run(capsys, *pairs, "--symbol", "KO", "--bar", "1d")
    assert (status, err) == (
        2, "robotrader: --symbol KO: 2 different ones are wanted, as WALK,PEER\n",
    )  # fmt: skip
    real = ("--symbol", "KO,PEP", "--bar", "1d", "--bars", "400")
    assert "tried on 400 bars of KO: " in run(capsys, *pairs, *real)[1]
