"""What must never happen, whatever orders and bars come."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import OrderType, TimeInForce
from robotrader.venue import Executed, NoCommission, OrderUpdated, VenueRules
from tests.examples import times
from tests.robotrader.venue.kit import AAPL, ACCOUNT, Market

CENTS = st.integers(800, 1200).map(lambda cents: cents / 100)
KINDS = st.sampled_from([kind for kind in OrderType if kind is not OrderType.RELATIVE])


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(KINDS)
    fields: dict[str, Any] = {"side": draw(st.sampled_from(["BUY", "SELL"])), "kind": kind.value}
    fields["qty"] = draw(st.integers(1, 50)) * 10
    if kind in {
        OrderType.LIMIT,
        OrderType.STOP_LIMIT,
        OrderType.LIMIT_IF_TOUCHED,
        OrderType.LIMIT_ON_CLOSE,
    }:
        fields["limit_price"] = draw(CENTS)
    if kind in {OrderType.TRAIL, OrderType.TRAIL_LIMIT}:
        fields["aux_price"] = draw(st.integers(1, 200)) / 100
    elif kind not in {OrderType.MARKET, OrderType.LIMIT}:
        fields["aux_price"] = draw(CENTS)
    if kind is OrderType.TRAIL_LIMIT:
        fields["limit_offset"] = draw(st.integers(0, 50)) / 100
    if kind in {OrderType.MARKET, OrderType.LIMIT, OrderType.STOP}:
        fields["tif"] = draw(
            st.sampled_from([tif for tif in TimeInForce if tif is not TimeInForce.GTD])
        )
    if draw(st.booleans()):
        fields["oca_group"] = draw(st.sampled_from("gh"))
        fields["oca_type"] = draw(st.integers(1, 3))
    if draw(st.integers(0, 3)) == 0:
        fields["parent_id"] = draw(st.integers(1, 6))
    fields["all_or_none"] = draw(st.integers(0, 4)) == 0
    return fields


@st.composite
def bars(draw: st.DrawFn) -> tuple[float, float, float, float, float]:
    low, high = sorted((draw(CENTS), draw(CENTS)))
    inside = st.integers(round(low * 100), round(high * 100)).map(lambda cents: cents / 100)
    return draw(inside), high, low, draw(inside), float(draw(st.integers(0, 5_000)))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), orders()),
        st.tuples(st.just("bar"), bars()),
        st.tuples(st.just("cancel"), st.integers(1, 12)),
        st.tuples(st.just("day"), st.none()),
    ),
    max_size=40,
)


def play(steps: list[Any], **options: Any) -> tuple[Market, list[tuple[Any, float, float]]]:
    """Run the steps; also return each execution with the range of the bar it was in."""
    market = Market(cash=10**9, **options)
    found: list[tuple[Any, float, float]] = []
    for verb, what in steps:
        before = len(market.events)
        if verb == "order":
            market.order(**what)
        elif verb == "bar":
            market.bar(*what)
            new = market.events[before:]
            found += [(e.execution, what[2], what[1]) for e in new if isinstance(e, Executed)]
        elif verb == "cancel":
            market.cancel(what)
        else:
            market.advance(market.venue.sessions.next_roll_ns(market.now_ns))
    return market, found


@times(2)
@given(steps=STEPS, participation=st.sampled_from([None, 0.1]))
def test_fills_stay_inside_bars_limits_and_quantities(
    steps: list[Any], participation: float | None
) -> None:
    market, found = play(steps, rules=VenueRules(participation=participation))
    placed = {e.state.key: e.state.order for e in market.events if isinstance(e, OrderUpdated)}
    filled: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for execution, low, high in found:
        order = placed[execution.key]
        assert low <= float(execution.price) <= high
        assert execution.qty > 0
        filled[execution.key] += execution.qty
        assert filled[execution.key] == execution.cum_qty <= order.qty
        if order.order_type in {OrderType.LIMIT, OrderType.STOP_LIMIT} and order.limit_price:
            assert (execution.price - order.limit_price) * order.side.sign <= 0


@times(2)
@given(steps=STEPS)
def test_an_end_is_an_end_and_remaining_is_never_negative(steps: list[Any]) -> None:
    market, _ = play(steps)
    over = set()
    for event in market.events:
        if isinstance(event, OrderUpdated):
            state = event.state
            assert state.key not in over, "nothing is said of an order after its end"
            assert state.remaining >= 0
            assert state.filled + state.remaining == state.order.qty
            if state.status.over:
                over.add(state.key)
    assert over.isdisjoint(market.venue.live)


@times(2)
@given(steps=STEPS)
def test_a_child_never_has_more_than_its_parent(steps: list[Any]) -> None:
    market, _ = play(steps, rules=VenueRules(participation=0.1))
    filled: defaultdict[int, Decimal] = defaultdict(Decimal)
    parents = {
        e.state.key.order_id: e.state.order.parent_id
        for e in market.events
        if isinstance(e, OrderUpdated)
    }
    for event in market.events:
        if isinstance(event, Executed):
            order_id = event.execution.key.order_id
            filled[order_id] += event.execution.qty
            if parents[order_id]:
                assert filled[order_id] <= filled[parents[order_id]]


@times(2)
@given(steps=STEPS)
def test_money_and_shares_are_conserved(steps: list[Any]) -> None:
    """Cash is what was paid and received less commissions; a flat account has realized it all."""
    market, _ = play(steps)
    account = market.books.accounts[ACCOUNT]
    cash, shares = Decimal(10**9), Decimal(0)
    for event in market.events:
        if isinstance(event, Executed):
            sign = 1 if event.execution.bought else -1
            cash -= sign * event.execution.qty * event.execution.price
            shares += sign * event.execution.qty
    assert account.cash == cash - account.commissions
    held = account.positions.get(AAPL.con_id)
    assert shares == (held.qty if held is not None else 0)


@times(2)
@given(steps=STEPS)
def test_a_flat_position_has_realized_exactly_the_change_of_cash(steps: list[Any]) -> None:
    market, _ = play([step for step in steps if step[0] != "day"], plan=NoCommission())
    if market.position:
        market.order("SELL" if market.position > 0 else "BUY", abs(market.position), tif="GTC")
        market.bar(10, 10, 10, 10)
    account = market.books.accounts[ACCOUNT]
    if not market.position and AAPL.con_id in account.positions:
        assert account.positions[AAPL.con_id].realized == account.cash - 10**9


@settings(max_examples=50)
@given(steps=STEPS)
def test_the_same_calls_give_the_same_events_byte_for_byte(steps: list[Any]) -> None:
    first, second = (msgspec.json.encode(play(steps)[0].events) for _ in range(2))
    assert first == second
