"""What the kill switch does once a person has ended a halt."""

from __future__ import annotations

from robotrader.risk import Switch, TripRules, due, healed
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
