"""Runs the commands of a block as a reader would, from a folder of the reader's."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from robotrader.app.control_client import ControlClient
from robotrader.config import Config
from robotrader.domain import control
from robotrader.domain.control_answers import StatusAnswer
from robotrader.domain.errors import RoboTraderError
from tests import forked
from tests.docs.blocks import ROOT, Step, pattern
from tests.system.kit import free_port, until

PATIENCE_S = 60.0
ROBOTRADER = [sys.executable, "-m", "robotrader"]
EMULATES = re.compile(r"(?:.*\n)*?.*Ctrl-C stops\n")
SOMETHING = re.compile(r".+\n")
STAYS = (["gateway", "emulate"], ["run"], ["demo"])
"""What runs until Ctrl-C; so does ``gateway replay`` with a port, and heart."""


class Server:
    """A command that stays: what it has said so far, and its end by Ctrl-C."""

    def __init__(self, argv: list[str], cwd: Path, environ: Mapping[str, str]) -> None:
        self._said: list[str] = []
        self._more = threading.Condition()
        self.process = subprocess.Popen(
            argv, cwd=cwd, env=environ, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._said.append(line)
                self._more.notify_all()
        with self._more:
            self._more.notify_all()

    def said(self) -> str:
        with self._more:
            return "".join(self._said)

    def until(self, wanted: re.Pattern[str]) -> None:
        """Wait until what it says matches from the first line on."""
        with self._more:
            heard = self._more.wait_for(
                lambda: wanted.match("".join(self._said)) or not self._reader.is_alive(),
                PATIENCE_S,
            )
        assert heard, f"not within {PATIENCE_S:g} s: {wanted.pattern}\nit says:\n{self.said()}"
        assert wanted.match(self.said()), f"{wanted.pattern}\nit says:\n{self.said()}"

    def interrupt(self) -> None:
        """Press Ctrl-C, and see it end in order."""
        assert self.process.poll() is None, f"it ended by itself:\n{self.said()}"
        os.killpg(self.process.pid, signal.SIGINT)
        status = self.process.wait(PATIENCE_S)
        assert status in {0, 130}, f"status {status}:\n{self.said()}"

    def close(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Terminal:
    """One block's commands, in order; ``4002`` is a free port, as is whatever a run needs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = str(free_port())
        self._server: Server | None = None
        settings = {"IB__PORT": self._port, "SIM__CONTROL_PORT": str(free_port())}
        settings["METRICS__BIND"] = f"127.0.0.1:{free_port()}"
        own = {f"ROBOTRADER__{name}": value for name, value in settings.items()}
        paths = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        self._environ = {**os.environ, **own, **paths}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()

    def play(self, steps: list[Step]) -> None:
        """Run every command and compare what it says with what the page shows."""
        for step in steps:
            self._play(Step(*self._ported([step.command], step.says)))
        self._end()

    def _ported(self, command: list[str], says: list[str]) -> tuple[str, list[str]]:
        return command[0].replace("4002", self._port), [
            each.replace("4002", self._port) for each in says
        ]

    def _play(self, step: Step) -> None:
        words = shlex.split(step.command, comments=True)
        if words[0] == "make":
            assert re.search(rf"(?m)^{words[1]}:", (ROOT / "Makefile").read_text())
        elif words[0] == "robotrader" and stays(words[1:]) and not fails(step):
            self._start([*ROBOTRADER, *words[1:]], step)
        elif words[0] == "python":
            self._start([sys.executable, *words[1:]], step)
        elif words[0] == "robotrader":
            self._ended(forked.run(
                *words[1:], folder=self._folder, environ=self._environ, timeout_s=PATIENCE_S,
                both=True,
            ), step)  # fmt: skip
        else:
            assert words[0].startswith("(") or shutil.which(words[0]), f"no {words[0]} here"
            self._run(["bash", "-c", step.command], step)

    def _start(self, argv: list[str], step: Step) -> None:
        self._end()
        if "emulate" in argv and "--port" not in argv:
            argv += ["--port", self._port]
        self._server = Server(argv, self._folder, self._environ)
        if "run" in argv:
            until(self._trades)
        elif step.says:
            self._server.until(pattern(step.says))
        else:
            self._server.until(EMULATES if "emulate" in argv else SOMETHING)

    def _trades(self) -> bool:
        assert self._server is not None
        assert self._server.process.poll() is None, self._server.said()
        try:
            with ControlClient.of(Config(data_dir=str(self._folder / "data"))) as client:
                status = client.ask(control.Status())
        except (RoboTraderError, OSError):
            return False
        return isinstance(status, StatusAnswer) and status.reconciled is True

    def _end(self) -> None:
        if self._server is not None:
            self._server.interrupt()
            self._server.close()
            self._server = None

    def _run(self, argv: list[str], step: Step) -> None:
        done = subprocess.run(
            argv, cwd=self._folder, env=self._environ, text=True, timeout=PATIENCE_S, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._ended(done, step)

    @staticmethod
    def _ended(done: subprocess.CompletedProcess[str], step: Step) -> None:
        assert (done.returncode != 0) == fails(step), f"{step.command}: {done.stdout}"
        if step.says:
            assert pattern(step.says).fullmatch(done.stdout), f"{step.command}:\n{done.stdout}"


def fails(step: Step) -> bool:
    """Whether a page shows that a command is refused: its errors begin with its name."""
    return any(line.startswith("robotrader") for line in step.says)


def stays(words: list[str]) -> bool:
    """Whether a command runs until Ctrl-C."""
    played = words[:2] == ["gateway", "replay"] and "--port" in words
    return played or any(words[: len(each)] == each for each in STAYS)
