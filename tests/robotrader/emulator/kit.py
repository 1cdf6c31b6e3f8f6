"""A gateway in memory, and one behind a real socket with an unmodified ib_async in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from ib_async import IB, Contract, Stock

from robotrader.adapters import bundled
from robotrader.emulator import EventLog, Gateway, Server, Settings
from robotrader.emulator.link import Link
from robotrader.tws import ClientSession, Message

NOW_NS = 1_795_240_800_123_456_789
SERIES = bundled.load(["AAPL", "KO", "MSFT", "SPX"])
SECOND_NS = 1_000_000_000

T = TypeVar("T")


def made(log: EventLog | None = None, **settings: Any) -> Gateway:
    return Gateway(SERIES, Settings(**settings), now_ns=NOW_NS, log=log)


class Talker:
    """A client in memory: our own side of the protocol, one link, all replies kept."""

    def __init__(self, gateway: Gateway, client_id: int = 1, version: int = 200) -> None:
        self.gateway = gateway
        self.session = ClientSession(version, version)
        self.link: Link = gateway.connect()
        self.replies: list[Message] = []
        self.link.receive(self.session.greeting)
        self.read()
        self.ask("startApi", clientId=client_id)

    def ask(self, name: str, **fields: Any) -> list[Message]:
        """Send a request; return what came back at once."""
        self.link.receive(self.session.request(name, **fields))
        return self.read()

    def read(self) -> list[Message]:
        new = self.session.receive(self.link.take())
        self.replies += new
        return new

    def wait(self, seconds: float) -> list[Message]:
        """Let emulated time pass; return what came."""
        self.gateway.advance(self.gateway.timeline.now_ns + int(seconds * SECOND_NS))
        return self.read()

    def codes(self) -> list[int]:
        return [each.fields["code"] for each in self.replies if each.name == "error"]


class Lab:
    """A served gateway, and clients of it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.gateway = server.gateway
        self.errors: list[tuple[int, int]] = []
        self.clients: list[IB] = []

    async def client(self, client_id: int = 11, **options: Any) -> IB:
        """A connected ib_async."""
        ib = IB()
        self.clients.append(ib)
        ib.errorEvent += lambda req_id, code, *_: self.errors.append((req_id, code))
        options = {"timeout": 4, "raiseSyncErrors": True} | options
        await ib.connectAsync("127.0.0.1", self.server.port, clientId=client_id, **options)
        return ib

    async def stock(self, ib: IB, symbol: str = "AAPL") -> Contract:
        (contract,) = await ib.qualifyContractsAsync(Stock(symbol, "SMART", "USD"))
        assert isinstance(contract, Contract)
        return contract

    def codes(self) -> list[int]:
        return [code for _, code in self.errors]


async def until(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for a condition; the loop's own events decide when it is looked at."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - the client has no event for "anything changed"
            await asyncio.sleep(0.002)


def play(
    scene: Callable[[Lab], Awaitable[T]],
    *,
    speed: float = 1.0,
    gateway: Gateway | None = None,
    make_loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
    **settings: Any,
) -> T:
    """Serve a gateway on a free port and run ``scene`` against it."""

    async def run() -> T:
        server = Server(gateway or made(**settings), port=0, speed=speed)
        await server.start()
        lab = Lab(server)
        try:
            return await scene(lab)
        finally:
            for ib in lab.clients:
                ib.disconnect()
            await server.stop()

    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(run())
