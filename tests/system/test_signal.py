"""A signal and a command trip the switch of a real process, as the journal's own times say."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from robotrader.adapters import journal_tools
from robotrader.app.control_client import ControlClient
from robotrader.domain import control
from robotrader.domain import records as rec
from robotrader.domain.control_answers import KillAnswer
from robotrader.recovery import CATALOGUE
from tests.system.console import PATIENCE_S, until
from tests.system.test_ends import Run, started

EFFECTIVE_NS = 1_000_000_000
"""What the switch has to be in force in."""


def journal(run: Run) -> list[rec.Record]:
    """Every record of the run, oldest first."""
    frames = journal_tools.read(run.console.data_dir / "journal")
    return [CATALOGUE.decode(frame) for frame in frames]


def by_signal(one: Run) -> int:
    sent_ns = time.time_ns()
    os.kill(one.processes()["core"], signal.SIGUSR1)
    return sent_ns


def by_command(one: Run) -> int:
    """The command's own client, without the time in which Python starts; when it was sent."""
    kill = control.Kill(
        level=control.KillLevel.CANCEL,
        scope="all",
        reason="SIGUSR1",
        who="signal",
        key="k",
        preview=False,
    )
    data_dir = one.console.data_dir
    with ControlClient(data_dir / "control.sock", str(data_dir), PATIENCE_S) as client:
        sent_ns = time.time_ns()
        assert isinstance(client.ask(kill), KillAnswer)
    assert time.time_ns() - sent_ns < EFFECTIVE_NS, "durable, and said so"
    return sent_ns


@pytest.mark.parametrize("kill", [by_signal, by_command])
def test_a_kill_is_in_force_in_under_a_second_and_cancels_what_works(
    tmp_path: Path, kill: Callable[[Run], int]
) -> None:
    with started(tmp_path) as one:
        one.console.ready()
        until(lambda: _rests(one))
        sent_ns = kill(one)
        until(lambda: not _rests(one))
        status = until(lambda: one.console.asked("status"))
        assert one.console.say("stop").returncode == 0
        one.ended(30)
        records = journal(one)
    (trip,) = [each for each in records if isinstance(each, rec.SwitchTripped)]
    assert (trip.level, trip.scope, trip.who, trip.why) == ("cancel", "all", "signal", "SIGUSR1")
    assert 0 <= trip.wall_ns - sent_ns < EFFECTIVE_NS
    cancels = [
        each for each in records if isinstance(each, rec.CancelIntended) and each.wall_ns > sent_ns
    ]
    assert cancels[0].wall_ns - sent_ns < EFFECTIVE_NS
    late = [
        each
        for each in records
        if isinstance(each, rec.OrderIntended) and each.wall_ns > sent_ns + EFFECTIVE_NS
    ]
    assert late == [], "nothing was entered any more"
    assert [each["level"] for each in status["switches"]] == ["cancel"]


def _rests(one: Run) -> bool:
    """Whether the order that waits below the market works at the broker; an entry only passes."""
    orders = until(lambda: one.console.asked("orders"))["orders"]
    return any(each["state"] == "working" and each["limit_price"] for each in orders)
