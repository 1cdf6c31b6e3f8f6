"""A running system as its operator has it: real processes, and the command line on them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robotrader.__main__ import main
from tests import forked

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT = "DU1234567"
SYMBOLS = ("AAPL", "KO")
PATIENCE_S = 90.0
LOOKS_S = 0.15
"""Between two looks: one takes a command's whole way, and 30 ms of processor time on each side."""


def until(
    condition: Callable[[], Any], timeout_s: float = PATIENCE_S, looks_s: float = LOOKS_S
) -> Any:
    """Wait for a condition and return what it is."""
    deadline, waiting = time.monotonic() + timeout_s, threading.Event()
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s"
        waiting.wait(looks_s)
    return found


@contextmanager
def gateway(*more: str) -> Iterator[int]:
    """An emulated gateway in a process of its own; its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "robotrader", "gateway", "emulate", "--port", "0", *more],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline().split(",")[0].rpartition(":")[2])
    finally:
        process.terminate()
        process.wait(PATIENCE_S)
        process.stdout.close()


class Console:
    """``robotrader run`` of a configuration, and any other command of it."""

    def __init__(self, folder: Path, port: int, *more: str, strategy: str = "Rester") -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        symbols = json.dumps(SYMBOLS)
        says = [
            'mode="sim"', f'account="{ACCOUNT}"', f'data_dir="{self.data_dir}"',
            f"ib.port={port}", "metrics.enabled=false", f"universe.symbols={symbols}",
            f'strategy.rest.class="tests.system.{strategy.lower()}:{strategy}"',
            f"strategy.rest.symbols={symbols}", 'strategy.rest.bar="5s"',
            'ib.gateway_command=["/bin/false"]', *more,
        ]  # fmt: skip
        conf = folder / "conf"
        (conf / "profiles").mkdir(parents=True, exist_ok=True)
        (conf / "profiles" / "demo.toml").write_text('mode = "sim"\n[journal]\ndurability = "os"\n')
        self.options = ["--conf", str(conf), "--profile", "demo"]
        for each in says:
            self.options += ["--set", each]

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "robotrader", *words, *self.options]

    def say(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return forked.run(*words, *self.options, given=given)

    def asked(self, *words: str) -> Any:
        """What a command answers, None if nobody does.

        It is run here: who waits for something asks again and again, and a process each time costs
        more than the system that is asked.
        """
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            status = main([*words, *self.options, "--json"])
        return json.loads(out.getvalue()) if status in {0, 4} and out.getvalue() else None

    def ready(self) -> dict[str, Any]:
        def looks() -> Any:
            status = self.asked("status")
            return status if status and status["reconciled"] else None

        return until(looks)  # type: ignore[no-any-return]

    def log(self) -> str:
        """Everything that was logged."""
        return "".join(path.read_text() for path in sorted(self.data_dir.glob("logs/*.jsonl")))


@contextmanager
def running(console: Console, environ: Mapping[str, str] | None = None) -> Iterator[Console]:
    """The system runs until the block ends."""
    errors = console.folder / "stderr"
    with errors.open("wb") as stderr:
        process = subprocess.Popen(
            console.command("run"), stdout=subprocess.DEVNULL, stderr=stderr, cwd=ROOT,
            env={**os.environ, **(environ or {})},
        )  # fmt: skip
        try:
            yield console
        finally:
            process.terminate()
            process.wait(PATIENCE_S)
