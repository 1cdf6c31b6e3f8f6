"""What brackets and OCA groups must never do: oversell, come back, stay behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import OrderKey
from robotrader.venue import AccountSetup, Locates, OrderUpdated, VenueRules
from tests.examples import times
from tests.robotrader.venue.kit import AAPL, ACCOUNT, KO, Market
from tests.robotrader.venue.test_groups import bracket


def working(market: Market, order_id: int) -> Any:
    return market.venue.live[OrderKey(1, order_id)]


def test_two_exits_of_a_part_filled_parent_sell_it_once() -> None:
    """The profit sells the 300 that are held; the stop, hit next, has nothing to sell."""
    market = Market()
    parent, profit, stop = bracket(market, 1_000)
    market.quote(9.9, 10.0, ask_size=300)
    market.quote(12.0, 12.1, bid_size=5_000)
    market.quote(8.9, 12.2, bid_size=5_000)
    assert [market.fills(each) for each in (parent, profit, stop)] == [
        [(300, 10.0)],
        [(300, 12.0)],
        [],
    ]
    assert market.position == 0


def test_children_of_a_part_filled_parent_that_ends_are_cut_to_what_is_held() -> None:
    market = Market()
    parent, profit, stop = bracket(market, 1_000)
    market.quote(9.9, 10.0, ask_size=300)
    market.cancel(parent)
    assert [working(market, each).remaining for each in (profit, stop)] == [300, 300]
    market.quote(12.0, 12.1, bid_size=5_000)
    assert market.status(profit) == "Filled"
    assert market.status(stop) == "Cancelled"
    assert not market.venue.live


def test_children_end_with_their_parent_if_everything_is_closed_already() -> None:
    market = Market()
    parent, profit, stop = bracket(market, 1_000)
    market.quote(9.9, 10.0, ask_size=300)
    market.quote(12.0, 12.1, bid_size=5_000)
    market.cancel(parent)
    assert {market.status(each) for each in (parent, profit, stop)} == {"Cancelled"}
    assert not market.venue.live


def test_exits_that_are_kept_over_a_day_still_know_what_they_close() -> None:
    market = Market()
    parent = market.order("BUY", 1_000, "LMT", limit_price=10.0, transmit=False)
    profit = market.order(
        "SELL", 1_000, "LMT", limit_price=12.0, parent_id=parent, tif="GTC", transmit=False
    )
    stop = market.order("SELL", 1_000, "STP", aux_price=9.0, parent_id=parent, tif="GTC")
    market.quote(9.9, 10.0, ask_size=300)
    market.quote(9.9, 10.5)
    market.advance(market.venue.sessions.next_roll_ns(market.now_ns))
    assert market.status(parent) == "Cancelled"
    market.quote(8.9, 9.1, bid_size=5_000)
    assert market.fills(stop) == [(300, 8.9)]
    assert market.fills(profit) == []
    assert not market.venue.live
    assert market.position == 0


def test_a_larger_child_never_sells_more_than_its_parent_bought() -> None:
    market = Market()
    parent = market.order("BUY", 100, transmit=False)
    market.order("SELL", 250, "LMT", limit_price=12.0, parent_id=parent)
    market.bar(10, 11, 9, 10)
    market.bar(12, 13, 11, 12)
    assert market.position == 0
    assert not market.venue.live


def test_a_modification_cannot_bring_back_what_a_sibling_has_closed() -> None:
    market = Market()
    parent, profit, stop = bracket(market, 1_000)
    market.quote(9.9, 10.0, ask_size=5_000)
    market.quote(12.0, 12.1, bid_size=400)
    assert working(market, stop).remaining == 600
    market.order("SELL", 1_000, "STP", aux_price=9.5, parent_id=parent, key=stop)
    assert working(market, stop).remaining == 600
    market.quote(9.4, 12.2, bid_size=5_000)
    assert market.position == 0
    assert not market.venue.live
    assert market.fills(profit) == [(400, 12.0)]


def test_an_exit_of_another_group_ends_too_when_nothing_is_left_to_close() -> None:
    """Who names groups of his own gets them, and still cannot sell twice."""
    market = Market()
    parent = market.order("BUY", 100, transmit=False)
    profit = market.order(
        "SELL", 100, "LMT", limit_price=12.0, parent_id=parent, oca_group="a", transmit=False
    )
    stop = market.order("SELL", 100, "STP", aux_price=9.0, parent_id=parent, oca_group="b")
    market.bar(10, 11, 9.5, 10)
    market.bar(12, 13, 11, 12)
    assert market.fills(profit) == [(100, 12.0)]
    assert market.status(stop) == "Cancelled"
    assert not market.venue.live


def test_an_exit_that_fills_as_its_family_begins_stays_over() -> None:
    """Everything fills at once on the standing quote; no leg is announced after its end."""
    market = Market()
    market.quote(9.9, 10.0)
    parent = market.order("BUY", 100, "LMT", limit_price=10.0, transmit=False)
    profit = market.order("SELL", 100, "LMT", limit_price=9.5, parent_id=parent, transmit=False)
    stop = market.order("SELL", 100, "STP", aux_price=9.0, parent_id=parent)
    assert [market.status(each) for each in (parent, profit, stop)] == [
        "Filled",
        "Filled",
        "Cancelled",
    ]
    assert not market.venue.live
    check_ends(market)


def check_ends(market: Market) -> None:
    """Nothing is said of an order after its end; what filled and what remains are its quantity."""
    over: set[int] = set()
    for event in market.events:
        if isinstance(event, OrderUpdated):
            state = event.state
            assert state.key.order_id not in over
            assert state.filled + state.remaining == state.order.qty
            over |= {state.key.order_id} if state.status.over else set()


def test_a_fill_concerns_its_own_group_only() -> None:
    market = Market()
    for group in "gh":
        market.order("BUY", 100, "LMT", limit_price=10.0, oca_group=group, oca_type=1)
        market.order("BUY", 100, "LMT", limit_price=9.0, oca_group=group, oca_type=1)
    market.quote(9.9, 10.0, ask_size=100)
    assert [market.status(each) for each in (1, 2, 3, 4)] == [
        "Filled",
        "Cancelled",
        "Submitted",
        "Submitted",
    ]


def test_a_child_of_another_contract_does_not_trade_at_its_parents_prices() -> None:
    market = Market()
    parent = market.order("BUY", 100, transmit=False)
    hedge = market.order("SELL", 100, con_id=KO.con_id, parent_id=parent)
    market.bar(10, 11, 9, 10)
    assert market.fills(parent) == [(100, 10.0)]
    assert market.fills(hedge) == []


def test_an_exit_is_no_short_sale_before_its_parent_fills() -> None:
    """Neither a cash account nor a stock that nobody lends is in the way of a bracket."""
    nothing = Locates(limited={AAPL.con_id: Decimal(0)})
    market = Market(cash=5_000, locates=nothing)
    market.books.accounts[ACCOUNT].setup = AccountSetup(Decimal(5_000), kind="cash")
    market.quote(9.9, 10.1)
    legs = bracket(market)
    assert market.codes() == []
    market.order("SELL", 100, "LMT", limit_price=12.0)
    assert market.codes() == [201]
    assert {market.status(each) for each in legs} == {"Submitted", "PreSubmitted"}


def test_a_limit_child_is_at_the_exchange_once_its_parent_has_filled() -> None:
    market = Market()
    _, profit, stop = bracket(market)
    assert (market.status(profit), market.status(stop)) == ("PreSubmitted", "PreSubmitted")
    market.bar(11, 11, 9.5, 10)
    assert (market.status(profit), market.status(stop)) == ("Submitted", "PreSubmitted")


def test_orders_that_reduce_each_other_bit_by_bit_end_together() -> None:
    """Ten fills of one share against an order of half the size: neither is left behind."""
    market = Market()
    first = market.order("BUY", 10, "LMT", limit_price=10.0, oca_group="g", oca_type=2)
    other = market.order("BUY", 5, "LMT", limit_price=9.0, oca_group="g", oca_type=2)
    left = []
    for _ in range(8):
        market.quote(9.9, 10.0, ask_size=1)
        left.append(int(working(market, other).remaining))
    assert left == [4, 4, 3, 3, 2, 2, 1, 1]
    market.quote(9.9, 10.0, ask_size=1)
    market.quote(9.9, 10.0, ask_size=1)
    assert market.status(first) == "Filled"
    assert market.status(other) == "Cancelled"


def test_thirds_of_an_order_add_up() -> None:
    market = Market()
    market.order("BUY", 3, "LMT", limit_price=10.0, oca_group="g", oca_type=2)
    other = market.order("BUY", 3, "LMT", limit_price=9.0, oca_group="g", oca_type=2)
    market.quote(9.9, 10.0, ask_size=1)
    assert working(market, other).remaining == 2
    market.quote(9.9, 10.0, ask_size=1)
    assert working(market, other).remaining == 1


def test_a_lost_order_is_no_member_of_its_group_any_more() -> None:
    market = Market()
    lost = market.order("BUY", 100, "LMT", limit_price=10.0, oca_group="g", oca_type=1)
    other = market.order("BUY", 100, "LMT", limit_price=10.0, oca_group="g", oca_type=1)
    market.venue.lose(OrderKey(1, lost))
    market.bar(9, 10, 8, 9)
    assert market.fills(lost) == []
    assert market.fills(other) == [(100, 9.0)]


def test_a_parent_that_is_lost_takes_its_children_with_it() -> None:
    market = Market()
    parent, *_ = bracket(market)
    market.venue.lose(OrderKey(1, parent))
    assert not market.venue.live
    market.bar(9, 13, 8, 9)
    assert market.fills() == []


# -- any bracket, on any market --

CENTS = st.integers(850, 1150).map(lambda cents: cents / 100)
LEGS = st.tuples(st.sampled_from(["LMT", "STP"]), st.integers(1, 40), CENTS)
QUOTES = st.tuples(CENTS, st.integers(1, 30), st.integers(1, 30))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), QUOTES),
        st.tuples(st.just("cancel"), st.integers(0, 3)),
        st.tuples(st.just("resize"), st.tuples(st.integers(0, 3), st.integers(1, 60))),
        st.tuples(st.just("day"), st.none()),
    ),
    max_size=25,
)


@dataclass
class Family:
    """A parent and its legs, played against steps; checked after each."""

    qty: int
    legs: list[tuple[str, int, float]]
    market: Market = field(default_factory=lambda: Market(rules=VenueRules()))
    ids: list[int] = field(default_factory=list)

    def begin(self, bid: float | None = None) -> None:
        if bid is not None:
            self.market.quote(bid, bid + 0.01, 30, 30)
        self.ids = [self.market.order("BUY", self.qty, "LMT", limit_price=10.0, transmit=False)]
        for index in range(len(self.legs)):
            self.ids.append(self.leg(index))

    def leg(self, index: int, qty: int | None = None, key: int | None = None) -> int:
        kind, wanted, price = self.legs[index]
        place: dict[str, Any] = {"limit_price": price} if kind == "LMT" else {"aux_price": price}
        last = index == len(self.legs) - 1
        return self.market.order(
            "SELL", qty or wanted, kind, parent_id=self.ids[0], tif="GTC", transmit=last, key=key,
            **place,
        )  # fmt: skip

    def step(self, verb: str, what: Any) -> None:
        market = self.market
        if verb == "quote":
            bid, bid_size, ask_size = what
            market.quote(bid, bid + 0.01, bid_size, ask_size)
        elif verb == "cancel" and what < len(self.ids):
            market.cancel(self.ids[what])
        elif verb == "resize" and what[0] < len(self.legs):
            key = OrderKey(1, self.ids[what[0] + 1])
            if key in market.venue.live:
                self.leg(what[0], what[1], key.order_id)
        elif verb == "day":
            market.advance(market.venue.sessions.next_roll_ns(market.now_ns))

    def check(self) -> None:
        market = self.market
        bought, *sold = (sum(qty for qty, _ in market.fills(each)) for each in self.ids)
        assert sum(sold) <= bought <= self.qty
        assert market.position == bought - sum(sold)
        live = {key.order_id for key in market.venue.live}
        if self.ids[0] not in live:
            for each in set(self.ids[1:]) & live:
                left = working(market, each)
                assert 0 < left.remaining <= bought - sum(sold), "a zombie"


@times(2)
@given(
    qty=st.integers(1, 40),
    legs=st.lists(LEGS, min_size=1, max_size=3),
    steps=STEPS,
    bid=st.none() | CENTS,
)
def test_no_family_sells_what_it_has_not_or_stays_behind(
    qty: int, legs: list[tuple[str, int, float]], steps: list[Any], bid: float | None
) -> None:
    family = Family(qty, legs)
    family.begin(bid)
    for verb, what in steps:
        family.step(verb, what)
        family.check()
    check_ends(family.market)


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_a_closing_auction_settles_its_groups(kind: int) -> None:
    market = Market()
    market.bar(10, 11, 9, 10)
    group: dict[str, Any] = {"oca_group": "g", "oca_type": kind}
    close = market.order("BUY", 100, "MOC", **group)
    other = market.order("BUY", 100, "LMT", limit_price=5.0, tif="GTC", **group)
    market.advance(market.venue.sessions.next_close_ns(market.now_ns))
    assert market.fills(close) == [(100, 10.0)]
    assert market.status(other) == "Cancelled"
