"""Brackets and OCA groups, on bars and on quotes."""

from __future__ import annotations

import pytest

from tests.robotrader.venue.kit import Market


def bracket(market: Market, qty: int = 100) -> tuple[int, int, int]:
    """Buy at 10, take profit at 12, stop at 9; only the last leg transmits."""
    parent = market.order("BUY", qty, "LMT", limit_price=10.0, transmit=False)
    profit = market.order("SELL", qty, "LMT", limit_price=12.0, parent_id=parent, transmit=False)
    stop = market.order("SELL", qty, "STP", aux_price=9.0, parent_id=parent, tif="GTC")
    return parent, profit, stop


def test_a_bracket_is_held_until_its_last_leg_transmits() -> None:
    market = Market()
    parent = market.order("BUY", 100, "LMT", limit_price=10.0, transmit=False)
    market.bar(9, 10, 8, 9)
    assert market.fills() == []
    assert market.status(parent) == "ApiPending"
    child = market.order("SELL", 100, "LMT", limit_price=12.0, parent_id=parent)
    assert market.status(parent) == "Submitted"
    assert market.status(child) == "PreSubmitted"


def test_a_child_sleeps_until_its_parent_has_filled_and_its_sibling_goes_with_its_fill() -> None:
    market = Market()
    parent, profit, stop = bracket(market)
    market.bar(11, 13, 10.5, 11)  # 12 is touched, but nothing is held
    assert market.fills() == []
    market.bar(11, 11, 9.5, 10)
    assert market.fills(parent) == [(100, 10.0)]
    market.bar(10, 12.5, 10, 12)
    assert market.fills(profit) == [(100, 12.0)]
    assert market.status(stop) == "Cancelled"
    assert market.position == 0


def test_inside_one_bar_a_child_only_sees_the_path_after_its_parents_fill() -> None:
    market = Market()
    parent, profit, stop = bracket(market)
    # 11 -> 12.5 (high is nearer... the open is 11.5) -> 8.5 -> 9: parent at 10, then the stop at 9.
    market.bar(11.5, 12.5, 8.5, 9)
    assert market.fills(parent) == [(100, 10.0)]
    assert market.fills(stop) == [(100, 9.0)]
    assert market.fills(profit) == []
    assert market.status(profit) == "Cancelled"


def test_children_never_fill_more_than_their_parent_has() -> None:
    market = Market()
    parent, profit, stop = bracket(market, 1_000)
    market.quote(9.9, 10.0, ask_size=300)
    assert market.fills(parent) == [(300, 10.0)]
    market.quote(12.0, 12.1, bid_size=5_000)
    assert market.fills(profit) == [(300, 12.0)]
    assert market.position == 0
    assert market.status(stop) != "Cancelled", "700 of the parent may still fill"


def test_a_parent_that_is_cancelled_takes_its_children_with_it() -> None:
    market = Market()
    parent, profit, stop = bracket(market)
    market.cancel(parent)
    assert {market.status(each) for each in (parent, profit, stop)} == {"Cancelled"}
    assert not market.venue.live


def test_a_child_without_its_parent_is_refused() -> None:
    market = Market()
    market.order("SELL", 100, "LMT", limit_price=12.0, parent_id=77)
    assert market.codes() == [201]


@pytest.mark.parametrize(
    ("kind", "left"), [(1, None), (2, 60), (3, 60)], ids=["cancel", "reduce", "reduce later"]
)
def test_a_partial_fill_of_an_oca_group_cancels_or_reduces_the_others(
    kind: int, left: int | None
) -> None:
    market = Market()
    first = market.order("BUY", 100, "LMT", limit_price=10.0, oca_group="g", oca_type=kind)
    other = market.order("BUY", 100, "LMT", limit_price=9.0, oca_group="g", oca_type=kind)
    market.quote(9.9, 10.0, ask_size=40)
    assert market.fills(first) == [(40, 10.0)]
    if left is None:
        assert market.status(other) == "Cancelled"
    else:
        live = {key.order_id: order for key, order in market.venue.live.items()}
        assert live[other].remaining == left


@pytest.mark.parametrize(("kind", "bought"), [(1, 100), (2, 100), (3, 200)])
def test_with_block_only_one_of_a_group_fills_in_one_movement(kind: int, bought: int) -> None:
    market = Market()
    for _ in range(2):
        market.order("BUY", 100, "LMT", limit_price=10.0, oca_group="g", oca_type=kind)
    market.bar(9, 10, 8, 9)
    assert sum(qty for qty, _ in market.fills()) == bought


def test_groups_of_the_same_name_in_two_uses_do_not_touch_each_other_after_the_first_is_over() -> (
    None
):
    market = Market()
    market.order("BUY", 100, oca_group="g", oca_type=1)
    market.bar(10, 11, 9, 10)
    later = market.order("BUY", 100, oca_group="g", oca_type=1)
    market.bar(10, 11, 9, 10)
    assert market.status(later) == "Filled"
