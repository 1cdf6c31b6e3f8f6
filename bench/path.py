"""From a tick on the wire to an order on the wire: the whole tree beside a bare ib_async script.

One gateway, a process of its own, serves all contestants in turn, so that all of them are measured
by the same clock in the same minute: a tick goes to one, its order is awaited, the next one has its
turn. What is measured begins when the gateway has handed a tick's bytes to the kernel and ends when
the bytes of the order come, so the gateway's own work is in no figure.

In ``path`` the gateway has the last processor to itself and all contestants have the others, as a
gateway has that is another program: so its work neither takes the processor from who is measured
nor what that processor remembers. In ``path_shared`` all of them run where the kernel puts them,
which on two processors is the gateway's own, as a rule: a wake is cheaper there, everything else
dearer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import statistics
import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from bench.replay import LAST, series_of
from bench.scratch import scratch
from bench.trader import TraderProcess, Wanted
from robotrader.emulator import Gateway, Limits, Server, Settings
from robotrader.venue import AccountSetup

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from robotrader.emulator.link import Link

BLOCK: Final = 20
"""Ticks of a contestant in its turn."""

CONTESTANTS: Final = ("bare", "durable", "async")
BAR_NS: Final = 25_000_000
"""A tick ends a bar: a strategy may ask for one order in each. We send 45 messages a second."""

EARLY_NS: Final = 1_000_000
FIRST: Final = 1_000_000
"""The number of the first contract."""

PATIENCE_S: Final = 0.5
MOST_MISSED: Final = 20
ACCOUNTS: Final = {name: f"DU100000{number}" for number, name in enumerate(CONTESTANTS)}
SETTLED: Final = 10
"""Part of the samples, one of so many, that is not counted: the first ones."""


class _Stamped:
    """Notes when a link's bytes leave and come."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.ordered = asyncio.Event()
        self.took_us: list[float] = []
        self._sent = self._come = 0.0
        self._take, self._receive = link.take, link.receive
        link.take = self.take  # type: ignore[method-assign]
        link.receive = self.receive  # type: ignore[method-assign]

    def take(self) -> bytes:
        """Bytes are on their way to the socket."""
        data = self._take()
        if data and not self.ordered.is_set():
            self._sent = time.perf_counter()
        return data

    def receive(self, data: bytes) -> None:
        """Bytes have come."""
        self._come = time.perf_counter()
        self._receive(data)

    def order(self) -> None:
        """What came was an order; a second one, of the same tick, is not counted."""
        if not self.ordered.is_set():
            self.took_us.append((self._come - self._sent) * 1e6)
            self.ordered.set()


async def _play(gateway: Gateway, server: Server, count: int) -> dict[str, list[float]]:
    """Give each contestant its ticks; return how long their orders took, in microseconds."""
    stamped = {number: _Stamped(link) for number, link in _links(gateway).items()}
    by_link = {each.link.number: each for each in stamped.values()}
    plain = gateway.faults.incoming

    def incoming(link: Link, name: str, fields: dict[str, Any]) -> bool:
        if name == "placeOrder":
            by_link[link.number].order()
        return plain(link, name, fields)

    gateway.faults.incoming = incoming  # type: ignore[method-assign]
    prices = {number: gateway.market.tickers[FIRST + number].trade.price for number in stamped}
    missed = 0
    for turn in range(0, count, BLOCK):
        for number, each in stamped.items():
            for step in range(turn, min(turn + BLOCK, count)):
                await _next_bar()
                server.pass_time()
                each.ordered.clear()
                ticker = gateway.market.tickers[FIRST + number]
                gateway.market.show(ticker, round(prices[number] + step % 7 / 100, 2))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE_S):
                        await each.ordered.wait()
                missed += not each.ordered.is_set()
                each.ordered.set()
        if missed > MOST_MISSED:
            break
    return {
        **{name: stamped[number].took_us for number, name in enumerate(CONTESTANTS)},
        "missed": [float(missed)],
    }


async def _next_bar() -> None:
    """Wait until a bar begins, and a little longer: clocks of one machine, but threads are late."""
    now_ns = time.time_ns()
    await asyncio.sleep((BAR_NS - now_ns % BAR_NS + EARLY_NS) / 1e9)


def _links(gateway: Gateway) -> dict[int, Link]:
    """Return the contestants' links by their numbers, which follow from the client ids."""
    return {link.client_id - 1: link for link in gateway.links.values()}


