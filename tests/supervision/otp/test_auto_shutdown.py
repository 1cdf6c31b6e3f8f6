"""Section N: significant children and automatic shutdown."""

from __future__ import annotations

from typing import Any

import pytest

from supervision.decide import ChildFacts, State, shuts_down
from supervision.manage import change_flags, restart_child, terminate_child
from supervision.reasons import SHUTDOWN
from supervision.spec import ChildSpec, SupervisorFlags
from supervision.starting import OK, Refused, Started
from supervision.supervisor import Supervisor
from tests.supervision.otp.kit import ALL_ENDS, ENDS, Stage

TRANSIENT: dict[str, Any] = {"restart": "transient", "significant": True}
TEMPORARY: dict[str, Any] = {"restart": "temporary", "significant": True}


@pytest.mark.parametrize("how", tuple(ENDS))
def test_otp_151_any_significant_end_stops_the_rest_in_reverse(how: str) -> None:
    stage = Stage()
    specs = [stage.spec("a"), stage.spec("b", **TRANSIENT), stage.spec("c")]
    sup = stage.boot(*specs, auto_shutdown="any_significant")
    stage.take()
    stage.die(sup, "b", how)
    stage.check_ended(sup, [f"down b {how}", "down c shutdown", "down a shutdown"])


@pytest.mark.parametrize("how", ["crash", "kill"])
def test_otp_152_a_significant_transient_child_that_fails_is_restarted(how: str) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", **TRANSIENT), auto_shutdown="any_significant")
    stage.die(sup, "a", how)
    assert stage.states(sup) == {"a": "up"}


@pytest.mark.parametrize("how", ALL_ENDS)
def test_otp_152_any_end_of_a_significant_temporary_child_shuts_down(how: str) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", **TEMPORARY), auto_shutdown="any_significant")
    stage.die(sup, "a", how)
    assert sup.exit_reason == SHUTDOWN


def test_otp_153_all_significant_waits_for_the_last_running_one() -> None:
    stage = Stage()
    specs = [
        stage.spec("a", **TRANSIENT),
        stage.spec("b", **TEMPORARY),
        stage.spec("c"),
        stage.spec("d", "ignore", **TRANSIENT),
    ]
    sup = stage.boot(*specs, auto_shutdown="all_significant")
    stage.die(sup, "b", "crash")
    assert stage.states(sup) == {"a": "up", "c": "up", "d": "undefined"}
    stage.die(sup, "a", "normal")
    assert sup.exit_reason == SHUTDOWN


def test_otp_153_a_sibling_that_waits_for_its_retry_counts_as_running() -> None:
    ended = ChildFacts("a", "transient", State.UNDEFINED, significant=True)
    waiting = ChildFacts("b", "transient", State.RESTARTING, significant=True)
    gone = ChildFacts("b", "transient", State.UNDEFINED, significant=True)
    assert not shuts_down("all_significant", ended, [ended, waiting])
    assert shuts_down("all_significant", ended, [ended, gone])


@pytest.mark.parametrize("auto", ["never", "any_significant", "all_significant"])
@pytest.mark.parametrize("restart", ["transient", "temporary"])
@pytest.mark.parametrize("how", ["normal", "shutdown", "info", "crash"])
def test_otp_154_other_children_never_trigger_it(auto: Any, restart: Any, how: str) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", restart=restart), auto_shutdown=auto)
    stage.die(sup, "a", how)
    assert sup.is_alive()
    assert (
        stage.states(sup).get("a", "gone")
        == {
            "temporary": "gone",
            "transient": "up" if how == "crash" else "undefined",
        }[restart]
    )


@pytest.mark.parametrize("significant", [True, False])
def test_otp_157_a_shutdown_escalates_only_through_significant_supervisors(
    *, significant: bool
) -> None:
    stage = Stage()
    flags = SupervisorFlags(auto_shutdown="any_significant")
    inner = ChildSpec(
        id="inner",
        start=Supervisor,
        args=([stage.spec("worker", **TRANSIENT)], flags),
        type="supervisor",
        restart="transient",
        significant=significant,
    )
    outer = stage.boot(inner, stage.spec("b"), auto_shutdown="any_significant")
    stage.die(stage.ref(outer, "inner"), "worker", "normal")
    if significant:
        assert outer.exit_reason == SHUTDOWN
        assert not stage.sim.cells
    else:
        assert stage.states(outer) == {"inner": "undefined", "b": "up"}


def test_otp_158_a_significant_child_over_the_budget_is_reported_as_that() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", **TRANSIENT), auto_shutdown="any_significant", intensity=0)
    stage.die(sup, "a", "crash")
    assert sup.exit_reason == SHUTDOWN
    last_kind, facts = stage.reporter.reports[-1]
    assert (last_kind, facts["context"]) == ("shutdown", "reached_max_restart_intensity")


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ("never", "any_significant", False),
        ("any_significant", "never", False),
        ("any_significant", "all_significant", False),
        ("all_significant", "any_significant", True),
    ],
)
def test_otp_159_flags_can_change_at_run_time(before: Any, after: Any, *, ends: bool) -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("x"), auto_shutdown=before)
    if before != "never":
        assert isinstance(stage.add(sup, stage.spec("a", **TRANSIENT)), Started)
        assert isinstance(stage.add(sup, stage.spec("b", **TRANSIENT)), Started)
    assert stage.call(change_flags, sup, SupervisorFlags(auto_shutdown=after)) is OK
    if before == "never":
        assert isinstance(stage.add(sup, stage.spec("a", **TRANSIENT)), Started)
        stage.die(sup, "a", "normal")
        assert sup.exit_reason == SHUTDOWN
        return
    stage.die(sup, "a", "normal")
    assert sup.is_alive() is not ends


def test_otp_159_a_significant_child_is_refused_under_never() -> None:
    stage = Stage()
    sup = stage.boot()
    answer = stage.add(sup, stage.spec("a", **TRANSIENT))
    assert isinstance(answer, Refused)
    assert answer.error == "bad_spec"
    stage.check_up(sup, [])


def test_changed_flags_keep_the_attempts_made_so_far() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a"), intensity=5)
    stage.die(sup, "a")
    stage.call(change_flags, sup, SupervisorFlags(intensity=1))
    stage.die(sup, "a")
    assert sup.exit_reason == SHUTDOWN


def test_a_significant_child_started_again_by_request_counts_again() -> None:
    stage = Stage()
    sup = stage.boot(stage.spec("a", **TRANSIENT), auto_shutdown="any_significant")
    stage.call(terminate_child, sup, "a")
    stage.call(restart_child, sup, "a")
    stage.die(sup, "a", "normal")
    assert sup.exit_reason == SHUTDOWN
