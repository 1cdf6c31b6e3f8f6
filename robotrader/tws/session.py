"""One connection's conversation, without any I/O: who may say what, and when.

    HELLO --hello--> WAITING --START_API--> STARTED --> CLOSED

The hello is answered with version and time, and then nothing is sent until START_API has come: the
official clients read the answer with one ``recv`` and throw away what follows in that segment.
Anything else before START_API ends the session. A request that cannot be read is answered with
error 320 and ends it too: what follows in the stream cannot be trusted.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from robotrader.tws.codec import HIGHEST, LOWEST, Codec, Message, TwsError, codec
from robotrader.tws.framing import Framer, Hello, frame, hello

if TYPE_CHECKING:
    from collections.abc import Mapping

UNREADABLE = 320
"""TWS' code for a request that it cannot read."""


class Stage(Enum):
    """Where a session stands."""

    HELLO = "hello"
    WAITING = "waiting"
    STARTED = "started"
    CLOSED = "closed"


class Negotiated(msgspec.Struct, frozen=True):
    """The client has said which versions it speaks; ``answer`` is to be sent."""

    version: int
    options: str
    answer: bytes


class Started(msgspec.Struct, frozen=True):
    """The client has sent START_API."""

    client_id: int
    capabilities: str


class Request(msgspec.Struct, frozen=True):
    """The client asks for something."""

    message: Message


class Refused(msgspec.Struct, frozen=True):
    """A request could not be read: ``answer`` is to be sent before the connection is closed."""

    text: str
    answer: bytes


class Ended(msgspec.Struct, frozen=True):
    """The session is over: close the connection."""

    reason: str


SessionEvent: TypeAlias = Negotiated | Started | Request | Refused | Ended


class ServerSession:
    """The gateway's side.

    Args:
        connection_time: what the hello's answer says, free text with a zone, as bytes: the real
            one sends whatever its host's locale gives.
        lowest: the oldest version that is accepted.
        cap: the newest.
    """

    def __init__(self, connection_time: bytes, *, lowest: int = LOWEST, cap: int = HIGHEST) -> None:
        self.stage = Stage.HELLO
        self.codec: Codec = codec(cap)
        self._time = connection_time
        self._lowest, self._cap = lowest, cap
        self._hello = Hello()
        self._framer = Framer()

    def receive(self, data: bytes) -> list[SessionEvent]:
        """Take bytes; return what they mean, in order. After ``Ended`` nothing is read."""
        events: list[SessionEvent] = []
        try:
            if self.stage is Stage.HELLO:
                data = self._greet(data, events)
            if data and self.stage in (Stage.WAITING, Stage.STARTED):
                _ = all(self._read(payload, events) for payload in self._framer.payloads(data))
        except TwsError as error:
            self._refuse(error, events)
        return events

    def send(self, name: str, fields: Mapping[str, Any]) -> bytes:
        """Return a reply as a frame.

        Raises:
            RuntimeError: nothing may be sent before START_API or after the end.
        """
        if self.stage is not Stage.STARTED:
            msg = f"{name} may not be sent in stage {self.stage.value}"
            raise RuntimeError(msg)
        return self.codec.encode_reply(name, fields)

    def close(self) -> None:
        """End the session from our side."""
        self.stage = Stage.CLOSED

    def _greet(self, data: bytes, events: list[SessionEvent]) -> bytes:
        said = self._hello.feed(data)
        if said is None:
            return b""
        lowest, highest, options, rest = said
        version = min(self._cap, highest)
        if version < max(self._lowest, lowest):
            self._end(
                f"client speaks {lowest} to {highest}, we {self._lowest} to {self._cap}", events
            )
            return b""
        self.codec = codec(version)
        self.stage = Stage.WAITING
        answer = frame(f"{version}\0".encode() + self._time + b"\0")
        events.append(Negotiated(version, options, answer))
        return rest

    def _read(self, payload: bytes, events: list[SessionEvent]) -> bool:
        """Read one message; return whether to read the next."""
        message = self.codec.decode_request(payload)
        if self.stage is Stage.STARTED:
            events.append(Request(message))
        elif message.name == "startApi":
            self.stage = Stage.STARTED
            events.append(Started(message.fields["clientId"], message.fields["optCapab"]))
        else:
            self._end(f"{message.name} before START_API", events)
            return False
        return True

    def _refuse(self, error: TwsError, events: list[SessionEvent]) -> None:
        if self.stage is Stage.STARTED:
            text = f"Error reading request: {error}"
            fields = {"reqId": -1, "code": UNREADABLE, "msg": text}
            events.append(Refused(text, self.codec.encode_reply("error", fields)))
        self._end(str(error), events)

    def _end(self, reason: str, events: list[SessionEvent]) -> None:
        self.stage = Stage.CLOSED
        events.append(Ended(reason))


class ClientSession:
    """The client's side: what a probe, a replay and the tests speak.

    ``receive`` returns replies; the version is known once the server has answered the hello.
    """

    def __init__(self, lowest: int = LOWEST, highest: int = HIGHEST) -> None:
        self.greeting = hello(lowest, highest)
        self.version: int | None = None
        self.server_time = b""
        self._framer = Framer()

    def receive(self, data: bytes) -> list[Message]:
        """Take bytes; return the replies in them.

        Raises:
            TwsError: the server does not follow the protocol.
        """
        replies = []
        for payload in self._framer.feed(data):
            if self.version is None:
                self._greeted(payload)
            else:
                replies.append(codec(self.version).decode_reply(payload))
        return replies

    def _greeted(self, payload: bytes) -> None:
        version, _, rest = payload.partition(b"\0")
        if not version.isdigit() or len(version) > 3 or not LOWEST <= int(version) <= HIGHEST:
            msg = f"the server answered the hello with version {version[:20]!r}"
            raise TwsError(msg)
        self.version = int(version)
        self.server_time = rest.rstrip(b"\0")

    def request(self, name: str, **fields: Any) -> bytes:
        """Return a request as a frame.

        Raises:
            RuntimeError: the server has not answered the hello yet.
        """
        if self.version is None:
            msg = f"{name} may not be sent before the server has answered the hello"
            raise RuntimeError(msg)
        return codec(self.version).encode_request(name, fields)
