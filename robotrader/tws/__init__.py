"""The wire protocol of TWS and IB Gateway, without any I/O: layouts, codec, framing, sessions."""

from robotrader.tws.codec import (
    HIGHEST,
    KNOWN_MESSAGES,
    LOWEST,
    Codec,
    MalformedMessage,
    Message,
    TwsError,
    UnknownMessage,
    UnreadFields,
    codec,
)
from robotrader.tws.framing import FrameError, Framer, Hello, frame, hello
from robotrader.tws.session import (
    ClientSession,
    Ended,
    Negotiated,
    Refused,
    Request,
    ServerSession,
    SessionEvent,
    Stage,
    Started,
)

__all__ = [
    "HIGHEST",
    "KNOWN_MESSAGES",
    "LOWEST",
    "ClientSession",
    "Codec",
    "Ended",
    "FrameError",
    "Framer",
    "Hello",
    "MalformedMessage",
    "Message",
    "Negotiated",
    "Refused",
    "Request",
    "ServerSession",
    "SessionEvent",
    "Stage",
    "Started",
    "TwsError",
    "UnknownMessage",
    "UnreadFields",
    "codec",
    "frame",
    "hello",
]
