"""A running system that may be broken on purpose, and ``robotrader chaos`` on it as a user does."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from robotrader.chaos import Report
from tests import forked
from tests.system import kit
from tests.system.kit import Running, free_port

ROOT = Path(__file__).resolve().parents[2]
BUSY = 5.0
"""How much slower everything may be where other tests run beside."""


class Broken(Running):
    """A running system, and the commands that break it."""

    def say(self, *words: str, timeout_s: float = 240.0) -> subprocess.CompletedProcess[str]:
        """Run a command of the system to its end."""
        return forked.run(*words, *self.options(), timeout_s=timeout_s)

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "robotrader", *words, *self.options()]

    def options(self) -> list[str]:
        config = self.resolved.config
        says = [
            f'mode="{config.mode}"', f'account="{config.account}"',
            f'data_dir="{config.data_dir}"', f"ib.port={config.ib.port}",
            f"sim.control_port={config.sim.control_port}", "chaos.enabled=true",
            f"chaos.link_port={config.chaos.link_port}",
        ]  # fmt: skip
        return ["--profile", "sim", *(option for each in says for option in ("--set", each))]

    def chaos(self, scenario: str) -> tuple[Report, str]:
        """Run a scenario; return its report, and what was said while it ran."""
        done = self.say("chaos", "run", scenario, "--json")
        assert done.stdout, done.stderr
        return msgspec.json.decode(done.stdout, type=Report), done.stderr


def scenario(folder: Path, text: str, name: str = "own") -> str:
    """Write a scenario; return what the command line takes for it."""
    path = folder / f"{name}.toml"
    path.write_text(text)
    return str(path)


@contextmanager
def breakable(folder: Path, *more: str) -> Iterator[Broken]:
    """Everything that ``robotrader run`` starts, with the link between core and gateway."""
    says = (
        "chaos.enabled=true", f"chaos.link_port={free_port()}",
        # Where other tests run beside, everybody is late by seconds, which are minutes here.
        "kill_switch.clock_skew_s=30", "kill_switch.hung_s=60", *more,
    )  # fmt: skip
    resolved = kit.configuration(folder, kit.SYMBOLS, *says)
    with kit.running(folder, resolved) as one:
        yield Broken(one.resolved, one.process)


def heart_events(folder: Path) -> list[dict[str, Any]]:
    """What heart said: a line of JSON for each event, at a time of the monotonic clock."""
    lines = (folder / "said.txt").read_text(errors="replace").splitlines()
    return [json.loads(line) for line in lines if line.startswith('{"at_s"')]
