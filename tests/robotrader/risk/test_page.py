"""docs/risk.md says what the code does: its program runs, its checks are the gate's."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from robotrader.config.risk_schema import KillSwitch, Risk
from robotrader.risk import Level, Limits, Trigger
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "risk.md").read_text()


def test_the_program_of_the_page_prints_what_its_comment_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    (promised,) = re.findall(r"print\(.*?\)  # (.*)", program)
    exec(compile(program, "docs/risk.md", "exec"), {})
    assert capsys.readouterr().out.strip() == promised


def test_the_pages_table_lists_the_checks_in_their_order() -> None:
    listed = re.findall(r"^\| `(\w+)` \| (all|entries) \|", PAGE, flags=re.MULTILINE)
    checks = [("malformed", "all"), *((code, "all") for code, _ in FOR_ALL)]
    assert listed == [*checks, *((code, "entries") for code, _ in FOR_ENTRIES)]


def test_the_page_names_every_limit_and_every_level() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))
    assert set(Limits.__struct_fields__) <= told
    assert {str(level) for level in Level if level} <= told


def test_the_page_has_a_row_of_every_trigger_and_the_tests_that_it_names_are_there() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \|$", PAGE, flags=re.MULTILINE)
    assert {*Trigger} <= {*rows}
    files = [ROOT / "tests" / name for name in ("actors", "system")]
    defined = "".join(path.read_text() for each in files for path in each.glob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)(?:\[\w+\])?`", PAGE))
    assert len(named) >= len(Trigger) - 3
    assert [name for name in sorted(named) if f"def {name}(" not in defined] == []


def test_the_page_of_the_metrics_says_each_levels_number() -> None:
    """Alerts compare them, and a level stops all that a lower one does."""
    page = (ROOT / "docs" / "monitoring.md").read_text()
    (row,) = re.findall(r"^\| `robotrader_kill_switch_level` \|.*\| (.*) \|$", page, re.MULTILINE)
    assert row.split(", ") == [f"{int(each)} {each}" for each in Level]
    assert [Level.read(str(each)) for each in Level if each] == [each for each in Level if each]
    assert len(Level.__members__) == len(Level), "no two names are one level"


def test_f66_the_thresholds_of_the_page_are_those_of_the_schema_and_of_the_file() -> None:
    shown = re.findall(r"`(risk\.)?(\w+)` \(([\d.]+)( %| s|)[):]", PAGE)
    found = {key: float(number) / (100 if unit == " %" else 1) for _, key, number, unit in shown}
    file = tomllib.loads((ROOT / "conf" / "risk.toml").read_text())
    assert found.keys() == {
        "daily_loss", "drawdown", "position_loss", "losses_max", "rejects_max",
        "rejects_within_s", "stale_data_s", "clock_skew_s", "hung_s", "dead_man_s",
        "disconnected_s",
    }  # fmt: skip
    for key, value in found.items():
        of_risk = key in Risk.__struct_fields__
        assert getattr(Risk() if of_risk else KillSwitch(), key) == value
        assert file["risk" if of_risk else "kill_switch"][key] == value
    assert (found["daily_loss"], found["drawdown"], found["losses_max"]) == (0.05, 0.1, 5)
    assert Risk().max_daily_loss < found["daily_loss"], "the gate blocks before the switch trips"
