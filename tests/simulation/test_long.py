"""Trading weeks: the calendar is the world's, days begin, nights pass, and what they once broke."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from robotrader.domain import records as rec
from tests.simulation.days import DaysBegin
from tests.simulation.lively import MOST_TURNS, WINDOW_S, Pulse, StillTrades
from tests.simulation.long import LongWorld, plan_of, simulate
from tests.simulation.plan import Fault, Plan
from tests.simulation.run import length_of, run
from tests.simulation.week import NEW_YORK, PACE, every_night, sessions_in, table, week_of

S = 1_000_000_000
DAY_NS = 24 * 3_600 * S
SEEDS = 300
TWO_NIGHTS_S = 3_000.0


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def lived(seed: int, seconds: float, *faults: Fault) -> LongWorld:
    """Run a world whose lists can be looked at afterwards."""
    world = LongWorld(Plan(seed, seconds, (), faults), record=False)
    world.run()
    world.system.close()
    return world


def test_weeks_end_within_a_session_and_have_weekends_holidays_and_changed_clocks() -> None:
    """Three hundred of them: 6 to 11 days each, and every kind of day is among them."""
    seen: set[str] = set()
    for seed in range(SEEDS):
        week = week_of(seed)
        assert 6 * DAY_NS <= week.end_ns - week.begin_ns <= 11 * DAY_NS
        assert table().is_open(week.end_ns, outside_rth=False)
        inside = list(sessions_in(week.begin_ns, week.end_ns))
        seen |= {"early" for each in inside if each.close_ns - each.open_ns < 6 * 3_600 * S}
        offsets = {
            dt.datetime.fromtimestamp(at // S, NEW_YORK).utcoffset()
            for at in (week.begin_ns, week.end_ns)
        }
        seen |= {"changed"} if len(offsets) == 2 else set()
        weekdays = sum(
            dt.datetime.fromtimestamp(at // S, NEW_YORK).weekday() < 5
            for at in every_night(week.begin_ns, week.end_ns, dt.time(12))
        )
        seen |= {"holiday"} if weekdays > len(inside) else set()
    assert seen == {"early", "changed", "holiday"}


def test_every_night_is_the_same_time_of_day_also_where_clocks_change() -> None:
    """23:45 in New York, once a day."""
    begin_ns = int(dt.datetime(2026, 3, 6, tzinfo=NEW_YORK).timestamp()) * S
    nights = list(every_night(begin_ns, begin_ns + 5 * DAY_NS, dt.time(23, 45)))
    local = [dt.datetime.fromtimestamp(at // S, NEW_YORK) for at in nights]
    assert [each.day for each in local] == [6, 7, 8, 9, 10]
    assert {each.time() for each in local} == {dt.time(23, 45)}


def test_what_is_held_over_a_night_trips_nothing_at_the_open() -> None:
    """Found by the first week: at the open the newest data were the evening's, and too old."""
    world = lived(1, TWO_NIGHTS_S)
    days = [each.day for _, each in world.log if isinstance(each, rec.DayRolled)]
    assert len(days) == 3
    assert days == sorted(set(days))
    trips = [each for _, each in world.log if isinstance(each, rec.SwitchTripped)]
    assert [each for each in trips if each.trigger == "stale_data"] == []
    assert world.breaches == []
    assert [each for each in world.positions().values() if each], "something is held"


def test_data_that_do_not_come_after_an_open_trip_the_symbol_that_is_held() -> None:
    """Half an hour of the market after the open, not at once, and not never."""
    opens_ns = next(
        each.open_ns for each in sessions_in(week_of(1).begin_ns + DAY_NS, week_of(1).end_ns)
    )
    at_ns = (opens_ns - week_of(1).begin_ns) // PACE - 5 * S
    gaps = [
        Fault(number, at_ns, "market", "gap", str(number), lasts_ns=100 * S) for number in (1, 2, 3)
    ]
    world = lived(1, TWO_NIGHTS_S, *gaps)
    stale = [
        each
        for _, each in world.log
        if isinstance(each, rec.SwitchTripped) and each.trigger == "stale_data"
    ]
    assert stale
    for each in stale:
        assert 30 * 60 <= (each.wall_ns - opens_ns) // S <= 33 * 60


