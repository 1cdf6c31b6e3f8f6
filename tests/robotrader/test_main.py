"""The command line, run as a user runs it: a fresh process."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

from robotrader import __version__

ROOT = Path(__file__).resolve().parents[2]


def robotrader(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "robotrader", *arguments]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_version_prints_the_packages_version() -> None:
    ran = robotrader("--version")
    assert (ran.returncode, ran.stdout) == (0, f"robotrader {__version__}\n")


def test_help_names_every_command() -> None:
    ran = robotrader("--help")
    assert ran.returncode == 0
    for command in ("demo", "init", "run", "status", "kill", "config", "doctor", "logs", "journal"):
        assert f"\n    {command} " in ran.stdout


def test_help_of_any_command_starts_at_once() -> None:
    """The budget is 0.6 s of a quiet machine; CPU time is what a busy one leaves comparable."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in ("status", "kill", "config"):
        assert robotrader(command, "--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent_s / 3 < 0.6


def test_no_command_is_a_usage_error() -> None:
    ran = robotrader()
    assert ran.returncode == 2
    assert "COMMAND" in ran.stderr


def test_an_unknown_command_is_a_usage_error_that_lists_the_known_ones() -> None:
    ran = robotrader("dmeo")
    assert ran.returncode == 2
    assert "demo" in ran.stderr


def test_the_command_line_starts_without_heavy_libraries() -> None:
    heavy = (
        "{'pandas', 'numpy', 'ib_async', 'pykka', 'supervision', 'rich', 'structlog', 'msgspec'}"
    )
    script = f"import sys, robotrader.__main__; print(sorted({heavy} & sys.modules.keys()))"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert ran.stdout == "[]\n"
