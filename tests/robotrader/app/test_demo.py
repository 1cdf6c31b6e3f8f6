"""The demo trades, outlives a kill of its processes, and ends with Ctrl-C as it promises."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.blocks import blocks, pattern
from tests.robotrader.app.unread import unread

TRADES = "tests/robotrader/app/test_demo.py"
TRADES_S = 60.0
"""Issue 4: how long a new user waits at most for the first trade."""


class Demo:
    """``robotrader demo`` with what it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.stdout, self.said = process, process.stdout, ""

    def until(self, wanted: str) -> re.Match[str]:
        """Read on until a line says what is wanted."""
        for line in self.stdout:
            self.said += line
            if found := re.search(wanted, line):
                return found
        pytest.fail(f"it ended before it said {wanted!r}:\n{self.said}")

    def child(self, of: str) -> int:
        """Return heart's child whose command has a word in it."""
        (heart,) = _children(self.process.pid)
        return next(
            pid
            for pid in _children(heart)
            if of.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        )


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def started() -> Iterator[Demo]:
    """Run it in a process group of its own, as a shell does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "demo", "--seconds", "150"],
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    guard = threading.Timer(120, process.kill)  # a reader would wait for a line for ever
    guard.start()
    try:
        yield Demo(process)
    finally:
        guard.cancel()
        process.terminate()
        process.wait(60)
        assert process.stdout is not None
        process.stdout.close()


def test_the_demo_trades_and_outlives_its_processes_and_ctrl_c_ends_it_with_a_summary() -> None:
    with started() as demo:
        first = int(demo.until(r"core is up process (\d+)")[1])
        demo.until(r"gateway ready, reconciled")
        os.kill(demo.child("emulate"), signal.SIGKILL)
        os.kill(first, signal.SIGKILL)
        second = int(demo.until(r"core is up again, process (\d+)")[1])
        traded = demo.until(r"([\d.]+) s  gateway ready, reconciled .* positions [1-9]")
        os.killpg(demo.process.pid, signal.SIGINT)
        ended = demo.until(r"session: (\d+) records, (\d+) fills, .* core processes (\d+)")
        assert demo.process.wait(60) == 0, demo.said
    records, fills, processes = map(int, ended.groups())
    assert records > fills > 0
    assert (processes, first != second) == (2, True)
    assert float(traded[1]) < TRADES_S + 15, "two processes were killed meanwhile"
    (shown,) = (block for block in blocks("console") if block.why == TRADES)
    looks = [[line] for line in shown.text.splitlines() if line != "..."]
    left = demo.said
    for look in looks:  # what README.md shows comes in its order; other lines stand in between
        found = re.compile(f"(?m)^{pattern(look, figures_vary=True).pattern}").search(left)
        assert found, f"{look[0]!r} is shown and not said:\n{demo.said}"
        left = left[found.end() :]


def test_a_demo_whose_reader_leaves_ends_what_it_started() -> None:
    """As in ``robotrader demo | head -2``."""
    with started() as demo:
        core = int(demo.until(r"core is up process (\d+)")[1])
        gateway = demo.child("emulate")
        demo.stdout.close()
        assert demo.process.wait(60) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in (core, gateway))


def test_a_demo_that_nobody_reads_does_not_begin() -> None:
    assert unread("demo") == (0, b"")
