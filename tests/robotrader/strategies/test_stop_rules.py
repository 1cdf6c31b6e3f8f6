"""A rule's legs, number by number: what it needs, where the stop and the profit are, and when."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robotrader.domain import Leg, OrderType
from robotrader.strategies import StopKind, StopRule
from robotrader.strategies.stops import Stops
from tests.robotrader.strategies.kit import bars

NS = 1_000_000_000


def on_grid(_name: str, price: float) -> Decimal:
    return Decimal(str(round(price, 2)))


def legs(rule: StopRule, sign: int = 1, limit: float | None = None) -> tuple[Leg, ...] | None:
    stops = Stops(rule)
    stops.price(50.0)
    stops.price(200.0)
    return stops.legs(sign, limit, on_grid)


def stop(price: str) -> Leg:
    return Leg(order_type=OrderType.STOP, aux_price=Decimal(price))


def profit(price: str) -> Leg:
    return Leg(order_type=OrderType.LIMIT, limit_price=Decimal(price))


def test_a_stop_in_dollars_is_so_far_from_the_newest_price_or_from_the_limit() -> None:
    rule = StopRule(kind=StopKind.FIXED, value=5)
    assert legs(rule) == (stop("195.0"),)
    assert legs(rule, -1) == (stop("205.0"),)
    assert legs(rule, 1, 100.0) == (stop("95.0"),)


def test_a_stop_in_percent_is_of_the_price() -> None:
    assert legs(StopRule(kind=StopKind.PERCENT, value=2)) == (stop("196.0"),)


def test_a_profit_alone_is_a_leg_alone_and_stands_before_a_stop() -> None:
    assert legs(StopRule(take_profit=10)) == (profit("220.0"),)
    assert legs(StopRule(take_profit=10), -1) == (profit("180.0"),)
    both = StopRule(kind=StopKind.FIXED, value=5, take_profit=10)
    assert legs(both) == (profit("220.0"), stop("195.0"))


def test_a_trailing_stop_is_the_brokers_in_percent() -> None:
    trail = Leg(order_type=OrderType.TRAIL, trail_percent=Decimal("1.5"))
    assert legs(StopRule(kind=StopKind.TRAILING, value=1.5)) == (trail,)


def test_without_a_rule_there_are_no_legs_and_without_a_price_they_are_not_known() -> None:
    assert Stops(StopRule()).legs(1, None, on_grid) == ()
    assert Stops(StopRule(take_profit=1)).legs(1, None, on_grid) is None
    fixed = Stops(StopRule(kind=StopKind.FIXED, value=5))
    assert fixed.legs(1, None, on_grid) is None
    assert fixed.legs(1, 100.0, on_grid) == (stop("95.0"),)


def test_ranges_are_not_known_before_there_were_bars_and_weigh_four_lengths() -> None:
    stops = Stops(StopRule(kind=StopKind.ATR, value=2, atr_bars=3))
    assert stops.warmup_bars == 12
    assert stops.legs(1, 100.0, on_grid) is None
    for bar in bars([100.0] * 12):
        stops.bar(bar)
    assert stops.legs(1, None, on_grid) == (stop("100.0"),)
    assert Stops(StopRule(kind=StopKind.FIXED, value=1)).warmup_bars == 0


def test_a_position_is_overdue_from_the_second_on_that_the_rule_says() -> None:
    stops = Stops(StopRule(hold_s=60))
    assert not stops.overdue(NS, 61 * NS - 1)
    assert stops.overdue(NS, 61 * NS)
    assert not stops.overdue(0, 10_000 * NS), "since when is not known"
    assert not Stops(StopRule()).overdue(NS, 10_000 * NS)


def test_defaults_are_wilders_fourteen_bars_and_nothing_else() -> None:
    rule = StopRule()
    assert (rule.kind, rule.value, rule.atr_bars) == (StopKind.NONE, 0.0, 14)
    assert (rule.take_profit, rule.hold_s) == (0.0, 0.0)


@pytest.mark.parametrize("kind", [StopKind.PERCENT, StopKind.TRAILING])
def test_a_stop_of_all_of_the_price_is_none(kind: StopKind) -> None:
    with pytest.raises(ValueError, match="less than 100"):
        StopRule(kind=kind, value=100)
    assert StopRule(kind=kind, value=99.5).value == 99.5
