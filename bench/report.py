"""The report: medians with their spread, ratios and targets, as Markdown and as JSON."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from bench import cycles
from bench.plan import FIGURES, MESSAGES, SPAWN_TIMES
from bench.systems import erlang_version

if TYPE_CHECKING:
    from bench.__main__ import Samples


SYSTEMS: Final = ("pool", "thread", "pykka", "erlang")


def machine() -> dict[str, object]:
    """Facts about the machine and the versions that were measured."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "pykka": version("pykka"),
        "otp": erlang_version() or "not installed",
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "commit": commit.stdout.strip() or "unknown",
    }


def _number(value: float) -> str:
    if value >= 1_000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _spread(values: list[float] | None) -> str:
    if not values:
        return "-"
    middle = _number(statistics.median(values))
    return f"{middle} ({_number(min(values))}-{_number(max(values))})"


def _ratio(ours: list[float] | None, theirs: list[float] | None) -> float | None:
    if not ours or not theirs:
        return None
    return statistics.median(ours) / statistics.median(theirs)


def _verdict(ratio: float | None, least: float | None) -> str:
    if ratio is None:
        return "-"
    if least is None:
        return f"{ratio:.2g}x"
    return f"{ratio:.2g}x (at least {least:g}x: {'yes' if ratio >= least else 'NO'})"


def _message_rows(samples: Samples) -> list[str]:
    rows = [
        "| messages/s | pool | own threads | pykka | Erlang | pool / pykka | pool / Erlang |",
        "|---|---|---|---|---|---|---|",
    ]
    targets = [(one.name, one.title, one.pykka_times, one.erlang_times) for one in MESSAGES]
    for name, title, pykka_times, erlang_times in (
        *targets,
        ("spawn", "spawn 10,000, actors/s", SPAWN_TIMES, None),
    ):
        by = {
            who: samples.get((who, name, "rate")) for who in ("pool", "thread", "pykka", "erlang")
        }
        if by["pool"] is None:
            continue
        cells = [_spread(by[who]) for who in SYSTEMS]
        cells.append(_verdict(_ratio(by["pool"], by["pykka"]), pykka_times))
        cells.append(_verdict(_ratio(by["pool"], by["erlang"]), erlang_times))
        rows.append(f"| {title} | " + " | ".join(cells) + " |")
    return [*rows, ""] if len(rows) > 2 else []


def _figure_rows(samples: Samples) -> list[str]:
    rows = ["| figure | ours | Erlang | target |", "|---|---|---|---|"]
    for figure in FIGURES:
        ours = samples.get(("pool", figure.workload, figure.key))
        if ours is None:
            if figure.needs and any(key[:2] == ("pool", figure.workload) for key in samples):
                rows.append(f"| {figure.title} | not installed: {figure.needs} | - | - |")
            continue
        erlang = samples.get(("erlang", figure.workload, figure.key))
        middle = statistics.median(ours)
        target = "-"
        if figure.most is not None:
            target = f"at most {figure.most:g}: {'yes' if middle <= figure.most else 'NO'}"
        elif figure.least is not None:
            target = f"at least {figure.least:,g}: {'yes' if middle >= figure.least else 'NO'}"
        elif erlang:
            met = "yes" if middle <= statistics.median(erlang) else "NO"
            target = f"at most Erlang's: {met}"
        rows.append(f"| {figure.title} | {_spread(ours)} | {_spread(erlang)} | {target} |")
    return rows


def _kills() -> list[str]:
    """Return what many kills and hangs under load came to, which take hours (``bench.cycles``)."""
    return [
        "Kills and hangs of the core under load, each compared with the venue afterwards; p50, p99",
        "and the longest, seconds (`python -m tests.chaos.cycles`, docs/reliability.md):",
        "",
        f"{cycles.BEGIN}{cycles.summary(cycles.of_ledger(cycles.LEDGER))}{cycles.END}",
    ]


class Earlier(NamedTuple):
    """What stands in a report: who was measured when, and the figures."""

    runs: list[dict[str, Any]]
    figures: Samples

    def without(self, workloads: set[str]) -> Earlier:
        """Return what stays where these workloads were measured anew."""
        runs = [
            run | {"workloads": [each for each in run["workloads"] if each not in workloads]}
            for run in self.runs
        ]
        figures = {key: values for key, values in self.figures.items() if key[1] not in workloads}
        return Earlier([run for run in runs if run["workloads"]], figures)


def earlier(out: Path) -> Earlier:
    """Return what the report ``out`` has; ``ValueError`` where its figures are none of ours."""
    file = out.with_suffix(".json")
    if not file.exists():
        return Earlier([], {})
    try:
        raw = json.loads(file.read_text())
        figures: Samples = {}
        for text, values in raw["figures"].items():
            system, workload, key = text.split(" ")
            figures[system, workload, key] = values
        return Earlier(raw["runs"], figures)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"{file} has no figures of this benchmark: move it away, or name another --out"
        raise ValueError(msg) from error


def write(samples: Samples, count: int, out: Path) -> str:
    """Write the Markdown report to ``out`` and the figures beside it; return the Markdown.

    Workloads that were not measured now keep the figures that stand there, with when they are of.
    """
    file, anew = out.with_suffix(".json"), {workload for _, workload, _ in samples}
    kept = earlier(out).without(anew)
    this = {"machine": machine(), "samples": count, "workloads": sorted(anew)}
    runs, known = [*kept.runs, this], kept.figures | samples
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; not edited by hand. Every sample is a fresh process, the systems",
        "take turns, one sample of each is not counted, each is taken once the machine is quiet",
        "again. Shown: median (minimum-maximum). A workload is measured in one run, with all that",
        "it is compared with. Workloads: `bench/workloads.py`, `bench/lives.py`, `bench/path.py`,",
        "`bench/load.py`, `bench/erlang/savina.erl`, `bench/sweeps.py`, `bench/others`.",
        "",
        *(f"- {_run(run)}" for run in runs),
        "",
        *_message_rows(known),
        *_figure_rows(known),
        "",
        *_kills(),
    ]
    text = "\n".join(lines)
    out.write_text(text)
    raw: dict[str, Any] = {"runs": runs}
    raw["figures"] = {" ".join(key): values for key, values in known.items()}
    file.write_text(json.dumps(raw, indent=1) + "\n")
    return text


def _run(run: dict[str, Any]) -> str:
    facts = "; ".join(f"{name}: {value}" for name, value in run["machine"].items())
    return f"{facts}; samples: {run['samples']}: {', '.join(run['workloads'])}"
