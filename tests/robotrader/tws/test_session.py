"""Framing and the conversation: what may be said when, whatever way the bytes arrive."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.tws import (
    ClientSession,
    Ended,
    FrameError,
    Framer,
    Hello,
    Negotiated,
    Refused,
    Request,
    ServerSession,
    SessionEvent,
    Stage,
    Started,
    TwsError,
    codec,
    frame,
    hello,
)

TIME = b"20261121 05:00:00 EST"
START = codec(178).encode_request("startApi", {"clientId": 7, "optCapab": "x"})
ASK = codec(178).encode_request("reqIds", {"numIds": 1})
WHOLE = hello(157, 178) + START + ASK


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=30).map(sorted))
def test_a_conversation_is_the_same_however_its_bytes_are_cut(cuts: list[int]) -> None:
    session = ServerSession(TIME)
    events: list[SessionEvent] = []
    for begin, end in zip([0, *cuts], [*cuts, len(WHOLE)], strict=True):
        events += session.receive(WHOLE[begin:end])
    assert [type(event) for event in events] == [Negotiated, Started, Request]
    assert events[0] == Negotiated(178, "", frame(b"178\0" + TIME + b"\0"))
    assert events[1] == Started(7, "x")
    assert isinstance(events[2], Request)
    assert events[2].message.name == "reqIds"


@given(payloads=st.lists(st.binary(max_size=50), max_size=10), step=st.integers(1, 20))
def test_a_framer_gives_back_what_was_framed(payloads: list[bytes], step: int) -> None:
    stream = b"".join(frame(payload) for payload in payloads)
    framer = Framer()
    got = [p for at in range(0, len(stream), step) for p in framer.feed(stream[at : at + step])]
    assert got == payloads
    assert framer.rest() == b""


def test_a_length_above_the_limit_is_refused_at_once() -> None:
    with pytest.raises(FrameError, match="4294967295 bytes is announced, 16777215 are the most"):
        Framer().feed(b"\xff\xff\xff\xff")


def test_a_frame_of_the_longest_length_is_read() -> None:
    assert Framer(5).feed(frame(b"12345")) == [b"12345"]
    with pytest.raises(FrameError, match="6 bytes is announced, 5 are the most"):
        Framer(5).feed(frame(b"123456"))


@pytest.mark.parametrize(
    ("asked", "cap", "version"),
    [
        (b"v157..178", 200, 178),
        (b"v100..223", 200, 200),
        (b"v157..178", 176, 176),
        (b"v180", 200, 180),
    ],
)
def test_the_newest_version_that_both_speak_is_taken(asked: bytes, cap: int, version: int) -> None:
    session = ServerSession(TIME, cap=cap)
    (event,) = session.receive(b"API\0" + frame(asked))
    assert isinstance(event, Negotiated)
    assert event.version == session.codec.version == version


def test_connect_options_are_read() -> None:
    (event,) = ServerSession(TIME).receive(hello(157, 178, "+PACEAPI"))
    assert isinstance(event, Negotiated)
    assert event.options == "+PACEAPI"


@pytest.mark.parametrize("asked", [(100, 156), (201, 226)])
def test_a_client_that_speaks_other_versions_is_closed(asked: tuple[int, int]) -> None:
    session = ServerSession(TIME)
    (event,) = session.receive(hello(*asked))
    assert isinstance(event, Ended)
    assert session.stage is Stage.CLOSED


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"API\0\xff\xff\xff\xff", b"API\0" + frame(b"hello")]
)
def test_what_is_no_hello_ends_the_session(said: bytes) -> None:
    (event,) = ServerSession(TIME).receive(said)
    assert isinstance(event, Ended)


def test_nothing_is_sent_before_start_api_and_anything_else_ends_the_session() -> None:
    session = ServerSession(TIME)
    session.receive(hello(157, 178))
    with pytest.raises(RuntimeError, match="error may not be sent in stage waiting"):
        session.send("error", {})
    (event,) = session.receive(ASK)
    assert event == Ended("reqIds before START_API")


def test_garbage_is_answered_with_320_and_ends_the_session() -> None:
    session = ServerSession(TIME)
    session.receive(hello(157, 178) + START)
    refused, ended, *more = session.receive(frame(b"8\x001\0AAPL\0") + ASK)
    assert isinstance(refused, Refused)
    answer = codec(178).decode_reply(refused.answer[4:])
    assert (answer.fields["code"], answer.fields["reqId"]) == (320, -1)
    assert "reqIds: field numIds" in answer.fields["msg"]
    assert isinstance(ended, Ended)
    assert more == []
    assert session.receive(ASK) == []


GARBAGE = hello(157, 178) + START + ASK + b"\xff\xff\xff\xff" + ASK


@given(cuts=st.lists(st.integers(0, len(GARBAGE)), max_size=30).map(sorted))
def test_what_comes_before_a_wrong_length_is_read_however_the_bytes_are_cut(
    cuts: list[int],
) -> None:
    session = ServerSession(TIME)
    events: list[SessionEvent] = []
    for begin, end in zip([0, *cuts], [*cuts, len(GARBAGE)], strict=True):
        events += session.receive(GARBAGE[begin:end])
    kinds = [type(event) for event in events]
    assert kinds == [Negotiated, Started, Request, Refused, Ended]


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_no_bytes_after_the_start_raise_anything(chunks: list[bytes]) -> None:
    session = ServerSession(TIME)
    session.receive(hello(157, 178) + START)
    for chunk in chunks:
        for event in session.receive(chunk):
            assert isinstance(event, (Request, Refused, Ended))


def test_client_and_server_understand_each_other() -> None:
    client, server = ClientSession(), ServerSession(TIME, cap=193)
    with pytest.raises(RuntimeError, match="before the server has answered"):
        client.request("reqIds", numIds=1)
    (negotiated,) = server.receive(client.greeting)
    assert isinstance(negotiated, Negotiated)
    assert client.receive(negotiated.answer) == []
    assert (client.version, client.server_time) == (193, TIME)
    assert server.receive(client.request("startApi", clientId=3)) == [Started(3, "")]
    (reply,) = client.receive(server.send("nextValidId", {"orderId": 5}))
    assert (reply.name, reply.fields) == ("nextValidId", {"orderId": 5})


def test_a_server_that_answers_nonsense_is_an_error() -> None:
    with pytest.raises(TwsError, match="answered the hello with version b'HTTP"):
        ClientSession().receive(frame(b"HTTP/1.1 400"))


@pytest.mark.parametrize("version", [b"156", b"201", b"999"])
def test_a_server_of_a_version_that_nobody_speaks_is_an_error(version: bytes) -> None:
    client = ClientSession()
    with pytest.raises(TwsError, match="answered the hello with version"):
        client.receive(frame(version + b"\0" + TIME + b"\0"))
    assert client.version is None


def test_a_hello_may_come_byte_by_byte() -> None:
    reader, said = Hello(), hello(157, 178)
    answers = [reader.feed(said[at : at + 1]) for at in range(len(said))]
    assert answers[:-1] == [None] * (len(said) - 1)
    assert answers[-1] == (157, 178, "", b"")
