"""An event log is played to the next client: it sees what the first one saw."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ib_async import IB, Contract, LimitOrder, MarketOrder, Stock

from robotrader.emulator import EventLog, eventlog
from robotrader.emulator.playback import Player
from tests.robotrader.emulator.kit import Lab, made, play, until


async def session(ib: IB) -> dict[str, Any]:
    """What a client does, and what it sees of it."""
    (stock,) = await ib.qualifyContractsAsync(Stock("AAPL", "SMART", "USD"))
    assert isinstance(stock, Contract)
    filled = ib.placeOrder(stock, MarketOrder("BUY", 10))
    await until(lambda: filled.isDone() and any(f.commissionReport.execId for f in filled.fills))
    resting = ib.placeOrder(stock, LimitOrder("SELL", 10, 9_999.0))
    await until(lambda: resting.orderStatus.status == "Submitted")
    bars = await ib.reqHistoricalDataAsync(stock, "", "1 D", "1 hour", "TRADES", useRTH=True)
    await ib.reqCurrentTimeAsync()
    return {
        "contract": stock,
        "fills": [(fill.execution, fill.commissionReport) for fill in filled.fills],
        "orders": [(trade.order.permId, trade.orderStatus.status) for trade in ib.trades()],
        "bars": bars,
        "positions": ib.positions(),
    }


def recorded(path: Path) -> dict[str, Any]:
    """Record a session; return what its client saw."""
    with path.open("wb") as file:
        log = EventLog(file)

        async def scene(lab: Lab) -> dict[str, Any]:
            return await session(await lab.client())

        return play(scene, gateway=made(log))


async def replayed(path: Path) -> dict[str, Any]:
    """Play the log to a client that does the same; return what it sees."""
    player = Player(eventlog.read(path))
    server = await asyncio.start_server(player.serve, "127.0.0.1", 0)
    ib = IB()
    try:
        port = server.sockets[0].getsockname()[1]
        await ib.connectAsync("127.0.0.1", port, clientId=11, timeout=4, raiseSyncErrors=True)
        return await session(ib)
    finally:
        ib.disconnect()
        async with asyncio.timeout(10):
            await player.over.wait()
        server.close()


def test_a_client_that_does_the_same_sees_the_same(tmp_path: Path) -> None:
    path = tmp_path / "frames.jsonl"
    seen = recorded(path)
    assert seen["fills"]
    again = asyncio.run(replayed(path))
    assert [key for key in seen if seen[key] != again[key]] == []


@pytest.mark.parametrize(
    ("hello", "why"),
    [
        (
            b"API\0\0\0\0\x09v157..158",
            "the log is of server version 178, the client speaks 157 to 158",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", "no API hello"),
    ],
)
def test_who_cannot_hear_the_log_is_sent_away(tmp_path: Path, hello: bytes, why: str) -> None:
    path = tmp_path / "frames.jsonl"
    recorded(path)
    player = Player(eventlog.read(path))

    async def scene() -> None:
        server = await asyncio.start_server(player.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(hello)
        assert await reader.read() == b""
        writer.close()
        async with asyncio.timeout(10):
            await player.over.wait()
        late_reader, late_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await late_reader.read() == b"", "the log has one connection"
        late_writer.close()
        server.close()

    asyncio.run(scene())
    assert why in player.refusals[0]
