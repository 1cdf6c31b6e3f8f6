"""The shipped rules and dashboard, and the page that says what they mean."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "conf" / "prometheus" / "rules.yml"
TESTS = ROOT / "conf" / "prometheus" / "rules_test.yml"
PAGE = ROOT / "docs" / "monitoring.md"
DASHBOARD = ROOT / "conf" / "grafana" / "dashboard.json"
ROW = re.compile(r"(?m)^\| `(robotrader_\w+)` \| (\w+) \| ([^|]*) \| (.+) \|$")

needs_promtool = pytest.mark.skipif(
    not shutil.which("promtool"), reason="no promtool on this machine"
)


def families(exposed: str) -> dict[str, str]:
    """Return the kinds of our families in an exposition, by name."""
    return dict(re.findall(r"(?m)^# TYPE (robotrader_\w+) (\w+)$", exposed))


def described() -> dict[str, str]:
    """Return the kinds of the families that the page describes, by name."""
    return {name: kind for name, kind, _, _ in ROW.findall(PAGE.read_text())}


def alerts(path: Path = RULES) -> list[str]:
    return re.findall(r"- alert: (\w+)", path.read_text())


def promtool(*arguments: str) -> str:
    checked = subprocess.run(
        ["promtool", *arguments], capture_output=True, check=False, text=True, cwd=ROOT
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    return checked.stdout


@needs_promtool
def test_f102_each_alert_fires_when_it_has_to_and_none_when_all_is_well() -> None:
    assert "SUCCESS" in promtool("test", "rules", str(TESTS))
    tested = set(re.findall(r'alertname="(\w+)"', TESTS.read_text()))
    assert tested == set(alerts())


@needs_promtool
def test_the_tests_of_the_alerts_notice_alerts_that_never_fire(tmp_path: Path) -> None:
    broken, count = re.subn(
        r"(expr: >-\n)((?: {10}.*\n)+)", r"\1          vector(0) > 1\n", RULES.read_text()
    )
    assert count == len(alerts())
    (tmp_path / "rules.yml").write_text(broken)
    (tmp_path / "rules_test.yml").write_text(TESTS.read_text())
    checked = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "rules_test.yml")],
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert checked.returncode == 1
    failed = re.findall(
        r'expr: "count\(ALERTS\{alertname=\\"(\w+)', checked.stdout + checked.stderr
    )
    assert set(failed) == set(alerts())


@needs_promtool
def test_prometheus_takes_the_configuration() -> None:
    assert "36 rules found" in promtool("check", "config", "conf/prometheus/prometheus.yml")


def test_each_alert_has_a_section_to_which_it_leads() -> None:
    sections = re.findall(r"(?m)^### (\w+)$", PAGE.read_text().partition("## Alerts")[2])
    assert sections == alerts()
    links = re.findall(r"runbook_url: docs/monitoring\.md#(\w+)", RULES.read_text())
    assert links == [name.lower() for name in alerts()]


def test_what_rules_and_panels_name_is_described() -> None:
    texts = [RULES.read_text(), *(each["expr"] for each in targets())]
    names = {name for text in texts for name in re.findall(r"robotrader_\w+", text)}
    known = described()
    for name, kind in described().items():
        if kind == "histogram":
            known |= dict.fromkeys((f"{name}_bucket", f"{name}_count", f"{name}_sum"), kind)
    assert names - known.keys() == set()


def panels() -> list[Any]:
    found: list[Any] = json.loads(DASHBOARD.read_text())["panels"]
    return found


def targets() -> Iterator[Any]:
    for panel in panels():
        yield from panel.get("targets", ())


def test_the_dashboard_has_unique_ids_a_source_that_is_chosen_and_a_word_for_each_panel() -> None:
    board = json.loads(DASHBOARD.read_text())
    numbers = [panel["id"] for panel in panels()]
    assert len(numbers) == len(set(numbers))
    variables = {each["name"]: each["type"] for each in board["templating"]["list"]}
    assert variables == {"datasource": "datasource", "instance": "query"}
    drawn = [panel for panel in panels() if panel["type"] != "row"]
    assert {panel["datasource"]["uid"] for panel in drawn} == {"${datasource}"}
    assert {target["datasource"]["uid"] for target in targets()} == {"${datasource}"}
    assert [panel["title"] for panel in drawn if not panel["description"]] == []
    assert [target["expr"] for target in targets() if "$instance" not in target["expr"]] == []


def test_no_two_panels_lie_on_each_other() -> None:
    def cells(panel: Any) -> set[tuple[int, int]]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        return {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }

    overlaps = [
        (one["title"], other["title"])
        for one, other in combinations(panels(), 2)
        if cells(one) & cells(other)
    ]
    assert overlaps == []
