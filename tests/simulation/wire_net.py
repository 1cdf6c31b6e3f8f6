"""A network in memory: connections whose bytes take time and get lost, as a simulation wants it.

What TCP promises is kept: bytes come in order, once, and a connection ends for both sides or is
dead for both. What TCP does not promise goes wrong: how long it takes, how what was written is cut
into reads, whether the end is heard of at all. A connection that is dark loses everything in both
directions, its end too; who has sent something into it gives up after a while, as a kernel does.
"""

from __future__ import annotations

import asyncio
import errno
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from supervision.clock import to_ns
from tests.simulation.wire_transport import FIN, Lane, SimTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from supervision import Simulation
    from tests.simulation.wire_loop import SimLoop

CONNECT_TIMEOUT_S: Final = 127.0
"""How long Linux tries to reach who does not answer (net.ipv4.tcp_syn_retries 6)."""

MASK: Final = (1 << 64) - 1


@dataclass
class Weather:
    """How the network is now; latencies in seconds, one way.

    ``cuts``: into how many pieces at most a write is cut on its way (1: none).
    """

    latency_s: tuple[float, float] = (0.0001, 0.002)
    cuts: int = 1
    unreachable: bool = False
    """Whoever connects hears nothing."""


@dataclass
class Connection:
    """Two ends and the lanes between them; ``client`` is the end that has connected."""

    network: Network
    number: int
    client: SimTransport = field(init=False)
    server: SimTransport = field(init=False)
    dark: bool = field(init=False, default=False)

    def over(self) -> bool:
        """Say whether both ends know that it is over."""
        return self.client.lost and self.server.lost

    def cut(self, how: str) -> None:
        """End it from the middle: ``fin`` behind what is on its way, ``rst`` before it."""
        for end in (self.client, self.server):
            if how == "fin":
                end.incoming.put(FIN)
            else:
                end.incoming.drop()
                end.reset("Connection reset by peer")

    def go_dark(self, give_up_s: float) -> None:
        """Lose everything from now on; who sends gives up after ``give_up_s``."""
        self.dark = True
        for end in (self.client, self.server):
            end.incoming.go_dark(give_up_s)

    def light(self) -> None:
        """Carry again: what is sent anew is for nobody any more, and whoever sends it hears so."""
        if self.dark:
            self.cut("rst")

    def stall(self, seconds: float) -> None:
        """Hold everything up; it comes late, in order."""
        for end in (self.client, self.server):
            end.incoming.hold(seconds)


class SimServer(asyncio.AbstractServer):
    """Who listens at an address."""

    def __init__(
        self, network: Network, loop: SimLoop, factory: Callable[[], Any], where: tuple[str, int]
    ) -> None:
        self.network, self.loop, self.factory, self.where = network, loop, factory, where

    def close(self) -> None:
        """Listen no more; connections go on."""
        if self.is_serving():
            del self.network.listeners[self.where]

    def is_serving(self) -> bool:
        """Say whether it listens."""
        return self.network.listeners.get(self.where) is self

    def get_loop(self) -> SimLoop:
        """Return the loop on which its connections live."""
        return self.loop

    async def start_serving(self) -> None:
        """It serves from the beginning."""

    async def serve_forever(self) -> None:
        """Serve until cancelled."""
        await self.loop.create_future()

    async def wait_closed(self) -> None:
        """Wait for nothing, as 3.11's server does."""


class Network:
    """See the module's prose.

    Args:
        system: whose time it uses.
        random: what it draws from.
    """

    def __init__(self, system: Simulation, random: Random) -> None:
        self.system = system
        self.random = random
        self.weather = Weather()
        self.listeners: dict[tuple[str, int], SimServer] = {}
        self.connections: list[Connection] = []
        self.made: Callable[[Connection], object] = lambda _: None
        """Told of each new connection, before anything is written."""

        self.attempts = 0
        self.bytes = 0
        self.trace = 0

    # -- what it is like --

    def latency_ns(self) -> int:
        """Draw how long something takes now."""
        return to_ns(self.random.uniform(*self.weather.latency_s))

    def note(self, lane: int, data: bytes) -> None:
        """Mix what was written, by whom and when into the trace."""
        self.bytes += len(data)
        now = zlib.crc32(data, self.system.now_ns() & 0xFFFFFFFF)
        self.trace = ((self.trace ^ (lane << 32 | now)) * 0x100000001B3) & MASK

    def alive(self) -> list[Connection]:
        """Return the connections that at least one end believes in."""
        self.connections = [each for each in self.connections if not each.over()]
        return self.connections

    # -- what loops ask for --

    def listen(self, loop: SimLoop, factory: Callable[[], Any], host: str, port: int) -> SimServer:
        """Listen at an address.

        Raises:
            OSError: somebody listens there already.
        """
        if (host, port) in self.listeners:
            raise OSError(errno.EADDRINUSE, f"{host}:{port}: the address is in use")
        server = self.listeners[host, port] = SimServer(self, loop, factory, (host, port))
        return server

    async def connect(
        self, loop: SimLoop, factory: Callable[[], Any], host: str, port: int
    ) -> tuple[SimTransport, Any]:
        """Connect from ``loop`` to whoever listens.

        Raises:
            OSError: nobody listens there, or nobody answers.
        """
        self.attempts += 1
        if self.weather.unreachable:
            await asyncio.sleep(CONNECT_TIMEOUT_S)
            raise TimeoutError(errno.ETIMEDOUT, f"Connect call failed ('{host}', {port})")
        await asyncio.sleep(self.latency_ns() / 1e9)
        server = self.listeners.get((host, port))
        if server is None:
            await asyncio.sleep(self.latency_ns() / 1e9)
            raise ConnectionRefusedError(
                errno.ECONNREFUSED, f"Connect call failed ('{host}', {port})"
            )
        made = self._accept(loop, server)
        try:
            await asyncio.sleep(self.latency_ns() / 1e9)
        except asyncio.CancelledError:
            made.client.abort()
            raise
        protocol = factory()
        made.client.begin(protocol)
        await asyncio.sleep(0)
        return made.client, protocol

    def _accept(self, loop: SimLoop, server: SimServer) -> Connection:
        number = len(self.connections) + self.attempts
        made = Connection(self, number)
        there, back = Lane(self, 2 * number), Lane(self, 2 * number + 1)
        made.client = SimTransport(loop, there, back, f"client {number}")
        made.server = SimTransport(server.loop, back, there, f"server {number}")
        self.connections.append(made)
        self.made(made)
        made.server.begin(server.factory())
        return made
