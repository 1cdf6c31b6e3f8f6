"""How far limits are used, as ``risk limits`` shows it: sums by hand, and what the gate judges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Leg, OrderType, Side
from robotrader.domain.records import Ending, OrderDone, OrderIntended
from robotrader.risk import Correlations, Gate, Reservation, RiskView, Switch, WorkingOrder, ratio
from robotrader.risk.heat import StopAt
from robotrader.risk.report import Use
from tests.robotrader.ledger.kit import AAPL, KO
from tests.robotrader.risk.kit import (
    MINUTE,
    NOW,
    SPY,
    account,
    code,
    intent,
    limits,
    other,
    view,
)

D = Decimal
STOP_95 = StopAt(trigger=D(95))
SIDES = {AAPL.con_id: 0, KO.con_id: 1}
TOGETHER = Correlations(SIDES, ((1.0, 0.8), (0.8, 1.0)), 250)
APART = Correlations(SIDES, ((1.0, 0.1), (0.1, 1.0)), 250)
LOOKED_AT: dict[str, Any] = {
    "max_heat": ratio(1),
    "max_sector_weight": ratio(1),
    "max_cluster_weight": ratio(1),
    "max_strategy_weight": {"s": ratio(1)},
    "max_daily_loss_usd": D(9_000),
    "max_losses_row": 3,
    "max_cancel_ratio": ratio("0.5"),
}


def used(seen: RiskView | None = None, gate: Gate | None = None, **changed: Any) -> dict[str, Any]:
    found = (gate or Gate(limits(**changed))).usage(seen or view(), NOW)
    assert len({each.name for each in found}) == len(found)
    return {each.name: each.used for each in found}


def entered(ref: str) -> OrderIntended:
    return OrderIntended(
        ref=ref, order_id=1, generation=1, symbol="AAPL", con_id=AAPL.con_id,
        account="DU1", side="BUY", qty=D(1), order_type="MKT", strategy="s", wall_ns=NOW,
    )  # fmt: skip


def protecting(qty: int, stop: StopAt = STOP_95) -> WorkingOrder:
    sold = WorkingOrder(ref="s", con_id=AAPL.con_id, side=Side.SELL, qty=D(qty))
    return replace(sold, reduces=True, yields=True, protects=True, stop=stop)


def test_the_use_of_limits_counts_what_is_on_its_way() -> None:
    seen = view(aapl=10, ko=-20, others=(other("BUY", 5),))
    found = used(seen)
    assert seen.ledger is not None
    assert seen.ledger.equity == 100_000
    assert found["max_gross"] == D("0.035")
    assert found["max_gross_usd"] == 3500
    assert found["max_net"] == D("0.01"), "the sales alone: 1000 less 2000"
    assert found["max_symbol_usd"] == 2000
    assert found["max_symbol_weight"] == D("0.02")
    assert found["max_symbol_qty"] == 20
    assert found["max_daily_loss"] == found["max_drawdown"] == 0
    assert found["max_open_positions"] == 2
    assert found["max_open_orders"] == 1
    assert found["max_orders_per_day"] == found["max_orders_per_min"] == 0


def test_what_is_lost_is_used_of_the_loss_limits() -> None:
    found = used(view(aapl=1_000, mark=99.0), max_daily_loss_usd=D(5_000))
    assert found["max_daily_loss"] == found["max_drawdown"] == D("0.01")
    assert found["switch_daily_loss"] == found["switch_drawdown"] == D("0.01")
    assert found["max_daily_loss_usd"] == 1_000
    assert used(view(aapl=1_000, mark=101.0), max_daily_loss_usd=D(5))["max_daily_loss_usd"] == 0


def test_without_a_ledger_no_use_is_known() -> None:
    found = Gate(limits(**LOOKED_AT)).usage(view(ledger=None, others=None), NOW)
    assert {each.used for each in found} == {None}
    assert {each.part for each in found} == {None}


@pytest.mark.parametrize("missing", ["ledger", "others"])
def test_without_positions_or_without_orders_no_worth_is_known(missing: str) -> None:
    nothing: dict[str, Any] = {missing: None}
    found = used(view(aapl=1, **nothing), **LOOKED_AT)
    worths = [name for name in found if name.startswith(("max_gross", "max_net", "max_symbol"))]
    others = ["max_heat", "max_sector_weight", "max_cluster_weight", "max_open_positions"]
    assert [name for name in (*worths, *others) if found[name] is not None] == []


def test_what_is_not_looked_at_is_not_shown_and_what_is_looked_at_is() -> None:
    names = {each.partition(" ")[0] for each in used(**LOOKED_AT)}
    assert names - used().keys() == LOOKED_AT.keys()


@pytest.mark.parametrize(
    ("others", "bare", "heat"),
    [
        ((), "1", "0.01"),
        ((), "0.5", "0.005"),
        ((protecting(10),), "1", "0.0005"),
        ((protecting(4),), "1", "0.0062"),
    ],
)
def test_the_heat_of_the_account_is_what_its_stops_and_what_has_none_would_lose(
    others: tuple[WorkingOrder, ...], bare: str, heat: str
) -> None:
    """Ten shares of 100 USD: a stop at 95 loses 5 of each, no stop what ``bare`` says of 100."""
    seen = view(aapl=10, others=others)
    found = used(seen, max_heat=ratio("0.5"), heat_without_stop=ratio(bare))
    assert found["max_heat"] == D(heat)


def test_an_entry_and_its_stop_are_heat_before_they_work() -> None:
    gate = Gate(limits(max_heat=ratio(1)))
    leg = Leg(order_type=OrderType.STOP, aux_price=D(98))
    assert code(gate.judge(intent(qty=10, legs=(leg,)), view(), NOW)) == ""
    assert used(gate=gate)["max_heat"] == D("0.0002"), "ten shares lose 2 of 100,000 each"


def test_a_sector_counts_what_has_no_sector_too() -> None:
    seen = view(aapl=10, ko=20)
    assert used(seen, max_sector_weight=ratio(1))["max_sector_weight"] == D("0.02")
    unknown = msgspec.structs.replace(seen, sectors={KO.con_id: "drinks"})
    assert used(unknown, max_sector_weight=ratio(1))["max_sector_weight"] == D("0.03")
    assert used(max_sector_weight=ratio(1))["max_sector_weight"] == 0


def test_what_has_no_sector_is_no_sector_of_its_own() -> None:
    seen = msgspec.structs.replace(view(aapl=10, ko=20), sectors={})
    assert used(seen, max_sector_weight=ratio(1))["max_sector_weight"] == D("0.03")


@pytest.mark.parametrize(("known", "weight"), [(TOGETHER, "0.03"), (APART, "0.02"), (None, "0.03")])
def test_the_largest_cluster_is_shown_and_unknown_correlations_make_one_of_all(
    known: Correlations | None, weight: str
) -> None:
    seen = view(aapl=10, ko=-20, correlations=known)
    assert used(seen, max_cluster_weight=ratio(1))["max_cluster_weight"] == D(weight)


def test_each_budget_is_shown_with_what_its_strategy_has_on_its_way() -> None:
    gate = Gate(limits(max_strategy_weight={"s": ratio(1), "other": ratio(1)}))
    assert code(gate.judge(intent(qty=10, strategy="s/AAPL"), view(), NOW)) == ""
    found = used(gate=gate)
    assert found["max_strategy_weight of s"] == D("0.01")
    assert found["max_strategy_weight of other"] == 0


def test_a_budget_is_used_by_what_is_held_at_the_prices_of_now() -> None:
    seen = view(aapl=10, mark=110.0)
    assert seen.ledger is not None
    assert seen.ledger.equity == 100_100
    found = used(seen, max_strategy_weight={"s": ratio(1)})
    assert found["max_strategy_weight of s"] == (D(1_100) / D(100_100)).quantize(D("1e-8"))


def test_losses_in_a_row_count_from_where_a_person_forgave_them() -> None:
    ledger = replace(account(), losses_ns=(30, 20, 10))
    assert used(view(ledger=ledger), max_losses_row=5)["max_losses_row"] == 3
    forgiven = view(ledger=ledger, switch=Switch(forgiven_ns=20))
    assert used(forgiven, max_losses_row=5)["max_losses_row"] == 1
    assert used(view(ledger=ledger, switch=None), max_losses_row=5)["max_losses_row"] is None


def test_the_part_of_entries_that_were_cancelled_is_shown() -> None:
    gate = Gate(limits(max_cancel_ratio=ratio("0.5")))
    assert used(gate=gate)["max_cancel_ratio"] == 0, "no entries, none cancelled"
    for number in range(4):
        gate.seen(entered(f"r{number}"))
    gate.seen(OrderDone(ref="r0", ending=Ending.CANCELLED))
    assert used(gate=gate)["max_cancel_ratio"] == D("0.25")


def test_orders_of_the_last_second_and_minute_are_counted_apart() -> None:
    gate = Gate(limits(max_quote_lead_ms=60_000))
    for ago in (MINUTE, MINUTE - 1, 1_000_000_000, 999_999_999, 0):
        assert code(gate.judge(intent(cause=str(ago)), view(), NOW - ago)) == ""
    found = used(gate=gate)
    assert (found["max_orders_per_s"], found["max_orders_per_min"]) == (2, 4)
    assert found["max_orders_per_day"] == 5


def test_a_part_is_of_the_limit_and_unknown_where_the_limit_is_nothing() -> None:
    assert Use("x", D(1), D(4)).part == 0.25
    assert Use("x", D(1), D(0)).part is Use("x", None, D(1)).part is None


@pytest.mark.parametrize(("equity", "used_up"), [("0.5", 200), (1, 100), (0, None), (-1, None)])
def test_a_part_of_equity_is_known_as_soon_as_there_is_any(
    equity: int | str, used_up: int | None
) -> None:
    seen = view(ledger=replace(account(aapl=1), equity=D(equity)))
    assert used(seen)["max_gross_usd"] == 100
    assert used(seen)["max_gross"] == used_up


# -- a bracket is as many orders as it has --


LEGS = (
    Leg(order_type=OrderType.LIMIT, limit_price=D(120)),
    Leg(order_type=OrderType.STOP, aux_price=D(90)),
)


@given(working=st.integers(0, 5), legs=st.integers(0, 2), brackets=st.integers(0, 2))
def test_every_leg_counts_as_an_order_from_its_entrys_approval_on(
    working: int, legs: int, brackets: int
) -> None:
    """The limit passes exactly; one order more does not."""
    strangers = tuple(other("BUY", 1) for _ in range(working))
    seen, before = view(others=strangers), working + 3 * brackets
    wanted = intent(legs=LEGS[:legs], cause="the last")
    for most, verdict in ((before + 1 + legs, ""), (before + legs, "open_orders")):
        gate = Gate(limits())
        for number in range(brackets):
            assert code(gate.judge(intent(legs=LEGS, cause=str(number)), seen, NOW)) == ""
        assert used(seen, gate=gate)["max_open_orders"] == before
        gate.limits = limits(max_open_orders=most)
        assert code(gate.judge(wanted, seen, NOW)) == verdict


@pytest.mark.parametrize(
    ("legs", "shown", "count"),
    [(2, 0, 3), (2, 1, 3), (2, 2, 3), (2, 3, 4), (0, 0, 1), (0, 2, 3)],
)
def test_a_leg_that_works_is_not_counted_twice(legs: int, shown: int, count: int) -> None:
    entry = Reservation(
        number=7, con_id=AAPL.con_id, sign=1, qty=D(1), price=None, reduces=False, strategy="s",
        cause="c", legs=legs,
    )  # fmt: skip
    gate = Gate(limits())
    gate.hold(entry)
    working = replace(other("SELL", 1), strategy="s", cause="c")
    seen = view(others=(working,) * shown)
    assert used(seen, gate=gate)["max_open_orders"] == count
    for stranger in ({"cause": "d"}, {"strategy": "t"}, {"con_id": SPY.con_id}):
        others = view(others=(replace(working, **stranger),))
        assert used(others, gate=gate)["max_open_orders"] == 2 + legs
