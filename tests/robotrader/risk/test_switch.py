"""The kill switch: levels, scopes, latching, and everything that trips it (F65-F73)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import LinkState, Purpose
from robotrader.domain.records import Record, SwitchCleared, SwitchTripped, SymbolHalted
from robotrader.risk import (
    ALL,
    Gate,
    Level,
    Limits,
    Signs,
    Switch,
    Trigger,
    TripRules,
    Working,
    due,
    healed,
    must_cancel,
    pct,
    ratio,
    scope_of,
    usd,
)
from robotrader.risk.switch import SELF_CLEARING
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import MS, NOW, account, code, intent, judged, leaving, limits, view

LEVELS = [Level.PAUSE, Level.REDUCE, Level.CANCEL, Level.FLATTEN]


def tripped(
    level: str = "pause", scope: str = ALL, trigger: str = "person", who: str = "ann"
) -> SwitchTripped:
    return SwitchTripped(level=level, scope=scope, trigger=trigger, why="test", who=who)


def cleared(scope: str = ALL, who: str = "ann", why: str = "looked at it") -> SwitchCleared:
    return SwitchCleared(scope=scope, who=who, why=why)


# -- levels and scopes --


def test_the_levels_are_ordered_and_read_by_their_names() -> None:
    assert [str(level) for level in LEVELS] == ["pause", "reduce", "cancel", "flatten"]
    assert sorted(LEVELS) == LEVELS
    assert [Level.read(str(level)) for level in LEVELS] == LEVELS
    assert Level.read("off") is Level.read("PAUSE") is Level.read("") is None


def test_f70_stops_stay_until_positions_are_closed() -> None:
    table = {level: [w for w in Working if must_cancel(level, w)] for level in [*Level]}
    assert table == {
        Level.OFF: [],
        Level.PAUSE: [],
        Level.REDUCE: [Working.ADDS],
        Level.CANCEL: [Working.ADDS, Working.REDUCES],
        Level.FLATTEN: [Working.ADDS, Working.REDUCES, Working.PROTECTS],
    }


@pytest.mark.parametrize("level", LEVELS)
def test_f69_at_every_level_reductions_pass_and_entries_do_not(level: Level) -> None:
    seen = view(aapl=10, switch=Switch().after(tripped(str(level))))
    assert judged(intent(), seen) == "switch"
    assert judged(intent("SELL", 11), seen) == "switch"
    for purpose in Purpose:
        assert judged(leaving(qty=10, purpose=purpose), seen) == ""


@pytest.mark.parametrize(
    ("scope", "other"),
    [
        ("symbol:AAPL", {"con_id": KO.con_id, "symbol": "KO"}),
        ("strategy:s", {"strategy": "other"}),
    ],
)
def test_f72_f73_a_scope_stops_what_it_names_and_resuming_it_resumes(
    scope: str, other: dict[str, Any]
) -> None:
    switch = Switch().after(tripped(scope=scope))
    assert judged(intent(), view(switch=switch)) == "switch"
    assert judged(intent(**other), view(switch=switch)) == ""
    switch = switch.after(cleared(scope))
    assert judged(intent(), view(switch=switch)) == ""


def test_f72_the_account_in_the_scope_is_the_account_that_trades() -> None:
    assert judged(intent(), view(switch=Switch().after(tripped(scope="account:DU1")))) == "switch"
    assert judged(intent(), view(switch=Switch().after(tripped(scope="account:DU2")))) == ""


def test_f73_clearing_one_scope_leaves_the_others() -> None:
    switch = Switch.fold([tripped(scope="symbol:AAPL"), tripped("cancel")])
    assert switch.level(symbol="AAPL") is Level.CANCEL
    assert switch.after(cleared()).level(symbol="AAPL") is Level.PAUSE
    assert switch.after(cleared("symbol:AAPL")).level(symbol="AAPL") is Level.CANCEL
    assert switch.after(cleared("symbol:KO")) == switch


def test_scopes_are_compared_as_people_write_them() -> None:
    assert scope_of("symbol: aapl ") == "symbol:AAPL"
    assert Switch().after(tripped(scope="symbol:aapl")).level(symbol="AAPL") is Level.PAUSE
    for wrong in ("", "everything", "symbol:", "sector:tech", "ALL"):
        assert scope_of(wrong) == ALL


# -- latching --


def test_f65_the_switch_is_what_the_records_say_whenever_it_is_folded() -> None:
    records: list[Record] = [tripped("reduce"), SymbolHalted(con_id=1, why="x"), tripped("pause")]
    assert Switch.fold(records).level() is Level.REDUCE, "a lower level does not lower it"
    assert Switch.fold([*records, tripped("flatten")]).level() is Level.FLATTEN
    assert len(Switch.fold([*records, *records]).trips) == 1


@pytest.mark.parametrize(
    ("level", "scope"), [("", ALL), ("off", ALL), ("HALT", "symbol:AAPL"), ("9", "")]
)
def test_f65_a_trip_that_cannot_be_read_trips_everything(level: str, scope: str) -> None:
    switch = Switch().after(tripped(level, scope))
    assert switch.level(symbol="KO") is Level.REDUCE
    assert switch.find(ALL, Trigger.UNREADABLE) is not None


def test_f65_a_trip_of_an_unreadable_scope_trips_everything_at_its_level() -> None:
    assert Switch().after(tripped("flatten", "sektor:tech")).level() is Level.FLATTEN


def test_f65_a_state_that_cannot_be_read_is_tripped_and_only_a_person_clears_it() -> None:
    switch = Switch.unreadable("the journal's frame 7 is damaged")
    assert judged(intent(), view(aapl=1, switch=switch)) == "switch"
    assert judged(leaving(), view(aapl=1, switch=switch)) == ""
    assert switch.after(cleared(who="")) == switch
    assert switch.after(cleared()) == Switch()


@pytest.mark.parametrize("trigger", [each for each in Trigger if each not in SELF_CLEARING])
def test_f67_what_is_latched_is_cleared_only_by_a_person_with_a_reason(trigger: Trigger) -> None:
    switch = Switch().after(tripped("reduce", trigger=trigger))
    for record in (cleared(who=""), cleared(who=" "), cleared(why=""), cleared(why="  ")):
        assert switch.after(record) == switch
    assert switch.after(cleared()) == Switch()


def test_f67_a_lost_connection_clears_itself_and_nothing_else() -> None:
    switch = Switch.fold([tripped(trigger="connection"), tripped("reduce", trigger="daily_loss")])
    left = switch.after(cleared(who="", why="ready"))
    assert [trip.trigger for trip in left.trips] == ["daily_loss"]


def test_f26_another_build_clears_itself_in_its_scope_and_nothing_else() -> None:
    build = tripped("pause", "account:DU1", trigger="build")
    other = [tripped("pause", "account:DU1"), tripped(trigger="connection")]
    switch = Switch.fold([build, *other])
    assert switch.after(cleared("account:DU1", who="")) == Switch.fold(other)
    assert "build" in {trip.trigger for trip in switch.after(cleared(who="")).trips}
    assert judged(intent(), view(switch=Switch.fold([build]))) == "switch"
    assert judged(leaving(), view(aapl=1, switch=Switch.fold([build]))) == ""


def test_a_clear_of_an_unreadable_scope_clears_nothing() -> None:
    switch = Switch().after(tripped())
    assert switch.after(cleared("everything")) == switch


scopes = st.sampled_from([ALL, "symbol:AAPL", "symbol:KO", "account:DU1", "strategy:s", "?"])
triggers = st.sampled_from([each.value for each in Trigger])
words = st.sampled_from(["pause", "reduce", "cancel", "flatten", "junk"])
trips = st.builds(tripped, words, scopes, triggers)
clears = st.builds(cleared, scopes, st.sampled_from(["", "ann"]), st.sampled_from(["", "why"]))


@given(st.lists(st.one_of(trips, clears), min_size=3, max_size=12), st.data())
def test_any_sequence_keeps_the_rules_of_latching(
    records: list[Record], data: st.DataObject
) -> None:
    """Against a model that asks of every trip whether something later has cleared it."""
    switch = Switch.fold(records)
    cut = data.draw(st.integers(0, len(records)))
    again = Switch.fold(records[:cut])
    for record in records[cut:]:
        again = again.after(record)
    assert again == switch
    for symbol, strategy, account_ in (("AAPL", "s", "DU1"), ("KO", "t", "DU2")):
        scopes_of = {ALL, f"symbol:{symbol}", f"strategy:{strategy}", f"account:{account_}"}
        expected = max((_level(records, at, scopes_of) for at in range(len(records))), default=0)
        assert switch.level(account=account_, symbol=symbol, strategy=strategy) == expected


def _level(records: list[Record], at: int, scopes_of: set[str]) -> int:
    record = records[at]
    if not isinstance(record, SwitchTripped):
        return 0
    order = ["", "pause", "reduce", "cancel", "flatten"]
    junk = record.level not in order
    scope = ALL if junk or record.scope == "?" else record.scope
    if scope not in scopes_of:
        return 0
    itself = record.trigger in {"connection", "build"} and not junk
    itself |= record.trigger == "unreconciled" and not junk and scope != ALL
    for later in records[at + 1 :]:
        if not isinstance(later, SwitchCleared) or later.scope != scope:
            continue
        if (later.who and later.why) or (not later.who and itself):
            return 0
    return 2 if junk else order.index(record.level)


# -- triggers --


def signs(**fields: Any) -> Signs:
    calm = Signs(
        ledger=account(aapl=1_000),
        symbols={AAPL.con_id: "AAPL", KO.con_id: "KO"},
        heard_ns={AAPL.con_id: NOW, KO.con_id: NOW},
        open_markets=frozenset({AAPL.con_id, KO.con_id}),
        rejects_ns=(),
        skew_ns=0,
        hung=(),
        person_ns=NOW,
        unreconciled=frozenset(),
        link=LinkState.READY,
        link_since_ns=NOW,
    )
    return msgspec.structs.replace(calm, **fields)


def trip_of(seen: Signs, allowed: Limits | None = None, **rules: Any) -> list[tuple[str, ...]]:
    found = due(seen, Switch(), allowed or limits(), TripRules(**rules), NOW)
    return [(each.trigger, each.level, each.scope) for each in found]


def test_f66_in_a_calm_world_nothing_trips() -> None:
    assert trip_of(signs()) == []


LOSS = limits(switch_daily_loss=pct(2))
FALL = limits(switch_drawdown=pct(2))
EDGES: dict[str, tuple[Signs, Signs, Limits, dict[str, Any], tuple[str, str, str]]] = {
    "daily loss": (
        signs(ledger=account(aapl=1_000, mark=98.01)),
        signs(ledger=account(aapl=1_000, mark=98.0)),
        LOSS,
        {},
        ("daily_loss", "reduce", ALL),
    ),
    "drawdown": (
        signs(ledger=account(aapl=1_000, mark=98.01)),
        signs(ledger=account(aapl=1_000, mark=98.0)),
        FALL,
        {"on_loss": Level.FLATTEN},
        ("drawdown", "flatten", ALL),
    ),
    "rejects": (
        signs(rejects_ns=(NOW - 60_000 * MS, *[NOW - 60_000 * MS + 1] * 5)),
        signs(rejects_ns=(NOW,) * 6),
        LOSS,
        {},
        ("rejects", "pause", ALL),
    ),
    "stale data": (
        signs(heard_ns={AAPL.con_id: NOW - 30_000 * MS}),
        signs(heard_ns={AAPL.con_id: NOW - 30_000 * MS - 1}),
        LOSS,
        {},
        ("stale_data", "reduce", "symbol:AAPL"),
    ),
    "no data at all": (
        signs(heard_ns={}, open_markets=frozenset({KO.con_id})),
        signs(heard_ns={}),
        LOSS,
        {},
        ("stale_data", "reduce", "symbol:AAPL"),
    ),
    "clock": (
        signs(skew_ns=-1_000 * MS),
        signs(skew_ns=-1_000 * MS - 1),
        LOSS,
        {},
        ("clock", "pause", ALL),
    ),
    "hung": (
        signs(),
        signs(hung=(("/strategies/s", "strategy:s"),)),
        LOSS,
        {},
        ("hung", "reduce", "strategy:s"),
    ),
    "dead man": (
        signs(person_ns=NOW - 5 * MS),
        signs(person_ns=NOW - 5 * MS - 1),
        LOSS,
        {"dead_man_ms": 5},
        ("dead_man", "reduce", ALL),
    ),
    "nobody ever": (
        signs(person_ns=NOW),
        signs(person_ns=None),
        LOSS,
        {"dead_man_ms": 5},
        ("dead_man", "reduce", ALL),
    ),
    "unreconciled": (
        signs(),
        signs(unreconciled=frozenset({KO.con_id})),
        LOSS,
        {},
        ("unreconciled", "reduce", "symbol:KO"),
    ),
    "unreconciled and nameless": (
        signs(),
        signs(unreconciled=frozenset({7})),
        LOSS,
        {},
        ("unreconciled", "reduce", ALL),
    ),
    "connection": (
        signs(link=LinkState.DOWN, link_since_ns=NOW - 30_000 * MS),
        signs(link=LinkState.DOWN, link_since_ns=NOW - 30_000 * MS - 1),
        LOSS,
        {},
        ("connection", "pause", ALL),
    ),
}


@pytest.mark.parametrize("name", EDGES)
def test_f66_every_trigger_trips_exactly_at_its_threshold(name: str) -> None:
    calm, storm, allowed, rules, expected = EDGES[name]
    assert trip_of(calm, allowed, **rules) == []
    assert trip_of(storm, allowed, **rules) == [expected]


def test_f66_there_is_such_a_case_for_every_trigger() -> None:
    # F26: tests/system; the losses: test_lately.py
    elsewhere = {Trigger.BUILD, Trigger.LOSSES, Trigger.POSITION_LOSS}
    by_itself = set(Trigger) - {Trigger.PERSON, Trigger.UNREADABLE} - elsewhere
    assert {expected[0] for *_, expected in EDGES.values()} == by_itself


def test_a_tripped_switch_is_not_tripped_again_until_it_gets_worse() -> None:
    seen = signs(unreconciled=frozenset({7, 8}))
    found = due(seen, Switch(), limits(), TripRules(), NOW)
    assert len(found) == 1, "two contracts without a name are one trip of everything"
    switch = Switch.fold(found)
    assert due(seen, switch, limits(), TripRules(), NOW) == ()
    worse = TripRules(on_unreconciled=Level.FLATTEN)
    assert [each.level for each in due(seen, switch, limits(), worse, NOW)] == ["flatten"]


def test_f18_an_announced_restart_trips_nothing() -> None:
    seen = signs(link=LinkState.RESTART_WINDOW, link_since_ns=0)
    assert trip_of(seen) == []


def test_f67_a_connection_that_is_back_clears_its_own_trip_only() -> None:
    switch = Switch.fold([tripped(trigger="connection"), tripped("reduce", trigger="drawdown")])
    assert healed(signs(link=LinkState.SYNCING), switch, NOW) == ()
    records = healed(signs(), switch, NOW)
    after = switch.after(records[0])
    assert [trip.trigger for trip in after.trips] == ["drawdown"]
    assert healed(signs(), after, NOW) == ()


def test_f67_a_loss_that_still_stands_trips_again_until_the_limit_is_changed() -> None:
    lost = signs(ledger=account(aapl=1_000, mark=98.0))
    switch = Switch.fold(due(lost, Switch(), LOSS, TripRules(), NOW)).after(cleared())
    assert switch == Switch()
    assert len(due(lost, switch, LOSS, TripRules(), NOW)) == 1
    looser = LOSS.changed("switch_daily_loss", Decimal("0.03"))
    assert due(lost, switch, looser, TripRules(), NOW) == ()


def test_unknown_money_trips_nothing_because_the_gate_lets_nothing_pass() -> None:
    unknown = msgspec.structs.replace(account(aapl=1), daily=None, drawdown=None)
    assert trip_of(signs(ledger=unknown), LOSS) == []
    assert trip_of(signs(ledger=None), LOSS) == []
    assert code(Gate(LOSS).judge(intent(), view(ledger=None), NOW)) == "positions"


def test_a_limit_of_nothing_is_reached_by_the_first_cent() -> None:
    none = limits(max_daily_loss_usd=usd(0), max_drawdown=ratio(1))
    assert trip_of(signs(), none) == []
    assert trip_of(signs(ledger=account(aapl=1, mark=99.99)), none) == [
        ("daily_loss", "reduce", ALL)
    ]
