"""How a run ends: by a command, by a signal, by force, and when who started it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervision.heart_kit import exists
from tests.system.console import ROOT, Console, until
from tests.system.kit import free_port

OWN_GATEWAY = "ib.gateway_command=[]"
SHUTDOWN_S = 10.0
"""``supervision.shutdown_s`` as it is if nothing is set."""


class Run:
    """``robotrader run`` in mode sim, with its own emulated gateway."""

    def __init__(self, console: Console, process: subprocess.Popen[str]) -> None:
        self.console, self.process = console, process

    def processes(self) -> dict[str, int]:
        """Return heart's process and its children's."""
        (heart,) = _children(self.process.pid)
        found = {"heart": heart}
        for pid in _children(heart):
            core = b"robotrader.app.core" in Path(f"/proc/{pid}/cmdline").read_bytes()
            found["core" if core else "gateway"] = pid
        return found

    def ended(self, timeout_s: float) -> tuple[int, float]:
        """Wait for the end; return the status and how long that took."""
        begun = time.monotonic()
        status = self.process.wait(timeout_s)
        return status, time.monotonic() - begun

    def said(self) -> list[str]:
        return (self.console.folder / "stderr").read_text().splitlines()


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def started(folder: Path, port: int = 0) -> Iterator[Run]:
    console = Console(folder, port or free_port(), OWN_GATEWAY)
    with (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            console.command("run"), stdout=subprocess.DEVNULL, stderr=stderr, cwd=ROOT, text=True
        )
        try:
            yield Run(console, process)
        finally:
            process.terminate()
            process.wait(30)


def test_stop_ends_the_core_the_gateway_and_heart_with_status_0(tmp_path: Path) -> None:
    with started(tmp_path) as one:
        one.console.ready()
        pids = one.processes()
        assert set(pids) == {"heart", "core", "gateway"}
        assert one.console.say("stop").returncode == 0
        status, _ = one.ended(SHUTDOWN_S + 10)
        assert status == 0, one.said()
        assert [name for name, pid in pids.items() if exists(pid)] == []


def test_run_killed_with_sigkill_takes_everything_with_it_in_order_and_that_is_said(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as one:
        one.console.ready()
        pids = one.processes()
        one.process.kill()
        until(lambda: not any(map(exists, pids.values())), SHUTDOWN_S + 5)
        events = [json.loads(line) for line in one.said() if line.startswith("{")]
    assert [each["child"] for each in events if each["event"] == "orphaned"] == ["heart"]
    stopped = [(each["child"], each["detail"]) for each in events if each["event"] == "exited"]
    assert stopped == [("core", "exit code 0"), ("gateway", "exit code 0")]


def test_f11_sigterm_while_the_whole_core_is_stuck_ends_within_10_s_and_that_is_kept(
    tmp_path: Path,
) -> None:
    with started(tmp_path) as one:
        one.console.ready()
        os.kill(one.processes()["core"], signal.SIGSTOP)
        one.process.terminate()
        status, took_s = one.ended(30)
        assert status == 1
        assert took_s < SHUTDOWN_S
        kept = json.loads((one.console.data_dir / "ended.json").read_text())
    why = "it did not end within supervision.shutdown_s (10 s), and was killed"
    assert kept["why"].startswith(why)
    assert one.said()[-1].startswith(f"robotrader: {why}")


@pytest.mark.parametrize("listens", [True, False], ids=["f20_a_service", "bound_only"])
def test_f20_a_port_that_somebody_else_has_ends_the_run_and_is_named(
    tmp_path: Path, listens: bool
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        if listens:
            other.listen()
        port = other.getsockname()[1]
        with started(tmp_path, port) as one:
            status, took_s = one.ended(60)
            last = one.said()[-1]
    assert status == 75, last
    assert last.startswith(f"robotrader: gateway: port {port} of 127.0.0.1 is in use: end what")
    assert took_s < 30
