"""One client's connection, as the gateway has it: its session, what it listens to, what it is sent.

Nothing here touches a socket. Bytes come in through ``receive`` and go out through ``take``;
whoever carries them is told by ``wake``. What is sent is bounded: when a client does not read,
ticks of one line replace each other, and a client that stays behind is dropped with a reason.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Literal

from robotrader.emulator.pacing import MessageRate
from robotrader.tws import Ended, Negotiated, Refused, Request, ServerSession, Stage, Started

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.emulator.gateway import Gateway

Ending = Literal["", "fin", "rst"]

CONFLATE_AT: Final = 256 * 1024
"""Bytes that wait before ticks replace each other: half a second of 5,000 ticks."""

DROP_AT: Final = 4 * 1024 * 1024
"""Bytes that wait before the client is dropped: replies are not conflated and must not pile up."""


class Link:
    """See the module's prose."""

    def __init__(self, gateway: Gateway, number: int, session: ServerSession) -> None:
        self.gateway = gateway
        self.number = number
        self.session = session
        self.client_id = -1
        self.rate = MessageRate(gateway.limits.messages)
        self.ending: Ending = ""
        self.why_ended = ""
        self.reading = True
        self.frozen = False
        self.silent = False
        self.wake: Callable[[], None] = lambda: None
        self.unsent: Callable[[], int] = lambda: 0
        self.streams: dict[int, Any] = {}
        self.watches: dict[str, Any] = {}
        self.market_data_type = 1
        self._out: deque[bytes] = deque()
        self._waiting = 0
        self._ticks: dict[object, tuple[str, dict[str, Any]]] = {}
        self.conflated = 0

    @property
    def version(self) -> int:
        """The server version that was negotiated."""
        return self.session.codec.version

    @property
    def started(self) -> bool:
        """Whether the client may be sent messages."""
        return self.session.stage is Stage.STARTED and not self.ending

    # -- in --

    def receive(self, data: bytes) -> None:
        """Take bytes from the client."""
        if self.ending or self.silent:
            return
        self.gateway.log.frame(self, "in", data)
        for event in self.session.receive(data):
            if isinstance(event, Negotiated):
                self.write(event.answer)
            elif isinstance(event, Started):
                self.gateway.start(self, event.client_id, event.capabilities)
            elif isinstance(event, Request):
                self.gateway.serve(self, event.message)
            elif isinstance(event, Refused):
                self.write(event.answer)
            elif isinstance(event, Ended):
                self.end("fin", event.reason)

    # -- out --

    def send(self, name: str, **fields: Any) -> None:
        """Send a reply, if the client can still be sent one."""
        if self.started:
            self.gateway.faults.outgoing(self, name, fields)

    def error(self, req_id: int, code: int, text: str, advanced: str = "") -> None:
        """Send an error or a notice; ``req_id`` -1 concerns no request."""
        self.send(
            "error",
            reqId=req_id,
            code=code,
            msg=text,
            advancedOrderRejectJson=advanced,
            errorTime=self.gateway.timeline.now_ns // 1_000_000,
        )

    def tick(self, line: object, name: str, **fields: Any) -> None:
        """Send market data; while the client is behind, only the newest of ``line`` is kept."""
        if self._waiting + self.unsent() < CONFLATE_AT:
            self.send(name, **fields)
        elif self.started:
            self.conflated += line in self._ticks
            self._ticks[line] = name, fields  # made bytes of if it is still the newest then

    def transmit(self, name: str, fields: dict[str, Any]) -> None:
        """Encode a reply and put it out; what faults let through ends here."""
        if self.started:
            self.write(self.session.send(name, fields))

    def write(self, frame: bytes) -> None:
        """Put bytes out as they are."""
        self.gateway.log.frame(self, "out", frame)
        self._out.append(frame)
        self._waiting += len(frame)
        if self._waiting + self.unsent() > DROP_AT:
            self.end("rst", f"client reads too slowly: {DROP_AT} bytes wait")
        self.wake()

    def take(self) -> bytes:
        """Return what is to be sent now."""
        if self.frozen:
            return b""
        if self._ticks and self.unsent() < CONFLATE_AT:
            for name, fields in self._ticks.values():
                frame = self.session.codec.encode_reply(name, fields)
                self.gateway.log.frame(self, "out", frame)
                self._out.append(frame)
            self._ticks.clear()
        data = b"".join(self._out)
        self._out.clear()
        self._waiting = 0
        return data

    def end(self, how: Ending, why: str) -> None:
        """End the connection: ``fin`` after what waits, ``rst`` at once."""
        if not self.ending:
            self.ending, self.why_ended = how, why
            self.session.close()
            self.gateway.ended(self)
            self.wake()
