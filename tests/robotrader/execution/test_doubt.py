"""A stop that gave way to its sibling is not replaced, however late the sibling's fill is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.domain import (
    AskSnapshot,
    ExecutionReport,
    OrderReport,
    OrderType,
    Side,
)
from tests.robotrader.execution.exchange import CLIENT, Bench

BOTH = pytest.mark.parametrize("side", [Side.BUY, Side.SELL])


def holding(side: Side) -> Bench:
    bench = Bench()
    bench.enter(side, 10, profit=True)
    bench.settle()
    assert bench.market.position == 10 * side.sign
    assert bench.stops() == 10
    return bench


def stop_id(bench: Bench) -> int:
    working = bench.market.venue.live.values()
    return next(each.key.order_id for each in working if each.order.order_type is OrderType.STOP)


def told_late(bench: Bench, stop: int) -> list[object]:
    """Hold back all that is said but what is said of the stop."""
    held = [each for each in bench.up if getattr(each, "order_id", stop) != stop]
    assert any(isinstance(each, ExecutionReport) for each in held)
    for each in held:
        bench.up.remove(each)
    assert any(isinstance(each, OrderReport) for each in bench.up)
    return held


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(Side), st.integers(1, 12), st.integers(0, 6))
def test_a_fill_that_is_told_after_the_end_of_its_oca_sibling_brings_no_second_stop(
    side: Side, size: int, halves: int
) -> None:
    """Seeds 691 and 1653: the broker said of the stop first, and of the fill a second later."""
    bench = holding(side)
    stop, sent = stop_id(bench), len(bench.sent)
    bench.quote(100.0 + 7 * side.sign, size)
    held = told_late(bench, stop)
    for _ in range(halves):
        bench.settle(1)
        assert len(bench.sent) == sent, "its shares are sold: nothing is missing"
    bench.up.extend(held)
    bench.settle()
    assert len(bench.sent) == sent
    assert bench.market.position * side.sign == max(10 - size, 0)
    assert bench.stops() == max(10 - size, 0)


@BOTH
@pytest.mark.parametrize("answered", [True, False])
def test_a_stop_that_is_cancelled_beside_a_profit_is_replaced_within_two_seconds(
    side: Side, answered: bool
) -> None:
    """Whether the broker says in time what it has or not."""
    bench = holding(side)
    venue, stop = bench.market.venue, stop_id(bench)
    (key,) = (each for each in venue.live if each.order_id == stop and each.client_id == CLIENT)
    bench.market.events += venue.cancel(key, bench.market.now_ns)
    bench.show()
    for _ in range(5):
        while bench.commits or bench.down or bench.up:
            bench.commit()
            if bench.down and isinstance(bench.down[0], AskSnapshot) and not answered:
                bench.down.popleft()
            bench.arrive()
            bench.deliver()
        bench.pass_time(0.5)
    assert bench.stops() == 10
    assert bench.market.position == 10 * side.sign
