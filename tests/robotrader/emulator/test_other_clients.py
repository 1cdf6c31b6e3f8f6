"""Two more unmodified clients: ib_insync 0.9.86 and IBKR's own ibapi 9.81."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import ib_insync
import pytest
from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from robotrader.emulator import Server
from tests.robotrader.emulator.kit import Lab, made, play, until


def test_ib_insync_connects_streams_reads_history_and_trades() -> None:
    async def scene(lab: Lab) -> None:
        ib = ib_insync.IB()
        await ib.connectAsync("127.0.0.1", lab.server.port, clientId=5, timeout=4)
        assert ib.client.serverVersion() == 176
        (stock,) = await ib.qualifyContractsAsync(ib_insync.Stock("KO", "SMART", "USD"))
        ticker = ib.reqMktData(stock)
        await until(lambda: ticker.bid > 0 and ticker.last > 0)
        bars = await ib.reqHistoricalDataAsync(stock, "", "5 D", "1 hour", "TRADES", True)
        assert len(bars) > 24 * 4
        trade = ib.placeOrder(stock, ib_insync.MarketOrder("BUY", 100))
        await until(lambda: trade.isDone() and trade.fills[0].commissionReport.execId)
        assert trade.orderStatus.status == "Filled"
        resting = ib.placeOrder(stock, ib_insync.StopOrder("SELL", 100, 1.0))
        await until(lambda: resting.orderStatus.status == "PreSubmitted")
        ib.cancelOrder(resting.order)
        await until(resting.isDone)
        assert ib.positions()[0].position == 100
        ib.disconnect()

    play(scene)


class Recorder(EWrapper, EClient):  # type: ignore[misc]  # ibapi has no types
    """Keeps every callback by name, and says when a new one has come."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.calls: dict[str, list[tuple[Any, ...]]] = {}
        self._changed = threading.Condition()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in _WATCHED:
            return found

        def keep(*args: Any) -> Any:
            result = found(*args)
            with self._changed:
                self.calls.setdefault(name, []).append(args)
                self._changed.notify_all()
            return result

        return keep

    def wait(self, name: str, count: int = 1) -> tuple[Any, ...]:
        """Return the arguments of the ``count``-th call."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.calls.get(name, ())) >= count, 8)
        assert came, f"{name} did not come: {sorted(self.calls)}"
        return self.calls[name][count - 1]


_WATCHED = frozenset(
    {
        "nextValidId", "managedAccounts", "contractDetails", "contractDetailsEnd", "tickPrice",
        "historicalData", "historicalDataEnd", "openOrder", "orderStatus", "execDetails",
        "commissionReport", "position", "positionEnd", "accountSummary", "accountSummaryEnd",
        "openOrderEnd", "currentTime",
    }
)  # fmt: skip


class Served:
    """A gateway on a loop in a thread of its own, for clients that block."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = Server(made(), port=0)
        self._loop.run_until_complete(self._server.start())
        self.port = self._server.port
        self._ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._server.stop())
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


@pytest.mark.filterwarnings("ignore")  # ibapi 9.81 leaves its socket to the collector
def test_ibapi_connects_streams_reads_history_and_trades() -> None:
    served = Served()
    client = Recorder()
    client.connect("127.0.0.1", served.port, 3)
    reader = threading.Thread(target=client.run, daemon=True)
    reader.start()
    try:
        (order_id,) = client.wait("nextValidId")
        assert client.serverVersion() == 157
        apple = Contract()
        apple.symbol, apple.secType, apple.exchange, apple.currency = "AAPL", "STK", "SMART", "USD"
        client.reqContractDetails(1, apple)
        assert client.wait("contractDetails")[1].contract.conId == 265598
        client.reqMktData(2, apple, "", False, False, [])
        assert client.wait("tickPrice")[2] > 0
        client.reqHistoricalData(3, apple, "", "2 D", "1 hour", "TRADES", 1, 1, False, [])
        client.wait("historicalDataEnd")
        assert len(client.calls["historicalData"]) > 24
        order = Order()
        order.action, order.orderType, order.totalQuantity = "BUY", "MKT", 100
        client.placeOrder(order_id, apple, order)
        assert client.wait("execDetails")[2].shares == 100
        assert client.wait("commissionReport")[0].commission == 1.0
        client.reqPositions()
        client.wait("positionEnd")
        assert client.calls["position"][-1][2] == 100
        client.reqAccountSummary(9, "All", "NetLiquidation,Leverage")
        client.wait("accountSummaryEnd")
        assert {call[2] for call in client.calls["accountSummary"]} == {
            "NetLiquidation",
            "Leverage",
        }
    finally:
        client.disconnect()
        reader.join(5)
        served.close()
