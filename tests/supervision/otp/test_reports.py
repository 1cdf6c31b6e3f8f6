"""Section W: what a supervisor reports and counts."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.reports import MOST_CHARACTERS, MOST_SERIES, Reports, short
from supervision.spec import SupervisorFlags
from supervision.supervisor import Supervisor
from tests.supervision.otp.kit import ENDS, Stage


def kinds(stage: Stage) -> list[tuple[str, object]]:
    """Return kind and id of all reports."""
    return [(kind, facts["id"]) for kind, facts in stage.reporter.reports]


def test_otp_231_every_start_and_every_failure_is_reported_with_its_offender() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=1)
    stage.plan("a", "error")
    stage.die(sup, "a")
    assert kinds(stage) == [
        ("progress", "'a'"),
        ("child_terminated", "'a'"),
        ("start_error", "'a'"),
        ("shutdown", "'a'"),
    ]
    for _kind, facts in stage.reporter.reports:
        assert facts["supervisor"] == str(sup)
        assert set(facts) >= {"context", "reason", "id", "ref", "restart", "type", "shutdown"}
    terminated = stage.reporter.reports[1][1]
    assert terminated["reason"] == "PlannedError()"
    assert terminated["restart"] == "permanent"
    assert "Player" in str(terminated["ref"])


def test_otp_231_a_child_killed_in_the_shutdown_is_a_shutdown_error() -> None:
    stage = Stage()
    stage.stubborn.add("a")
    sup = stage.boot(stage.spec("a", shutdown_ms=10))
    stage.stop(sup)
    assert kinds(stage)[-1] == ("shutdown_error", "'a'")


def test_otp_232_reports_are_cut_in_length_and_depth() -> None:
    deep: list[Any] = []
    for _ in range(1000):
        deep = [deep]
    for value in ("x" * 10**6, deep, [["y" * 1000] * 1000] * 1000, RuntimeError("z" * 10**5)):
        assert len(short(value)) <= MOST_CHARACTERS


@pytest.mark.parametrize("restart", ["transient", "temporary"])
@pytest.mark.parametrize("how", tuple(ENDS))
def test_otp_233_an_ordinary_end_is_not_reported(restart: Any, how: str) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", restart=restart))
    stage.die(sup, "a", how)
    assert kinds(stage) == [("progress", "'a'")]


def test_otp_234_restarts_and_escalations_are_plain_counters() -> None:
    stage = Stage()
    actor = Supervisor([stage.spec("a"), stage.spec("b")], SupervisorFlags(intensity=3))
    sup = stage.sim.start(actor)
    stage.die(sup, "a")
    stage.die(sup, "a", "kill")
    stage.die(sup, "b")
    counted = {(str(key[0]), key[1]): n for key, n in actor.reports.restarts.items()}
    assert counted == {("a", "Crash"): 1, ("a", "Killed"): 1, ("b", "Crash"): 1}
    assert (actor.restart_intensity_used, actor.reports.escalations) == (3, 0)
    stage.die(sup, "b")
    assert actor.reports.escalations == 1
    assert stage.sim.zombies == []


def test_otp_234_the_number_of_series_is_bounded() -> None:
    stage = Stage()
    actor = Supervisor()
    stage.sim.start(actor)
    reports = Reports(actor.actor_ref.actor_inbox)
    from supervision.children import Child

    for number in range(MOST_SERIES + 50):
        reports.restarted(Child(stage.spec(number), number), None)
    assert len(reports.restarts) == MOST_SERIES + 1
    assert sum(reports.restarts.values()) == MOST_SERIES + 50


def test_without_an_observer_nothing_is_reported() -> None:
    stage = Stage()
    stage.sim.observer = None
    sup = stage.boot(stage.spec("a"))
    stage.die(sup, "a")
    assert stage.states(sup) == {"a": "up"}
    assert stage.reporter.reports == []
