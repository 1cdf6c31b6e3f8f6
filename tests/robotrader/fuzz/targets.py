"""What fuzzing plays with: a stream goes in, and whatever it is, this must hold.

Nothing raises but what a target asserts; a client in memory sees to hanging and growth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from robotrader.emulator import Gateway, Limits
from robotrader.tws import (
    Ended,
    Negotiated,
    Refused,
    Request,
    ServerSession,
    SessionEvent,
    Stage,
    Started,
    codec,
    hello,
)
from tests.robotrader.emulator.kit import SECOND_NS, Talker, made
from tests.robotrader.fuzz.streams import VERSIONS

TIME = b"20261121 05:00:00 EST"


def version_of(stream: bytes) -> int:
    return VERSIONS[stream[0] % len(VERSIONS)] if stream else VERSIONS[0]


def session(stream: bytes) -> None:
    """A server session reads the same however the bytes are cut, and what it reads it can write."""
    version = version_of(stream)
    start = codec(version).encode_request("startApi", {"clientId": 1})
    whole = read(hello(version, version) + start + stream[1:], 1 << 30)
    step = 1 + len(stream) % 7
    assert read(hello(version, version) + start + stream[1:], step) == whole
    for event in whole:
        if isinstance(event, Request):
            _comes_back(version, event)
    read(stream[1:], 1 << 30)


def read(data: bytes, step: int) -> list[SessionEvent]:
    """What a session makes of bytes that come ``step`` at a time."""
    server, events = ServerSession(TIME), list[SessionEvent]()
    for at in range(0, len(data), step):
        new = server.receive(data[at : at + step])
        assert server.stage is not Stage.CLOSED or not new or isinstance(new[-1], Ended)
        events += new
    assert all(isinstance(one, (Negotiated, Started, Request, Refused, Ended)) for one in events)
    return events


def _comes_back(version: int, event: Request) -> None:
    name, fields = event.message.name, event.message.fields
    if version >= 163:  # below, quantities lose their decimals by design
        again = codec(version).encode_request(name, fields)
        assert len(again) < 1 << 16, "a field has grown on its way"
        assert codec(version).decode_request(again[4:]).fields == fields


def gateway(stream: bytes) -> None:
    """A gateway answers or refuses what one client sends, and serves the others as before."""
    server = made(limits=Limits(messages=1_000))
    other = Talker(server, client_id=9)
    server.connect().receive(stream[1:])
    talker = Talker(server, client_id=1, version=version_of(stream))
    middle = len(stream) // 2
    for part in (stream[1:middle], stream[max(middle, 1) :]):
        talker.link.receive(part)
        talker.wait(0.1)
    talker.wait(6)
    assert sum(len(str(reply.fields)) for reply in talker.replies) < 1 << 24, "answers without end"
    assert other.ask("reqCurrentTime")[-1].name == "currentTime"
    _outlives(server)


def _outlives(server: Gateway) -> None:
    """Another life of the gateway takes over what this one leaves."""
    state = server.state()
    again = made()
    again.restore(msgspec.json.decode(msgspec.json.encode(state), type=type(state)))
    again.advance(server.timeline.now_ns + SECOND_NS)
    keeper: Any = Talker(again, client_id=1)
    keeper.ask("reqAllOpenOrders")
    keeper.ask("reqExecutions", reqId=1)


TARGETS: dict[str, Callable[[bytes], None]] = {"session": session, "gateway": gateway}
