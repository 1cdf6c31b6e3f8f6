"""Exits pass where entries do not, and nothing that is called one makes a position grow (F69)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from robotrader.domain import Leg, OrderType, Purpose
from robotrader.domain.records import SwitchTripped
from robotrader.risk import Gate, RiskView, SessionState, Switch, WorkingOrder, ratio, usd
from tests.robotrader.ledger.kit import AAPL
from tests.robotrader.risk.kit import MS, NOW, code, intent, judged, leaving, limits, other, view


def blocked() -> dict[str, tuple[RiskView, dict[str, Any]]]:
    """Every state in which nothing may be entered, while ten shares are held."""
    tripped = Switch().after(SwitchTripped(level="pause", scope="all", trigger="person", why="w"))
    return {
        "switch": (view(aapl=10, switch=tripped), {}),
        "halted": (view(aapl=10, halted=frozenset({AAPL.con_id})), {}),
        "symbol": (view(aapl=10), {"allowed_symbols": frozenset()}),
        "restart": (view(aapl=10, restart_at_ns=NOW + 120_000 * MS), {}),
        "session": (view(aapl=10, sessions={AAPL.con_id: SessionState.CLOSED}), {}),
        "quote": (view(aapl=10, quotes={}), {}),
        "rate_minute": (view(aapl=10), {"max_orders_per_min": 0}),
        "rate_day": (view(aapl=10), {"max_orders_per_day": 0}),
        "entry_pending": (view(aapl=10), {"max_entries_pending": 0}),
        "order_qty": (view(aapl=10), {"max_order_qty": Decimal(0)}),
        "order_usd": (view(aapl=10), {"max_order_usd": usd(1)}),
        "position_qty": (view(aapl=10), {"max_symbol_qty": Decimal(1)}),
        "position_usd": (view(aapl=10), {"max_symbol_usd": usd(1)}),
        "position_weight": (view(aapl=10), {"max_symbol_weight": ratio(0)}),
        "gross": (view(aapl=10), {"max_gross": ratio(0)}),
        "gross_usd": (view(aapl=10), {"max_gross_usd": usd(1)}),
        "net": (view(aapl=10), {"max_net": ratio(0)}),
        "strategy": (view(aapl=10), {"max_strategy_weight": {"s": ratio(0)}}),
        "open_positions": (view(aapl=10), {"max_open_positions": 0}),
    }


@pytest.mark.parametrize("name", blocked())
def test_f69_where_entries_are_blocked_reductions_pass_and_no_more_than_is_held(name: str) -> None:
    seen, changed = blocked()[name]
    assert judged(intent(), seen, **changed) == name
    for purpose in (Purpose.EXIT, Purpose.STOP, Purpose.FLATTEN):
        assert judged(leaving(qty=10, purpose=purpose), seen, **changed) == ""
        assert judged(leaving(qty=11, purpose=purpose), seen, **changed) == "exit_grows"
        assert judged(leaving("BUY", 1, purpose), seen, **changed) == "exit_grows"


def test_f69_two_exits_never_close_more_than_is_held() -> None:
    gate = Gate(limits())
    assert code(gate.judge(leaving(qty=6), view(aapl=10), NOW)) == ""
    assert code(gate.judge(leaving(qty=5), view(aapl=10), NOW)) == "exit_grows"
    assert code(gate.judge(leaving(qty=4), view(aapl=10), NOW)) == ""
    gate.release(1, Decimal(6))
    assert code(gate.judge(leaving(qty=5), view(aapl=4), NOW)) == "exit_grows"


def test_f69_an_entry_never_takes_the_shares_that_a_pending_exit_closes() -> None:
    gate = Gate(limits())
    assert code(gate.judge(leaving(qty=10), view(aapl=10), NOW)) == ""
    assert code(gate.judge(intent("SELL", 20), view(aapl=10), NOW)) == "exit_pending"
    assert code(gate.judge(intent("SELL", 1), view(aapl=10), NOW)) == "exit_pending"
    assert code(gate.judge(intent("BUY", 1), view(aapl=10), NOW)) == ""
    stop = other("SELL", 10, group="g")
    assert judged(intent("SELL", 20), view(aapl=10, others=(stop,))) == "exit_pending"
    assert judged(intent("SELL", 20), view(aapl=10)) == "", "a flip"
    assert judged(intent("SELL", 20), view(aapl=-10, others=(stop,))) == "", "more of a short"


def test_f74_a_stop_gives_way_to_an_exit_and_not_to_another_stop() -> None:
    stop = leaving(qty=10, purpose=Purpose.STOP)
    gate = Gate(limits())
    assert code(gate.judge(stop, view(aapl=10), NOW)) == ""
    assert code(gate.judge(stop, view(aapl=10), NOW)) == "exit_grows"
    assert code(gate.judge(leaving(qty=10), view(aapl=10), NOW)) == ""
    assert code(gate.judge(leaving(qty=1), view(aapl=10), NOW)) == "exit_grows", "two exits"
    assert code(gate.judge(stop, view(aapl=10), NOW)) == "exit_grows", "what leaves needs no stop"


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.FLATTEN])
def test_f69_working_stops_and_legs_do_not_hold_a_position_back(purpose: Purpose) -> None:
    resting = msgspec.structs.replace(other("SELL", 10), yields=True, protects=True)
    profit = msgspec.structs.replace(other("SELL", 10, group="g"), yields=True)
    seen = view(aapl=10, others=(resting, profit))
    assert judged(leaving(qty=10, purpose=purpose), seen) == ""
    assert judged(leaving(qty=11, purpose=purpose), seen) == "exit_grows"
    assert judged(leaving(qty=1, purpose=Purpose.STOP), seen) == "exit_grows"
    lonely = view(aapl=10, others=(profit,))
    assert judged(leaving(qty=10, purpose=Purpose.STOP), lonely) == "", "it joins the profit"


def leg(qty: int, group: str = "e", **fields: Any) -> WorkingOrder:
    """Return the stop of a bracket."""
    order = other("SELL", qty, group=group)
    return msgspec.structs.replace(order, reduces=True, yields=True, protects=True, **fields)


@pytest.mark.parametrize(("left", "sold"), [(10, 0), (6, 0), (6, 3), (0, 0), (0, 4)])
def test_f74_what_an_entry_has_not_brought_yet_is_no_reason_to_refuse_a_stop(
    left: int, sold: int
) -> None:
    """Ten are held and lack their stop; an entry of ten has ``left``, its leg has ``sold``."""
    brought = 10 - left
    entry = msgspec.structs.replace(other("BUY", left), ref="e")
    working = (entry, leg(10 - sold)) if left else (leg(10 - sold),)
    seen = view(aapl=10 + brought - sold, others=working)
    for qty in (1, 10):
        assert judged(leaving(qty=qty, purpose=Purpose.STOP), seen) == ""
    assert judged(leaving(qty=11, purpose=Purpose.STOP), seen) == "exit_grows"


def test_f74_the_entry_that_a_leg_sleeps_for_may_be_held_by_the_gate_and_is_its_own() -> None:
    gate = Gate(limits())
    stop = leaving(qty=10, purpose=Purpose.STOP)
    entry = intent(qty=10)
    assert code(gate.judge(entry, view(aapl=10), NOW)) == ""
    mine = leg(10, strategy=entry.strategy, cause=entry.cause)
    assert code(gate.judge(stop, view(aapl=10, others=(mine,)), NOW)) == ""
    gate.release(gate.newest.number, gate.newest.qty)
    for other_one in ({"strategy": "t"}, {"cause": "c"}, {"con_id": AAPL.con_id + 1}):
        seen = view(aapl=10, others=(msgspec.structs.replace(mine, **other_one), leg(10, "f")))
        assert code(gate.judge(stop, seen, NOW)) == "exit_grows"
    gate.release(1, Decimal(10))
    assert code(gate.judge(stop, view(aapl=10, others=(mine,)), NOW)) == "exit_grows"


def test_f74_a_leg_of_no_group_and_one_that_opens_are_what_they_are() -> None:
    stop = leaving(qty=10, purpose=Purpose.STOP)
    entry = msgspec.structs.replace(other("BUY", 10), ref="")
    assert judged(stop, view(aapl=10, others=(entry, leg(10, group="")))) == "exit_grows"
    closes = msgspec.structs.replace(other("BUY", 10), ref="e", reduces=True)
    assert judged(stop, view(aapl=10, others=(closes, leg(10)))) == "exit_grows"


def test_f54_stale_prices_block_entries_and_no_exit() -> None:
    seen = view(aapl=10, stale=frozenset({AAPL.con_id}))
    assert judged(intent(), seen) == "quote"
    assert judged(leaving(qty=10), seen) == ""


def test_an_exit_with_legs_is_none() -> None:
    leg = Leg(order_type=OrderType.STOP, aux_price=Decimal(90))
    wanted = msgspec.structs.replace(leaving(qty=5), legs=(leg,))
    assert judged(wanted, view(aapl=5)) == "exit_grows"
    assert judged(intent(legs=(leg,))) == ""


def test_f69_an_exit_that_has_just_passed_or_is_held_again_counts_in_the_same_world() -> None:
    """Nothing is new in the world but what the gate itself holds."""
    gate, seen = Gate(limits()), view(aapl=10)
    assert code(gate.judge(leaving(qty=6), seen, NOW)) == ""
    assert code(gate.judge(leaving(qty=5), seen, NOW)) == "exit_grows"
    first = gate.newest
    gate.release(first.number, first.qty)
    assert code(gate.judge(leaving(qty=10), seen, NOW)) == ""
    gate.release(gate.newest.number, gate.newest.qty)
    assert code(gate.judge(leaving(qty=1), seen, NOW)) == ""
    assert code(gate.judge(leaving(qty=10), seen, NOW)) == "exit_grows"
    gate.hold(first)
    assert code(gate.judge(leaving(qty=4), seen, NOW)) == "exit_grows", "1 and 6 are being closed"
    assert code(gate.judge(leaving(qty=3), seen, NOW)) == ""
