"""The benchmark driver, run for real with small samples."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench import gate, report
from bench.plan import FIGURES
from robotrader.domain import Approved

ROOT = Path(__file__).resolve().parents[2]


def test_a_quick_run_writes_a_table_whose_figures_are_its_samples(tmp_path: Path) -> None:
    out = tmp_path / "benchmarks.md"
    options = ["--quick", "--samples", "1", "--only", "counting", "restart", "--out", str(out)]
    subprocess.run([sys.executable, "-m", "bench", *options], check=True, timeout=170)
    raw = json.loads(out.with_suffix(".json").read_text())
    (rate,) = raw["figures"]["pool counting rate"]
    assert rate > 1_000
    assert f"| counting | {rate:,.0f} ({rate:,.0f}-{rate:,.0f}) |" in out.read_text()
    (p50,) = raw["figures"]["pool restart p50_us"]
    assert 0 < p50 <= raw["figures"]["pool restart p99_us"][0]
    assert "crash to next handled message, p50, us" in out.read_text()


MANY = """
import sys
from bench import sample
for each in sys.argv[1:]:
    sys.argv = ["sample", "pool", *each.split()]
    sample.main()
"""
SAMPLES = (
    "gate 100", "correlation 3", "indicators 2000", "path 10", "path_shared 10", "world_core 120",
    "world_wire 120", "world_long 120", "load 5", "queries 40", "backtest 3000",
    "backtest_many 6000", "backtest_quotes 999",
)  # fmt: skip
"""Workloads and sizes that are small: what is asserted is that each is measured, and what of it."""


@pytest.fixture(scope="module")
def sampled() -> dict[str, dict[str, float]]:
    """The figures of each workload, taken one after the other in one process, so that it imports
    the system once; in a benchmark each has a process of its own."""
    run = [sys.executable, "-c", MANY, *SAMPLES]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    workloads = [each.partition(" ")[0] for each in SAMPLES]
    return dict(zip(workloads, map(json.loads, done.stdout.splitlines()), strict=True))


Sampled = dict[str, dict[str, float]]


def test_a_sample_of_the_journal_has_every_figure_of_the_plan() -> None:
    run = [sys.executable, "-m", "bench.sample", "pool", "journal", "20"]
    done = subprocess.run(run, capture_output=True, check=True, timeout=170)
    figures = json.loads(done.stdout)
    assert set(figures) == {figure.key for figure in FIGURES if figure.workload == "journal"}
    assert min(figures.values()) > 0


def test_samples_of_the_gate_and_of_correlations_have_every_figure_of_the_plan(
    sampled: Sampled,
) -> None:
    for workload in ("gate", "correlation"):
        figures = sampled[workload]
        assert set(figures) == {each.key for each in FIGURES if each.workload == workload}
        assert min(figures.values()) > 0
        assert figures.get("p50_us", 0) <= figures.get("p99_us", 0)


def test_the_gate_that_is_measured_looks_at_every_limit_and_none_is_reached() -> None:
    limits, market = gate.limits(), gate.Market()
    off = {name for name in limits.__struct_fields__ if not getattr(limits, name)}
    assert off == {"allow_extended"}, "which lets more pass and asks nothing"
    view = market.view(market.next(gate.WALL_NS), gate.WALL_NS)
    for turn in range(3 * gate.ON_THEIR_WAY):
        now_ns = gate.WALL_NS + turn * gate.STEP_NS
        intent = market.next(now_ns)
        view = market.view(intent, now_ns)
        found = market.keeper.gate.explain(intent, view, now_ns)
        assert not isinstance(found, str)
        assert [each.code for each in found.checks if each.why or not each.asked] == []
        verdict = market.keeper.judge(intent, view, now_ns)
        assert isinstance(verdict, Approved)
        market.work(verdict)
    assert len(view.ledger.positions if view.ledger else ()) == gate.POSITIONS
    assert len(view.others or ()) >= gate.POSITIONS, "each has a stop, and some entries bring one"
    assert len(market.keeper.gate.reserved) == gate.ON_THEIR_WAY


def test_a_sample_of_the_indicators_has_every_figure_of_the_plan(sampled: Sampled) -> None:
    figures = sampled["indicators"]
    assert set(figures) == {each.key for each in FIGURES if each.workload == "indicators"}
    assert min(figures.values()) > 1_000


@pytest.mark.parametrize("workload", ["path", "path_shared"])
def test_a_sample_of_the_path_to_an_order_has_every_figure_of_the_plan(
    sampled: Sampled, workload: str
) -> None:
    figures = sampled[workload]
    assert {figure.key for figure in FIGURES if figure.workload == workload} <= set(figures)
    assert figures["missed"] < 20
    assert 0 < figures["bare_p50_us"] <= figures["bare_p99_us"]


def test_a_sample_of_each_simulated_level_has_every_figure_of_the_plan_and_breaks_nothing(
    sampled: Sampled,
) -> None:
    for level in ("world_core", "world_wire", "world_long"):
        figures = sampled[level]
        assert {each.key for each in FIGURES if each.workload == level} <= set(figures)
        assert figures["broken"] == 0
        assert figures["rate"] > 1_000
        assert figures["hours"] > 0


def test_a_sample_of_the_load_has_every_figure_of_the_plan_and_every_quote(
    sampled: Sampled,
) -> None:
    figures = sampled["load"]
    assert {figure.key for figure in FIGURES if figure.workload == "load"} == set(figures) - {
        "waiting", "megabytes",
    }  # fmt: skip
    assert figures["seen"] > 0, "a busy machine conflates; it loses nothing that is new"


def test_f46_a_sample_of_questions_has_every_figure_of_the_plan(sampled: Sampled) -> None:
    """F46: the bound itself is one of a quiet machine, in the plan of `make bench`."""
    figures = sampled["queries"]
    planned = {each.key: each for each in FIGURES if each.workload == "queries"}
    assert planned.keys() == figures.keys()
    assert (planned["p95_ms"].most, planned["writes"].least) == (50, 95)
    assert 0 < figures["p50_ms"] <= figures["p95_ms"]
    assert figures["writes"] > 1


def test_samples_of_backtests_have_every_figure_of_the_plan_and_their_orders(
    sampled: Sampled,
) -> None:
    for workload, size in (("backtest", 3_000), ("backtest_many", 6_000), ("backtest_quotes", 999)):
        figures = sampled[workload]
        own = {each.key for each in FIGURES if each.workload == workload and not each.needs}
        assert own <= set(figures)
        assert figures["rate"] > 100
        assert figures.get("orders", size) > size / 200, "one in some 25 bars, once warmed up"


@pytest.mark.deep
@pytest.mark.parametrize(("workload", "size"), [("sweep", 2_000), ("signals", 40_000)])
def test_a_sample_of_signals_has_every_figure_that_needs_no_other_engine(
    workload: str, size: int
) -> None:
    """The sample itself asserts that what the loop makes is what the engine makes."""
    run = [sys.executable, "-m", "bench.sample", "pool", workload, str(size)]
    done = subprocess.run(run, capture_output=True, check=True, timeout=170)
    figures = json.loads(done.stdout)
    own = {each.key for each in FIGURES if each.workload == workload and not each.needs}
    assert own <= set(figures)
    assert min(figures.values()) > 0


def refused(*words: str) -> str:
    run = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=170, check=False)
    assert done.returncode == 2
    assert done.stdout == "", "nothing was measured"
    return done.stderr


def test_a_quick_run_does_not_touch_the_report_of_the_repository() -> None:
    assert "name a file with --out" in refused("--quick", "--only", "counting")


def test_a_mistake_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    out = tmp_path / "own.md"
    said = refused("--quick", "--only", "counting", "paths", "--out", str(out))
    assert "no workload paths; there are " in said
    assert " path, " in said
    for text in ("[]", "{", '{"runs": [], "figures": {"something else": [1.0]}}'):
        out.with_suffix(".json").write_text(text)
        said = refused("--quick", "--only", "counting", "--out", str(out))
        assert "own.json has no figures of this benchmark: move it away" in said
        assert out.with_suffix(".json").read_text() == text


def test_what_was_not_measured_anew_stands_as_it_was_measured(tmp_path: Path) -> None:
    out = tmp_path / "benchmarks.md"
    first = {("pool", "gate", "p50_us"): [40.0], ("pool", "gate", "p99_us"): [70.0]}
    report.write(first | {("pool", "load", "p50_ms"): [1.0]}, 3, out)
    written = report.write({("pool", "gate", "p50_us"): [60.0, 62.0]}, 2, out)
    assert "60 (60-62)" not in written
    assert "61 (60-62) | - | at most 50: NO" in written
    assert "70 (70-70)" not in written, "of the run before: it is compared with what is of now"
    assert "age at the strategy, p50, ms | 1 (1-1)" in written
    runs = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert [(run["samples"], run["workloads"]) for run in runs] == [(3, ["load"]), (2, ["gate"])]
    assert f"commit: {report.machine()['commit']}; samples: 3: load\n" in written
    assert written == out.read_text()


def test_what_is_not_installed_is_a_row_that_says_what_it_needs(tmp_path: Path) -> None:
    samples = {("pool", "sweep", "seconds"): [0.4]}
    written = report.write(samples, 1, tmp_path / "benchmarks.md")
    assert "| vectorbt's for ours | not installed: vectorbt's environment" in written
    assert "at most 0.5: yes" in written
