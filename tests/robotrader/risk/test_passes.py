"""A check that is not asked again would pass: whatever has changed of limits, world and time."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import (
    Borrow,
    Instrument,
    Intent,
    LinkState,
    OrderType,
    Purpose,
    Quote,
    Side,
)
from robotrader.domain.records import DayRolled, Ending, OrderDone, OrderIntended
from robotrader.ledger.money import EXACT
from robotrader.risk import (
    Correlations,
    DayFigures,
    Limits,
    Margin,
    RiskView,
    SessionState,
    Switch,
    pct,
    wish_of,
)
from robotrader.risk.case import Case
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES, first_refusal
from robotrader.risk.passes import OF_A_CONTRACT, OF_THE_ACCOUNT, OFF, Passes
from robotrader.risk.past import Past
from robotrader.risk.switch import Level, Trip
from robotrader.risk.worst import Worst
from tests.robotrader.ledger.kit import AAPL, ACCOUNT, KO
from tests.robotrader.risk.kit import MINUTE, MS, NOW, SPY, STOCKS, account, intent, limits, other
from tests.robotrader.risk.kit import view as world

D = Decimal
CON_IDS = tuple(STOCKS)
SYMBOLS = {con_id: each.symbol for con_id, each in STOCKS.items()}
MARGIN = Margin(initial=D(1), maintenance=D(1), equity=D(10**6), at_ns=NOW)
REFUSED = replace(MARGIN, why="no")
KNOWN = Correlations(
    {AAPL.con_id: 0, KO.con_id: 1, SPY.con_id: 2},
    ((1.0, 0.2, 0.9), (0.2, 1.0, 0.3), (0.9, 0.3, 1.0)),
    250,
)
ALL_OFF = limits(max_daily_loss=pct(2), max_drawdown=pct(5))
ALL_ON = limits(
    restricted_symbols=frozenset({"SPY"}), max_sector_weight=pct(99),
    max_pair_correlation=pct(95), max_cluster_weight=pct(90), max_losses_row=2,
    max_strategy_weight={"s": pct(40)},
    max_cancel_ratio=pct(40), cancel_ratio_orders=2, cooldown_ms=1_000, max_volume_share=pct(1),
    max_volatility=pct(60), max_heat=pct(80), duplicate_window_ms=1_000, allow_short=False,
    short_needs_borrow=True, allow_extended=True, max_clock_skew_ms=100, max_margin=pct(90),
    max_open_orders=3,
)  # fmt: skip
ONE_LIMIT = st.sampled_from(Limits.__struct_fields__)
LOSING = msgspec.structs.replace(account(5), losses_ns=(NOW - 1, NOW - 2, NOW - 3))
TRIPPED = tuple(
    Switch((Trip(Level.PAUSE, scope, "person", "why"),)) for scope in ("symbol:KO", "strategy:t")
)
QUOTED = {con_id: Quote(con_id, NOW, 100.0, 100.02, 5, 5) for con_id in CON_IDS}
FIGURES = dict.fromkeys(CON_IDS, DayFigures(volume=1e5, volatility=0.3))
VALUES: dict[str, tuple[Any, ...]] = {
    "account": (ACCOUNT, "DU2"),
    "ledger": (account(5, -3), account(), account(0, 5, mark=80.0), LOSING, None),
    "others": ((), (other("BUY", 3),), (other("SELL", 2, con_id=KO.con_id),), None),
    "switch": (Switch(), *TRIPPED, Switch(forgiven_ns=NOW), None),
    "link": (LinkState.READY, LinkState.DOWN, None),
    "stale": (frozenset[int](), frozenset({KO.con_id})),
    "halted": (frozenset[int](), frozenset({AAPL.con_id}), None),
    "instruments": (
        dict(STOCKS), {AAPL.con_id: AAPL},
        {**STOCKS, KO.con_id: Instrument(con_id=KO.con_id, symbol="PEP")},
    ),
    "quotes": (QUOTED, {}, {**QUOTED, KO.con_id: Quote(KO.con_id, NOW, 101.0, 100.0, 5, 5)}),
    "sessions": (
        dict.fromkeys(CON_IDS, SessionState.OPEN), dict.fromkeys(CON_IDS, SessionState.EXTENDED),
        {AAPL.con_id: SessionState.CLOSED},
    ),
    "sectors": ({AAPL.con_id: "tech", KO.con_id: "drinks"}, dict.fromkeys(CON_IDS, "one")),
    "restart_at_ns": (None, NOW + 3 * MINUTE, NOW + MINUTE),
    "correlations": (KNOWN, None),
    "days": (
        FIGURES, {}, {**FIGURES, KO.con_id: DayFigures(volume=1e5, volatility=0.9)},
        {**FIGURES, AAPL.con_id: DayFigures(volume=10.0, volatility=float("nan"))},
    ),
    "skew_ns": (0, 50 * MS, 150 * MS, None),
    "borrows": ({}, {con_id: Borrow(con_id, D(100)) for con_id in CON_IDS}),
    "margins": (MARGIN, REFUSED, None),
    "moved": (None,),
}  # fmt: skip
"""What each field of a view can become; of ``margins`` what the broker said of the intent."""

FIELDS = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(VALUES[name]))
)
INTENTS = st.builds(
    lambda con_id, side, qty, **fields: intent(
        side, qty, con_id=con_id, symbol=SYMBOLS[con_id], **fields
    ),
    st.sampled_from(CON_IDS), st.sampled_from(Side), st.integers(1, 9),
    strategy=st.sampled_from(("s/A", "t")), outside_rth=st.booleans(),
    purpose=st.sampled_from((Purpose.ENTRY, Purpose.ENTRY, Purpose.EXIT, Purpose.STOP)),
)  # fmt: skip
RECORDS = st.sampled_from(
    (
        OrderIntended(
            ref="r1", order_id=1, strategy="s", con_id=KO.con_id, symbol="KO", side="BUY",
            qty=D(1), order_type=OrderType.MARKET.value, cause="c", generation=1,
            account=ACCOUNT, wall_ns=NOW,
        ),
        OrderDone(ref="r1", ending=Ending.CANCELLED, wall_ns=NOW),
        DayRolled(day="2026-11-21", equity=D(1)),
    )
)  # fmt: skip
CHANGES = st.one_of(
    st.tuples(st.just("view"), FIELDS),
    st.tuples(st.just("limits"), st.tuples(ONE_LIMIT, st.sampled_from((ALL_ON, ALL_OFF)))),
    st.tuples(st.just("time"), st.integers(0, 4_000)),
    st.tuples(st.just("record"), RECORDS),
)


class Scene:
    """Limits, world and time, in which one thing after the other changes."""

    def __init__(self) -> None:
        self.limits, self.now_ns, self.past = ALL_ON, NOW, Past()
        self.view: RiskView = world(
            5, 3, quotes=QUOTED, correlations=KNOWN, days=FIGURES, skew_ns=0,
            borrows=VALUES["borrows"][1],
        )  # fmt: skip
        self.margin: Margin | None = MARGIN

    def change(self, what: str, how: Any) -> None:
        if what == "view":
            name, value = how
            if name == "margins":
                self.margin = value
            else:
                self.view = replace(self.view, **{name: value})
        elif what == "limits":
            name, of = how
            self.limits = replace(self.limits, **{name: getattr(of, name)})
        elif what == "time":
            self.now_ns += how * MS
        else:
            self.past.follow(how)

    def case(self, wanted: Intent) -> Case:
        margins = {} if self.margin is None else {wish_of(wanted): self.margin}
        view, before = replace(self.view, margins=margins), Worst()
        before.look(view, (), self.limits.bare)
        return Case(wanted, view, self.limits, past=self.past, now_ns=self.now_ns, before=before)


def plainly(case: Case) -> tuple[str, str] | None:
    """What all checks say, in their order."""
    if case.reduces:
        return first_refusal(case, FOR_ALL)
    case.weigh()
    return first_refusal(case, (*FOR_ALL, *FOR_ENTRIES))


def test_every_field_of_a_view_is_changed_and_every_name_is_a_checks() -> None:
    assert set(VALUES) == set(RiskView.__struct_fields__)
    codes = {code for code, _ in (*FOR_ALL, *FOR_ENTRIES)}
    assert codes >= OF_THE_ACCOUNT | OF_A_CONTRACT | set(OFF)


@settings(max_examples=150)
@given(st.lists(st.one_of(CHANGES, INTENTS, INTENTS), max_size=30), INTENTS)
def test_whatever_changes_the_first_check_that_refuses_is_the_first_of_all_checks(
    steps: list[Any], last: Intent
) -> None:
    scene, passes = Scene(), Passes()
    with localcontext(EXACT):
        for step in (*steps, last):
            if not isinstance(step, Intent):
                scene.change(*step)
                continue
            expected = plainly(scene.case(step))
            assert passes.refused(scene.case(step)) == expected
            if expected is None:
                scene.past.add(scene.case(step).echo, scene.now_ns)


PASSING = (intent(), intent(con_id=KO.con_id, symbol="KO", strategy="t"))
"""They pass all limits at the beginning."""

OTHER_WAYS = (
    *PASSING, intent(outside_rth=True), intent(symbol="KO"), intent(purpose=Purpose.EXIT),
    intent(strategy="t"), intent(qty="1.5"), intent("SELL", 9, con_id=KO.con_id, symbol="KO"),
    intent(con_id=SPY.con_id, symbol="SPY"), *PASSING,
)  # fmt: skip


@pytest.mark.parametrize("limited", [ALL_ON, ALL_OFF], ids=["all on", "all off"])
@pytest.mark.parametrize("name", sorted(VALUES))
def test_after_a_pass_every_value_of_every_field_is_seen(name: str, limited: Limits) -> None:
    with localcontext(EXACT):
        for value in VALUES[name]:
            scene, passes = passed(limited)
            scene.change("view", (name, value))
            for each in OTHER_WAYS:
                assert passes.refused(scene.case(each)) == plainly(scene.case(each))


@pytest.mark.parametrize("name", Limits.__struct_fields__)
def test_after_a_pass_every_other_limit_is_seen(name: str) -> None:
    with localcontext(EXACT):
        for limited, of in ((ALL_ON, ALL_OFF), (ALL_OFF, ALL_ON), (ALL_OFF, Limits())):
            scene, passes = passed(limited)
            scene.change("limits", (name, of))
            for each in OTHER_WAYS:
                assert passes.refused(scene.case(each)) == plainly(scene.case(each))


def passed(limited: Limits) -> tuple[Scene, Passes]:
    """A scene in which intents have passed, and what is kept of that."""
    scene, passes = Scene(), Passes()
    scene.limits = limited
    if limited is ALL_OFF:
        scene.view = replace(scene.view, ledger=LOSING, skew_ns=150 * MS)
    for each in PASSING:
        assert passes.refused(scene.case(each)) is None
    return scene, passes


def test_what_has_passed_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing else changes, the checks of the account and of the contract are left out."""
    scene, passes = Scene(), Passes()
    asked: list[str] = []

    def refuses(_: Switch, *, symbol: str, **__: Any) -> str:
        asked.append(symbol)
        return ""

    monkeypatch.setattr(Switch, "refuses", refuses)
    with localcontext(EXACT):
        for wanted in (intent(), intent(qty=2)):
            assert passes.refused(scene.case(wanted)) is None
        assert asked == ["AAPL"]
        scene.change("view", ("switch", TRIPPED[0]))
        assert passes.refused(scene.case(intent())) is None
        assert asked == ["AAPL", "AAPL"]


def test_a_limit_is_off_or_not_for_each_check() -> None:
    for off in OFF.values():
        assert off(ALL_OFF)
        assert not off(ALL_ON)
