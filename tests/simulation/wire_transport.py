"""One end of a connection in memory, and the way that bytes take to the other one."""

from __future__ import annotations

import asyncio
import errno
from collections import deque
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.timers import Timer
    from tests.simulation.wire_loop import SimLoop
    from tests.simulation.wire_net import Network


class Signal(bytes):
    """What ends a connection, among its bytes."""

    __slots__ = ()


FIN: Final = Signal(b"fin")
RST: Final = Signal(b"rst")

MAX_READ: Final = 256 * 1024
"""What asyncio reads at once (``selector_events._SelectorTransport.max_size``)."""

KERNEL_BYTES: Final = 256 * 1024
"""What the kernels of both sides take before a transport's own buffer grows."""

HIGH, LOW = 64 * 1024, 16 * 1024
"""asyncio's own limits for writing."""


class _Piece(NamedTuple):
    due_ns: int
    data: bytes


class Lane:
    """One direction: bytes and signals, in order, each with the time of its arrival."""

    def __init__(self, network: Network, number: int) -> None:
        self._network, self._number = network, number
        self._flying: deque[_Piece] = deque()
        self._last_ns = self._held_ns = 0
        self._timer: Timer | None = None
        self._give_up_ns: int | None = None
        self._giving_up = False
        self.to: SimTransport
        self.sender: SimTransport

    def put(self, data: bytes) -> None:
        """Send bytes or a signal on their way."""
        network = self._network
        network.note(self._number, data)
        if self._give_up_ns is not None:
            self._doubt()
            return
        for piece in (data,) if isinstance(data, Signal) else self._cut(data):
            due_ns = max(self._last_ns, network.system.now_ns() + network.latency_ns())
            self._last_ns = due_ns
            self._flying.append(_Piece(due_ns, piece))
        self._arm()

    def _cut(self, data: bytes) -> list[bytes]:
        """Cut a write into pieces, as networks do."""
        random, most = self._network.random, self._network.weather.cuts
        if most <= 1 or len(data) <= 1:
            return [data]
        count = random.randint(1, min(most, len(data) - 1))
        cuts = sorted({random.randrange(1, len(data)) for _ in range(count)})
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]

    def _arm(self) -> None:
        if self._timer is None and self._flying:
            due_ns = max(self._flying[0].due_ns, self._held_ns)
            self._timer = self._network.system.timers.at(due_ns, self._arrive)

    def _arrive(self) -> None:
        self._timer = None
        now_ns = self._network.system.now_ns()
        while self._flying and max(self._flying[0].due_ns, self._held_ns) <= now_ns:
            self.to.arrived(self._flying.popleft().data)
        self._arm()

    # -- what goes wrong --

    def drop(self) -> None:
        """Lose what is on its way."""
        self._flying.clear()

    def hold(self, seconds: float) -> None:
        """Let nothing arrive for a while."""
        self._held_ns = self._network.system.now_ns() + round(seconds * 1e9)

    def go_dark(self, give_up_s: float) -> None:
        """Lose everything from now on."""
        self._give_up_ns = round(give_up_s * 1e9)
        if self._flying:
            self.drop()
            self._doubt()

    def _doubt(self) -> None:
        """The sender's kernel gets no acknowledgement: after a while it ends the connection."""
        assert self._give_up_ns is not None, "only in the dark"
        if not self._giving_up:
            self._giving_up = True
            due_ns = self._network.system.now_ns() + self._give_up_ns
            sender = self.sender
            self._network.system.timers.at(due_ns, lambda: sender.reset("Connection timed out"))


