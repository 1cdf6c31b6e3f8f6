"""Heart's decisions on a virtual clock, without processes."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest

from supervision.clock import to_ns
from supervision.heart_rules import Child, Do, Exit, Kind, Phase, Watch, ending


class Life:
    """A watch, its virtual time in seconds, and what it told."""

    def __init__(self, **changes: Any) -> None:
        self.told: list[Kind] = []
        self.now_s = 0.0
        spec: dict[str, Any] = {"name": "core", "argv": ("core",), "boot_s": 10.0} | changes
        self.watch = Watch(Child(**spec), lambda kind, _: self.told.append(kind))

    @property
    def now_ns(self) -> int:
        return to_ns(self.now_s)

    def started(self) -> Life:
        assert self.watch.start(self.now_ns) == [Do.START]
        return self

    def after(self, seconds: float) -> list[Do]:
        self.now_s += seconds
        return self.watch.tick(self.now_ns)

    def hear(self, data: bytes) -> None:
        self.watch.heard(data, self.now_ns)

    def exit(self, code: int | None = 1) -> list[Do]:
        return self.watch.exited(code, self.now_ns)


def test_otp_212_a_child_that_ends_is_started_again() -> None:
    life = Life().started()
    assert life.exit(0) == [Do.START]
    assert life.told == [Kind.EXITED, Kind.RESTARTED]


def test_otp_213_a_late_child_is_started_again_only_after_it_was_waited_for() -> None:
    life = Life().started()
    assert life.after(10) == [Do.ABORT]
    assert life.after(0.2) == [Do.KILL]
    assert life.after(1_000) == []
    assert life.watch.start(life.now_ns) == []
    assert life.exit(-9) == [Do.START]


@pytest.mark.parametrize(
    ("data", "budget_s"), [(b".", 2.0), (b"r", 4.0), (b".r", 4.0), (b"r.", 2.0), (b"..r..", 2.0)]
)
def test_otp_214_the_last_byte_says_how_long_the_next_may_take(
    data: bytes, budget_s: float
) -> None:
    life = Life().started()
    life.hear(data)
    assert life.after(budget_s - 0.001) == []
    assert life.after(0.001) == [Do.ABORT]


@pytest.mark.parametrize("data", [b"", b"\n", b"x", b"hello", b"\xff\x00"])
def test_otp_214_bytes_without_meaning_are_no_progress(data: bytes) -> None:
    life = Life().started()
    life.hear(data)
    assert life.after(10) == [Do.ABORT]


def test_otp_214_a_stop_of_heart_itself_is_forgiven_once_between_two_beats() -> None:
    life = Life().started()
    life.hear(b".")
    life.now_s += 60
    life.watch.forgive(life.now_ns)
    assert life.after(1.9) == []
    life.watch.forgive(life.now_ns)
    assert life.after(0.1) == [Do.ABORT]


def test_otp_214_forgiving_never_shortens_what_a_child_may_take() -> None:
    life = Life().started()
    life.watch.forgive(life.now_ns)
    assert life.after(9.9) == []


def test_otp_215_a_planned_end_is_final_until_somebody_starts_the_child() -> None:
    life = Life().started()
    life.hear(b".planned")
    assert life.exit(-11) == []
    assert life.told == [Kind.BEATING, Kind.PLANNED, Kind.EXITED, Kind.STOPPED]
    assert life.watch.outcome is Exit.CLEAN
    life.started()
    assert life.exit() == [Do.START]


def test_otp_215_a_stop_begins_gently_and_ends_by_force() -> None:
    life = Life().started()
    assert life.watch.stop(life.now_ns) == [Do.TERMINATE]
    assert life.watch.stop(life.now_ns) == []
    assert life.after(5) == [Do.KILL]
    assert life.exit(-9) == []
    assert life.watch.outcome is Exit.FORCED


def test_otp_216_a_planned_end_announced_too_late_is_still_no_restart() -> None:
    life = Life().started()
    assert life.after(10) == [Do.ABORT]
    life.hear(b"planned")
    assert life.after(0.2) == [Do.KILL]
    assert life.exit(-9) == []
    assert life.told[-1] is Kind.STOPPED


def test_otp_216_a_planned_end_needs_no_beats() -> None:
    life = Life(shutdown_s=30.0).started()
    life.hear(b".planned")
    assert life.after(29.9) == []
    life.hear(b".")
    assert life.after(0.1) == [Do.KILL]


def test_otp_220_three_restarts_in_the_window_then_safe_mode_then_nothing() -> None:
    life = Life(safe_env={"SAFE": "1"}).started()
    assert [life.exit() for _ in range(3)] == [[Do.START]] * 3
    assert Kind.SAFE not in life.told
    assert life.exit() == [Do.START]
    assert life.watch.safe
    assert life.exit() == []
    assert life.watch.outcome is Exit.GAVE_UP
    assert life.told[-1] is Kind.GAVE_UP


def test_otp_220_restarts_older_than_the_period_do_not_count() -> None:
    life = Life(intensity=1, period_s=100.0).started()
    for _ in range(20):
        life.now_s += 100.001
        assert life.exit() == [Do.START]
    assert life.exit() == []


def test_otp_220_a_person_who_starts_the_child_gives_it_a_fresh_budget() -> None:
    life = Life(intensity=1).started()
    assert [life.exit(), life.exit()] == [[Do.START], []]
    life.started()
    assert life.watch.outcome is Exit.CLEAN
    assert life.exit() == [Do.START]


def test_a_process_that_the_system_refuses_uses_up_the_budget() -> None:
    life = Life(intensity=1).started()
    assert life.watch.unstartable("too many open files", 0) == [Do.START]
    assert life.watch.unstartable("too many open files", 0) == []
    assert life.watch.outcome is Exit.GAVE_UP


def test_a_process_that_the_system_refuses_while_all_stops_is_not_tried_again() -> None:
    life = Life().started()
    life.watch.let_go()
    assert life.watch.unstartable("too many open files", 0) == []
    assert life.told == [Kind.EXITED, Kind.STOPPED]


def test_f13_a_missing_program_gives_up_even_if_there_is_a_safe_mode() -> None:
    life = Life(safe_env={}).started()
    life.hear(b"xNo such file or directory")
    assert life.exit(127) == []
    assert life.watch.outcome is Exit.MISSING


def test_f13_only_a_launcher_can_say_that_a_program_is_missing() -> None:
    life = Life().started()
    life.hear(b".")
    life.hear(b"x")
    assert life.exit(127) == [Do.START]


@pytest.mark.parametrize(
    ("code", "outcome"), [(75, Exit.TERMINAL), (78, Exit.TERMINAL), (None, Exit.UNKNOWN)]
)
def test_f15_a_terminal_or_unknown_end_is_not_restarted(code: int | None, outcome: Exit) -> None:
    life = Life(safe_env={}).started()
    assert life.exit(code) == []
    assert life.watch.outcome is outcome


def test_safe_mode_changes_only_what_is_given() -> None:
    both = Child(name="a", argv=("x",), env={"A": "1"}, safe_argv=("y",), safe_env={"B": "2"})
    assert both.program(safe=False) == (("x",), {"A": "1"})
    assert both.program(safe=True) == (("y",), {"A": "1", "B": "2"})
    assert Child(name="a", argv=("x",), safe_env={}).program(safe=True) == (("x",), {})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a/b"),
        ("name", "n" * 65),
        ("argv", ()),
        ("argv", "core"),
        ("argv", ("nul\0",)),
        ("argv", (1,)),
        ("safe_argv", ()),
        ("env", {"A": 1}),
        ("budget_s", 0),
        ("boot_s", math.nan),
        ("shutdown_s", math.inf),
        ("intensity", -1),
    ],
)
def test_a_child_out_of_range_is_refused_by_the_name_of_its_field(field: str, value: Any) -> None:
    spec: dict[str, Any] = {"name": "core", "argv": ("core",)} | {field: value}
    with pytest.raises(ValueError, match=rf"child .*: {field} is .*; use "):
        Child(**spec)


def test_an_ending_is_said_in_words() -> None:
    assert [ending(code) for code in (0, -11, -35, None)] == [
        "exit code 0",
        "signal SIGSEGV",
        "signal 35",
        "ended, nobody knows how",
    ]


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_a_start_follows_only_an_end_and_an_end_is_decided_once(seed: int) -> None:
    chance = random.Random(seed)
    life = Life(intensity=5, period_s=50.0, safe_env={}).started()
    running = True
    for _ in range(500):
        life.now_s += chance.expovariate(1)
        kind = chance.choice(["tick", "beat", "planned", "stop", "exit", "start", "forgive"])
        orders = _happen(life, kind, chance) if running or kind == "start" else []
        running = running and kind != "exit"
        starts = orders.count(Do.START)
        assert starts + running <= 1, f"seed {seed}: two at once after {kind}"
        running = running or bool(starts)
        assert running == (life.watch.phase is not Phase.DOWN), f"seed {seed}: after {kind}"


def _happen(life: Life, kind: str, chance: random.Random) -> list[Do]:
    if kind == "exit":
        return life.exit(chance.choice([0, 1, -9, -6, 75, None]))
    if kind == "stop":
        return life.watch.stop(life.now_ns)
    if kind == "start":
        return life.watch.start(life.now_ns)
    if kind == "tick":
        return life.watch.tick(life.now_ns)
    if kind == "forgive":
        life.watch.forgive(life.now_ns)
    else:
        life.hear(b"." if kind == "beat" else b"planned")
    return []
