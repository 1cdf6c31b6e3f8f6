"""Heart with real processes: every way to die or to hang ends in one new process, or in none."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from supervision.clock import ManualClock
from supervision.heart_rules import Exit, Phase
from tests.supervision.heart_kit import Ward, child, exists, wait_for_end, wait_for_line

if TYPE_CHECKING:
    from pathlib import Path

BUDGET_S = 0.5
SLACK_S = 1.5
"""What starting a process may add on a machine that is busy with other things."""


@pytest.mark.parametrize(
    ("behaviour", "ending"),
    [
        ("quit_with 7", "exit code 7"),
        ("quit_with 0", "exit code 0"),
        ("segfault", "signal SIGSEGV"),
    ],
    ids=["otp_212_os_exit", "otp_212_unplanned_exit_0", "otp_212_segfault"],
)
def test_a_child_that_dies_is_started_again_at_once(
    tmp_path: Path, behaviour: str, ending: str
) -> None:
    with Ward(tmp_path, child(tmp_path, behaviour)) as ward:
        again = ward.until_told("beating", times=2)
        died = ward.told("exited")[0]
    assert died.detail.startswith(ending)
    assert again.at_s - died.at_s < 2
    assert again.pid != died.pid


def test_otp_212_a_child_killed_as_by_the_oom_killer_beats_again_within_two_seconds(
    tmp_path: Path,
) -> None:
    with Ward(tmp_path, child(tmp_path, "beat")) as ward:
        first = ward.until_told("beating")
        os.kill(first.pid, signal.SIGKILL)
        second = ward.until_told("beating", times=2)
    assert ward.told("exited")[0].detail == "signal SIGKILL"
    assert second.at_s - ward.told("exited")[0].at_s < 2


def test_otp_213_the_old_process_is_gone_before_the_new_one_starts(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "loop", budget_s=BUDGET_S)) as ward:
        first = ward.until_told("beating")
        ward.until_told("started", times=2)
        order = [event.event for event in ward.events if event.event != "beating"]
    assert order[:5] == ["started", "late", "exited", "restarted", "started"]
    assert not exists(first.pid)


@pytest.mark.parametrize("behaviour", ["loop", "regex"], ids=["otp_214_loop", "otp_217_gil_held"])
def test_a_child_that_hangs_is_replaced_within_its_budget_and_leaves_its_stacks(
    tmp_path: Path, behaviour: str
) -> None:
    # On a busy machine its stacks take longer than the 0.2 s that it usually has for them.
    hanging = child(tmp_path, behaviour, budget_s=BUDGET_S, abort_s=SLACK_S)
    with Ward(tmp_path, hanging) as ward:
        first = ward.until_told("beating")
        second = ward.until_told("started", times=2)
    assert ward.told("exited")[0].detail.startswith("signal SIGABRT; stacks in ")
    assert f"in {behaviour}" in ward.dumps.kept("core")[0].read_text()
    assert second.at_s - first.at_s < BUDGET_S + 0.2 + SLACK_S


def test_otp_214_a_child_that_never_beats_is_late_after_the_boot_budget(tmp_path: Path) -> None:
    mute = child(tmp_path, "mute", boot_s=BUDGET_S, budget_s=60, intensity=0)
    ward = Ward(tmp_path, mute)
    before_s = ward.heart.now_s()
    with ward:
        ward.until_told("gave_up")
    assert ward.told("late")[0].detail == "deadline passed since its start, without a beat"
    assert ward.told("late")[0].at_s - before_s >= BUDGET_S


def test_otp_214_a_child_that_replays_may_be_silent_for_longer(tmp_path: Path) -> None:
    slow = child(tmp_path, "replay 1", budget_s=0.7, replay_s=10)
    with Ward(tmp_path, slow) as ward:
        ward.until(lambda: ward.lines("replayed"), "end of the replay")
    assert ward.count() == {"started": 1, "beating": 1}


def test_otp_215_a_stop_by_heart_does_not_restart_until_it_is_started_again(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "beat")) as ward:
        ward.until_told("beating")
        ward.heart.stop("core")
        ward.until_told("stopped")
        assert ward.heart.phase("core") is Phase.DOWN
        assert ward.lines("ended") == ["core"]
        ward.heart.start("core")
        ward.until_told("beating", times=2)
    assert "restarted" not in ward.count()


def test_otp_216_a_planned_stop_under_load_is_no_restart_whatever_its_end(tmp_path: Path) -> None:
    busy = child(tmp_path, "busy_stop 1", budget_s=0.3, shutdown_s=30)
    with Ward(tmp_path, busy) as ward:
        stopped = ward.until_told("stopped")
    assert stopped.detail == "planned by the child"
    assert ward.told("exited")[0].detail == "exit code 3"
    assert "late" not in ward.count()
    assert ward.count()["started"] == 1


def test_otp_216_a_planned_stop_is_believed_though_its_end_is_noticed_first(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "last_words")) as ward:
        wait_for_end(os.pidfd_open(ward.heart.pid("core")))
        ward.until_told("stopped")
    assert ward.told("exited")[0].detail == "exit code 3"
    assert ward.count()["started"] == 1


def test_otp_216_a_planned_stop_that_never_ends_is_killed_and_not_restarted(tmp_path: Path) -> None:
    endless = child(tmp_path, "never_ending_stop", shutdown_s=0.3)
    with Ward(tmp_path, endless) as ward:
        ward.until_told("stopped")
        assert ward.heart.outcome() is Exit.FORCED
    assert ward.told("killed")[0].detail == "overran shutdown_s"
    assert ward.count()["started"] == 1


def test_otp_218_a_stopped_process_is_replaced_within_its_budget(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "beat", budget_s=BUDGET_S)) as ward:
        first = ward.until_told("beating")
        os.kill(first.pid, signal.SIGSTOP)
        stopped_s = ward.heart.now_s()
        second = ward.until_told("beating", times=2)
    assert ward.told("killed")[0].detail == "late"
    assert ward.told("exited")[0].detail == "signal SIGKILL"
    assert second.at_s - stopped_s < BUDGET_S + 0.2 + SLACK_S


def test_f12_heart_having_slept_itself_is_no_reason_to_kill_a_silent_child(tmp_path: Path) -> None:
    clock = ManualClock()
    with Ward(tmp_path, child(tmp_path, "beat"), clock=clock) as ward:
        first = ward.until_told("beating")
        os.kill(first.pid, signal.SIGSTOP)
        clock.advance(3_600)
        ward.heart.step(0)
        assert ward.heart.phase("core") is Phase.UP
        clock.advance(3_600)
        ward.heart.step(0)
        assert ward.heart.phase("core") is Phase.ABORTING
    assert len(ward.told("late")) == 1


def test_otp_220_a_spent_budget_leads_to_safe_mode_and_that_holds(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "mode", safe_env={"SAFE": "1"})) as ward:
        ward.until_told("safe")
        ward.until_told("beating", times=5)
        assert ward.heart.phase("core") is Phase.UP
        assert ward.lines("modes") == ["0", "0", "0", "0", "1"]
    assert ward.told("beating")[-1].detail == "SAFE mode"


def test_otp_220_safe_mode_that_dies_too_stays_down(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "quit_with 1", safe_env={}, intensity=2)) as ward:
        ward.until_told("gave_up")
        assert ward.heart.phase("core") is Phase.DOWN
        assert ward.heart.outcome() is Exit.GAVE_UP
    assert ward.count()["started"] == 4
    assert ward.told("gave_up")[0].detail.startswith("SAFE mode ended too")


def test_otp_220_without_safe_mode_a_spent_budget_means_staying_down(tmp_path: Path) -> None:
    web = child(tmp_path, "quit_with 1", "web", intensity=1)
    with Ward(tmp_path, child(tmp_path, "beat"), web) as ward:
        ward.until_told("gave_up", name="web")
        ward.until_told("beating")
        assert ward.heart.phase("core") is Phase.UP
    assert ward.count("web")["started"] == 2


def test_f15_a_terminal_exit_code_is_not_restarted_and_names_the_remedy(tmp_path: Path) -> None:
    safety = child(tmp_path, "quit_with 42", terminal_codes=frozenset({42}), safe_env={"SAFE": "1"})
    with Ward(tmp_path, safety) as ward:
        gave_up = ward.until_told("gave_up")
        assert ward.heart.outcome() is Exit.TERMINAL
    assert gave_up.detail == "code 42 forbids a restart; clear its cause, start it by hand"
    assert ward.count()["started"] == 1


def test_nothing_goes_on_without_a_vital_child_that_was_given_up(tmp_path: Path) -> None:
    web = child(tmp_path, "beat", "web")
    core = child(tmp_path, "quit_with 75", vital=True)
    with Ward(tmp_path, web, core) as ward:
        ward.until_told("gave_up", name="core")
        assert ward.until_told("stopped", name="web").detail == "stopped by heart"
        assert ward.heart.outcome() is Exit.TERMINAL
    assert ward.count("web")["started"] == 1


def test_nothing_goes_on_when_a_vital_child_has_ended_as_it_planned(tmp_path: Path) -> None:
    web = child(tmp_path, "beat", "web")
    with Ward(tmp_path, web, child(tmp_path, "last_words", vital=True)) as ward:
        assert ward.until_told("stopped").detail == "planned by the child"
        assert ward.until_told("stopped", name="web").detail == "stopped by heart"
        assert ward.heart.outcome() is Exit.CLEAN
    assert "restarted" not in ward.count("web")


def test_a_vital_child_that_heart_was_told_to_stop_ends_nobody_else(tmp_path: Path) -> None:
    web = child(tmp_path, "beat", "web")
    with Ward(tmp_path, web, child(tmp_path, "beat", vital=True)) as ward:
        ward.until_told("beating")
        ward.heart.stop("core")
        ward.until_told("stopped")
        ward.until_told("beating", name="web")
        ward.heart.step(0)
        assert ward.heart.phase("web") is Phase.UP
    assert "stopped" not in ward.count("web")


def test_f15_an_end_that_nobody_knows_is_not_restarted(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "beat")) as ward:
        first = ward.until_told("beating")
        os.kill(first.pid, signal.SIGKILL)
        os.waitpid(first.pid, 0)
        ward.until_told("gave_up")
        assert ward.heart.outcome() is Exit.UNKNOWN
    assert ward.count()["started"] == 1


def test_f13_a_program_that_is_missing_is_one_clear_error_and_no_loop(tmp_path: Path) -> None:
    missing = child(tmp_path, "beat", argv=["no-such-program"], safe_env={"SAFE": "1"})
    with Ward(tmp_path, missing) as ward:
        gave_up = ward.until_told("gave_up")
        assert ward.heart.outcome() is Exit.MISSING
    wanted = "cannot execute 'no-such-program': No such file or directory; install it"
    assert gave_up.detail.startswith(wanted)
    assert ward.count() == {"started": 1, "exited": 1, "gave_up": 1}


def test_what_a_child_leaves_behind_in_its_group_is_killed_with_it(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "leave_orphan", intensity=0)) as ward:
        ward.until_told("gave_up")
        ward.until(lambda: not exists(int(ward.lines("orphan")[0])), "end of the orphan")
    assert len(ward.lines("orphan")) == 1


def test_a_byte_that_comes_after_the_end_is_not_the_next_childs(tmp_path: Path) -> None:
    with Ward(tmp_path, child(tmp_path, "speak_after_death", intensity=1)) as ward:
        for run in (1, 2):
            wait_for_line(tmp_path / "spoke", run)
            ward.until_told("exited", times=run)
        ward.until_told("gave_up")
    assert ward.count()["started"] == 2


def test_a_program_finds_the_signals_that_python_ignores_at_their_defaults(tmp_path: Path) -> None:
    for name in ("PIPE", "XFSZ"):
        dying = child(tmp_path, "beat", argv=["/bin/sh", "-c", f"kill -{name} $$"], intensity=0)
        with Ward(tmp_path, dying) as ward:
            ward.until_told("gave_up")
        assert ward.told("exited")[0].detail.startswith(f"signal SIG{name}")


def test_otp_215_while_all_stops_nothing_is_started_whatever_happens(tmp_path: Path) -> None:
    web = child(tmp_path, "stubborn", "web", shutdown_s=0.5)
    with Ward(tmp_path, child(tmp_path, "beat"), web) as ward:
        core = ward.until_told("beating")
        ward.until_told("beating", name="web")
        ward.heart.shut_down()
        os.kill(core.pid, signal.SIGKILL)
        ward.until_told("stopped")
        ward.heart.start("core")
        assert ward.heart.phase("core") is Phase.DOWN
        assert ward.heart.phase("web") is Phase.STOPPING
        ward.until_told("stopped", name="web")
    assert ward.count()["started"] == 1


def test_a_child_holds_no_descriptor_but_its_pulse_and_its_dump(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        with Ward(tmp_path, child(tmp_path, "list_fds")) as ward:
            ward.until_told("beating")
    finally:
        os.close(reader)
        os.close(writer)
    held = ward.lines("fds")
    assert len([name for name in held if name.startswith("pipe:")]) == 1
    assert sorted(name for name in held if not name.startswith("pipe:")) == [
        "core.current",
        "core.lock",
    ]
    assert ward.lines("variables") == [""]
