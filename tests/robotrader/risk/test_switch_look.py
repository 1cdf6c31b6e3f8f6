"""The triggers are left alone only when asking them would have given nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import LinkChanged, LinkState
from robotrader.domain.records import (
    Ending,
    OrderDone,
    SwitchCleared,
    SwitchTripped,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.risk import (
    CALM,
    Lookout,
    Signs,
    Switch,
    SwitchFold,
    TripRules,
    due,
    healed,
    pct,
)
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import MS, NOW, account, limits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain.records import Record
    from robotrader.ledger import LedgerView

RULES = TripRules(
    stale_after_ms=30_000, disconnected_ms=20_000, dead_man_ms=90_000, max_rejects=2,
    max_position_loss=pct(5), rejects_within_ms=15_000,
)  # fmt: skip
LIMITS = limits(switch_daily_loss=pct(2), switch_drawdown=pct(3))
KNOWN = {AAPL.con_id: AAPL, KO.con_id: KO}
CONTRACTS = sorted(KNOWN)
LEDGERS = [account(), account(aapl=1_000), account(ko=500), account(1_000, -500, 90.0)]
STRANGE = msgspec.structs.replace(
    LEDGERS[1],
    positions={
        con_id: msgspec.structs.replace(LEDGERS[1].positions[AAPL.con_id], con_id=con_id)
        for con_id in (AAPL.con_id, 7)
    },
)
"""Something is held that nobody knows: no data of it ever come."""

Steps = list[tuple[float, tuple[str, Any]]]
"""Milliseconds that pass, then what comes."""

NANOSECOND = 1 / MS

STATES = [LinkState.READY, LinkState.DOWN, LinkState.RESTART_WINDOW]


def is_open(con_id: int, now_ns: int) -> bool:
    """Markets that open and close: two minutes of three, each at other times."""
    return (now_ns // (60_000 * MS) + con_id) % 3 != 0


class Always:
    """As the kill switch's actor was: asks at every look, about all markets."""

    def __init__(self, rules: TripRules = RULES) -> None:
        self.rules = rules
        self.switch, self.known, self.person_ns = Switch(), SwitchFold(), NOW
        self.ledger: LedgerView | None = None
        self.heard_ns = dict.fromkeys(CONTRACTS, NOW)
        self.skew_ns: int | None = None
        self.hung: tuple[tuple[str, str], ...] = ()
        self.link, self.link_since_ns = LinkState.DOWN, NOW

    def take(self, what: str, value: Any, now_ns: int) -> None:
        match what:
            case "ledger":
                self.ledger = value
            case "heard":
                self.heard_ns |= {value: now_ns}
            case "heard_at":
                self.heard_ns |= value
            case "skew":
                self.skew_ns = value
            case "hung":
                self.hung = (("risk", "all"),) if value else ()
            case "link":
                if value is not LinkState.READY:
                    self.skew_ns = None
                if (value in CALM) is not (self.link in CALM):
                    self.link_since_ns = now_ns
                self.link = value
            case "record":
                self.known.apply(value)
                self.switch = self.switch.after(value)

    def signs(self, now_ns: int) -> Signs:
        silent_ns = self.rules.stale_after_ms * MS
        return Signs(
            ledger=self.ledger,
            symbols={con_id: each.symbol for con_id, each in KNOWN.items()},
            heard_ns=self.heard_ns,
            open_markets=frozenset(
                each for each in CONTRACTS
                if is_open(each, now_ns) and is_open(each, now_ns - silent_ns)
            ),
            rejects_ns=tuple(self.known.rejects_ns),
            skew_ns=self.skew_ns,
            hung=self.hung,
            person_ns=self.person_ns,
            unreconciled=frozenset(self.known.halted),
            link=self.link,
            link_since_ns=self.link_since_ns,
            forgiven_ns=self.switch.forgiven_ns,
        )  # fmt: skip

    def look(self, now_ns: int) -> list[Any]:
        return self.ask(self.signs(now_ns), now_ns)

    def ask(self, signs: Signs, now_ns: int) -> list[Any]:
        """Take what the triggers give at once, and return it."""
        given = list(due(signs, self.switch, LIMITS, self.rules, now_ns))
        self.switch = _after(self.switch, given)
        over = healed(signs, self.switch, now_ns)
        self.switch = _after(self.switch, over)
        return [*given, *over]


