"""What the kill switch does once a person has ended a halt, and when the same trips again."""

from __future__ import annotations

from msgspec.structs import replace

from robotrader.risk import Level, Switch, TripRules, due, healed
from robotrader.risk.switch import ALL
from tests.robotrader.ledger.kit import KO
from tests.robotrader.risk.kit import NOW, limits
from tests.robotrader.risk.test_switch import signs, tripped


def test_a_halt_that_a_person_ended_ends_its_trip_and_leaves_the_others() -> None:
    """What was tripped for all, or by somebody else for the symbol, is still a person's."""
    switch = Switch.fold(due(signs(unreconciled=frozenset({KO.con_id})), Switch(), limits(),
                             TripRules(), NOW))  # fmt: skip
    switch = switch.after(tripped("pause", "symbol:KO", trigger="person"))
    switch = switch.after(tripped("reduce", ALL, trigger="unreconciled"))
    assert healed(signs(unreconciled=frozenset({KO.con_id})), switch, NOW) == ()
    (record,) = healed(signs(), switch, NOW)
    after = switch.after(record)
    assert {(each.scope, each.trigger) for each in after.trips} == {
        ("symbol:KO", "person"),
        (ALL, "unreconciled"),
    }
    assert healed(signs(), after, NOW) == ()


def test_what_trips_again_at_the_same_level_keeps_its_first_reason_and_time() -> None:
    first = tripped("reduce", ALL, trigger="drawdown")
    switch = Switch.fold([first])
    assert switch.after(replace(first, why="again", wall_ns=first.wall_ns + 1)) == switch
    worse = replace(first, level="flatten", why="worse", wall_ns=first.wall_ns + 2)
    (trip,) = switch.after(worse).trips
    assert (trip.level, trip.why, trip.wall_ns) == (Level.FLATTEN, "worse", worse.wall_ns)
