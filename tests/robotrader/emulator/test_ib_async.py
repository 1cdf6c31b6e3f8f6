"""An unmodified ib_async over a real socket: what a user's script does, it can do here."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from ib_async import (
    LimitOrder,
    MarketOrder,
    StopOrder,
    TagValue,
    Ticker,
)

from robotrader.domain import Order as DomainOrder
from tests.robotrader.emulator.kit import Lab, play, until


@pytest.mark.parametrize("cap", [157, 176, 178, 200])
def test_it_connects_and_gets_everything_it_asks_for_at_start(cap: int) -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        assert ib.managedAccounts() == ["DU1234567"]
        assert ib.client.serverVersion() == min(cap, 178)
        values = {value.tag: value.value for value in ib.accountValues()}
        assert values["NetLiquidation"] == "1000000.00"
        assert lab.codes() == [2104, 2106, 2158]

    play(scene, cap=cap)


def test_it_looks_up_contracts_and_rules() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        assert (contract.conId, contract.primaryExchange) == (265598, "NASDAQ")
        (details,) = await ib.reqContractDetailsAsync(contract)
        assert details.longName == "APPLE INC"
        assert details.secIdList == [TagValue("ISIN", "US0378331005")]
        rules = details.marketRuleIds.split(",")
        assert len(rules) == len(details.validExchanges.split(","))
        steps = await ib.reqMarketRuleAsync(int(rules[0])) or []
        assert [(step.lowEdge, step.increment) for step in steps] == [(0.0, 0.0001), (1.0, 0.01)]
        found = await ib.reqMatchingSymbolsAsync("COCA") or []
        assert [each.contract and each.contract.symbol for each in found] == ["KO"]

    play(scene)


def test_it_streams_quotes_trades_bars_depth_and_ticks() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        ticker: Ticker = ib.reqMktData(contract, "233")
        await until(lambda: len(ticker.ticks) > 0 and ticker.rtVolume)
        first = ticker.last
        await until(lambda: ticker.last != first)
        assert ticker.bid < ticker.ask
        assert ticker.low <= ticker.last <= ticker.high
        bars = ib.reqRealTimeBars(contract, 5, "TRADES", useRTH=True)
        depth = ib.reqMktDepth(contract)
        by_tick = ib.reqTickByTickData(contract, "Last")
        await until(lambda: len(bars) >= 2 and by_tick.tickByTicks and depth.domBids)
        assert bars[0].low <= bars[0].close <= bars[0].high
        assert (bars[1].time - bars[0].time).total_seconds() == 5
        assert [level.price for level in depth.domBids] == sorted(
            (level.price for level in depth.domBids), reverse=True
        )
        ib.cancelMktData(contract)
        ib.cancelRealTimeBars(bars)

    play(scene, speed=20)


def test_snapshots_and_delayed_data_say_what_they_are() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        (ticker,) = await ib.reqTickersAsync(contract)
        assert ticker.close > 0
        ib.reqMarketDataType(3)
        delayed = ib.reqMktData(contract)
        await until(lambda: delayed.marketDataType == 3 and delayed.bid > 0)
        assert 10167 in lab.codes()

    play(scene)


def test_it_reads_history() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)

        async def bars(duration: str, size: str, show: str = "TRADES") -> int:
            found = await ib.reqHistoricalDataAsync(contract, "", duration, size, show, True, 1)
            for bar in found:
                assert bar.low <= min(bar.open, bar.close)
                assert max(bar.open, bar.close) <= bar.high
            assert [bar.date for bar in found] == sorted({bar.date for bar in found})
            return len(found)

        assert await bars("1 Y", "1 day") == 365
        assert await bars("1 M", "1 day", "MIDPOINT") == 30
        assert await bars("3600 S", "1 min") == 60
        assert await bars("300 S", "5 secs") == 60
        head = await ib.reqHeadTimeStampAsync(contract, "TRADES", True, 1)
        assert head.year < 2010
        schedule = await ib.reqHistoricalScheduleAsync(contract, 5)
        assert len(schedule.sessions) == 5
        ticks = await ib.reqHistoricalTicksAsync(
            contract, "", "20261121 00:30:00", 10, "TRADES", True
        )
        assert len(ticks) == 10
        assert await ib.reqHistogramDataAsync(contract, True, "1 day")

    play(scene)


def test_live_bars_go_on() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        bars = await ib.reqHistoricalDataAsync(
            await lab.stock(ib), "", "600 S", "5 secs", "TRADES", True, 1, keepUpToDate=True
        )
        before = len(bars)
        await until(lambda: len(bars) > before)
        assert [bar.date for bar in bars] == sorted({bar.date for bar in bars})

    play(scene, speed=20)


def test_a_market_order_fills_with_execution_commission_position_and_cash() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        trade = ib.placeOrder(await lab.stock(ib), MarketOrder("BUY", 100, orderRef="rt-1"))
        await until(lambda: trade.fills and trade.fills[0].commissionReport.execId)
        assert trade.orderStatus.status == "Filled"
        assert trade.filled() == 100
        assert trade.fills[0].execution.orderRef == "rt-1"
        assert trade.fills[0].commissionReport.commission == 1.0
        (position,) = ib.positions()
        assert (position.position, position.contract.symbol) == (100, "AAPL")
        account = lab.gateway.books.accounts["DU1234567"]
        price = trade.fills[0].execution.price
        assert account.cash == Decimal(1_000_000) - Decimal(str(price)) * 100 - 1
        (fill,) = await ib.reqExecutionsAsync()
        assert fill.execution.execId == trade.fills[0].execution.execId
        (done,) = await ib.reqCompletedOrdersAsync(apiOnly=False)
        assert done.order.filledQuantity == 100

    play(scene)


def test_limits_are_modified_and_cancelled() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        order = LimitOrder("BUY", 100, 10.0)
        trade = ib.placeOrder(contract, order)
        await until(lambda: trade.orderStatus.status == "Submitted")
        order.totalQuantity, order.lmtPrice = 50, 11.0
        ib.placeOrder(contract, order)
        await until(lambda: [o.qty for o in lab_orders(lab)] == [50])
        ib.cancelOrder(order)
        await until(trade.isDone)
        assert trade.orderStatus.status == "Cancelled"
        assert 202 in lab.codes()
        ib.client.cancelOrder(4711, "")  # type: ignore[no-untyped-call]  # ib_async's own
        await until(lambda: (4711, 10147) in lab.errors)

    play(scene)


def lab_orders(lab: Lab) -> list[DomainOrder]:
    return [working.order for working in lab.gateway.venue.live.values()]


def test_a_bracket_fills_its_parent_and_one_child() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        bracket = ib.bracketOrder(
            "BUY", 100, limitPrice=200.0, takeProfitPrice=20.0, stopLossPrice=10.0
        )
        trades = [ib.placeOrder(contract, order) for order in bracket]
        await until(lambda: all(trade.isDone() for trade in trades))
        parent, profit, stop = (trade.orderStatus.status for trade in trades)
        assert (parent, profit, stop) == ("Filled", "Filled", "Cancelled")
        assert not ib.positions()

    play(scene)


def test_an_oca_group_cancels_the_others() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        orders = ib.oneCancelsAll(
            [
                LimitOrder("BUY", 100, 10.0),
                StopOrder("BUY", 100, 500.0),
                LimitOrder("BUY", 100, 200.0),
            ],
            "group",
            1,
        )
        trades = [ib.placeOrder(contract, order) for order in orders]
        await until(lambda: all(trade.isDone() for trade in trades))
        assert [trade.orderStatus.status for trade in trades] == [
            "Cancelled",
            "Cancelled",
            "Filled",
        ]

    play(scene)


def test_a_large_order_fills_in_parts_at_the_quotes_size() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        trade = ib.placeOrder(await lab.stock(ib), MarketOrder("BUY", 2_000))
        await until(trade.isDone)
        assert len(trade.fills) > 1
        assert sum(fill.execution.shares for fill in trade.fills) == 2_000
        total = sum(fill.commissionReport.commission for fill in trade.fills)
        await until(lambda: all(fill.commissionReport.execId for fill in trade.fills))
        assert total <= 10.0

    play(scene, speed=20)


def test_a_what_if_shows_margin_and_places_nothing() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        state = await ib.whatIfOrderAsync(await lab.stock(ib), LimitOrder("BUY", 100, 50.0))
        assert float(state.initMarginAfter) == 2_500
        assert state.commission == 1.0
        assert not lab.gateway.venue.live
        assert not lab.gateway.venue.done

    play(scene)


def test_orders_live_through_a_disconnect_and_two_clients_see_what_is_theirs() -> None:
    async def scene(lab: Lab) -> None:
        first = await lab.client(11)
        contract = await lab.stock(first)
        trade = first.placeOrder(contract, LimitOrder("BUY", 100, 10.0, orderRef="kept"))
        await until(lambda: trade.orderStatus.status == "Submitted")
        other = await lab.client(12)
        assert not other.openTrades()
        assert [each.order.orderRef for each in await other.reqAllOpenOrdersAsync()] == ["kept"]
        first.disconnect()
        await until(lambda: 11 not in lab.gateway.clients)
        again = await lab.client(11)
        (kept,) = again.openTrades()
        assert kept.order.permId == trade.order.permId
        assert again.client.getReqId() > trade.order.orderId

    play(scene)


def test_a_restart_with_its_state_file_keeps_orders_positions_and_ids() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        filled = ib.placeOrder(contract, MarketOrder("BUY", 100))
        await until(filled.isDone)
        open_ = ib.placeOrder(contract, LimitOrder("SELL", 100, 900.0, tif="GTC"))
        await until(lambda: open_.orderStatus.status == "Submitted")
        state = lab.gateway.state()
        kept.append((state, open_.order.permId, open_.order.orderId))

    kept: list[tuple[object, int, int]] = []
    play(scene)
    state, perm_id, order_id = kept[0]

    async def second_life(lab: Lab) -> None:
        lab.gateway.restore(state)  # type: ignore[arg-type]  # carried through a list
        ib = await lab.client()
        assert [position.position for position in ib.positions()] == [100]
        assert [trade.order.permId for trade in ib.openTrades()] == [perm_id]
        assert ib.client.getReqId() > order_id

    play(second_life)


def test_account_figures_follow() -> None:
    async def scene(lab: Lab) -> None:
        ib = await lab.client()
        contract = await lab.stock(ib)
        pnl = ib.reqPnL("DU1234567")
        single = ib.reqPnLSingle("DU1234567", "", contract.conId)
        trade = ib.placeOrder(contract, MarketOrder("BUY", 100))
        await until(trade.isDone)
        await until(lambda: single.position == 100 and pnl.dailyPnL == pnl.dailyPnL)
        summary = {value.tag for value in await ib.accountSummaryAsync()}
        assert {"NetLiquidation", "BuyingPower", "Cushion", "DayTradesRemaining"} <= summary
        await until(ib.portfolio)
        assert ib.portfolio()[0].position == 100
        time = await ib.reqCurrentTimeAsync()
        assert time.year == 2026

    play(scene, speed=5)


def test_a_second_connection_with_the_same_id_is_refused_and_the_first_stays() -> None:
    async def scene(lab: Lab) -> None:
        first = await lab.client(11)
        with pytest.raises((TimeoutError, ConnectionError, asyncio.CancelledError)):
            await lab.client(11, timeout=0.5)
        assert 326 in lab.codes()
        assert first.isConnected()
        assert (await first.reqCurrentTimeAsync()).year == 2026

    play(scene)
