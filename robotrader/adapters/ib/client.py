"""ib_async's client, made strict: every frame is looked at first, nothing fails in silence.

What ib_async 2.1.0 does by itself and what happens here instead:

- a wrong length makes it wait for ever and keep what comes; here it ends the connection (C7);
- a message that cannot be read is a line in a log; here it is counted and told (D4);
- it asks for half-closing and waits; ``abort`` ends a dead connection at once (F02, C4);
- it sets no socket options; here the kernel finds a dead peer as well.

Nothing of the library is replaced at run time: these are subclasses, one object a connection.
"""

from __future__ import annotations

import contextlib
import math
import socket
import sys
from typing import TYPE_CHECKING, Any, Final

from ib_async.client import Client
from ib_async.connection import Connection
from ib_async.contract import Contract
from ib_async.decoder import Decoder
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from robotrader.adapters.ib.order_text import OrderTexts
from robotrader.adapters.ib.translate import contract_texts
from robotrader.adapters.ib.wire import as_it_is
from robotrader.tws import FrameError, Framer, frame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from robotrader.adapters.ib.wire import Heard
    from robotrader.domain import Order

HIGHEST_ID: Final = 120
"""Message ids of the text protocol end at 109; above this it is no message."""

MAX_GARBLED: Final = 20
"""Frames in one connection that make no sense before the stream counts as lost."""

KEEPALIVE_S: Final = 5
USER_TIMEOUT_MS: Final = 10_000
"""How long sent bytes may stay unacknowledged by the peer's kernel: as long as a probe takes."""


def _float(value: float) -> str:
    if value == UNSET_DOUBLE:
        return ""
    return "Infinite" if value == math.inf else str(value)


def _contract(contract: Contract) -> str:
    return "\0".join(contract_texts(contract))


_NONE: Final[Mapping[int, Any]] = {}
_PLAIN: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    bool: lambda value: "1" if value else "0",
    int: lambda value: "" if value == UNSET_INTEGER else str(value),
    float: _float,
    type(None): lambda _: "",
    list: lambda tags: "".join([f"{each.tag}={each.value};" for each in tags]),
    Contract: _contract,
}
"""How a field of each type is written."""


class Socket(Connection):
    """ib_async's connection; what comes goes to ``heard`` and nobody else."""

    def __init__(self, heard: Heard) -> None:
        super().__init__()
        self._heard = heard

    @property
    def data_received(self) -> Heard:
        """What the transport calls with bytes."""
        return self._heard


class StrictDecoder(Decoder):
    """Calls the wrapper as ib_async's decoder does; tells what it could not read.

    Args:
        wrapper: gets what comes.
        undecodable: called with what could not be read.
        own: who takes the fields of a message as they are, by the message's number.
    """

    def __init__(
        self,
        wrapper: Any,
        undecodable: Callable[[list[str], Exception], None],
        own: Mapping[int, Callable[[list[str]], None]],
    ) -> None:
        self._undecodable = undecodable
        super().__init__(wrapper, 0)
        self.handlers |= own
        self.named = {str(number): handler for number, handler in self.handlers.items()}

    def wrap(
        self,
        methodName: str,
        types: list[type],
        skip: int = 2,
    ) -> Callable[[list[str]], None]:
        """Return the handler of a message with plain fields."""
        method = getattr(self.wrapper, methodName, None)

        def handler(fields: list[str]) -> None:
            if method is not None:
                pairs = zip(types, fields[skip:], strict=False)
                method(*[text if kind is str else _field(kind, text) for kind, text in pairs])

        return handler

    def interpret(self, fields: list[str]) -> None:
        """Decode a message; the wrapper's own failures never come here (see ``RawWrapper``)."""
        try:
            self.handlers[int(fields[0])](fields)
        except Exception as error:  # noqa: BLE001 - whatever a broken message makes it raise
            self._undecodable(fields, error)


def _field(kind: type, text: str) -> Any:
    """Read a field that is no text; an empty one is 0."""
    return bool(int(text or 0)) if kind is bool else kind(text or 0)