def _processors(*, apart: bool) -> tuple[frozenset[int], frozenset[int]]:
    """Return the gateway's processors and the contestants'; a single one is everybody's."""
    cpus = sorted(os.sched_getaffinity(0))
    if not apart or len(cpus) == 1:
        return frozenset(cpus), frozenset(cpus)
    return frozenset(cpus[-1:]), frozenset(cpus[:-1])


def _serve(pipe: Connection, cpus: frozenset[int]) -> None:
    """Be the gateway's process."""
    os.sched_setaffinity(0, cpus)

    async def run() -> None:
        accounts = {name: AccountSetup(Decimal(1_000_000)) for name in ACCOUNTS.values()}
        limits = Limits(messages=1_000_000, lines=1_000)
        gateway = Gateway(
            series_of(len(CONTESTANTS)),
            Settings(limits=limits, accounts=accounts),
            now_ns=time.time_ns(),
        )
        gateway.market.quiet.update(range(1_000_000, 1_000_000 + len(CONTESTANTS)))
        server = Server(gateway, port=0)
        await server.start()
        pipe.send(server.port)
        loop = asyncio.get_running_loop()
        count = await loop.run_in_executor(None, pipe.recv)
        pipe.send(await _play(gateway, server, count))
        await server.stop()

    asyncio.run(run())


def _path(size: int, *, apart: bool) -> dict[str, float]:
    gateways, others = _processors(apart=apart)
    spawning = multiprocessing.get_context("spawn")
    pipe, child = spawning.Pipe()
    server = spawning.Process(target=_serve, args=(child, gateways), daemon=True)
    server.start()
    child.close()  # so that the gateway's end is seen here
    port: int = pipe.recv()
    bare_pipe, bare_child = spawning.Pipe()
    bare = spawning.Process(target=_bare, args=(bare_child, port, others), daemon=True)
    bare.start()
    instruments = [each.instrument for each in series_of(len(CONTESTANTS)).values()]
    with scratch() as folder:
        traders = [
            TraderProcess(
                Wanted(
                    port=port,
                    folder=f"{folder}/{name}",
                    instruments=(instruments[number],),
                    strategy="echo",
                    bar_ns=BAR_NS,
                    client_id=number + 1,
                    account=ACCOUNTS[name],
                    durable=name == "durable",
                    cpus=others,
                )
            )
            for number, name in enumerate(CONTESTANTS)
            if name != "bare"
        ]
        bare_pipe.recv()
        for trader in traders:
            trader.ready()
        pipe.send(size)
        found: dict[str, list[float]] = pipe.recv()
        for trader in traders:
            trader.stop()
    bare_pipe.send("stop")
    bare.join(10)
    server.join(10)
    return _figures(found)


def path(_system: str, size: int) -> dict[str, float]:
    """Microseconds from a tick's bytes to its order's, with ``size`` ticks for each contestant."""
    return _path(size, apart=True)


def path_shared(_system: str, size: int) -> dict[str, float]:
    """The same, wherever the kernel lets gateway and contestants run."""
    return _path(size, apart=False)


def _figures(found: dict[str, list[float]]) -> dict[str, float]:
    figures = {"missed": found["missed"][0]}
    for name in CONTESTANTS:
        took = found[name][len(found[name]) // SETTLED :]
        cuts = statistics.quantiles(took, n=100)
        figures |= {f"{name}_p50_us": cuts[49], f"{name}_p99_us": cuts[98]}
    for name in CONTESTANTS[1:]:
        figures[f"{name}_times"] = figures[f"{name}_p50_us"] / figures["bare_p50_us"]
    return figures


def _bare(pipe: Connection, port: int, cpus: frozenset[int]) -> None:
    """Be a script on ib_async that orders in the event of its ticker, and nothing else."""
    os.sched_setaffinity(0, cpus)

    async def run() -> None:
        from ib_async import IB, Contract, LimitOrder

        logging.disable(logging.CRITICAL)  # a line for each cancelled order

        ib = IB()
        ib.client.MaxRequests = 0
        await ib.connectAsync("127.0.0.1", port, clientId=1, account=ACCOUNTS["bare"])
        contract = Contract(conId=1_000_000, secType="STK", exchange="SMART", currency="USD")
        ticker = ib.reqMktData(contract)
        await asyncio.sleep(0.5)

        def ticked(_: Any) -> None:
            if any(tick.tickType == LAST for tick in ticker.ticks):
                order = LimitOrder("BUY", 1, 98.0, tif="IOC", account=ACCOUNTS["bare"])
                ib.placeOrder(contract, order)

        ticker.updateEvent += ticked
        pipe.send("ready")
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        ib.disconnect()

    asyncio.run(run())


SPECIAL: Final = {"path": path, "path_shared": path_shared}
