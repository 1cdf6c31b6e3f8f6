"""F26: an upgrade while the system runs is noticed, blocks entries, and asks for a restart."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from robotrader.adapters.installed import Installed
from tests.system.console import ACCOUNT, ROOT, Console, gateway, until

PACKAGES = ("robotrader", "actors", "supervision")


def copied(folder: Path) -> Path:
    """A copy of the packages, which the test may change while it runs; compiled as they are."""
    for name in PACKAGES:
        half = shutil.ignore_patterns("*.pyc.*")  # what another process is just writing
        shutil.copytree(ROOT / name, folder / name, ignore=half)
    return folder


@contextmanager
def running(console: Console, code: Path) -> Iterator[None]:
    """``robotrader run`` of a copy: the folder that it is started in comes first."""
    with (console.folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            console.command("run"), cwd=code, stdout=subprocess.DEVNULL, stderr=stderr
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def blocks(console: Console) -> list[dict[str, Any]]:
    status = console.asked("status")
    return [] if status is None else status["switches"]


def said_of_health(console: Console) -> tuple[int, str]:
    said = console.say("healthcheck")
    return said.returncode, said.stdout.strip()


def healthy(console: Console) -> bool:
    """On a busy machine a feed may be late for a moment, which is no part of these tests."""
    return said_of_health(console)[0] == 0


def tripped(console: Console) -> Any:
    return until(lambda: blocks(console))[0]


@pytest.mark.timeout(200)
def test_f26_an_upgrade_beside_a_running_system_blocks_entries_until_the_restart(
    tmp_path: Path,
) -> None:
    code = copied(tmp_path / "code")
    module = code / "robotrader" / "domain" / "errors.py"
    source = module.read_text()
    with gateway() as port:
        console = Console(tmp_path, port, "strategy.rest.enabled=false")
        with running(console, code):
            first = console.ready()["version"]
            assert first.endswith(Installed([code / name for name in PACKAGES]).running)
            until(lambda: healthy(console))
            assert blocks(console) == []

            module.write_text(f"{source}\n# another build\n")
            trip = tripped(console)
            assert (trip["scope"], trip["level"]) == (f"account:{ACCOUNT}", "pause")
            assert trip["why"].startswith("build: another build is installed")
            assert trip["why"].endswith(": restart")
            until(lambda: said_of_health(console) == (4, trip["why"]))
            assert "another build is installed" in console.log(), "the alert"

            module.write_text(source)
            until(lambda: not blocks(console))
            module.write_text(f"{source}\n# another build\n")
            tripped(console)

        with running(console, code):
            assert console.ready()["version"] != first
            until(lambda: not blocks(console))
            until(lambda: healthy(console))
