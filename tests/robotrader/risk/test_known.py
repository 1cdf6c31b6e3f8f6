"""What gate and switch take over from the journal, what a gate explains, what holds by itself."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

import robotrader
from robotrader.domain import OrderState, Purpose, Side
from robotrader.domain.records import (
    Ending,
    LimitChanged,
    OperatorActed,
    OrderDone,
    SwitchCleared,
    SwitchTripped,
    SymbolHalted,
    SymbolResumed,
)
from robotrader.execution import OrderView
from robotrader.risk import Explained, Gate, Limits, SwitchFold, TripRules, WorkingOrder
from robotrader.risk.checks import FOR_ALL, FOR_ENTRIES
from robotrader.risk.explain import LIMITS_OF
from robotrader.risk.known import GateFold
from robotrader.risk.past import REJECTS
from tests.robotrader.risk.kit import NOW, WIDE, intent, leaving, limits, view

D = Decimal
DEFAULTS = {
    "heat_without_stop": D(1),
    "margin_age_ms": 2_000,
    "max_order_qty": D(10_000), "max_order_usd": D(25_000), "max_symbol_qty": D(20_000),
    "max_symbol_usd": D(50_000), "max_symbol_weight": D("0.20"), "cluster_correlation": D("0.7"),
    "max_gross": D(1), "max_gross_usd": D(1_000_000), "max_net": D(1), "max_open_positions": 20,
    "max_open_orders": 100, "max_entries_pending": 1, "max_daily_loss": D("0.02"),
    "switch_daily_loss": D("0.05"), "switch_drawdown": D("0.10"),
    "max_drawdown": D("0.10"), "max_orders_per_s": 10, "max_orders_per_min": 30,
    "max_orders_per_day": 1_000, "max_losses_row": 0, "cancel_ratio_orders": 20, "cooldown_ms": 0,
    "price_collar": D("0.03"), "max_quote_age_ms": 5_000, "max_quote_lead_ms": 1_000,
    "duplicate_window_ms": 1_000, "restart_quiet_ms": 120_000,
}  # fmt: skip
"""What may be risked where nobody says anything: to raise one of these is a decision."""


def test_by_itself_nothing_may_be_entered_and_every_limit_is_strict() -> None:
    by_itself = Limits()
    assert {name: getattr(by_itself, name) for name in DEFAULTS} == DEFAULTS
    others = {*by_itself.__struct_fields__} - {*DEFAULTS}
    assert not any(getattr(by_itself, name) for name in others), others


def test_by_itself_the_switch_trips_as_the_page_says() -> None:
    rules = TripRules()
    waits = (rules.stale_after_ms, rules.max_skew_ms, rules.hung_ms, rules.disconnected_ms)
    assert waits == (30_000, 1_000, 1_500, 30_000)
    assert (rules.max_rejects, rules.rejects_within_ms) == (5, 60_000)
    assert (rules.dead_man_ms, rules.max_position_loss) == (None, None)


def test_a_limit_that_looks_back_or_at_pairs_says_so() -> None:
    assert not WIDE.looks_back
    assert not WIDE.looks_together
    for name in ("max_volume_share", "max_volatility"):
        assert limits(**{name: D("0.5")}).looks_back
    for name in ("max_pair_correlation", "max_cluster_weight"):
        assert limits(**{name: D("0.5")}).looks_together


@pytest.mark.parametrize("share", ["0", "20"])
def test_a_strategys_share_may_be_nothing_and_as_much_as_can_be_borrowed(share: str) -> None:
    assert limits(max_strategy_weight={"s": D(share)}).max_strategy_weight == {"s": D(share)}


def test_a_fold_knows_halts_rejects_and_when_a_person_last_did_something() -> None:
    fold = SwitchFold()
    assert fold.state().person_ns is None
    tripped = SwitchTripped(
        level="reduce", scope="all", trigger="person", why="w", who="ann", wall_ns=5
    )
    fold.apply(tripped)
    assert fold.person_ns == 5
    fold.apply(msgspec.structs.replace(tripped, who="file", wall_ns=9))
    fold.apply(msgspec.structs.replace(tripped, who="  ", wall_ns=9))
    assert fold.person_ns == 5, "a file is no person"
    fold.apply(SwitchCleared(scope="all", who="ann", why="w", wall_ns=7))
    fold.apply(SwitchCleared(scope="all", who="ann", why="w", wall_ns=6))
    assert (fold.person_ns, fold.switch.trips) == (7, ())
    for con_id in (3, 1, 2):
        fold.apply(SymbolHalted(con_id=con_id, why="w", wall_ns=1))
    fold.apply(SymbolResumed(con_id=3, who="ann", why="w", wall_ns=1))
    assert fold.state().halted == (1, 2)
    for number in range(REJECTS + 3):
        for ending in (Ending.REJECTED, Ending.FILLED):
            done = OrderDone(
                ref=f"r{number}", ending=ending, cum_filled=D(0), code=201, why="w", wall_ns=number
            )
            fold.apply(done)
    assert fold.state().rejects_ns == tuple(range(3, REJECTS + 3))
    assert SwitchFold(fold.state()).state() == fold.state()


def test_what_a_person_did_by_the_command_line_is_a_sign_of_life() -> None:
    fold = SwitchFold()
    fields = {"who": "ann", "wall_ns": 8}
    rest: dict[str, Any] = {
        each.name: each.type() if isinstance(each.type, type) else ""
        for each in msgspec.structs.fields(OperatorActed)
        if each.required and each.name not in fields
    }
    fold.apply(OperatorActed(**{**rest, **fields}))
    assert fold.person_ns == 8


def test_a_gate_takes_over_what_was_approved_and_every_changed_limit_the_last_change_last() -> None:
    fold = GateFold()
    for name, value in (("max_order_qty", 5), ("max_gross", 2), ("max_order_qty", 7)):
        fold.apply(LimitChanged(name=name, value=D(value), who="ann", wall_ns=1))
    changed = [(each.name, each.value) for each in fold.state().changed]
    assert changed == [("max_gross", D(2)), ("max_order_qty", D(7))]
    assert GateFold(fold.state()).state() == fold.state()
    first = Gate(limits(max_orders_per_day=1))
    assert not hasattr(first.judge(intent(), view(), NOW), "code")
    again = Gate(limits(max_orders_per_day=1))
    again.restore(first._past.state(), fold.state().changed)
    assert again.limits.max_gross == 2
    assert again.limits.max_order_qty == 7
    assert getattr(again.judge(intent(cause="b"), view(), NOW), "code", "") == "rate_day"


def test_reservations_have_numbers_of_their_own() -> None:
    gate = Gate(WIDE, first=7)
    found = [gate.judge(intent(cause=str(n)), view(), NOW) for n in range(3)]
    assert [getattr(each, "reservation", 0) for each in found] == [7, 8, 9]


def test_an_order_of_the_managers_is_seen_with_all_that_counts() -> None:
    told = OrderView(
        ref="r", order_id=1, strategy="s", con_id=2, symbol="KO", side="SELL",
        state=OrderState.WORKING, qty=D(9), filled=D(4), reserved=D(5), reduces=True,
        protects=True, yields=True, order_type="STP", perm_id=1, parent_ref="p",
    )  # fmt: skip
    seen = WorkingOrder.of(told)
    assert seen == WorkingOrder(
        ref="r", con_id=2, side=Side.SELL, qty=D(5), group="p", strategy="s", reduces=True,
        yields=True, protects=True,
    )  # fmt: skip


def test_a_gate_explains_every_check_of_an_entry_and_only_those_of_an_exit() -> None:
    entry = Gate(limits(max_order_qty=D(3))).explain(intent(qty=5), view(), NOW)
    assert isinstance(entry, Explained)
    assert [each.code for each in entry.checks] == [code for code, _ in (*FOR_ALL, *FOR_ENTRIES)]
    assert all(each.asked and each.rule for each in entry.checks)
    assert {each.code for each in entry.checks if each.why} == {"order_qty"}
    assert (entry.reduces, entry.most, entry.position) == (False, D(3), D(0))
    assert (entry.low, entry.high, entry.worth, entry.price) == (D(0), D(5), D(500), D(100))
    (row,) = (each for each in entry.checks if each.code == "order_qty")
    assert row.limits == {"max_order_qty": "3"}
    leave = Gate(WIDE).explain(leaving(qty=2), view(aapl=5), NOW)
    assert isinstance(leave, Explained)
    assert leave.reduces
    assert [each.asked for each in leave.checks] == [True] * len(FOR_ALL) + [False] * len(
        FOR_ENTRIES
    )
    assert not any(each.why for each in leave.checks)
    assert Purpose.EXIT is leaving().purpose


def test_a_limit_is_shown_as_people_read_it() -> None:
    shown = Gate(limits(max_strategy_weight={"b": D(1), "a": D(2)})).explain(intent(), view(), NOW)
    assert isinstance(shown, Explained)
    found = {name: text for each in shown.checks for name, text in each.limits.items()}
    assert found["allowed_symbols"] == "AAPL, KO, SPY"
    assert found["restricted_symbols"] == "none"
    assert found["max_sector_weight"] == "not looked at"
    assert found["max_strategy_weight"] == "a 2, b 1"
    of_checks = {name for names in LIMITS_OF.values() for name in names}
    trip = {"switch_daily_loss", "switch_drawdown"}
    assert of_checks | trip == {*Limits().__struct_fields__}


def test_the_page_has_every_check() -> None:
    page = Path(str(robotrader.__file__)).parents[1] / "docs" / "risk.md"
    told = set(re.findall(r"^\| `(\w+)` \| (?:all|entries)", page.read_text(), re.MULTILINE))
    assert told == {"malformed", *(code for code, _ in (*FOR_ALL, *FOR_ENTRIES))}
