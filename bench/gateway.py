"""What is measured of the emulated gateway: the venue, the codec, ticks through sockets."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import statistics
import time
import timeit
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters import bundled
from robotrader.domain import Bar, Instrument, Order, OrderKey, OrderType, Side
from robotrader.emulator import Gateway, Limits, Server, Settings
from robotrader.tws import ClientSession, codec
from robotrader.venue import AccountSetup, AlwaysOpen, Books, Venue

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_NS: Final = 1_795_240_800_000_000_000
MINUTE_NS: Final = 60_000_000_000
STOCK: Final = Instrument(con_id=1, symbol="A")
VERSION: Final = 178
BURST: Final = 50
"""Ticks between two looks at the sockets, as a busy market gives them."""


def _venue() -> Venue:
    books = Books({"DU1": AccountSetup(Decimal(10**9))}, [STOCK])
    return Venue([STOCK], books, AlwaysOpen(), now_ns=NOW_NS)


def _bar(number: int) -> Bar:
    start_ns = NOW_NS + number * MINUTE_NS
    return Bar(1, start_ns, start_ns + MINUTE_NS, 100.0, 101.0, 99.0, 100.5, 10_000.0)


def venue(_system: str, size: int) -> dict[str, float]:
    """Bars while no order works, and market orders that the next bar fills, fees and accounts."""
    quiet, bars = _venue(), [_bar(number) for number in range(size)]
    begun = time.perf_counter()
    for bar in bars:
        quiet.on_bar(bar)
    bars_s = time.perf_counter() - begun
    busy = _venue()
    sides = (Side.BUY, Side.SELL)
    orders = [
        Order(con_id=1, side=side, order_type=OrderType.MARKET, qty=Decimal(100), account="DU1")
        for side in sides
    ]
    begun = time.perf_counter()
    for number, bar in enumerate(bars):
        busy.place(OrderKey(1, number + 1), orders[number % 2], bar.start_ns)
        busy.on_bar(bar)
        busy.advance(bar.end_ns)
    trips_s = time.perf_counter() - begun
    return {"bars": size / bars_s, "trips": size / trips_s}


def _microseconds(run: Callable[[], object], size: int) -> float:
    return statistics.median(timeit.repeat(run, number=size, repeat=5)) / size * 1e6


def wire(_system: str, size: int) -> dict[str, float]:
    """Microseconds to encode and decode the messages that matter most."""
    spoken = codec(VERSION)
    tick = {"reqId": 5, "tickType": 1, "price": 187.51, "size": Decimal(100), "attrMask": 1}
    order = {"orderId": 1, "symbol": "AAPL", "secType": "STK", "orderType": "LMT"}
    payload = spoken.encode_request("placeOrder", order)[4:]
    return {
        "tick_us": _microseconds(lambda: spoken.encode_reply("tickPrice", tick), size),
        "place_us": _microseconds(lambda: spoken.decode_request(payload), size),
        "open_us": _microseconds(lambda: spoken.encode_reply("openOrder", order), size),
    }


def _drain(port: int, client_id: int, ready: Any) -> None:
    """Be a client that reads as fast as it can and does nothing else."""
    session = ClientSession(VERSION, VERSION)
    with socket.create_connection(("127.0.0.1", port)) as sock:
        sock.sendall(session.greeting)
        while session.version is None:
            session.receive(sock.recv(65536))
        sock.sendall(session.request("startApi", clientId=client_id))
        asked = session.request("reqMktData", reqId=1, conId=265598, secType="STK")
        sock.sendall(asked)
        ready.release()
        while sock.recv(1 << 20):
            pass


def ticks(_system: str, size: int) -> dict[str, float]:
    """Tick messages a second to one client, and to each of eight, over TCP from one core."""
    return {
        "one": asyncio.run(_stream(1, size)),
        "each_of_8": asyncio.run(_stream(8, size // 8)),
    }


async def _stream(clients: int, size: int) -> float:
    settings = Settings(limits=Limits(messages=1_000))
    gateway = Gateway(bundled.load(["AAPL"]), settings, now_ns=NOW_NS)
    server = Server(gateway, port=0, speed=0)
    await server.start()
    spawning = multiprocessing.get_context("spawn")
    ready = spawning.Semaphore(0)
    children = [
        spawning.Process(target=_drain, args=(server.port, number, ready), daemon=True)
        for number in range(clients)
    ]
    for child in children:
        child.start()
    loop = asyncio.get_running_loop()
    for _ in children:
        await loop.run_in_executor(None, ready.acquire)
    while sum(len(link.streams) for link in gateway.links.values()) < clients:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    ticker = gateway.market.tickers[265598]
    messages_a_tick = 8
    begun = time.perf_counter()
    for number in range(size // messages_a_tick):
        gateway.market.show(ticker, 100.0 + number % 7 / 100)
        if not number % BURST:
            await asyncio.sleep(0)
    took = time.perf_counter() - begun
    dropped = sum(link.conflated for link in gateway.links.values())
    await server.stop()
    for child in children:
        child.join(10)
    return (size - dropped) / took


SPECIAL: Final = {"venue": venue, "wire": wire, "ticks": ticks}
