"""A core that takes long to start is not taken for one that hangs."""

from __future__ import annotations

import json
import os
import select
from pathlib import Path

import pytest

from robotrader.app.beats import BEAT_S, beating
from supervision.heart_rules import Child
from supervision.pulse import REPLAYING, Pulse
from tests.system.kit import running


def test_who_starts_something_slow_says_so_at_once_and_until_it_is_over() -> None:
    """A beat's time between two slow things adds up with what came before."""
    heard, said = os.pipe()
    with beating(Pulse(said)):
        assert select.select([heard], [], [], 10 * BEAT_S)[0]
        assert os.read(heard, 1) == REPLAYING
        assert select.select([heard], [], [], 40 * BEAT_S)[0]
    os.close(said)
    os.close(heard)


SLOW = """
import sys, threading

class Slow:
    @staticmethod
    def find_spec(name, *_):
        if name == "exchange_calendars":
            threading.Event().wait({wait_s})

sys.meta_path.insert(0, Slow)
"""
"""What Python runs at its start: the calendar's library comes from a disk that is slow."""


@pytest.mark.deep
@pytest.mark.timeout(240)
def test_an_import_that_takes_longer_than_a_beat_may_is_no_reason_to_abort_the_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by real chaos: on a busy machine the core was aborted in its first seconds."""
    wait_s = Child(name="core", argv=("true",)).replay_s + 1.0
    (tmp_path / "sitecustomize.py").write_text(SLOW.format(wait_s=wait_s))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with running(tmp_path) as one:
        one.ready()
    said = (tmp_path / "said.txt").read_text(errors="replace").splitlines()
    events = [json.loads(line) for line in said if line.startswith('{"at_s"')]
    mine = [each["event"] for each in events if each["child"] == "core"]
    assert mine == ["started", "beating", "exited", "stopped"]
