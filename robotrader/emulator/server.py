"""The emulated gateway over TCP, with a real clock that may run faster.

The only part with sockets: it carries bytes between connections and the gateway, lets the gateway's
time pass, and does to sockets what faults ask for.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import time
from typing import TYPE_CHECKING, Final, cast

from robotrader.emulator.timeline import SECOND_NS

if TYPE_CHECKING:
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

LONGEST_SLEEP_S: Final = 0.05
"""Time is looked at so often even when nothing is due: a new listener may have come."""

BURST_NS: Final = SECOND_NS
"""Emulated time that passes at most before sockets are looked at again."""

MOST_BURSTS: Final = 15
"""An answer waits for so many at most; a clock that runs faster is never caught up with."""


class _Connection(asyncio.Protocol):
    """One socket, bound to one link."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport
        self._flushing = False
        self._link: Link

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # TCP's, whatever the loop
        self._server.connections.add(self)
        self._link = link = self._server.gateway.connect()
        link.unsent = self._transport.get_write_buffer_size
        link.wake = self._wake
        self._wake()

    def data_received(self, data: bytes) -> None:
        self._server.catch_up()
        self._link.receive(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._server.connections.discard(self)
        self._link.wake = lambda: None
        self._link.end("fin", "client closed")

    def _wake(self) -> None:
        """Write soon: what one event causes goes out together."""
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_soon(self.flush)

    def flush(self) -> None:
        """Write what waits, and do to the socket what the link says."""
        self._flushing = False
        link, transport = self._link, self._transport
        if link.ending == "rst":
            self._reset()
            return
        data = link.take()
        size = self._server.gateway.faults.segment(link)
        for at in range(0, len(data), size or len(data) or 1):
            transport.write(data[at : at + size] if size else data)
        if link.ending:
            transport.close()
        elif link.reading != transport.is_reading():
            (transport.resume_reading if link.reading else transport.pause_reading)()

    def _reset(self) -> None:
        """Tear the connection down with RST and not FIN: linger for no time."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()


class Server:
    """Serves ``gateway`` on one port.

    Args:
        gateway: what is served.
        host: loopback unless told otherwise: there is no authentication in the protocol.
        port: 0 for any free one.
        speed: emulated seconds a real second; 0 stops the clock.
    """

    def __init__(
        self, gateway: Gateway, *, host: str = "127.0.0.1", port: int = 4002, speed: float = 1.0
    ) -> None:
        self.gateway = gateway
        self.host, self.port, self.speed = host, port, speed
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._clock: asyncio.Task[None] | None = None
        self._real_ns = 0
        self._emulated_ns = 0

    async def start(self) -> None:
        """Listen, and let time pass.

        Raises:
            OSError: the port is in use.
        """
        await self._listen()
        self.restart_clock()
        self._clock = asyncio.create_task(self._run_clock())

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def restart_clock(self) -> None:
        """Let time go on from where it is: after it was set, or its speed was changed."""
        self._real_ns = time.monotonic_ns()
        self._emulated_ns = self.gateway.timeline.now_ns

    def pass_time(self) -> None:
        """Let the gateway's time catch up with the clock."""
        passed = int((time.monotonic_ns() - self._real_ns) * self.speed)
        target_ns = self._emulated_ns + passed
        now_ns = self.gateway.timeline.now_ns
        if target_ns > now_ns:
            self.gateway.advance(min(target_ns, now_ns + BURST_NS))

    def catch_up(self) -> None:
        """Be at the present before an answer: after a long computation one burst is not enough."""
        for _ in range(MOST_BURSTS):
            before_ns = self.gateway.timeline.now_ns
            self.pass_time()
            if self.gateway.timeline.now_ns - before_ns < BURST_NS:
                return

    async def _run_clock(self) -> None:
        while True:
            self.pass_time()
            for connection in list(self.connections):
                connection.flush()
            await self._follow_listening()
            await asyncio.sleep(self._sleep_s())

    def _sleep_s(self) -> float:
        due_ns = self.gateway.timeline.next_ns()
        if due_ns is None or not self.speed:
            return LONGEST_SLEEP_S
        passed = int((time.monotonic_ns() - self._real_ns) * self.speed)
        ahead_s = (due_ns - self._emulated_ns - passed) / self.speed / SECOND_NS
        return min(max(ahead_s, 0.0), LONGEST_SLEEP_S)

    async def _follow_listening(self) -> None:
        """Close or open the port as faults want it."""
        refusing = self.gateway.faults.refusing
        if refusing and self._server is not None:
            self._server.close()
            self._server = None
        elif not refusing and self._server is None:
            await self._listen()

    async def stop(self) -> None:
        """Close everything."""
        if self._clock is not None:
            self._clock.cancel()
        if self._server is not None:
            self._server.close()
        for link in list(self.gateway.links.values()):
            link.end("fin", "the gateway stops")
        for connection in list(self.connections):
            connection.flush()  # the loop may end before its next turn
        await asyncio.sleep(0)
        self.gateway.log.flush()
