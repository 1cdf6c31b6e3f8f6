"""The core is killed with SIGKILL again and again; the books stay the venue's to the cent."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest

from robotrader.app import run
from robotrader.app.control_client import ControlClient
from robotrader.config import Resolved, layers, resolve
from robotrader.domain import control
from robotrader.domain.errors import RoboTraderError
from supervision import heart

KILLS = 3
SYMBOLS = ("AAPL", "BAC", "KO", "PFE")
PATIENCE_S = 40.0
ACCOUNT = "DU1234567"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    deadline = time.monotonic() + timeout_s
    waiting = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        waiting.wait(0.05)
    return found


class Venue:
    """The emulated gateway's own truth, by its control port."""

    def __init__(self, port: int, control_port: int) -> None:
        self.port, self._control = port, control_port

    def say(self, **command: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self._control), 10) as sock:
            sock.sendall(json.dumps(command).encode() + b"\n")
            return json.loads(sock.makefile().readline())["ok"]

    def refs(self) -> list[str]:
        return [order["order"]["order_ref"] for order in self.say(do="orders")]


@contextmanager
def venue() -> Iterator[Venue]:
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "gateway", "emulate", "--port", "0",
         "--control-port", "0"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline().split(",")[0].rpartition(":")[2])
        process.stdout.readline()
        yield Venue(port, int(process.stdout.readline().split()[-1]))
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def configuration(folder: Path, port: int) -> Resolved:
    symbols = json.dumps(SYMBOLS)
    says = [
        'mode="sim"', f'account="{ACCOUNT}"', f"data_dir={str(folder)!r}", f"ib.port={port}",
        "metrics.enabled=false", f"universe.symbols={symbols}",
        'strategy.cross.class="tests.system.flipper:Flipper"',
        f"strategy.cross.symbols={symbols}", 'strategy.cross.bar="5s"',
        "supervision.core_max_restarts=100",
    ]  # fmt: skip
    return resolve([layers.from_settings(says)], "demo")


class Running:
    """heart and the core."""

    def __init__(self, resolved: Resolved, process: subprocess.Popen[bytes]) -> None:
        self.resolved, self.process = resolved, process

    def ask(self, request: Any) -> Any:
        try:
            with ControlClient.of(self.resolved.config) as client:
                return client.ask(request)
        except (RoboTraderError, OSError):
            return None

    def ready(self) -> Any:
        def looks() -> Any:
            status = self.ask(control.Status())
            return status if status is not None and status.reconciled else None

        return until(looks)

    def replaced(self, pid: int) -> None:
        def other() -> bool:
            status = self.ask(control.Status())
            return status is not None and status.pid != pid

        until(other)


@contextmanager
def running(folder: Path, port: int) -> Iterator[Running]:
    resolved = configuration(folder, port)
    run.prepare(resolved)
    core = run.children_of(resolved, folder, 1.0)[1]
    spec = folder / "only-core.json"
    spec.write_text(json.dumps({"children": [core], "dump_dir": str(folder / "dumps")}))
    with subprocess.Popen(heart.command(spec), stderr=subprocess.DEVNULL) as process:
        try:
            yield Running(resolved, process)
        finally:
            process.terminate()
            process.wait(30)


def agree(one: Running, there: Venue) -> bool:
    """Whether positions and cash are the same on both sides."""
    found = one.ask(control.Positions())
    status = one.ask(control.Status())
    if found is None or status is None:
        return False
    ours = {row.symbol: str(row.qty) for row in found.positions}
    theirs = {symbol: re.sub(r"\.0$", "", qty) for symbol, qty in
              there.say(do="positions")[ACCOUNT].items()}  # fmt: skip
    return ours == theirs


@pytest.mark.timeout(240)
def test_kill_minus_9_at_random_moments_doubles_nothing_and_loses_nothing(tmp_path: Path) -> None:
    draw = Random(7)
    with venue() as there, running(tmp_path, there.port) as one:
        pids = set()
        for _ in range(KILLS):
            status = one.ready()
            pids.add(status.pid)
            traded = len(there.refs())
            until(lambda traded=traded: len(there.refs()) > traded)  # type: ignore[misc]
            threading.Event().wait(draw.uniform(0.0, 2.0))  # the moment is what is drawn
            begun = time.monotonic()
            os.kill(status.pid, signal.SIGKILL)
            one.replaced(status.pid)
            one.ready()
            assert time.monotonic() - begun < 20, "trading again within 20 s"
            until(lambda: agree(one, there))
        refs = there.refs()
        assert len(pids) == KILLS
        assert refs
        assert len(refs) == len(set(refs)), "at most one order of each intent"
        until(lambda: agree(one, there))
