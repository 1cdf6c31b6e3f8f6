"""What is measured of the emulated gateway with clients in front of it: replay, echo, memory.

The gateway is a process of its own, as in real life, and the client is this one. The gateway does
not wait for a clock: time passes as fast as the client reads, so that no tick is left out.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import statistics
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from bench.lives import resident_bytes
from robotrader.adapters import bundled
from robotrader.emulator import Gateway, Limits, Server, Settings
from robotrader.emulator.link import CONFLATE_AT
from robotrader.tws import ClientSession, Message, codec

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from robotrader.market.series import Series

NOW_NS: Final = 1_795_240_800_000_000_000
SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
HOUR_NS: Final = 60 * MINUTE_NS
DAY_MINUTES: Final = 390
"""A trading day."""
VERSION: Final = 178
LAST: Final = 4
"""Tick type of the last price."""
TICKS: Final = 4
"""Ticks a minute: a bar's open, high, low and close."""
SYMBOLS: Final = 100
AAPL: Final = 265598


def series_of(count: int) -> dict[str, Series]:
    """Real series under as many names as are wanted: there are twenty."""
    real = list(bundled.load().values())
    made = {}
    for number in range(count):
        series = real[number % len(real)]
        name = f"S{number}"
        instrument = msgspec.structs.replace(
            real[0].instrument, con_id=1_000_000 + number, symbol=name, local_symbol=name
        )
        made[name] = msgspec.structs.replace(series, instrument=instrument)
    return made


def _gateway(series: dict[str, Series]) -> Gateway:
    limits = Limits(messages=1_000_000, lines=1_000)
    return Gateway(series, Settings(limits=limits, ticks_a_minute=TICKS), now_ns=NOW_NS)


def _serve(pipe: Connection, play: Callable[[Gateway, Connection], Any], symbols: int) -> None:
    """Be the gateway's process: say the port, and do ``play`` when the parent says so."""

    async def run() -> None:
        gateway = _gateway(series_of(symbols))
        server = Server(gateway, port=0, speed=0)
        await server.start()
        pipe.send(server.port)
        while not pipe.poll():  # noqa: ASYNC110 - a pipe has no event
            await asyncio.sleep(0.005)
        pipe.recv()
        await play(gateway, pipe)
        while not pipe.poll():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await server.stop()

    asyncio.run(run())


class _Served:
    """A gateway in a process of its own."""

    def __init__(self, play: Callable[[Gateway, Connection], Any], symbols: int) -> None:
        spawning = multiprocessing.get_context("spawn")
        self.pipe, child = spawning.Pipe()
        self._process = spawning.Process(target=_serve, args=(child, play, symbols), daemon=True)
        self._process.start()
        self.port: int = self.pipe.recv()

    def stop(self) -> None:
        """End the process."""
        self.pipe.send("stop")
        self._process.join(10)


# -- a trading day at full speed --


