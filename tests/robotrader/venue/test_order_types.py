"""What each order type does on bars: nothing from before it was there, nothing outside the bar."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from robotrader.venue import Slippage, VenueRules
from tests.robotrader.venue.kit import Market


def test_a_market_order_fills_at_the_next_open_and_not_on_the_bar_under_way() -> None:
    market = Market()
    market.bar(10, 11, 9, 10)
    order = market.order("BUY", 100)
    assert market.fills() == []
    market.bar(12, 13, 11, 12)
    assert market.fills(order) == [(100, 12.0)]
    assert market.status(order) == "Filled"
    assert market.position == 100


@pytest.mark.parametrize(
    ("side", "limit", "bar", "price"),
    [
        ("BUY", 9.5, (10, 11, 9, 10), 9.5),
        ("BUY", 9.5, (9, 10, 8, 9), 9.0),
        ("BUY", 9.0, (10, 11, 9.01, 10), None),
        ("BUY", 9.0, (10, 11, 9.0, 10), 9.0),
        ("SELL", 10.5, (10, 11, 9, 10), 10.5),
        ("SELL", 10.5, (11, 12, 10.8, 11), 11.0),
        ("SELL", 11.01, (10, 11, 9, 10), None),
    ],
)
def test_a_limit_fills_at_its_price_or_at_a_better_open(
    side: str, limit: float, bar: tuple[float, ...], price: float | None
) -> None:
    market = Market()
    order = market.order(side, 100, "LMT", limit_price=limit)
    market.bar(*bar)
    assert market.fills(order) == ([] if price is None else [(100, price)])


@pytest.mark.parametrize(
    ("side", "stop", "bar", "price"),
    [
        ("BUY", 10.5, (10, 11, 9, 10), 10.5),
        ("BUY", 10.5, (11, 12, 10.8, 11), 11.0),
        ("BUY", 11.5, (10, 11, 9, 10), None),
        ("SELL", 9.5, (10, 11, 9, 10), 9.5),
        ("SELL", 9.5, (9, 9.2, 8, 9), 9.0),
    ],
)
def test_a_stop_fills_at_its_trigger_and_a_gap_through_it_at_the_open(
    side: str, stop: float, bar: tuple[float, ...], price: float | None
) -> None:
    market = Market()
    order = market.order(side, 100, "STP", aux_price=stop)
    assert market.status(order) == "PreSubmitted"
    market.bar(*bar)
    assert market.fills(order) == ([] if price is None else [(100, price)])


def test_a_stop_limit_needs_its_limit_after_its_trigger() -> None:
    market = Market()
    order = market.order("BUY", 100, "STP LMT", aux_price=10.5, limit_price=10.2)
    market.bar(10, 11, 9.8, 10.7)  # the low comes first: triggered on the way up, never at 10.2
    assert market.fills() == []
    assert market.status(order) == "Submitted"
    market.bar(10.6, 10.7, 10.1, 10.4)
    assert market.fills(order) == [(100, 10.2)]


def test_a_trailing_stop_follows_only_one_way() -> None:
    market = Market()
    order = market.order("SELL", 100, "TRAIL", aux_price=1.0, trail_stop_price=9.0)
    market.bar(10, 12, 10, 12)
    assert market.venue.live[next(iter(market.venue.live))].trigger == 11.0
    market.bar(12, 12, 11.5, 11.6)
    assert market.fills() == []
    market.bar(11.6, 11.7, 10, 10.2)
    assert market.fills(order) == [(100, 11.0)]


def test_a_trailing_stop_rises_and_is_hit_inside_one_bar() -> None:
    market = Market()
    order = market.order("SELL", 100, "TRAIL", aux_price=1.0)
    market.bar(10, 12, 9.9, 10.5)  # low first, up to 12: the stop is 11 on the way down
    assert market.fills(order) == [(100, 11.0)]


def test_a_trailing_stop_in_percent() -> None:
    market = Market()
    order = market.order("BUY", 100, "TRAIL", trail_percent=10.0, trail_stop_price=11.0)
    market.bar(10, 10, 8, 8)
    market.bar(8, 9, 8, 9)
    assert market.fills(order) == [(100, 8.8)]


def test_a_trail_limit_takes_its_limit_from_where_the_stop_was_hit() -> None:
    market = Market()
    order = market.order(
        "SELL", 100, "TRAIL LIMIT", aux_price=1.0, trail_stop_price=9.0, limit_offset=0.2
    )
    market.bar(10, 12, 10, 12)
    market.bar(10.5, 10.6, 10.3, 10.4)  # gaps through 11: limit 10.8 is not reached
    assert market.fills() == []
    market.bar(10.4, 10.9, 10.4, 10.5)
    assert market.fills(order) == [(100, 10.8)]


@pytest.mark.parametrize(
    ("kind", "fields", "price"),
    [("MIT", {"aux_price": 9.5}, 9.5), ("LIT", {"aux_price": 9.5, "limit_price": 9.2}, 9.2)],
)
def test_if_touched_orders_wait_for_a_better_price(
    kind: str, fields: dict[str, Any], price: float
) -> None:
    market = Market()
    order = market.order("BUY", 100, kind, **fields)
    market.bar(10, 11, 9.6, 10)
    assert market.fills() == []
    market.bar(10, 11, 9, 10)
    assert market.fills(order) == [(100, price)]


def test_a_relative_order_is_pegged_to_its_own_side_up_to_its_cap() -> None:
    market = Market()
    market.quote(9.9, 10.1)
    order = market.order("BUY", 100, "REL", aux_price=0.05, limit_price=10.0)
    assert market.fills() == []
    market.quote(9.85, 9.9)
    assert market.fills(order) == [(100, 9.9)]
    again = market.order("BUY", 100, "REL", aux_price=0.5, limit_price=9.0)
    market.quote(9.9, 10.0)
    assert market.fills(again) == []


def test_orders_for_the_close_fill_at_the_last_price_of_the_day() -> None:
    market = Market()
    at_market = market.order("BUY", 100, "MOC")
    good = market.order("BUY", 100, "LOC", limit_price=10.0)
    bad = market.order("BUY", 100, "LOC", limit_price=9.0)
    market.bar(10, 11, 9, 9.5)
    assert market.fills() == []
    market.advance(market.venue.sessions.next_close_ns(market.now_ns))
    assert market.fills(at_market) == market.fills(good) == [(100, 9.5)]
    assert market.fills(bad) == []
    assert market.status(bad) == "Cancelled"


def test_orders_for_the_open_wait_for_the_next_day_while_trading_is_on() -> None:
    market = Market()
    order = market.order("BUY", 100, "MOO")
    limited = market.order("BUY", 100, "LMT", limit_price=9.0, tif="OPG")
    market.bar(10, 11, 9, 10)
    assert market.fills() == []
    market.advance(market.venue.sessions.next_roll_ns(market.now_ns))
    market.bar(10, 11, 9.5, 10)
    assert market.fills(order) == [(100, 10.0)]
    assert market.fills(limited) == []


@pytest.mark.parametrize(
    ("slippage", "price"),
    [
        (Slippage(), 10.0),
        (Slippage("ticks", 2), 10.02),
        (Slippage("bps", 10), 10.01),
        (Slippage("volume", 10), 10.01),
        (Slippage("bps", 5_000), 11.0),
    ],
)
def test_slippage_is_paid_by_takers_and_never_beyond_the_bar(
    slippage: Slippage, price: float
) -> None:
    market = Market(rules=VenueRules(slippage=slippage))
    order = market.order("BUY", 100)
    limited = market.order("BUY", 100, "LMT", limit_price=9.5)
    market.bar(10, 11, 9, 10)
    assert market.fills(order) == [(100, price)]
    assert market.fills(limited) == [(100, 9.5)]


def test_a_part_of_the_volume_is_shared_by_all_orders_of_a_bar() -> None:
    market = Market(rules=VenueRules(participation=0.1))
    first = market.order("BUY", 800)
    second = market.order("BUY", 800)
    market.bar(10, 11, 9, 10, volume=10_000)
    assert market.fills(first) == [(800, 10.0)]
    assert market.fills(second) == [(200, 10.0)]
    market.bar(10.5, 11, 9, 10, volume=10_000)
    assert market.fills(second) == [(200, 10.0), (600, 10.5)]


@pytest.mark.parametrize(
    ("tif", "fills", "status"),
    [
        ("IOC", [(300, 10.0)], "Cancelled"),
        ("FOK", [], "Cancelled"),
        ("DAY", [(300, 10.0)], "Submitted"),
    ],
)
def test_what_does_not_fill_at_once_is_cancelled_or_kept(
    tif: str, fills: list[tuple[int, float]], status: str
) -> None:
    market = Market(rules=VenueRules(participation=0.1))
    order = market.order("BUY", 500, tif=tif)
    market.bar(10, 11, 9, 10, volume=3_000)
    assert (market.fills(order), market.status(order)) == (fills, status)


def test_all_or_none_and_least_quantity_wait_for_enough() -> None:
    market = Market(rules=VenueRules(participation=0.1))
    whole = market.order("BUY", 500, all_or_none=True)
    least = market.order("BUY", 500, min_qty=Decimal(400))
    market.bar(10, 11, 9, 10, volume=3_000)
    assert market.fills() == []
    market.bar(10, 11, 9, 10, volume=9_000)
    assert market.fills(whole) == [(500, 10.0)]
    assert market.fills(least) == [(400, 10.0)]


def test_good_after_and_good_till() -> None:
    market = Market()
    later = market.order("BUY", 100, good_after_ns=market.now_ns + 90_000_000_000)
    until = market.order(
        "BUY", 100, "LMT", limit_price=5.0, tif="GTD", good_till_ns=market.now_ns + 90_000_000_000
    )
    market.bar(10, 11, 9, 10)
    assert market.fills() == []
    market.bar(10, 11, 9, 10)
    assert market.status(until) == "Cancelled"
    market.bar(12, 13, 11, 12)
    assert market.fills(later) == [(100, 12.0)]
