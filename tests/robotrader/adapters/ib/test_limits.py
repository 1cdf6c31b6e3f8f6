"""Rows P1 to P6: rates, pacing and limits, played against our port."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal

from msgspec.structs import replace

from robotrader.domain import CancelOrder
from robotrader.gateway import (
    DataClass,
    History,
    HistoryStatus,
    LineRules,
    OrderNews,
    Subscribe,
    Unsubscribe,
    about_order,
)
from tests.robotrader.adapters.ib.kit import SETTINGS, Requests, Trader, trade
from tests.robotrader.emulator.kit import Lab, until

CALM = replace(SETTINGS, ack_s=10.0)
"""For bursts: an order that waits for its turn on a busy machine is no reason to suspect."""


def test_p1_a_cancel_leaves_at_once_behind_150_orders() -> None:
    """P1: measured from the wish to the venue's answer: below 200 ms (ib_async: 2.65 s)."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1)
        await until(lambda: trader.shown(1))
        for number in range(2, 152):
            trader.place(number)
        await asyncio.sleep(0)
        began = time.monotonic()
        trader.port.cancel(CancelOrder(1))
        await until(lambda: 202 in trader.failed(1))
        took_s = time.monotonic() - began
        waiting = 151 - len(lab.gateway.venue.live)
        assert took_s < 0.2
        assert waiting > 100
        assert trader.port.counts["code 100"] == 0

    trade(scene, row="P1", settings=CALM)


def test_p1_two_seconds_of_backlog_never_exceed_the_rate() -> None:
    """P1: orders, cancels, data and account requests together, and no error 100."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        for number in range(1, 61):
            trader.place(number)
        for symbol in ("AAPL", "KO", "MSFT"):
            await trader.line(symbol)
        await until(lambda: len(lab.gateway.venue.live) == 60)
        for number in range(1, 21):
            trader.port.cancel(CancelOrder(number))
        await until(lambda: len(lab.gateway.venue.live) == 40)
        assert trader.port.counts["code 100"] == 0
        assert lab.gateway.accepted == 1

    trade(scene, row="P1", settings=CALM)


def test_p1_an_order_that_reduces_overtakes_others() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        for number in range(1, 41):
            trader.place(number)
        trader.port.place(replace(trader.order(41), reduces=True))
        await until(lambda: trader.shown(41))
        assert len(lab.gateway.venue.live) < 40

    trade(scene, settings=CALM)


def test_p2_history_is_paced_shared_and_cached() -> None:
    """P2: the emulated gateway enforces IBKR's rules exactly: not one violation."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        requests = Requests(lab)
        stocks = [await trader.stock(symbol) for symbol in ("AAPL", "KO", "MSFT")]
        spans = ("60 S", "120 S", "180 S", "240 S")
        small = [
            trader.bars(stock, duration=span, bar_size="5 secs")
            for stock in stocks
            for span in spans
        ]
        large = [trader.bars(stock, duration="5 D", bar_size="1 day") for stock in stocks]
        same = [trader.bars(stocks[0], duration="60 S", bar_size="5 secs") for _ in range(10)]
        answers = await asyncio.gather(*small, *large, *same)
        assert {each.status for each in answers} == {HistoryStatus.OK}
        assert requests.counts["reqHistoricalData"] == 15
        assert trader.port.history.violations == 0
        assert trader.port.counts["code 162"] == 0

    trade(scene, row="P2", speed=1.0)


def test_p2_more_than_a_burst_for_one_contract_waits() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        stock = await trader.stock()
        began = time.monotonic()
        spans = [f"{60 * n} S" for n in range(1, 8)]
        answers = await asyncio.gather(
            *(trader.bars(stock, duration=span, bar_size="5 secs") for span in spans)
        )
        assert {each.status for each in answers} == {HistoryStatus.OK}
        assert time.monotonic() - began > 2.0
        assert trader.port.counts["code 162"] == 0

    trade(scene)


def test_p3_the_four_meanings_of_162_are_told_apart() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        stock = await trader.stock()
        asked = [(await trader.bars(stock, duration=f"{n} D")).status for n in (1, 2, 3, 4)]
        # The pacing violation is not told: the request is made again, and is the third one.
        none, cancelled, permission, fine = asked
        assert (none, cancelled) == (HistoryStatus.NO_DATA, HistoryStatus.TIMEOUT)
        assert (permission, fine) == (HistoryStatus.PERMISSION, HistoryStatus.OK)
        assert trader.port.history.violations == 1

    trade(scene, row="P3")


def test_p4_no_answer_is_a_timeout_and_not_no_data() -> None:
    """P4, F17: one answer, at the deadline."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        stock = await trader.stock()
        began = time.monotonic()
        answer = await trader.bars(stock)
        assert answer.status is HistoryStatus.TIMEOUT
        assert 0.2 <= time.monotonic() - began < 1.0
        again = await trader.bars(stock)
        assert again.status is HistoryStatus.OK

    trade(scene, row="P4", settings=replace(SETTINGS, history_s=0.2))


def test_every_request_ends_when_the_connection_does() -> None:
    """No waiter is left (invariant 6)."""

    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        stock = await trader.stock()
        waits = asyncio.create_task(trader.bars(stock))
        await until(lambda: lab.gateway.faults.struck["drop"])
        lab.gateway.restart()
        assert (await waits).status is HistoryStatus.DISCONNECTED
        assert [each.request for each in trader.of(History)] == [waits.result().request]

    trade(scene, row="P4")


def test_p5_lines_are_kept_within_the_budget_and_pinned_ones_stay() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        pinned = await trader.stock("AAPL")
        trader.port.subscribe(Subscribe(pinned, pinned=True))
        old, new = await trader.line("KO"), await trader.line("MSFT")
        assert trader.lines(old)[-1].data_class is DataClass.NONE
        assert trader.lines(new)[-1].data_class is DataClass.LIVE
        assert trader.lines(pinned)[-1].data_class is DataClass.LIVE
        await until(lambda: len(lab.gateway.clients[11].streams) == 2)
        assert trader.port.counts["code 101"] == 0

    two = replace(SETTINGS, lines=LineRules(budget=2))
    trade(scene, row="P5", settings=two)


def test_p5_a_line_that_the_broker_refuses_is_worth_nothing() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        await trader.line("AAPL")
        other = await trader.stock("KO")
        trader.port.subscribe(Subscribe(other))
        await until(lambda: trader.port.counts["code 101"])
        trader.port.unsubscribe(Unsubscribe(265598))
        await until(lambda: trader.lines(other) and not trader.lines(other)[-1].stale)
        assert trader.lines(other)[-1].data_class is DataClass.LIVE

    trade(scene, row="P2", ticks_a_minute=600)


def test_p6_too_many_orders_on_one_side_is_a_reject() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        trader.place(1)
        await until(lambda: trader.failed(1))
        assert trader.failed(1) == [201]
        assert about_order(201, acked=False) is OrderNews.REJECTED

    trade(scene, row="P6")


def test_o21_an_id_that_tws_cannot_read_is_refused_here() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        for number in (0, -1, 2**31):
            trader.place(number)
            assert trader.failed(number) == [320]
        trader.place(1, qty=Decimal(3))
        await until(lambda: trader.shown(1))

    trade(scene)
