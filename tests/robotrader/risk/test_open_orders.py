"""Orders that no reservation stands for are those of a plain dictionary, also in a view of then."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Leg, OrderType, Quote, Refusal, Side
from robotrader.ledger.log import Log
from robotrader.risk import Gate, WorkingOrder
from robotrader.risk.view import Moved, OpenOrders
from tests.robotrader.risk.kit import NOW, STOCKS, code, intent, limits, view

ORDERS = st.builds(
    WorkingOrder,
    ref=st.sampled_from("abc"),
    con_id=st.sampled_from([1, 2]),
    side=st.just(Side.BUY),
    qty=st.sampled_from([Decimal(1), Decimal(2)]),
)
STEPS = st.lists(ORDERS | st.sampled_from("abc"), max_size=10)
"""An order comes or is another now, or the one of that name is dropped."""


def of(orders: tuple[WorkingOrder, ...], con_id: int) -> set[WorkingOrder]:
    return {each for each in orders if each.con_id == con_id}


def moved(orders: OpenOrders) -> Moved:
    return Moved(Log[int]().mark(), Log[str]().mark(), orders.mark(), orders)


@settings(max_examples=50)
@given(STEPS)
def test_whatever_comes_changes_and_goes_each_contract_has_its_own_and_says_what_is_new(
    steps: list[WorkingOrder | str],
) -> None:
    orders, plain = OpenOrders(), dict[str, WorkingOrder]()
    for step in steps:
        mark, before = orders.mark(), orders.all()
        if isinstance(step, str):
            orders.drop(step)
            plain.pop(step, None)
        else:
            orders.put(step)
            plain[step.ref] = step
        assert {*orders.all()} == {*plain.values()}
        assert len(orders.all()) == len(plain)
        for con_id in (1, 2):
            own = orders.of(con_id)
            assert {*own} == of(orders.all(), con_id)
            is_new = {*own} != of(before, con_id)
            assert (con_id in (orders.mark().since(mark) or ())) is is_new


def test_an_order_that_is_another_now_stays_in_its_place() -> None:
    orders = OpenOrders()
    first, second = (
        WorkingOrder(ref=ref, con_id=1, side=Side.BUY, qty=Decimal(1)) for ref in ("a", "b")
    )
    less = WorkingOrder(ref="a", con_id=1, side=Side.BUY, qty=Decimal("0.5"))
    for each in (first, second, less):
        orders.put(each)
    assert orders.all() == orders.of(1) == (less, second)


@settings(max_examples=50)
@given(STEPS, STEPS)
def test_a_view_has_the_orders_of_its_time_whatever_came_later(
    steps: list[WorkingOrder | str], later: list[WorkingOrder | str]
) -> None:
    orders = OpenOrders()
    for step in steps:
        orders.drop(step) if isinstance(step, str) else orders.put(step)
    seen, then = orders.all(), moved(orders)
    for step in later:
        orders.drop(step) if isinstance(step, str) else orders.put(step)
    for con_id in (1, 2):
        assert {*then.orders_of(con_id, seen)} == of(seen, con_id)


def test_what_has_just_passed_counts_at_once_and_after_a_price_has_moved_as_often() -> None:
    """It is taken over as it was weighed, and added up with the others once something is new."""
    gate, seen = Gate(limits(max_open_orders=4, max_symbol_qty=Decimal(12))), view()
    stop = (Leg(order_type=OrderType.STOP, aux_price=Decimal(95)),)
    for at, (legs, qty) in enumerate((((), 5), (stop, 5))):
        assert code(gate.judge(intent(qty=qty, legs=legs, cause=f"c{at}"), seen, NOW)) == ""
    for price in (100.0, 99.0, 101.0):
        quoted = {each: Quote(each, NOW, price, price, 5, 5) for each in STOCKS}
        seen = replace(seen, quotes=quoted)
        assert code(gate.judge(intent(qty=3), seen, NOW)) == "position_qty"
        found = gate.judge(intent(qty=1, legs=stop), seen, NOW)
        assert isinstance(found, Refusal)
        assert found.why == "3 orders are on their way, it would be 2 more, 4 may be"
    gate.release(2, Decimal(5))
    assert code(gate.judge(intent(qty=1, legs=stop), seen, NOW)) == ""
    assert code(gate.judge(intent(qty=1, cause="c9"), seen, NOW)) == ""
    assert code(gate.judge(intent(qty=1, cause="c10"), seen, NOW)) == "open_orders"
