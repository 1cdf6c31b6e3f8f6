"""There is one kill switch: what it acknowledges is so, and nobody else decides (F68, F71)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pytest

import actors
import robotrader
from actors.say import AskTail
from robotrader.domain import control
from robotrader.domain.control import KillLevel
from robotrader.domain.records import SwitchCleared, SwitchTripped
from robotrader.risk import Level
from tests.actors.rig import BUSY, Rig, running
from tests.actors.test_risk_report import asked

KNOWN_S = 1.0 * BUSY
WRITERS = {
    "actors/build.py",
    "actors/kill_switch.py",
    "actors/unwritten.py",  # what the switch holds already, once more
    "robotrader/risk/triggers.py",
    "robotrader/execution/reconcile.py",  # with the halt of a symbol, in one transaction
}
"""Whoever makes one writes it to the journal: the switch is the fold of all of them."""


def durable(rig: Rig, kind: type) -> int:
    """How many records of a kind the journal has."""
    found = rig.ask("journal", AskTail(0, 1_000, last=False))
    return sum(isinstance(row[3], kind) for row in found.rows)


def test_f68_a_kill_is_acknowledged_when_it_is_durable_and_is_read_back_at_once(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "data") as rig:
        rig.ready()
        with asked(rig, tmp_path / "control.sock") as say:
            before = durable(rig, SwitchTripped)
            kill = control.Kill(
                level=KillLevel.PAUSE, scope="symbol:AAPL", reason="a test", who="ann",
                key="k1", preview=False,
            )  # fmt: skip
            say(kill)
            assert durable(rig, SwitchTripped) == before + 1
            assert rig.switch().level(symbol="AAPL") is Level.PAUSE
            rows = say(control.Status()).switches
            assert [(row.scope, row.level) for row in rows] == [("symbol:AAPL", "pause")]
            say(kill)
            assert durable(rig, SwitchTripped) == before + 1, "the same key is the same command"
            say(control.Resume(scope="symbol:AAPL", reason="over", who="ann"))
            assert durable(rig, SwitchCleared) == 1
            assert say(control.Status()).switches == ()


AS_NOBODY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(bytes.fromhex(sys.argv[2]))
    print(len(s.recv(9)))
except ConnectionError:
    print(0)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_f68_who_is_not_authorised_neither_trips_nor_clears_it_and_is_not_answered(
    tmp_path: Path,
) -> None:
    """The file lets him in, the kernel's word about him does not: what a page would call 403."""
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or sys.executable
    kill = control.Kill(
        level=KillLevel.FLATTEN, scope="all", reason="not his", who="ann", key="k2", preview=False,
    )  # fmt: skip
    clear = control.Resume(scope="symbol:AAPL", reason="not his", who="ann")
    with running(tmp_path) as rig, tempfile.TemporaryDirectory() as name:
        rig.ready()
        path = Path(name, "control.sock")
        with asked(rig, path) as say:
            say(msgspec.structs.replace(kill, level=KillLevel.PAUSE, scope="symbol:AAPL", key="k1"))
            before = (durable(rig, SwitchTripped), durable(rig, SwitchCleared), rig.switch())
            path.parent.chmod(0o755)
            path.chmod(0o666)
            requests: tuple[control.Request, ...] = (kill, clear)
            for number, request in enumerate(requests, 1):
                wanted = control.Ask(
                    version=control.VERSION, number=number, deadline_s=5.0, request=request
                )
                frame = control.frame(wanted)
                ran = subprocess.run(
                    [python, "-I", "-c", AS_NOBODY, str(path), frame.hex()],
                    user=65534, check=True, capture_output=True, text=True, cwd="/",
                )  # fmt: skip
                assert ran.stdout == "0\n", "not a byte of an answer"
            say(control.Status())  # it has served since
            after = (durable(rig, SwitchTripped), durable(rig, SwitchCleared), rig.switch())
            assert after == before
            assert before[:2] == (1, 0)


def test_f71_a_gate_that_was_restarted_knows_the_switch_within_a_second(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.kill("risk")
        rig.until(lambda: (gate := rig.gate()) and "journal" not in gate.missing)
        begun = time.monotonic()
        rig.until(lambda: (gate := rig.gate()) and "switch" not in gate.missing)
        assert time.monotonic() - begun < KNOWN_S


def test_f71_few_make_the_switchs_records_and_there_is_no_second_flag() -> None:
    root = Path(robotrader.__file__).parents[1]
    made = set()
    for package in (actors, robotrader):
        for path in Path(str(package.__file__)).parent.rglob("*.py"):
            text = re.sub(r"(class|case) Switch(Tripped|Cleared)\(", "", path.read_text())
            if re.search(r"Switch(Tripped|Cleared)\((?!\))", text):
                made.add(path.relative_to(root).as_posix())
            assert not re.search(r"\b(kill_switch_active|trading_enabled|is_halted)\b", text)
    assert made == WRITERS