def _after(switch: Switch, records: Iterable[Record]) -> Switch:
    for each in records:
        switch = switch.after(each)
    return switch


class Sometimes(Always):
    """As it is: asks when the lookout says so."""

    def __init__(self, rules: TripRules = RULES) -> None:
        super().__init__(rules)
        self.lookout, self.asked = Lookout(KNOWN, rules, is_open, NOW), 0

    def take(self, what: str, value: Any, now_ns: int) -> None:
        match what:
            case "ledger":
                self.lookout.account(value)
            case "heard":
                self.lookout.heard({value: now_ns})
            case "heard_at":
                self.lookout.heard(value)
            case "skew":
                self.lookout.compared(value)
            case "hung":
                self.lookout.hung((("risk", "all"),) if value else ())
            case "link":
                number = 1 if value is LinkState.READY else 0
                self.lookout.linked(LinkChanged(value, 1, now_ns, number), now_ns)
            case "record":
                super().take(what, value, now_ns)
                self.lookout.changed()

    def look(self, now_ns: int) -> list[Any]:
        if self.lookout.quiet(now_ns):
            return []
        self.asked += 1
        signs = self.lookout.signs(self.known, self.person_ns, self.switch.forgiven_ns, now_ns)
        found = self.ask(signs, now_ns)
        self.lookout.asked(signs, now_ns, gave=bool(found))
        return found


EVENTS = st.one_of(
    st.tuples(st.just("ledger"), st.sampled_from([*LEDGERS, STRANGE])),
    st.tuples(st.just("heard"), st.sampled_from(CONTRACTS)),
    st.tuples(st.just("heard_at"), st.dictionaries(
        st.sampled_from(CONTRACTS), st.sampled_from([NOW, NOW + 9_000 * MS, NOW + 60_000 * MS])
    )),
    st.tuples(st.just("skew"), st.sampled_from([0, 0, 2_000 * MS])),
    st.tuples(st.just("hung"), st.booleans()),
    st.tuples(st.just("link"), st.sampled_from(STATES)),
    st.tuples(st.just("rejected"), st.none()),
    st.tuples(st.just("record"), st.sampled_from([
        SymbolHalted(con_id=AAPL.con_id, why="x"),
        SymbolResumed(con_id=AAPL.con_id, who="ann", why="looked at"),
        SwitchCleared(scope="all", who="ann", why="calm", wall_ns=NOW),
        SwitchCleared(scope="symbol:AAPL", who="ann", why="calm", wall_ns=NOW),
    ])),
    st.tuples(st.just("nothing"), st.none()),
)  # fmt: skip
STEPS_MS = st.sampled_from(
    [0, NANOSECOND, 1, 250, 250, 250, 1_000, 15_000, 20_000, 29_999, 30_000, 30_001, -2_000]
)
QUIET_RULES = msgspec.structs.replace(RULES, dead_man_ms=None)


@settings(max_examples=100)
@given(
    st.lists(st.tuples(STEPS_MS, EVENTS), min_size=20, max_size=60),
    st.sampled_from((RULES, QUIET_RULES)),
)
def test_what_is_left_out_would_have_given_nothing(steps: Steps, rules: TripRules) -> None:
    """Whatever comes, whatever the clock does: the same records at the same looks."""
    always, sometimes, now_ns = Always(rules), Sometimes(rules), NOW
    for step_ms, event in steps:
        now_ns += round(step_ms * MS)
        what, value = event
        if what == "rejected":
            rejected = OrderDone(ref="r", ending=Ending.REJECTED, wall_ns=now_ns)
            what, value = "record", rejected
        for each in (always, sometimes):
            each.take(what, value, now_ns)
        assert sometimes.look(now_ns) == always.look(now_ns)
        assert sometimes.switch == always.switch


def test_in_a_calm_world_they_are_left_alone_until_time_may_trip_one() -> None:
    """Held data that grow old are looked at when they are too old, and not before."""
    seen = Sometimes()
    seen.take("link", LinkState.READY, NOW)
    seen.take("ledger", account(aapl=1_000), NOW)
    looks = [NOW + n * 250 * MS for n in range(1, 122)]
    gave = [bool(seen.look(at_ns)) for at_ns in looks]
    assert seen.asked == 2
    assert gave.index(True) == 120
    assert looks[120] == NOW + 30_250 * MS


