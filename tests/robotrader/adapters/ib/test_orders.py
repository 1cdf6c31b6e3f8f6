"""Raw reports of orders: passed on as they came, whatever ib_async would make of them (O rows)."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import partial

import pytest
from msgspec.structs import replace

from robotrader.domain import (
    AskSnapshot,
    BrokerSnapshot,
    CancelOrder,
    CommissionReport,
    ExecutionReport,
    LinkState,
    OrderReport,
    OrderType,
    ReportedStatus,
    Side,
    TimeInForce,
)
from tests.robotrader.adapters.ib import kit
from tests.robotrader.adapters.ib.kit import Trader
from tests.robotrader.emulator.kit import Lab, until

CALM = replace(kit.SETTINGS, link=replace(kit.LINK, sync_s=5.0), idle_s=2.0, answer_s=2.0)
trade = partial(kit.trade, settings=CALM)

MARKET = {"order_type": OrderType.MARKET, "qty": Decimal(100), "limit_price": None}


async def snapshot(trader: Trader, request: int = 77) -> BrokerSnapshot:
    trader.port.snapshot(AskSnapshot(request))
    await until(lambda: [each for each in trader.snapshots() if each.request == request])
    (found,) = [each for each in trader.snapshots() if each.request == request]
    return found


def test_every_field_of_an_order_reaches_the_venue() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        wanted = {
            "side": Side.SELL,
            "order_type": OrderType.STOP_LIMIT,
            "qty": Decimal(7),
            "limit_price": Decimal("8.25"),
            "aux_price": Decimal("8.5"),
            "tif": TimeInForce.GTD,
            "good_till_ns": 1_795_300_000_000_000_000,
            "outside_rth": True,
            "all_or_none": True,
            "oca_group": "g",
            "oca_type": 2,
            "order_ref": "rt1-5-9",
        }
        trader.place(9, **wanted)
        await until(lambda: lab.gateway.venue.live)
        (working,) = lab.gateway.venue.live.values()
        for name, value in wanted.items():
            assert getattr(working.order, name) == value, name

    trade(scene)


def test_o2_o22_a_snapshot_has_what_happened_and_what_is_left() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        trader.place(2)
        await until(lambda: trader.of(CommissionReport) and trader.shown(2))
        found = await snapshot(trader)
        assert [order.ref for order in found.open_orders] == ["rt-2"]
        (done,) = found.completed
        assert (done.ref, done.order_id, done.completed) == ("rt-1", 0, True)
        assert done.filled == 100
        (fill,) = found.executions
        assert (fill.ref, fill.side) == ("rt-1", Side.BUY)
        assert fill.qty == 100
        (held,) = found.positions
        assert held.con_id == 265598
        assert held.qty == 100
        assert found.missing == ()

    trade(scene)


def test_o3_a_fill_during_1100_is_told() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        await until(lambda: trader.of(CommissionReport))
        assert trader.port.link.state is LinkState.DEGRADED
        assert len(trader.of(ExecutionReport)) == 1

    trade(scene, row="O3")


def test_o5_a_commission_that_comes_first_is_told() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        await until(lambda: trader.of(ExecutionReport))
        kinds = [type(each) for each in trader.broker]
        assert kinds.index(CommissionReport) < kinds.index(ExecutionReport)

    trade(scene, row="O5")


def test_o6_duplicates_are_told_as_they_come() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        await until(lambda: len(trader.of(CommissionReport)) == 2)
        assert Counter(each.exec_id for each in trader.of(ExecutionReport)).most_common() == [
            (trader.of(ExecutionReport)[0].exec_id, 2)
        ]

    trade(scene, row="O6")


def test_o7_a_correction_is_a_report_of_the_same_family() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        await until(lambda: len(trader.of(ExecutionReport)) == 2)
        first, second = trader.of(ExecutionReport)
        assert first.family == second.family
        assert (first.revision, second.revision) == (1, 2)
        assert second.qty == 50

    trade(scene, row="O7")


@pytest.mark.parametrize("row", ["O11", "O12"])
def test_o11_o12_a_message_about_a_live_order_is_only_told(row: str) -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1)
        await until(lambda: trader.failed(1))
        (order,) = (await snapshot(trader)).open_orders
        assert order.status is ReportedStatus.SUBMITTED

    trade(scene, row=row)


def test_o14_a_cancel_of_nothing_is_answered() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.port.cancel(CancelOrder(4711))
        await until(lambda: trader.failed(4711))
        assert trader.failed(4711) == [10147]

    trade(scene)


def test_o18_positions_that_come_after_their_end_leave_the_answer_incomplete() -> None:
    """What an answer does not name is nothing, unless more of the last one came behind its end."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1, **MARKET)
        await until(lambda: trader.of(CommissionReport))
        early = await snapshot(trader, 1)
        assert (early.positions, early.missing) == ((), ())
        await until(lambda: trader.port.sync._late_ns is not None)
        assert (await snapshot(trader, 2)).missing == ("positions",)
        lab.gateway.faults.clear()
        number = 3
        while (found := await snapshot(trader, number)).missing:
            assert found.missing == ("positions",)
            number += 1
        assert [held.qty for held in found.positions] == [100]

    trade(scene, row="O18")


def test_o16_what_somebody_else_ordered_has_no_id_of_ours() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await until(lambda: lab.gateway.venue.done)
        found = await snapshot(trader)
        (order,) = found.completed
        assert (order.order_id, order.ref) == (0, "")
        assert [held.qty for held in found.positions] == [10]

    trade(scene, row="O16")


def test_an_order_is_changed_by_its_own_id() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1)
        await until(lambda: trader.shown(1))
        trader.place(1, qty=Decimal(5), limit_price=Decimal(11))
        await until(lambda: [o.order.qty for o in lab.gateway.venue.live.values()] == [5])

        def shown() -> list[Decimal | None]:
            return [each.qty for each in trader.of(OrderReport) if each.qty]

        await until(lambda: shown()[-1] == 5)
        assert shown()[0] == 1, "it was placed with one"

    trade(scene)


def test_an_order_that_is_never_shown_is_asked_about() -> None:
    """C5: the gateway lives and has lost the answers: everything is asked for again."""
    rules = "\n".join(
        f'[[rule]]\non = "reply:{name}"\ndo = "drop"\ntimes = 1'
        for name in ("openOrder", "orderStatus")
    )

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1)
        await until(lambda: LinkState.SYNCING in trader.states[3:])
        await trader.ready()
        assert [each.ref for each in trader.snapshots()[-1].open_orders] == ["rt-1"]
        assert trader.port.generation == 1

    trade(scene, rules=rules)
