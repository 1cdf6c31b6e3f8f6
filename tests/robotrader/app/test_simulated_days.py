"""What the speed of a simulated day changes in the settings, and what it must not."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from robotrader.app import run
from robotrader.app.building import limits_of, pace_of
from robotrader.config import Config, Mode, Sim, layers, resolve
from robotrader.execution.desk import Times


@given(st.floats(0.5, 1_000))
def test_machines_have_as_long_at_any_speed_and_the_market_keeps_its_minutes(speed: float) -> None:
    limits, trips = limits_of(Config(sim=Sim(speed=speed)))
    usual, usual_trips = limits_of(Config())
    assert abs(limits.max_quote_age_ms / speed - usual.max_quote_age_ms) <= 1 / speed
    assert abs(trips.disconnected_ms / speed - usual_trips.disconnected_ms) <= 1 / speed
    assert limits.max_orders_per_min == usual.max_orders_per_min
    assert trips.rejects_within_ms == usual_trips.rejects_within_ms
    times = Times().at_pace(speed)
    assert abs(times.ack_ns / speed - Times().ack_ns) <= 1 / speed
    assert times.most_waiting == Times().most_waiting


def test_a_real_market_has_the_wall_clock_whatever_the_section_sim_says() -> None:
    for mode in (Mode.PAPER, Mode.LIVE):
        assert pace_of(Config(mode=mode, sim=Sim(speed=60.0))) == 1.0
        assert limits_of(Config(mode=mode, sim=Sim(speed=60.0))) == limits_of(Config())


def test_only_a_market_with_a_time_of_its_own_is_asked_for_it() -> None:
    says = ['mode="sim"', 'account="DU1234567"', 'universe.symbols=["KO"]']
    usual = resolve([layers.from_settings(says)], "demo")
    day = [*says, "sim.speed=60", 'sim.start="2020-03-16T09:30"', "sim.calendar=true"]
    fast = resolve([layers.from_settings(day)], "demo")
    argv = run.children_of(usual, Path("data"))[0]["argv"]
    assert {"--control-port", "--start", "--calendar"}.isdisjoint(argv)
    argv = run.children_of(fast, Path("data"))[0]["argv"]
    assert argv[argv.index("--control-port") + 1] == "4003"
    assert argv[argv.index("--start") + 1] == "2020-03-16T09:30"
    assert argv[argv.index("--speed") + 1] == "60.0"
    assert "--calendar" in argv