WAITING: Steps = [(250, ("nothing", None))] * 500
SCRIPTS: dict[str, Steps] = {
    "connection": [(0, ("link", LinkState.READY)), (500, ("link", LinkState.DOWN))],
    "dead_man": [(0, ("link", LinkState.READY))],
    "stale_data": [
        (0, ("link", LinkState.READY)), (0, ("ledger", LEDGERS[1])),
        (9_000, ("heard", AAPL.con_id)), (100, ("hung", True)), (250, ("hung", False)),
        (250, ("nothing", None)), (250, ("heard_at", {AAPL.con_id: NOW + 1_000 * MS})),
    ],
}  # fmt: skip


@pytest.mark.parametrize("trigger", SCRIPTS)
def test_what_only_time_makes_due_trips_at_the_look_at_which_it_always_did(trigger: str) -> None:
    """A connection that stays away, a person who is silent, data that the clock made older."""
    always, sometimes, now_ns, told = Always(), Sometimes(), NOW, list[Any]()
    for step_ms, (what, value) in [*SCRIPTS[trigger], *WAITING]:
        now_ns += round(step_ms * MS)
        for each in (always, sometimes):
            each.take(what, value, now_ns)
        found = sometimes.look(now_ns)
        assert found == always.look(now_ns)
        told += found
    assert trigger in {each.trigger for each in told if isinstance(each, SwitchTripped)}
    assert sometimes.asked < len(WAITING)


EXACTLY: dict[str, Steps] = {
    "connection": [
        (0, ("link", LinkState.READY)), (500, ("link", LinkState.DOWN)),
        (RULES.disconnected_ms, ("nothing", None)),
    ],
    "dead_man": [(0, ("link", LinkState.READY)), (RULES.dead_man_ms or 0, ("nothing", None))],
    "stale_data": [
        (0, ("link", LinkState.READY)), (0, ("ledger", LEDGERS[1])),
        (1_000, ("heard", AAPL.con_id)), (RULES.stale_after_ms, ("nothing", None)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("trigger", EXACTLY)
def test_time_alone_trips_a_nanosecond_after_what_is_allowed(trigger: str) -> None:
    sometimes, now_ns, found = Sometimes(), NOW, list[Any]()
    for step_ms, (what, value) in EXACTLY[trigger]:
        now_ns += round(step_ms * MS)
        sometimes.take(what, value, now_ns)
        found += sometimes.look(now_ns)
    assert trigger not in {each.trigger for each in found}
    found = sometimes.look(now_ns + 1)
    assert trigger in {each.trigger for each in found}


def test_where_nothing_can_become_due_is_asked_as_seldom_as_data_may_come() -> None:
    seen = Sometimes(QUIET_RULES)
    seen.take("link", LinkState.READY, NOW)
    for number in range(1, 121):
        assert seen.look(NOW + number * 250 * MS) == []
    assert seen.asked == 1


def test_data_that_the_clock_made_older_are_late_sooner_also_beside_newer_ones() -> None:
    both, seen = account(1_000, -500), Sometimes()
    now_ns = next(
        NOW + step * 1_000 * MS
        for step in range(400)
        if all(is_open(each, NOW + step * 1_000 * MS - back * MS)
               for each in CONTRACTS for back in (0, 30_000))
    )  # fmt: skip
    seen.take("link", LinkState.READY, now_ns)
    seen.take("heard_at", dict.fromkeys(CONTRACTS, now_ns), now_ns)
    seen.take("ledger", both, now_ns)
    assert seen.look(now_ns) == []
    older = {AAPL.con_id: now_ns - 30_000 * MS, KO.con_id: now_ns + 1}
    seen.take("heard_at", older, now_ns)
    assert "stale_data" in {each.trigger for each in seen.look(now_ns + 1)}


def test_what_a_person_forgave_is_among_the_signs() -> None:
    lookout = Lookout(KNOWN, RULES, is_open, NOW)
    assert lookout.signs(SwitchFold(), None, 7, NOW).forgiven_ns == 7


def test_what_was_told_and_not_taken_is_told_again() -> None:
    """A record that a full disk refuses is asked for at the next look."""
    seen = Sometimes()
    seen.take("hung", True, NOW)
    first = seen.look(NOW)
    seen.switch = Switch()
    assert seen.look(NOW + 1) == [msgspec.structs.replace(each, wall_ns=NOW + 1) for each in first]
