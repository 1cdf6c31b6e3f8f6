"""The demo trades on the emulated gateway, goes on when its core is killed, and ends in order."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest


@pytest.mark.timeout(180)
def test_the_demo_trades_and_outlives_a_kill_of_its_core() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "demo", "--seconds", "80"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    killed = False
    for line in process.stdout:
        said.append(line)
        up = re.search(r"core is up process (\d+)", line)
        if up and not killed:
            killed = True
            os.kill(int(up[1]), signal.SIGKILL)
    text = "".join(said)
    assert process.wait(60) == 0, text
    process.stdout.close()
    assert "core is up again, process" in text
    summary = re.search(r"session: (\d+) records, (\d+) fills, .* core processes (\d+)", text)
    assert summary is not None, text
    records, fills, processes = map(int, summary.groups())
    assert records > fills > 0
    assert processes == 2
