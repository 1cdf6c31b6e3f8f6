"""The emulated gateway in the simulated network: another machine, with a loop of its own.

What ``robotrader.emulator.server`` does with sockets and the real clock, this does with simulated
ones: it carries bytes, lets the gateway's time pass, and does to connections what fault programs
ask for. Nothing is looked at in intervals: whatever is due wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from supervision.clock import to_ns
from tests.simulation.wire_loop import SimLoop

if TYPE_CHECKING:
    from robotrader.emulator import Gateway
    from robotrader.emulator.link import Link
    from supervision import Simulation
    from tests.simulation.wire_net import Network, SimServer
    from tests.simulation.wire_transport import SimTransport


class _Connection(asyncio.Protocol):
    """A connection, bound to one link of the gateway's."""

    def __init__(self, venue: WireVenue) -> None:
        self._venue = venue
        self._transport: SimTransport
        self._link: Link
        self._flushing = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._venue.pass_time()
        self._link = link = self._venue.gateway.connect()
        link.unsent = transport.get_write_buffer_size
        link.wake = self._wake
        self._wake()
        self._venue.arm()

    def data_received(self, data: bytes) -> None:
        self._venue.pass_time()
        self._link.receive(data)
        self._venue.arm()

    def connection_lost(self, exc: Exception | None) -> None:
        self._link.wake = lambda: None
        self._link.end("fin", "client closed")

    def _wake(self) -> None:
        """Write soon: what one event causes goes out together."""
        if not self._flushing:
            self._flushing = True
            self._venue.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        link, transport = self._link, self._transport
        if link.ending == "rst":
            transport.abort()
            return
        data = link.take()
        size = self._venue.gateway.faults.segment(link)
        for at in range(0, len(data), size or len(data) or 1):
            transport.write(data[at : at + size] if size else data)
        if link.ending:
            transport.close()
        elif link.reading != transport.is_reading():
            (transport.resume_reading if link.reading else transport.pause_reading)()


class WireVenue:
    """Serves ``gateway`` at an address of the network.

    Args:
        system: whose time it shares, ``begin_ns`` later: the gateway's clock counts from 1970.
        network: where it listens.
        gateway: what is served.
        where: host and port.
    """

    def __init__(
        self, system: Simulation, network: Network, gateway: Gateway, where: tuple[str, int]
    ) -> None:
        self.gateway = gateway
        self.loop = SimLoop(system)
        self.loop.network = network
        self.now_ns: Callable[[], int] = _clock(system, gateway.timeline.now_ns)
        self._system, self._network, self._where = system, network, where
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_ns = 0
        self._server: SimServer | None = None
        self.arm()

    def pass_time(self) -> None:
        """Let the gateway be at the present."""
        now_ns = self.now_ns()
        if now_ns > self.gateway.timeline.now_ns:
            self.gateway.advance(now_ns)

    def do(self, what: Callable[[], object]) -> None:
        """Do something to the gateway at the present, as its own process would."""
        self.pass_time()
        what()
        self.arm()

    def arm(self) -> None:
        """Wake when something is due; listen or not, as faults want it."""
        self._follow_listening()
        due_ns = self.gateway.timeline.next_ns()
        if due_ns is None or (self._alarm is not None and self._alarm_ns <= due_ns):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_ns = due_ns
        delay_s = max(0, due_ns - self.now_ns()) / to_ns(1)
        self._alarm = self.loop.call_later(delay_s, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self.pass_time()
        self.arm()

    def _follow_listening(self) -> None:
        refusing = self.gateway.faults.refusing
        if refusing and self._server is not None:
            self._server.close()
            self._server = None
        elif not refusing and self._server is None:
            factory = lambda: _Connection(self)  # noqa: E731 - one line says it
            self._server = self._network.listen(self.loop, factory, *self._where)

    def close(self) -> None:
        """Owe nothing any more."""
        self.loop.close()


def _clock(system: Simulation, begin_ns: int) -> Callable[[], int]:
    offset_ns = begin_ns - system.now_ns()
    return lambda: offset_ns + system.now_ns()
