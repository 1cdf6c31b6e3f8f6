"""A forked command is what a started one is: its words, folder, environment, output and status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from robotrader import __version__
from tests import forked

OTHER_PORT = "4711"


def test_it_says_and_ends_as_a_process_that_was_started(tmp_path: Path) -> None:
    environ = {**os.environ, "ROBOTRADER__IB__PORT": OTHER_PORT, "PYTHONPATH": str(forked.ROOT)}
    for words in (["config", "show"], ["config", "set"], ["--version"]):
        done = forked.run(*words, folder=tmp_path, environ=environ)
        started = subprocess.run(
            [sys.executable, "-m", "robotrader", *words], cwd=tmp_path, env=environ,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout == started.stdout
        assert done.stderr == started.stderr
        assert done.returncode == started.returncode
    assert OTHER_PORT in forked.run("config", "show", folder=tmp_path, environ=environ).stdout
    assert OTHER_PORT not in forked.run("config", "show", folder=tmp_path).stdout


def test_errors_are_apart_or_in_the_output_as_in_a_terminal() -> None:
    apart, together = forked.run("dmeo"), forked.run("dmeo", both=True)
    assert (apart.returncode, apart.stdout) == (2, "")
    assert (together.stdout, together.stderr) == (apart.stderr, "")


def test_what_does_not_end_is_killed_and_the_next_command_is_answered() -> None:
    with pytest.raises(TimeoutError):
        forked.run("gateway", "emulate", "--port", "0", timeout_s=1.0)
    assert forked.run("--version").stdout == f"robotrader {__version__}\n"