def test_a_quote_without_an_ask_is_no_loss_of_the_day() -> None:
    """Found by week 1000002: half a price was a loss of half, and tripped the switch."""
    zero = Fault(1, 650 * S, "market", "zero", amount=0.5, lasts_ns=200 * S)
    world = lived(1, 1_000.0, zero)
    trips = [each for _, each in world.log if isinstance(each, rec.SwitchTripped)]
    assert [each for each in trips if each.trigger == "daily_loss"] == []
    assert world.breaches == []


def test_a_clock_set_back_a_little_stops_nobody() -> None:
    """Found by week 102: three waits asked for a turn at once for as long as the clock stood."""
    step = Fault(1, 400 * S, "clock", "clock_step", amount=-2.0)
    steps = [msgspec.structs.replace(step, id=n, at_ns=(400 + n) * S) for n in range(1, 120)]
    week = plan_of(3, 700.0)
    outcome = simulate(msgspec.structs.replace(week, faults=tuple(steps)))
    assert outcome.ok, outcome.text()


def test_a_clock_that_stands_is_a_breach() -> None:
    """The guard itself: so many turns at one moment."""
    world = LongWorld(Plan(1, 60.0, (), ()), record=False)
    pulse = Pulse()
    assert pulse.due == MOST_TURNS
    pulse.look(world)
    assert world.breaches == []
    pulse.look(world)
    assert [each.checker for each in world.breaches] == [Pulse.name]
    assert world.dying


def test_a_day_that_begins_twice_or_with_other_money_is_a_breach() -> None:
    """D1, shown three records: one that is right, the same again, one that has lost a thousand."""
    world = LongWorld(Plan(1, 60.0, (), ()), record=False)
    world.at(40 * S, lambda: None)
    world.system.run_for(40.0)
    world._calm_ns = world.start_ns
    day, equity = world.hours.day_of(world.clock_ns), world.equity()
    right = rec.DayRolled(day=day.isoformat(), equity=equity, wall_ns=world.clock_ns)
    poor = msgspec.structs.replace(right, day="9999-12-31", equity=equity - 1_000)
    checker = DaysBegin()
    found = []
    for number, record in enumerate((right, right, poor), 1):
        world.committed([(number, record)])
        found.append([each.text for each in checker.check(world)])
    assert found[0] == []
    assert found[1] == [f"{day} begins after {day}"]
    assert len(found[2]) == 2, found[2]


def test_a_week_is_the_same_week_again() -> None:
    """Equal traces; another seed is another week."""
    first, again = run(5, "long", 400.0), run(5, "long", 400.0)
    assert first.ok, first.text()
    assert first.trace_hash == again.trace_hash
    assert run(6, "long", 400.0).trace_hash != first.trace_hash


@pytest.mark.deep
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(8))
def test_whole_weeks_with_faults_break_nothing(seed: int) -> None:
    outcome = run(seed, "long", length_of(seed, "long"))
    assert outcome.ok, outcome.text()


def idle(*records: tuple[int, rec.Record]) -> list[str]:
    """Return what L4 says at second 100 of a patient strategy ``a`` that has done this, when."""
    trading = SimpleNamespace(halted=())
    core = SimpleNamespace(switch=lambda: SimpleNamespace(trips=()), trading=lambda: trading)
    world: Any = SimpleNamespace(
        core=core, now_ns=100 * S, log=[(0, each) for _, each in records], executions=[],
        log_ns=[at_s * S for at_s, _ in records], strategies=lambda: {"a": 1},
    )  # fmt: skip
    return [each.text for each in StillTrades(patient=True).check(world)]


def test_an_entry_that_waits_for_its_price_is_a_deed_and_one_that_ended_before_is_none() -> None:
    """1000039: two limits took all that a strategy may have, from before the window on."""
    before, within = 99 - WINDOW_S, 101 - WINDOW_S
    entry = rec.OrderIntended(
        ref="r", order_id=1, generation=1, strategy="a", con_id=1, symbol="A", account="D",
        side="BUY", order_type="LMT", qty=Decimal(1), wall_ns=0,
    )  # fmt: skip
    stop = msgspec.structs.replace(entry, reduces=True, side="SELL")
    nothing = ["a holds 0 and did nothing"]
    assert idle() == nothing
    assert idle((before, entry)) == []
    assert idle((before, stop)) == nothing
    for ending in rec.Ending:
        done = rec.OrderDone(ref="r", ending=ending, cum_filled=Decimal(0), why="", wall_ns=0)
        assert idle((before, entry), (before, done)) == nothing
        wanted = ending in {rec.Ending.FILLED, rec.Ending.CANCELLED}
        assert idle((before, entry), (within, done)) == ([] if wanted else nothing)
