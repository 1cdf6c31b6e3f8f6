"""What executions and charges do: booked once, never refused, whatever they look like."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import (
    CommissionReport,
    ExecutionReport,
    ReportedStatus,
    Side,
)
from robotrader.domain import records as r
from tests.robotrader.execution.broker import ACCOUNT, CLIENT, Held
from tests.robotrader.execution.test_crash_points import (
    ready,
    working,
)
from tests.robotrader.execution.world import SECOND, World


def report(world: World, held: Held, **fields: Any) -> None:
    """Say something about an order, over whatever it really is."""
    said = world.broker.report(held)
    world.guard(world.hear, msgspec.structs.replace(said, **fields))


def execution(world: World, **fields: Any) -> ExecutionReport:
    said = ExecutionReport(
        exec_id="00.01.01",
        order_id=1,
        client_id=CLIENT,
        perm_id=1001,
        ref="rt1-1-1",
        con_id=1,
        account=ACCOUNT,
        side=Side.BUY,
        qty=Decimal(30),
        price=Decimal(10),
        time_ns=world.now_ns,
        cum_qty=Decimal(30),
        generation=0,
    )
    return msgspec.structs.replace(said, **fields)


@given(parts=st.lists(st.integers(1, 20), min_size=1, max_size=5), data=st.data())
def test_f29_partial_fills_sum_exactly_in_any_order_with_repeats(
    parts: list[int], data: st.DataObject
) -> None:
    world, _ = working()
    fills = [
        execution(world, exec_id=f"00.{number:02}.01", qty=Decimal(qty))
        for number, qty in enumerate(parts)
    ]
    for said in data.draw(st.permutations(fills * 2)):
        world.guard(world.hear, said)
    world.run(SECOND // 10)
    assert world.manager.position(1) == sum(parts)
    assert world.gate.worst(1) == 100
    assert world.manager.counts["repeated_fills"] == len(parts)


@pytest.mark.parametrize("order", ["fill first", "charge first"])
def test_a_commission_counts_once_before_or_after_its_fill(order: str) -> None:
    """O5, O6."""
    world, _ = working()
    fill = execution(world)
    charge = CommissionReport("00.01.01", Decimal("1.05"), "USD", None, 0)
    both = [fill, charge] if order == "fill first" else [charge, fill]
    for said in (*both, *both):
        world.guard(world.hear, said)
    world.run(SECOND)
    charges = [each for each in world.journal if isinstance(each, r.CommissionBooked)]
    assert [each.commission for each in charges] == [Decimal("1.05")]
    assert world.manager.position(1) == 30


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_highest_revision_of_a_fill_counts(newest_first: bool) -> None:
    """O7: a correction replaces; an older one that comes late changes nothing."""
    world, _ = working()
    said = [
        execution(world, exec_id=f"00.01.{revision:02}", qty=Decimal(qty))
        for revision, qty in ((1, 30), (2, 20), (10, 5))
    ]
    for each in reversed(said) if newest_first else said:
        world.guard(world.hear, each)
    world.run(SECOND)
    assert world.manager.position(1) == 5


@pytest.mark.parametrize("generation", [0, 99])
def test_a_fill_of_any_connection_counts_and_a_status_only_of_ours(generation: int) -> None:
    """O3: an execution is a fact, whichever connection says it."""
    world, held = working()
    world.disconnect()
    world.guard(world.hear, execution(world, generation=generation))
    report(world, held, status=ReportedStatus.CANCELLED, generation=generation)
    world.run(SECOND // 20)
    assert world.manager.counts["dropped_reports"] == 1
    assert world.manager.position(1) == 30


@pytest.mark.parametrize(
    "field",
    [
        {"qty": Decimal("nan")},
        {"qty": Decimal("inf")},
        {"qty": Decimal(-5)},
        {"price": Decimal("nan")},
    ],
)
def test_f35_a_fill_with_impossible_fields_is_booked_set_aside_and_alerted(
    field: dict[str, Decimal],
) -> None:
    world, _ = working()
    world.guard(world.hear, execution(world, **field))
    world.run(SECOND // 10)
    booked = [each for each in world.journal if isinstance(each, r.FillBooked)]
    aside = [each for each in world.journal if isinstance(each, r.MessageQuarantined)]
    assert len(booked) == len(aside) == 1
    assert world.manager.position(1) == (0 if "qty" in field else 30)
    assert world.manager.halted == {1}
    assert "fill_quarantined" in {each.kind for each in world.alerts}


@pytest.mark.parametrize(
    "field", [{"qty": Decimal(500)}, {"con_id": 2}, {"side": Side.SELL}, {"price": Decimal(-37)}]
)
def test_f35_a_fill_that_does_not_fit_its_order_is_booked_as_it_is(field: dict[str, Any]) -> None:
    world, _ = working()
    said = execution(world, **field)
    world.guard(world.hear, said)
    world.run(SECOND // 10)
    assert world.manager.position(said.con_id) == said.side.sign * said.qty
    strange = "fill_strange" in {each.kind for each in world.alerts}
    assert strange == ("price" not in field)


@given(
    trades=st.lists(
        st.tuples(st.sampled_from(list(Side)), st.integers(1, 50), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_f34_shorts_and_covers_add_up_over_restarts(trades: list[tuple[Side, int, bool]]) -> None:
    world = ready()
    expected = 0
    for side, qty, dies in trades:
        reduces = expected * side.sign < 0 and qty <= abs(expected)
        world.submit(qty, side=side, reduces=reduces)
        world.run(SECOND)
        held = world.broker.orders[-1]
        assert held.order.side is side
        world.broker.fill(held, Decimal(qty))
        expected += side.sign * qty
        world.drain()
        if dies:
            world.die()
        world.run(30 * SECOND)
        assert world.manager.position(1) == expected
    world.check_rest()