class SafeClient(Client):
    """One connection: opened once, ended once.

    Args:
        wrapper: gets what comes (``RawWrapper``).
        client_id: always the same for one account: orders belong to it.
        broken: called once when the stream cannot be trusted any more.
        garbled: called with each message that could not be read.
        read: called after each read of the socket that brought a message.
        at_once: makes the callback of the socket one that those run in who are told of what came.
        own: see ``StrictDecoder``.
    """

    MaxRequests = 0  # our own limiter, with lanes, stands before it

    def __init__(
        self,
        wrapper: Any,
        client_id: int,
        *,
        broken: Callable[[str], None],
        garbled: Callable[[str], None],
        read: Callable[[], None],
        at_once: Callable[[Heard], Heard] = as_it_is,
        own: Mapping[int, Callable[[list[str]], None]] = _NONE,
    ) -> None:
        super().__init__(wrapper)
        self.conn = Socket(at_once(self._heard))
        self.conn.disconnected += self._onSocketDisconnected
        self.clientId = client_id
        self.decoder = decoder = StrictDecoder(wrapper, self._unreadable, own)
        self._handlers = decoder.named
        self.garbled_frames = 0
        self._framer = Framer()
        self._broken = broken
        self._garbled = garbled
        self._read = read
        self._over = False
        self._orders: OrderTexts | None = None

    async def open(self, host: str, port: int) -> None:
        """Connect and say hello; the answer comes to the wrapper.

        Raises:
            OSError: nobody listens there.
        """
        self.host, self.port = host, port
        self.connState = Client.CONNECTING
        await self.conn.connectAsync(host, port)
        transport = self.conn.transport
        if self._over or transport is None:
            self.abort()
            return
        _harden(transport.get_extra_info("socket"))
        versions = b"v%d..%d" % (self.MinClientVersion, self.MaxClientVersion)
        self.conn.sendMsg(b"API\0" + frame(versions))

    def abort(self) -> None:
        """End the connection now; nothing that it says is heard afterwards."""
        self._over = True
        self.conn.disconnected.clear()
        transport = self.conn.transport
        if transport is not None:
            transport.abort()
        self.reset()

    def unsent(self) -> int:
        """Return how many bytes the kernel has not taken yet."""
        transport = self.conn.transport
        return transport.get_write_buffer_size() if transport is not None else 0

    # -- what goes --

    def send(self, *fields: Any, makeEmpty: bool = True) -> None:
        """Write a message as ib_async does, which makes a table of functions for each one.

        Raises:
            ConnectionError: there is no connection.
        """
        if not self.isConnected():
            raise ConnectionError("Not connected")
        if makeEmpty and all(type(each) in _PLAIN for each in fields):
            self.sendMsg("".join([_PLAIN[type(each)](each) + "\0" for each in fields]))
        else:
            super().send(*fields, makeEmpty=makeEmpty)

    def place(self, number: int, contract: Contract, order: Order) -> None:
        """Write an order, as ib_async's ``placeOrder`` would.

        Raises:
            ConnectionError: there is no connection.
        """
        if self.connState != Client.CONNECTED:
            raise ConnectionError("Not connected")
        if self._orders is None:
            self._orders = OrderTexts(self.serverVersion())
        self.sendMsg(self._orders.of(number, contract, order))

    def sendMsg(self, msg: str) -> None:
        """Write a message now: our own limiter has counted it before."""
        if msg:
            payload = msg.encode()
            self.conn.sendMsg(len(payload).to_bytes(4, "big") + payload)  # as ``frame``

    # -- what comes --

    def _heard(self, data: bytes) -> None:
        before, handlers = self._numMsgRecv, self._handlers
        try:
            for payload in self._framer.payloads(data):
                if self._over:
                    return
                # What ib_async does with a frame, without putting it together again for that.
                fields = payload.decode(errors="backslashreplace").split("\0")
                handler = handlers.get(fields[0]) if self._apiReady else None
                if handler is None or fields.pop():
                    self._take(payload)
                    continue
                self._numMsgRecv += 1
                try:
                    handler(fields)
                except Exception as error:  # noqa: BLE001 - whatever it makes a handler raise
                    self._unreadable(fields, error)
        except FrameError as error:
            self._break(str(error))
        if self._numMsgRecv > before and not self._over:
            self._read()  # bytes alone are no sign of life: they may belong to a wrong length

    def _take(self, payload: bytes) -> None:
        """Let one whole, plausible frame through: of a handshake, or that nobody expects."""
        greeting = not self._serverVersion
        if greeting and payload.count(b"\0") == 2:
            self._greet(payload)
        elif not greeting and _plausible(payload):
            super()._onSocketHasData(frame(payload))
        else:
            self._unreadable([payload[:40].decode("ascii", "backslashreplace")], None)
            if not self._apiReady:
                self._break("the handshake is garbled")

    def _greet(self, payload: bytes) -> None:
        version = payload.partition(b"\0")[0]
        if not version.isdigit():
            self._break(f"the answer to the hello is no version: {version[:20]!r}")
        elif int(version) < self.MinClientVersion:
            lowest = self.MinClientVersion
            self._break(f"server version {int(version)}: update the gateway to {lowest} or newer")
        else:
            super()._onSocketHasData(frame(payload))

    def _unreadable(self, fields: list[str], error: Exception | None) -> None:
        self.garbled_frames += 1
        shown = ",".join(fields)[:80]
        self._garbled(f"{shown!r}" + (f": {error}" if error else ""))
        if self.garbled_frames > MAX_GARBLED:
            self._break(f"{self.garbled_frames} messages could not be read")

    def _break(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._broken(why)


def _plausible(payload: bytes) -> bool:
    number = payload.partition(b"\0")[0]
    return number.isdigit() and 0 < int(number) <= HIGHEST_ID and payload.endswith(b"\0")


def _harden(sock: socket.socket | None) -> None:
    """Let the kernel find a dead peer, too; what a platform does not have is left out."""
    if sock is None:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # a sandbox may forbid it; our own probe is enough
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
