"""Time at the venue: what is due happens first, nothing is dated before it was, restarts are
invisible."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import Bar, OrderKey
from robotrader.venue import (
    Executed,
    Locates,
    OrderUpdated,
    SessionTable,
    VenueEvent,
    VenueRules,
    restore,
    take,
)
from tests.examples import times
from tests.robotrader.venue.kit import AAPL, KO, MINUTE_NS, Market
from tests.robotrader.venue.test_life import DAY_NS, NEXT, OPEN


def executions(market: Market) -> list[Any]:
    return [event.execution for event in market.events if isinstance(event, Executed)]


def test_an_execution_is_not_dated_before_its_order() -> None:
    """The quote stood for an hour when the order came."""
    market = Market()
    market.quote(9.9, 10.0)
    market.now_ns += 60 * MINUTE_NS
    market.order("BUY", 100)
    (execution,) = executions(market)
    assert execution.time_ns == market.now_ns


def test_a_day_order_that_is_over_does_not_fill_because_nobody_let_time_pass() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)))
    order = market.order("BUY", 100, "LMT", limit_price=10.0)
    market.now_ns = NEXT.open_ns
    market.quote(9.9, 10.0)
    assert market.fills() == []
    assert market.status(order) == "Cancelled"


def test_the_closing_auction_comes_before_what_is_asked_after_it() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)))
    market.bar(10, 11, 9, 10)
    order = market.order("BUY", 100, "MOC")
    market.now_ns = OPEN.close_ns + MINUTE_NS
    market.cancel(order)
    assert market.fills(order) == [(100, 10.0)]
    assert market.codes() == [10148]


def test_a_closing_auction_that_is_due_outlives_a_restart() -> None:
    """The last bar has come, the time after it has not; then the process ends."""
    market = Market(sessions=SessionTable((OPEN, NEXT)))
    order = market.order("BUY", 100, "MOC")
    market.now_ns = OPEN.close_ns - MINUTE_NS
    last = Bar(AAPL.con_id, market.now_ns, OPEN.close_ns, 10, 11, 9, 10.5, 10_000)
    market.events += market.venue.on_bar(last)
    market.now_ns = OPEN.close_ns
    market = restarted(market, sessions=SessionTable((OPEN, NEXT)))
    market.advance(OPEN.close_ns)
    assert market.fills(order) == [(100, 10.5)]


def test_a_bar_that_began_before_an_order_came_is_not_for_it() -> None:
    market = Market()
    order = market.order("BUY", 100)
    begun_ns = market.now_ns - MINUTE_NS // 2
    half = Bar(AAPL.con_id, begun_ns, begun_ns + MINUTE_NS, 9, 11, 9, 10, 10_000)
    market.events += market.venue.on_bar(half)
    assert market.fills(order) == []


def test_an_order_for_the_open_fills_at_the_open_or_not_at_all() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)), now_ns=OPEN.open_ns - MINUTE_NS)
    at_open = market.order("BUY", 100, "LMT", limit_price=10.0, tif="OPG")
    market_on_open = market.order("BUY", 100, "MOO")
    market.now_ns = OPEN.open_ns
    market.bar(11, 12, 9, 9.5)
    assert market.fills(market_on_open) == [(100, 11.0)]
    assert market.fills(at_open) == [], "10 was traded, but later than the open"
    assert market.status(at_open) == "Cancelled"


def test_a_stop_that_is_immediate_or_cancel_waits_for_its_trigger() -> None:
    market = Market()
    order = market.order("SELL", 100, "STP", aux_price=9.0, tif="IOC")
    market.bar(10, 11, 9.5, 10)
    assert market.status(order) == "PreSubmitted"
    market.bar(10, 10, 8, 9)
    assert market.fills(order) == [(100, 9.0)]


def test_an_order_is_at_the_exchange_once_it_opens() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)), now_ns=OPEN.close_ns)
    order = market.order("BUY", 100, "LMT", limit_price=5.0, tif="GTC")
    assert market.status(order) == "PreSubmitted"
    market.now_ns = NEXT.open_ns
    market.quote(9.9, 10.0)
    assert market.status(order) == "Submitted"


def test_trades_fill_where_there_are_no_quotes() -> None:
    market = Market()
    order = market.order("BUY", 150)
    market.trade(10.0, 100)
    market.trade(10.1, 100)
    assert market.fills(order) == [(100, 10.0), (50, 10.1)]


def test_a_trailing_stop_keeps_what_it_gained_when_only_its_size_is_changed() -> None:
    market = Market()
    order = market.order("SELL", 100, "TRAIL", aux_price=1.0, tif="GTC")
    market.bar(10, 15, 10, 14.5)
    market.order("SELL", 50, "TRAIL", aux_price=1.0, tif="GTC", key=order)
    market.bar(14.5, 14.5, 13, 13)
    assert market.fills(order) == [(50, 14.0)]


def test_a_modification_is_judged_by_the_account_too() -> None:
    market = Market(cash=10_000)
    market.quote(99.9, 100.0)
    order = market.order("BUY", 100, "LMT", limit_price=90.0)
    market.order("BUY", 10_000, "LMT", limit_price=90.0, key=order)
    assert market.codes() == [201]
    assert market.venue.live[OrderKey(1, order)].remaining == 100


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-Infinity", "1e300", "-1", "0"])
@pytest.mark.parametrize("name", ["limit_price", "aux_price", "trail_percent"])
def test_no_price_is_refused_with_words(name: str, price: str) -> None:
    kind = {"limit_price": "LMT", "aux_price": "STP", "trail_percent": "TRAIL"}[name]
    market = Market()
    wrong: dict[str, Any] = {name: Decimal(price)}
    order = market.order("BUY", 100, kind, **wrong)
    good: dict[str, dict[str, Any]] = {
        "limit_price": {"limit_price": 9.0},
        "aux_price": {"aux_price": 99.0},
    }
    assert market.codes() == [201]
    if name in good:
        order = market.order("BUY", 100, kind, **good[name])
        market.order("BUY", 100, kind, key=order, **wrong)
        assert market.codes() == [201, 201]


@pytest.mark.parametrize("qty", ["NaN", "Infinity", "1e300", "-5", "0.5"])
def test_no_quantity_is_refused_with_words(qty: str) -> None:
    market = Market()
    market.order("BUY", Decimal(qty))  # type: ignore[arg-type]
    market.order("BUY", 100, min_qty=Decimal(qty) * 1000)
    order = market.order("BUY", 100, "LMT", limit_price=1.0)
    market.order("BUY", Decimal(qty), "LMT", limit_price=1.0, key=order)  # type: ignore[arg-type]
    assert market.codes() == [201, 201, 201]


def test_a_short_sale_begins_when_its_shares_are_found() -> None:
    market = Market(locates=Locates(to_locate=frozenset({KO.con_id})))
    order = market.order("SELL", 100, con_id=KO.con_id)
    assert market.codes() == [404]
    assert market.status(order) == "PreSubmitted"
    market.events += market.venue.locate(KO.con_id, market.now_ns)
    assert market.status(order) == "Submitted"


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_a_corrected_price_changes_the_cost_and_not_the_profit(side: str) -> None:
    market = Market()
    market.order(side, 100)
    market.bar(10, 10, 10, 10)
    (execution,) = executions(market)
    held = market.books.accounts["DU1"].position(AAPL.con_id)
    cash, cost = market.books.accounts["DU1"].cash, held.cost
    market.events += market.venue.correct(execution.exec_id, Decimal(100), Decimal(11))
    paid = Decimal(100) if side == "BUY" else Decimal(-100)
    assert market.books.accounts["DU1"].cash == cash - paid
    assert (held.realized, held.cost) == (Decimal(0), cost + paid)
    assert executions(market)[-1].exec_id.endswith(".02")


# -- a restart at any moment --

CENTS = st.integers(900, 1100).map(lambda cents: cents / 100)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["MKT", "LMT", "STP", "TRAIL", "MOC", "MOO", "REL", "LIT"]))
    fields: dict[str, Any] = {"side": draw(st.sampled_from(["BUY", "SELL"])), "kind": kind}
    fields["qty"] = draw(st.integers(1, 90)) * 10
    fields["tif"] = "DAY" if kind in {"MOC", "MOO"} else draw(st.sampled_from(["DAY", "GTC"]))
    if kind in {"LMT", "LIT"}:
        fields["limit_price"] = draw(CENTS)
    if kind in {"STP", "LIT"}:
        fields["aux_price"] = draw(CENTS)
    if kind == "TRAIL":
        fields["aux_price"] = draw(st.integers(1, 90)) / 100
    if draw(st.booleans()):
        fields |= {"oca_group": "g", "oca_type": draw(st.integers(1, 3))}
    elif draw(st.booleans()):
        fields["parent_id"] = draw(st.integers(1, 5))
    fields["transmit"] = draw(st.integers(0, 3)) > 0
    return fields


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("order"), orders()),
        st.tuples(st.just("quote"), st.tuples(CENTS, st.integers(1, 900))),
        st.tuples(st.just("trade"), st.tuples(CENTS, st.integers(1, 900))),
        st.tuples(st.just("cancel"), st.integers(1, 9)),
        st.tuples(st.just("halt"), st.booleans()),
        st.tuples(st.just("skip"), st.sampled_from([MINUTE_NS, 60 * MINUTE_NS, DAY_NS // 2])),
    ),
    min_size=2,
    max_size=40,
)


def step(market: Market, verb: str, what: Any) -> None:
    if verb == "order":
        market.order(**what)
    elif verb == "quote":
        market.quote(what[0], what[0] + 0.02, what[1], what[1] // 2)
    elif verb == "trade":
        market.trade(*what)
    elif verb == "cancel":
        market.cancel(what)
    elif verb == "halt":
        (market.venue.halt if what else market.venue.resume)(AAPL.con_id)
    else:
        market.now_ns += what  # nobody lets time pass: the next call finds what is due


def restarted(market: Market, **options: Any) -> Market:
    state = take(market.venue, market.books.accounts)
    state = msgspec.json.decode(msgspec.json.encode(state), type=type(state))
    fresh = Market(rules=VenueRules(), now_ns=market.now_ns, **options)
    fresh.books.accounts = restore(fresh.venue, state)
    fresh.events, fresh._ids = market.events, market._ids
    return fresh


def play(steps: list[Any], restart_at: int | None = None) -> list[VenueEvent]:
    market = Market(rules=VenueRules())
    for index, (verb, what) in enumerate(steps):
        if index == restart_at:
            market = restarted(market)
        step(market, verb, what)
    market.advance(market.now_ns + 2 * DAY_NS)
    return market.events


@times(2)
@given(steps=STEPS, data=st.data())
def test_a_restart_at_any_moment_changes_nothing(steps: list[Any], data: st.DataObject) -> None:
    restart_at = data.draw(st.integers(0, len(steps) - 1))
    assert msgspec.json.encode(play(steps, restart_at)) == msgspec.json.encode(play(steps))


@times(2)
@given(steps=STEPS)
def test_nothing_is_dated_before_it_was_asked_for(steps: list[Any]) -> None:
    asked: dict[OrderKey, int] = {}
    market = Market(rules=VenueRules())
    last_ns = 0
    for verb, what in steps:
        before = len(market.events)
        step(market, verb, what)
        for event in market.events[before:]:
            if isinstance(event, OrderUpdated):
                asked.setdefault(event.state.key, market.now_ns)
            if isinstance(event, Executed):
                assert event.execution.time_ns >= max(last_ns, asked[event.execution.key])
                last_ns = event.execution.time_ns
