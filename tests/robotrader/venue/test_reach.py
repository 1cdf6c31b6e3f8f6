"""What a bar cannot reach it does not change: the reach of a contract's orders."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from hypothesis import given

from robotrader.venue.working import EVERYWHERE, Working
from tests.examples import times
from tests.robotrader.venue.kit import AAPL, Market
from tests.robotrader.venue.test_properties import STEPS

WITHOUT_A_MEANING = {"place"}
"""Where on its path the last bar was met: it begins anew at each."""


def picture(market: Market) -> list[tuple[Any, ...]]:
    """Return all that the venue knows of its live orders."""
    names = [each for each in Working.__slots__ if each not in WITHOUT_A_MEANING]
    return [tuple(getattr(each, name) for name in names) for each in market.venue.live.values()]


@times(2)
@given(steps=STEPS)
def test_a_bar_out_of_reach_changes_no_order_and_says_nothing(steps: list[Any]) -> None:
    market = Market(cash=10**9)
    for verb, what in steps:
        if verb == "order":
            market.order(**what)
        elif verb == "cancel":
            market.cancel(what)
        elif verb == "day":
            market.advance(market.venue.sessions.next_roll_ns(market.now_ns))
        else:
            low, high, until_ns = market.venue.reach(AAPL.con_id)
            beyond = low < what[2] and what[1] < high and market.now_ns < until_ns
            before, said = picture(market), len(market.events)
            market.bar(*what)
            if beyond and market.now_ns < until_ns:  # the time at a bar's end is told, too
                assert len(market.events) == said
                assert picture(market) == before


@pytest.mark.parametrize(
    ("side", "kind", "fields", "reach"),
    [
        ("SELL", "STP", {"aux_price": 9.0}, (9.0, inf)),
        ("BUY", "STP", {"aux_price": 12.0}, (-inf, 12.0)),
        ("BUY", "LMT", {"limit_price": 9.5}, (9.5, inf)),
        ("SELL", "LMT", {"limit_price": 12.5}, (-inf, 12.5)),
        ("BUY", "MIT", {"aux_price": 9.0}, (9.0, inf)),
        ("SELL", "STP LMT", {"aux_price": 9.0, "limit_price": 8.9}, (9.0, inf)),
        ("SELL", "TRAIL", {"aux_price": 1.0}, EVERYWHERE),
        ("SELL", "MKT", {}, EVERYWHERE),
        ("SELL", "LMT", {"limit_price": 12.5, "tif": "IOC"}, EVERYWHERE),
    ],
)
def test_an_order_reaches_as_far_as_its_price(
    side: str, kind: str, fields: dict[str, Any], reach: tuple[float, float]
) -> None:
    market = Market()
    market.order(side, 10, kind, **fields)
    assert market.venue.reach(AAPL.con_id)[:2] == reach


def test_of_several_orders_the_nearest_counts_and_the_day_ends_it() -> None:
    market = Market()
    for price in (9.0, 9.5):
        market.order("SELL", 10, "STP", aux_price=price)
    market.order("SELL", 10, "LMT", limit_price=12.0)
    assert market.venue.reach(AAPL.con_id) == (9.5, 12.0, market.venue.next_event_ns)