async def _play_day(gateway: Gateway, pipe: Connection) -> None:
    """Let a trading day pass, as fast as the slowest client reads."""
    for _ in range(DAY_MINUTES * TICKS):
        gateway.advance(gateway.timeline.now_ns + MINUTE_NS // TICKS)
        await asyncio.sleep(0)
        while any(  # noqa: ASYNC110 - a transport tells nobody that it has written
            link.unsent() > CONFLATE_AT // 2 for link in gateway.links.values()
        ):
            await asyncio.sleep(0)
    conflated = sum(link.conflated for link in gateway.links.values())
    gateway.broadcast(2104, "the day is over")
    pipe.send(conflated)


def replay(_system: str, size: int) -> dict[str, float]:
    """Seconds in which ib_async is shown a trading day of ``size`` symbols, a bar a minute."""
    served = _Served(_play_day, size)
    took_s, seen = asyncio.run(_watch(served, size))
    conflated = served.pipe.recv()
    served.stop()
    return {"seconds": took_s, "bars": seen / TICKS, "conflated": conflated}


async def _watch(served: _Served, size: int) -> tuple[float, int]:
    """Subscribe to all symbols and count the last prices until the day is over."""
    from ib_async import IB, Contract

    ib, over, seen = IB(), asyncio.Event(), 0
    ib.client.MaxRequests = 0
    await ib.connectAsync("127.0.0.1", served.port, clientId=1)

    def ticked(tickers: Any) -> None:
        nonlocal seen
        seen += sum(tick.tickType == LAST for ticker in tickers for tick in ticker.ticks)

    def said(_req_id: int, _code: int, text: str, *_: Any) -> None:
        if text == "the day is over":
            over.set()

    for number in range(size):
        ib.reqMktData(Contract(conId=1_000_000 + number, secType="STK", exchange="SMART"))
    await ib.reqCurrentTimeAsync()
    await asyncio.sleep(0.2)
    ib.pendingTickersEvent += ticked
    ib.errorEvent += said
    begun = time.perf_counter()
    served.pipe.send("play")
    await over.wait()
    took_s = time.perf_counter() - begun
    ib.disconnect()
    return took_s, seen


# -- a tick, and the order that it causes --


async def _play_echo(gateway: Gateway, pipe: Connection) -> None:
    """Show ticks one after the other; note how long each takes to come back as an order."""
    ticker = next(iter(gateway.market.tickers.values()))
    answered, times = asyncio.Event(), []
    begun = 0.0

    def incoming(link: Any, name: str, fields: dict[str, Any]) -> bool:
        if name == "placeOrder":
            times.append((time.perf_counter() - begun) * 1e6)
            answered.set()
        return bool(plain(link, name, fields))

    plain = gateway.faults.incoming
    gateway.faults.incoming = incoming  # type: ignore[method-assign]
    for number in range(pipe.recv()):
        answered.clear()
        await asyncio.sleep(0.001)  # what the last order caused is over
        begun = time.perf_counter()
        gateway.market.show(ticker, 100.0 + number % 7 / 100)
        async with asyncio.timeout(10):
            await answered.wait()
    pipe.send(times[len(times) // 10 :])


def echo(_system: str, size: int) -> dict[str, float]:
    """Microseconds from a tick at the gateway to its order there: bare sockets, then ib_async."""
    figures: dict[str, float] = {}
    for name, client in (("socket", _socket_client), ("ib_async", _ib_async_client)):
        served = _Served(_play_echo, 1)
        times = client(served, size)
        served.stop()
        cuts = statistics.quantiles(times, n=100)
        figures |= {f"{name}_p50_us": cuts[49], f"{name}_p99_us": cuts[98]}
    return figures


def _begin(served: _Served, size: int) -> None:
    served.pipe.send("play")
    served.pipe.send(size)


def _socket_client(served: _Served, size: int) -> list[float]:
    """Send an order as soon as bytes with a last price come: as fast as Python can be."""
    session, spoken = ClientSession(VERSION, VERSION), codec(VERSION)
    with socket.create_connection(("127.0.0.1", served.port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(session.greeting)
        while session.version is None:
            session.receive(sock.recv(65536))
        contract = {"conId": 1_000_000, "secType": "STK", "exchange": "SMART"}
        order = {**contract, "action": "BUY", "orderType": "LMT", "lmtPrice": 1.0, "tif": "IOC",
                 "totalQuantity": 1, "transmit": True}  # fmt: skip
        frames = [spoken.encode_request("placeOrder", {**order, "orderId": number + 1})
                  for number in range(size)]  # fmt: skip
        sock.sendall(session.request("startApi", clientId=1))
        sock.sendall(session.request("reqMktData", reqId=1, **contract))
        time.sleep(0.3)
        sock.recv(1 << 20)
        _begin(served, size)
        last = b"\x001\x006\x001\x004\0"[1:]
        for each in frames:
            while last not in sock.recv(65536):
                pass
            sock.sendall(each)
        return _times(served)


def _times(served: _Served) -> list[float]:
    times: list[float] = served.pipe.recv()
    return times


def _ib_async_client(served: _Served, size: int) -> list[float]:
    """Place an order in the event of the ticker, as a strategy on ib_async does."""
    return asyncio.run(_echo_back(served, size))


async def _echo_back(served: _Served, size: int) -> list[float]:
    from ib_async import IB, Contract, LimitOrder

    ib = IB()
    ib.client.MaxRequests = 0
    await ib.connectAsync("127.0.0.1", served.port, clientId=1)
    contract = Contract(conId=1_000_000, secType="STK", exchange="SMART")
    ticker = ib.reqMktData(contract)
    await asyncio.sleep(0.3)

    def ticked(_: Any) -> None:
        if any(tick.tickType == LAST for tick in ticker.ticks):
            ib.placeOrder(contract, LimitOrder("BUY", 1, 1.0, tif="IOC"))

    ticker.updateEvent += ticked
    _begin(served, size)
    loop = asyncio.get_running_loop()
    times = await loop.run_in_executor(None, _times, served)
    ib.disconnect()
    return times


# -- memory over days of replay --


def memory(_system: str, size: int) -> dict[str, float]:
    """Growth of the gateway's memory in MB an hour of replay, over ``size`` hours of five symbols.

    A client reads all ticks, keeps bars, account and profit up to date and trades every five
    minutes. The first half, in which caches fill, is not counted.
    """
    gateway = _gateway(series_of(5))
    session, link = ClientSession(VERSION, VERSION), gateway.connect()
    replies = 0

    def read() -> list[Message]:
        nonlocal replies
        got = session.receive(link.take())
        replies += len(got)
        return got

    def ask(name: str, **fields: Any) -> None:
        link.receive(session.request(name, **fields))
        read()

    link.receive(session.greeting)
    read()
    ask("startApi", clientId=1)
    contracts = [{"conId": con_id, "secType": "STK", "exchange": "SMART"}
                 for con_id in gateway.instruments]  # fmt: skip
    for number, contract in enumerate(contracts):
        ask("reqMktData", reqId=number, **contract)
    bars = {"barSize": "1 min", "duration": "1 D", "whatToShow": "TRADES", "formatDate": 1}
    ask("reqHistoricalData", reqId=500, **contracts[0], **bars, keepUpToDate=True)
    ask("reqAccountUpdates", subscribe=True)
    ask("reqPnL", reqId=501, account=gateway.account)
    rows = []
    for hour in range(size):
        for part in range(12):
            order_id = hour * 12 + part + 1
            side = "BUY" if order_id % 2 else "SELL"
            ask("placeOrder", orderId=order_id, action=side, orderType="MKT", transmit=True,
                totalQuantity=Decimal(10), **contracts[order_id // 2 % len(contracts)])  # fmt: skip
            for _ in range(5):
                gateway.advance(gateway.timeline.now_ns + MINUTE_NS)
                read()
        rows.append(resident_bytes() / 1e6)
    late = rows[len(rows) // 2 :]
    slope = statistics.linear_regression(range(len(late)), late).slope
    return {"mb_an_hour": slope, "megabytes": rows[-1], "replies": replies}


SPECIAL: Final = {"replay": replay, "echo": echo, "memory": memory}
