"""The lease of a data directory (F16: locks that lie)."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from robotrader.adapters import lease

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = """
import pathlib, sys
from robotrader.adapters import lease
try:
    with lease.held(pathlib.Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except lease.LeaseHeldError as error:
    print(error)
    sys.exit(lease.EXIT_CODE)
"""


def starting(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def ended(process: subprocess.Popen[str]) -> int:
    process.communicate()
    return process.returncode


def test_of_many_processes_started_together_exactly_one_has_it(tmp_path: Path) -> None:
    racing = [starting(tmp_path) for _ in range(6)]
    first = [line(process) for process in racing]
    assert first.count("held\n") == 1
    assert sorted(ended(process) for process in racing) == [0] + [lease.EXIT_CODE] * 5


def test_a_holder_that_is_killed_frees_it(tmp_path: Path) -> None:
    one = starting(tmp_path)
    assert line(one) == "held\n"
    assert lease.holder(tmp_path) == str(one.pid)
    other = starting(tmp_path)
    assert f"in use by process {one.pid}" in line(other)
    assert ended(other) == 75
    one.kill()
    ended(one)
    assert lease.holder(tmp_path) is None
    with lease.held(tmp_path):
        assert lease.holder(tmp_path) == str(os.getpid())


def test_two_holders_in_one_process_exclude_each_other(tmp_path: Path) -> None:
    with lease.held(tmp_path), pytest.raises(lease.LeaseHeldError), lease.held(tmp_path):
        pytest.fail("held twice")


def test_a_folder_that_is_made_is_private(tmp_path: Path) -> None:
    with lease.held(tmp_path / "data"):
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "data" / "lease").stat().st_mode) == 0o600


def test_a_folder_that_is_not_there_has_no_holder(tmp_path: Path) -> None:
    assert lease.holder(tmp_path / "none") is None
