"""``robotrader demo``, run as a user runs it: in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys


def test_the_demo_shows_every_recovery_with_measured_times_and_ends_with_status_0() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "robotrader", "demo"],
        capture_output=True,
        timeout=50,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    words = [line.split()[0] for line in lines if not line.startswith(" ")]
    shown = ["metrics", "started", "crash", "hang", "storm", "counters", "kill", "stopped"]
    assert words == ["heart", *shown, "heart"]
    assert "restarted" in lines[-1], "heart saw the kill and started a new core"
    crashed = re.search(r"crashed (\d+), messages_handled (\d+)", done.stdout)
    assert crashed is not None
    assert int(crashed[1]) >= 3, "a crash, a hang and the storm"
    assert int(crashed[2]) > 0