class SimTransport(asyncio.Transport):
    """One end; behaves as asyncio's own transport over a socket does.

    Attributes:
        lost: the protocol was told that the connection is over, or is about to be.
    """

    def __init__(self, loop: SimLoop, outgoing: Lane, incoming: Lane, name: str) -> None:
        super().__init__({"peername": ("127.0.0.1", 0), "sockname": ("127.0.0.1", 0)})
        self._loop, self._outgoing, self.incoming, self.name = loop, outgoing, incoming, name
        outgoing.sender = self
        incoming.to = self
        self._protocol: Any = None
        self._inbox = bytearray()
        self._outstanding = 0
        self._fin = self._eof_told = self._eof_sent = False
        self._closing = self.lost = False
        self._reading, self._scheduled = True, False
        self._paused_writer = False
        self.on_write: Callable[[bytes], None] | None = None

    def begin(self, protocol: Any) -> None:
        """Be connected: the protocol is told, then what has come already."""
        self._protocol = protocol
        self._loop.call_soon(protocol.connection_made, self)
        self._look()

    # -- what comes --

    def arrived(self, data: bytes) -> None:
        """Take what has come through the lane."""
        if data is RST:
            self._inbox.clear()
            self.reset("Connection reset by peer")
        elif self._closing or self.lost:
            if data is not FIN:
                self._outgoing.put(RST)  # nobody reads here any more
        elif data is FIN:
            self._fin = True
            self._look()
        else:
            self._inbox += data
            self._look()

    def _look(self) -> None:
        wanted = self._inbox or (self._fin and not self._eof_told)
        if wanted and self._reading and not self._scheduled and self._protocol is not None:
            self._scheduled = True
            self._loop.call_soon(self._read)

    def _read(self) -> None:
        self._scheduled = False
        if self._closing or self.lost or not self._reading:
            return
        if self._inbox:
            data = bytes(self._inbox[:MAX_READ])
            del self._inbox[:MAX_READ]
            self.incoming.sender.taken(len(data))
            self._guarded(lambda: self._protocol.data_received(data))
        elif self._fin and not self._eof_told:
            self._eof_told = True
            self._guarded(self._eof)
        self._look()

    def _eof(self) -> None:
        if not self._protocol.eof_received():
            self.close()

    def _guarded(self, call: Callable[[], object]) -> None:
        """Call the protocol; what it raises ends the connection, as in asyncio."""
        try:
            call()
        except Exception as error:  # noqa: BLE001 - asyncio reports whatever it is
            context = {"message": "Fatal error: protocol", "exception": error, "transport": self}
            self._loop.call_exception_handler(context)
            self.abort()

    def pause_reading(self) -> None:
        """Read nothing until told to go on."""
        self._reading = False

    def resume_reading(self) -> None:
        """Go on reading."""
        self._reading = True
        self._look()

    def is_reading(self) -> bool:
        """Say whether it reads."""
        return self._reading and not self._closing

    # -- what goes --

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; on a connection that is over they go nowhere, as with a socket."""
        if self._eof_sent:
            msg = "Cannot call write() after write_eof()"
            raise RuntimeError(msg)
        if not data or self.lost or self._closing:
            return
        raw = bytes(data)
        if self.on_write is not None:
            self.on_write(raw)
        self._outstanding += len(raw)
        self._outgoing.put(raw)
        if not self._paused_writer and self.get_write_buffer_size() > HIGH:
            self._paused_writer = True
            self._protocol.pause_writing()

    def taken(self, count: int) -> None:
        """The other end has read."""
        self._outstanding -= count
        if self._paused_writer and not self.lost and self.get_write_buffer_size() <= LOW:
            self._paused_writer = False
            self._loop.call_soon(self._protocol.resume_writing)
        if self._closing and not self.lost and not self.get_write_buffer_size():
            self._end(None)

    def get_write_buffer_size(self) -> int:
        """Return how many bytes the kernel has not taken yet."""
        return max(0, self._outstanding - KERNEL_BYTES)

    def can_write_eof(self) -> bool:
        """Half-closing is possible."""
        return True

    def write_eof(self) -> None:
        """Send no more; go on reading."""
        if not self._eof_sent and not self._closing:
            self._eof_sent = True
            self._outgoing.put(FIN)

    # -- the end --

    def is_closing(self) -> bool:
        """Say whether it is over, or about to be."""
        return self._closing or self.lost

    def close(self) -> None:
        """Send what waits, then end."""
        if self._closing or self.lost:
            return
        if not self._eof_sent:
            self._outgoing.put(FIN)
        self._closing = True
        if not self.get_write_buffer_size():
            self._end(None)

    def abort(self) -> None:
        """End at once; the other end is reset behind what is on its way."""
        if not self.lost:
            self._outgoing.put(RST)
            self._closing = True
            self._end(None)

    def reset(self, why: str) -> None:
        """The kernel has ended the connection."""
        if not self.lost:
            code = errno.ETIMEDOUT if "timed out" in why else errno.ECONNRESET
            kind = TimeoutError if "timed out" in why else ConnectionResetError
            self._closing = True
            self._end(kind(code, why))

    def _end(self, error: Exception | None) -> None:
        self.lost = True
        if self._protocol is not None:
            self._loop.call_soon(self._protocol.connection_lost, error)

    def get_protocol(self) -> Any:
        """Return who is told."""
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell somebody else from now on."""
        self._protocol = protocol
