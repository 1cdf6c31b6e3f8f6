"""Toxics, recovery times and verdicts, for any stream and any looks."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.app.chaos_hands import command_of
from robotrader.chaos import (
    Direction,
    End,
    Evidence,
    Hypothesis,
    Kind,
    Line,
    Look,
    Moment,
    Recovery,
    Report,
    Strike,
    Toxic,
    faults,
    holds,
    markdown,
    processes,
    quantile,
    recoveries,
    through,
    verdict,
)
from robotrader.chaos.faults import KillCore
from tests.chaos.cycles import wrong

DATA = st.binary(min_size=1, max_size=2_000)
LOSSLESS = (Kind.LATENCY, Kind.BANDWIDTH, Kind.SLICER, Kind.SLOW_CLOSE, Kind.STALL)
AMOUNTS = st.floats(0.01, 5_000)


def toxics(*kinds: Kind) -> st.SearchStrategy[list[Toxic]]:
    one = st.builds(Toxic, kind=st.sampled_from(kinds), amount=AMOUNTS)
    return st.lists(one, max_size=4)


@given(toxics(*LOSSLESS), DATA)
def test_what_only_delays_or_cuts_loses_no_byte_and_keeps_the_order(
    given_: list[Toxic], data: bytes
) -> None:
    passed = through(given_, data, 0, Random(0))
    assert b"".join(each.data for each in passed.pieces) == data
    assert passed.end is None
    assert all(each.after_s >= 0 for each in passed.pieces)


@given(DATA, st.integers(1, 50))
def test_a_slicer_leaves_no_piece_longer_than_its_amount(data: bytes, size: int) -> None:
    passed = through([Toxic(kind=Kind.SLICER, amount=size)], data, 0, Random(0))
    assert max(len(each.data) for each in passed.pieces) <= size


@given(DATA, st.floats(1, 1e6))
def test_a_bandwidth_takes_the_time_that_the_bytes_take(data: bytes, rate: float) -> None:
    passed = through([Toxic(kind=Kind.BANDWIDTH, amount=rate)], data, 0, Random(0))
    assert sum(each.after_s for each in passed.pieces) == pytest.approx(len(data) / rate)


@given(st.lists(DATA, min_size=1, max_size=10), st.integers(1, 3_000))
def test_a_limit_lets_so_many_bytes_pass_and_then_ends_the_connection(
    stream: list[bytes], limit: int
) -> None:
    before, out, end = 0, b"", None
    for data in stream:
        passed = through([Toxic(kind=Kind.LIMIT_DATA, amount=limit)], data, before, Random(0))
        out += b"".join(each.data for each in passed.pieces)
        before += len(data)
        end = passed.end
        if end is not None:
            break
    whole = b"".join(stream)
    assert out == whole[: min(limit, len(whole))]
    assert (end is End.CLOSE) is (len(whole) >= limit)


@given(DATA, st.integers(0, 2**32))
def test_corruption_changes_exactly_one_bit_and_a_seed_repeats_it(data: bytes, seed: int) -> None:
    wrong = [Toxic(kind=Kind.CORRUPT, amount=1.0)]
    one, two = (through(wrong, data, 0, Random(seed)).pieces[0].data for _ in range(2))
    assert one == two
    assert len(one) == len(data)
    assert sum((a ^ b).bit_count() for a, b in zip(one, data, strict=True)) == 1


@given(DATA)
def test_a_timeout_loses_everything_and_a_reset_ends_at_once(data: bytes) -> None:
    assert through([Toxic(kind=Kind.TIMEOUT)], data, 0, Random(0)) == ((), None)
    assert through([Toxic(kind=Kind.RESET_PEER)], data, 0, Random(0)) == ((), End.RESET)


def test_a_toxic_works_in_its_direction_alone() -> None:
    one = Toxic(kind=Kind.STALL, direction=Direction.TO_CORE)
    assert [one.concerns(each) for each in Direction] == [False, True, False]
    assert Toxic(kind=Kind.STALL).concerns(Direction.TO_GATEWAY)


def look(at_s: float, pid: int = 1, *, ready: bool = True, intents: int = 0) -> Look:
    return Look(at_s=at_s, pid=pid, ready=ready, link="ready", restarts=0, intents=intents)


STRIKE = Strike(10.0, KillCore())


def test_a_kill_is_felt_from_the_first_rough_look_to_the_first_steady_one() -> None:
    looks = [
        look(9), look(10.1, 0), look(11, 0), look(12, 2, ready=False), look(13, 2),
        look(14, 2, intents=1), look(15, 2, intents=2),
    ]  # fmt: skip
    (felt,) = recoveries([STRIKE], looks)
    assert felt.noticed_s == pytest.approx(0.1)
    assert felt.answers_s == pytest.approx(2.0)
    assert felt.ready_s == pytest.approx(3.0)
    assert felt.trades_s == pytest.approx(4.0)
    assert processes(looks) == 2


def test_what_is_never_steady_again_has_no_time_and_fails_the_verdict() -> None:
    looks = [look(9), look(10.5, 0), look(11, 2, ready=False)]
    felt = recoveries([STRIKE], looks)
    assert felt[0].ready_s is None
    lines = verdict(Hypothesis(), looks, felt, SOUND)
    assert not holds(lines)
    assert [line.measured for line in lines if not line.holds] == ["0 of 1 strikes"]


def test_a_run_without_a_strike_does_not_hold() -> None:
    assert recoveries([], STEADY) == ()
    assert not holds(verdict(Hypothesis(), STEADY, (), SOUND))


def test_what_nobody_felt_took_no_time() -> None:
    (felt,) = recoveries([STRIKE], [look(9), look(11), look(12)])
    assert (felt.noticed_s, felt.ready_s, felt.trades_s) == (None, 0.0, None)


LOOKS = st.lists(
    st.builds(
        Look,
        at_s=st.floats(0, 100),
        pid=st.integers(0, 3),
        ready=st.booleans(),
        intents=st.integers(0, 9),
    ),
    max_size=30,
).map(lambda found: sorted(found, key=lambda each: each.at_s))


@given(st.lists(st.floats(0, 100), max_size=5), LOOKS)
def test_recovery_times_of_any_looks_are_never_negative_and_come_in_their_order(
    times: list[float], looks: list[Look]
) -> None:
    struck = [Strike(at_s, KillCore()) for at_s in sorted(times)]
    felt = recoveries(struck, looks)
    assert len(felt) == len(struck)
    for each in felt:
        known = [v for v in (each.noticed_s, each.answers_s, each.ready_s) if v is not None]
        assert all(value >= 0 for value in known)
        if each.noticed_s is not None and each.ready_s is not None:
            assert each.noticed_s <= each.ready_s
        if each.ready_s is not None and each.trades_s is not None:
            assert each.ready_s <= each.trades_s


SOUND = Evidence(
    breaks=(),
    intents={7: "a", 9: "b"},
    kept={7: "a", 9: "b"},
    at_venue=("a", "b"),
    executions=("x", "y"),
    booked=("y", "x"),
    limits={"gross": 0.5},
    alerts=(),
)
STEADY = [look(9), look(11, intents=1), look(12, intents=2)]
FELT = recoveries([STRIKE], STEADY)


def failed(**changed: object) -> list[str]:
    """What does not hold once a part of sound evidence is another."""
    found = msgspec.structs.replace(SOUND, **changed)
    lines = verdict(Hypothesis(core_restarts_max=0, actor_restarts_max=0), STEADY, FELT, found)
    assert holds(lines) is not any(line.holds is False for line in lines)
    return [line.what for line in lines if line.holds is False]


def test_sound_evidence_holds() -> None:
    assert failed() == []


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"breaks": ("position KO: ours 1, the broker's 2",)}, "both sides agree"),
        ({"at_venue": ("a", "b", "a")}, "one order of each intent"),
        ({"kept": {7: "a"}}, "no acknowledged intent is lost"),
        ({"kept": {7: "a", 9: "c"}}, "no acknowledged intent is lost"),
        ({"booked": ("x",)}, "every execution is booked once"),
        ({"booked": ("x", "y", "y")}, "every execution is booked once"),
        ({"booked": ("x", "y", "z")}, "every execution is booked once"),
        ({"limits": {"gross": 1.01}}, "no limit is exceeded"),
        ({"alerts": ("account: cash differs",)}, "no unexpected critical alert"),
    ],
)
def test_each_wrong_is_the_line_that_fails(changed: dict[str, object], what: str) -> None:
    assert failed(**changed) == [what]


@pytest.mark.parametrize(
    "name", ["breaks", "at_venue", "kept", "executions", "booked", "limits", "alerts"]
)
def test_what_was_not_measured_does_not_hold(name: str) -> None:
    assert len(failed(**{name: None})) == 1


def test_what_cannot_be_looked_at_is_no_line_that_holds() -> None:
    why = {"at_venue": None, "executions": None, "venue_why": "mode paper"}
    lines = verdict(Hypothesis(), STEADY, FELT, msgspec.structs.replace(SOUND, **why))
    said = [line.measured for line in lines if line.holds is None]
    assert said == ["not looked at: mode paper"] * 2


def test_a_switch_that_is_tripped_and_an_alert_are_failures_unless_expected() -> None:
    tripped = [*STEADY, Look(at_s=13, pid=1, ready=True, switches=("pause all: x",))]
    found = msgspec.structs.replace(SOUND, alerts=("switch: hung",))
    lines = verdict(Hypothesis(), tripped, FELT, found)
    assert sum(line.holds is False for line in lines) == 2
    expected = Hypothesis(switch=False, critical_alerts=("switch",))
    assert holds(verdict(expected, tripped, FELT, found))


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=50), st.floats(0.01, 1.0))
def test_a_quantile_is_a_value_that_the_share_does_not_exceed(
    values: list[float], share: float
) -> None:
    found = quantile(values, share)
    assert found is not None
    below = sum(each <= found for each in values)
    assert below >= share * len(values) - 1e-3
    assert sum(each < found for each in values) < share * len(values) + 1e-3


WORDS = st.text(st.characters(codec="utf-8"), max_size=20)


@given(WORDS, WORDS)
def test_a_report_is_whole_in_both_forms_whatever_is_said(what: str, measured: str) -> None:
    line = Line(what=what, wanted="0", measured=measured, holds=False)
    report = Report(
        scenario="s", title="t", began="2026-11-21T14:00:00+00:00", mode="sim", account="DU1",
        version="1", config_hash="h" * 40, holds=False, blast=("b",), lines=(line,),
        recoveries=FELT, looks=3, lasted_s=12.0,
    )  # fmt: skip
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report
    rows = [each for each in markdown(report).split("\n") if each.startswith("| ")]
    assert len(rows) == 1 + 1 + 1 + len(FELT) + 2


def report_of(felt: Sequence[Recovery], *lines: Line, stopped: str = "") -> str:
    return markdown(Report(
        scenario="s", title="t", began="2026-11-21T14:00:00+00:00", mode="sim", account="DU1",
        version="1", config_hash="h" * 40, holds=False, blast=("b",), lines=lines,
        recoveries=tuple(felt), looks=3, lasted_s=12.0, stopped=stopped,
        moments=(Moment(10.0, "kill-core"), Moment(11.2, "core 7 steady")),
    ))  # fmt: skip


def test_who_reads_only_the_beginning_of_a_report_knows_what_is_broken() -> None:
    lines = (
        Line(what="both sides agree", wanted="0 differences", measured="1; KO", holds=False),
        Line(what="no limit is exceeded", wanted="0", measured="0", holds=True),
        Line(what="the switch", wanted="-", measured="not looked at", holds=None),
    )
    top = report_of(FELT, *lines, stopped="by me").partition("##")[0]
    assert "1 strike; 1 of 2 promises hold" in top
    assert "broken: both sides agree: wanted 0 differences, measured 1; KO" in top
    assert "stopped early: by me" in top
    assert "no limit" not in top


def test_the_moments_of_a_run_are_told_in_their_order() -> None:
    said = report_of(FELT).partition("## What happened")[2]
    assert said.index("10.0 s: kill-core") < said.index("11.2 s: core 7 steady")


@pytest.mark.parametrize(("many", "name"), [(1, "longest"), (99, "longest"), (100, "p99")])
def test_a_99th_percentile_is_told_of_a_hundred_strikes_and_more(many: int, name: str) -> None:
    said = report_of([FELT[0]] * many)
    assert f"\n| {name} |" in said
    assert ("| p99 |" in said) is (name == "p99")


def test_where_nothing_was_decided_nothing_is_said_of_what_is_lost() -> None:
    found = msgspec.structs.replace(SOUND, intents={}, kept={})
    (line,) = (
        each for each in verdict(Hypothesis(), STEADY, FELT, found) if "acknowledged" in each.what
    )
    assert line.holds is None
    assert line.measured == "not looked at: no order was decided during the run"


def test_a_cycle_is_wrong_where_a_fact_is_or_was_not_measured_and_not_for_want_of_orders() -> None:
    assert wrong(SOUND) == ()
    assert wrong(msgspec.structs.replace(SOUND, intents={}, kept={})) == ()
    assert len(wrong(msgspec.structs.replace(SOUND, kept={7: "a"}))) == 1
    assert len(wrong(msgspec.structs.replace(SOUND, kept=None, breaks=None))) == 2


@given(
    st.one_of(
        st.builds(faults.Lock, for_s=st.floats(0.5, 100)),
        st.builds(faults.NightlyRestart, for_s=st.floats(0.5, 100)),
        st.builds(
            faults.Storm, symbol=st.just("KO"), rate=st.integers(1_000, 9_999),
            for_s=st.floats(0.5, 100),
        ),
    ),
    st.floats(0.5, 60),
)  # fmt: skip
def test_what_the_emulated_gateway_does_lasts_as_long_by_the_clock_at_any_speed(
    fault: faults.Fault, speed: float
) -> None:
    """Its own seconds are the market's, which may be sixty times as fast."""
    told = command_of(fault, speed)
    rule = tomllib.loads(told["toml"])["rule"][0] if "toml" in told else told
    lasts_s = rule.get("for_s", rule.get("down_s"))
    assert float(lasts_s or 0) / speed == pytest.approx(fault.lasts_s)
    if isinstance(fault, faults.Storm):
        assert rule["rate"] * speed == pytest.approx(fault.rate, rel=0.05)
