"""An order's life besides fills: refusals, changes, cancels, halts, quotes, days, snapshots."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec
import pytest

from robotrader.domain import OrderKey
from robotrader.venue import Locates, Session, SessionTable, Venue, VenueRules, restore, take
from tests.robotrader.venue.kit import AAPL, ACCOUNT, KO, MINUTE_NS, START_NS, Market


@pytest.mark.parametrize(
    ("side", "qty", "kind", "fields", "code"),
    [
        ("BUY", 0, "MKT", {}, 201),
        ("BUY", 100, "LMT", {}, 201),
        ("BUY", 100, "STP", {}, 201),
        ("BUY", 100, "TRAIL", {}, 201),
        ("BUY", 100, "TRAIL", {"aux_price": 1.0, "trail_percent": 1.0}, 201),
        ("BUY", 100, "LMT", {"limit_price": 10.001}, 110),
        ("BUY", 100, "LMT", {"limit_price": 0.50001}, 110),
        ("BUY", 100, "LMT", {"limit_price": 0.5001}, None),
        ("BUY", 100, "MKT", {"tif": "GTD"}, 201),
        ("BUY", 600_000, "MKT", {}, 201),
        ("BUY", 100_000, "LMT", {"limit_price": 100.0}, 201),
        ("SELL", 100_000, "LMT", {"limit_price": 100.0}, 201),
        ("BUY", 100, "MKT", {"con_id": 1}, 200),
    ],
)
def test_what_cannot_be_an_order_is_refused_with_a_code_and_leaves_nothing(
    side: str, qty: int, kind: str, fields: dict[str, object], code: int | None
) -> None:
    market = Market()
    market.order(side, qty, kind, **fields)  # type: ignore[arg-type]  # a table of cases
    assert market.codes() == ([] if code is None else [code])
    assert bool(market.venue.live) == (code is None)


def test_a_limit_far_beyond_the_market_is_refused_by_the_collar() -> None:
    market = Market(rules=VenueRules(collar_pct=5))
    market.trade(100)
    market.order("BUY", 10, "LMT", limit_price=105.01)
    assert market.codes() == [163]
    market.order("BUY", 10, "LMT", limit_price=105.0)
    market.order("SELL", 10, "LMT", limit_price=200.0)
    assert market.codes() == [163]


def test_the_same_key_modifies_a_live_order_and_is_refused_after_its_end() -> None:
    market = Market()
    order = market.order("BUY", 100, "LMT", limit_price=9.0)
    market.order("BUY", 50, "LMT", limit_price=10.0, key=order)
    market.bar(10, 11, 9.5, 10)
    assert market.fills(order) == [(50, 10.0)]
    market.order("BUY", 100, "LMT", limit_price=9.0, key=order)
    assert market.codes() == [104]
    other = market.order("BUY", 100, "LMT", limit_price=1.0)
    market.order("SELL", 100, "LMT", limit_price=1.0, key=other)
    assert market.codes() == [104, 105]
    market.cancel(other)
    market.order("BUY", 100, "LMT", limit_price=9.0, key=other)
    assert market.codes()[-1] == 103


def test_a_modification_that_is_refused_leaves_the_order_as_it_was() -> None:
    market = Market()
    order = market.order("BUY", 100, "LMT", limit_price=9.0)
    market.order("BUY", 100, "LMT", limit_price=9.001, key=order)
    assert market.codes() == [110]
    market.bar(10, 11, 8, 9)
    assert market.fills(order) == [(100, 9.0)]


def test_a_cancel_is_answered_and_one_that_comes_too_late_says_why() -> None:
    market = Market()
    order = market.order("BUY", 100, "LMT", limit_price=9.0)
    market.cancel(order)
    assert (market.status(order), market.codes()) == ("Cancelled", [202])
    market.cancel(order)
    market.cancel(99)
    assert market.codes() == [202, 10148, 10147]
    filled = market.order("BUY", 100)
    market.bar(10, 11, 9, 10)
    (answer,) = market.cancel(filled)
    assert "cannot be cancelled, state: Filled" in str(answer)


def test_a_quote_fills_no_more_than_its_size_and_stands_until_the_next() -> None:
    market = Market()
    market.quote(9.9, 10.0, ask_size=300)
    first = market.order("BUY", 200)
    second = market.order("BUY", 200)
    assert market.fills(first) == [(200, 10.0)]
    assert market.fills(second) == [(100, 10.0)]
    market.quote(9.9, 10.1, ask_size=300)
    assert market.fills(second) == [(100, 10.0), (100, 10.1)]


def test_stops_look_at_trades_where_there_are_trades() -> None:
    market = Market()
    market.trade(10)
    market.quote(9.9, 10.1)
    order = market.order("SELL", 100, "STP", aux_price=9.5)
    market.quote(9.0, 10.0)
    assert market.fills() == []
    market.trade(9.5)
    assert market.fills(order) == [(100, 9.0)]


def test_nothing_fills_while_trading_is_halted() -> None:
    market = Market()
    market.venue.halt(AAPL.con_id)
    order = market.order("BUY", 100)
    market.bar(10, 11, 9, 10)
    assert market.fills() == []
    market.venue.resume(AAPL.con_id)
    market.bar(12, 13, 11, 12)
    assert market.fills(order) == [(100, 12.0)]


DAY_NS = 86_400_000_000_000
OPEN = Session(
    date(2023, 11, 14), START_NS, START_NS + 60 * MINUTE_NS, START_NS - 30 * MINUTE_NS,
    START_NS + 90 * MINUTE_NS,
)  # fmt: skip
NEXT = Session(
    date(2023, 11, 15), OPEN.open_ns + DAY_NS, OPEN.close_ns + DAY_NS,
    OPEN.extended_open_ns + DAY_NS, OPEN.extended_close_ns + DAY_NS,
)  # fmt: skip


def test_a_day_order_ends_at_the_close_and_gtc_lives_over_the_day_roll() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)))
    day = market.order("BUY", 100, "LMT", limit_price=5.0)
    late = market.order("BUY", 100, "LMT", limit_price=5.0, outside_rth=True)
    gtc = market.order("BUY", 100, "LMT", limit_price=5.0, tif="GTC")
    market.advance(OPEN.close_ns)
    assert [market.status(each) for each in (day, late, gtc)] == [
        "Cancelled", "Submitted", "Submitted",
    ]  # fmt: skip
    market.bar(4, 5, 3, 4)
    assert market.fills(gtc) == [], "only in the regular session"
    assert market.fills(late) == [(100, 4.0)]
    market.advance(NEXT.open_ns)
    market.bar(4.5, 5, 4, 4.5)
    assert market.fills(gtc) == [(100, 4.5)]


def test_an_order_that_comes_while_closed_is_held_until_the_open_with_a_warning() -> None:
    market = Market(sessions=SessionTable((OPEN, NEXT)), now_ns=OPEN.close_ns)
    order = market.order("BUY", 100)
    assert market.codes() == [399]
    market.bar(10, 11, 9, 10)
    assert market.fills() == []
    market.advance(NEXT.open_ns)
    market.bar(11, 12, 10, 11)
    assert market.fills(order) == [(100, 11.0)]


def test_short_sales_need_shares_that_can_be_borrowed() -> None:
    limited = Locates(limited={AAPL.con_id: Decimal(100)}, to_locate=frozenset({KO.con_id}))
    market = Market(locates=limited)
    market.order("SELL", 200)
    assert market.codes() == [201]
    market.order("SELL", 100)
    assert market.codes() == [201]
    held = market.order("SELL", 100, con_id=KO.con_id)
    assert market.codes() == [201, 404]
    assert market.venue.live[OrderKey(1, held)].why_held == "locate"


def test_a_restored_venue_goes_on_as_if_nothing_had_been() -> None:
    def play(*, restart: bool) -> list[bytes]:
        market = Market(rules=VenueRules(participation=0.01))
        parent = market.order("BUY", 100, "LMT", limit_price=10.0, transmit=False)
        market.order("SELL", 100, "TRAIL", aux_price=0.5, parent_id=parent, tif="GTC")
        market.order("BUY", 500, tif="GTC")
        market.bar(10, 11, 9.9, 10.5)
        if restart:
            state = take(market.venue, market.books.accounts)
            state = msgspec.json.decode(msgspec.json.encode(state), type=type(state))
            fresh = Market(rules=VenueRules(participation=0.01), now_ns=market.now_ns)
            fresh.books.accounts = restore(fresh.venue, state)
            fresh.events, fresh._ids = market.events, market._ids
            market = fresh
        market.bar(10.5, 11.5, 10, 10.2)
        market.order("SELL", 10)
        market.bar(10, 11, 9, 10)
        return [msgspec.json.encode(event) for event in market.events]

    assert play(restart=True) == play(restart=False)
    assert isinstance(Market().venue, Venue)


def test_positions_and_cash_follow_the_fills() -> None:
    market = Market(cash=10_000)
    market.order("BUY", 100)
    market.bar(10, 11, 9, 10)
    account = market.books.accounts[ACCOUNT]
    assert account.cash == Decimal(10_000) - 1_000 - 1
    assert account.position(AAPL.con_id).average_cost() == Decimal("10.01")
