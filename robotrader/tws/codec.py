"""Messages to bytes and back, for one negotiated server version.

One ``Codec`` serves both sides: the emulated gateway decodes requests and encodes replies, a client
does the opposite. What cannot be read is a ``TwsError`` that names the message and the field,
whatever the bytes are: a peer's bytes never raise anything else.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.tws.compiler import decoder, encoder, names_in
from robotrader.tws.layout import changes, parse
from robotrader.tws.replies import REPLIES
from robotrader.tws.requests import REQUESTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from robotrader.tws.compiler import Decoder, Encoder

LOWEST: Final = 157
"""The oldest server version that is spoken: what ibapi 9.81 asks for."""

HIGHEST: Final = 200
"""The newest: from 201 on, message ids are binary and bodies are protobuf."""

MAX_FRAME: Final = 0xFFFFFF
"""The longest payload in bytes that the official clients accept."""

_ESCAPED: Final = {"error": ("msg",), "contractDetails": ("longName",)}
"""Texts that a server sends in seven bits, with escapes (server version 153 on)."""

_SEVEN_BITS: Final = 128
_LENGTH: Final = struct.Struct(">I")


class TwsError(ValueError):
    """Bytes or values that do not follow the protocol; says which message and which field."""


class UnknownMessage(TwsError):
    """No message has this id or name."""


class MalformedMessage(TwsError):
    """A field is missing or cannot be read."""


class UnreadFields(TwsError):
    """More fields came than the message has."""


class Message(msgspec.Struct, frozen=True):
    """A decoded message: its name and its fields by name; repeated groups are lists of dicts."""

    name: str
    fields: dict[str, Any]


class _Table:
    """One direction's messages, compiled when they are first used."""

    def __init__(self, layouts: Mapping[str, tuple[int, str]], version: int) -> None:
        self._layouts = layouts
        self._version = version
        self._names = {str(number): name for name, (number, _) in layouts.items()}
        self._encoders: dict[str, tuple[str, Encoder, frozenset[str]]] = {}
        self._decoders: dict[str, tuple[str, Decoder, list[str]]] = {}

    def encode(self, name: str, fields: Mapping[str, Any]) -> bytes:
        known = self._encoders.get(name)
        number, run, names = known or self._encoder(name)
        if not names.issuperset(fields):
            _refuse_fields(name, fields, names | self._all_names(name))
        if name in _ESCAPED:
            fields = {**fields, **{key: _ascii(fields.get(key, "")) for key in _ESCAPED[name]}}
        try:
            parts = run(fields)  # type: ignore[arg-type]  # only read
        except (TypeError, ValueError, ArithmeticError) as error:
            msg = f"{name}: a field has a value that cannot be written: {error} in {dict(fields)!r}"
            raise MalformedMessage(msg) from error
        parts.append("")
        body = (number + "\0".join(parts)).encode()
        if body.count(0) != len(parts):
            msg = f"{name}: a text holds a NUL, which ends a field on the wire: take it out"
            raise MalformedMessage(msg)
        return _LENGTH.pack(len(body)) + body

    def _encoder(self, name: str) -> tuple[str, Encoder, frozenset[str]]:
        number, layout = self._layout(name)
        run, names = encoder(parse(layout, self._version), self._version)
        made = (f"{number}\0", run, names)
        self._encoders[name] = made
        return made

    def _layout(self, name: str) -> tuple[int, str]:
        try:
            return self._layouts[name]
        except KeyError:
            msg = f"no message {name!r}: the tables are in robotrader.tws.requests and .replies"
            raise UnknownMessage(msg) from None

    def _all_names(self, name: str) -> frozenset[str]:
        """Names that the message has at some version: a newer one's are left out silently."""
        layout = self._layout(name)[1]
        return _names_ever(layout)

    def decode(self, payload: bytes) -> Message:
        text = payload.decode("utf-8", "replace")
        if not text.endswith("\0"):
            msg = f"message does not end with a NUL: {payload[:60]!r}"
            raise MalformedMessage(msg)
        number, *parts = text[:-1].split("\0")
        name = self._names.get(number)
        if name is None:
            msg = f"no message has the id {number[:20]!r}"
            raise UnknownMessage(msg)
        known = self._decoders.get(name)
        name, run, lines = known or self._decoder(name)
        try:
            fields, used = run(parts)
        except (IndexError, KeyError, ValueError, ArithmeticError) as error:
            raise _malformed(name, parts, run, lines, error) from error
        if used != len(parts):
            msg = f"{name}: {len(parts) - used} more fields than it has, from {parts[used][:40]!r}"
            raise UnreadFields(msg)
        return Message(name, fields)

    def _decoder(self, name: str) -> tuple[str, Decoder, list[str]]:
        run, lines = decoder(parse(self._layout(name)[1], self._version), self._version)
        made = (name, run, lines)
        self._decoders[name] = made
        return made


@cache
def _names_ever(layout: str) -> frozenset[str]:
    spoken = {LOWEST, *(each for each in changes(layout) if LOWEST < each <= HIGHEST)}
    return frozenset().union(*(names_in(parse(layout, version)) for version in spoken))


def _refuse_fields(name: str, fields: Mapping[str, Any], known: frozenset[str]) -> None:
    wrong = sorted(set(fields) - known)
    if wrong:
        msg = f"{name} has no field {', '.join(wrong)}"
        raise MalformedMessage(msg)


def _malformed(
    name: str, parts: list[str], run: Callable[..., Any], lines: list[str], error: Exception
) -> MalformedMessage:
    """Name the field: it is the one that the failing line of the decoder deals with."""
    code, step = run.__code__, error.__traceback__
    line, place = 0, -1
    while step is not None:
        if step.tb_frame.f_code is code:
            line, place = step.tb_lineno, int(step.tb_frame.f_locals.get("i", 0))
        step = step.tb_next
    field = lines[line - 1] if line else "?"
    shown = repr(parts[place][:40]) if place < len(parts) else "missing"
    return MalformedMessage(f"{name}: field {field} (number {place}) is {shown}")


def _ascii(value: str) -> str:
    """Escape what is not seven bits, and the backslash itself."""
    if value.isascii() and "\\" not in value:
        return value
    units = struct.iter_unpack(">H", value.replace("\\", "\\\\").encode("utf-16-be"))
    return "".join(chr(unit) if unit < _SEVEN_BITS else f"\\u{unit:04x}" for (unit,) in units)


class Codec:
    """Both tables at one server version.

    Raises:
        ValueError: the version is not between ``LOWEST`` and ``HIGHEST``.
    """

    def __init__(self, version: int) -> None:
        if not LOWEST <= version <= HIGHEST:
            msg = f"server version {version}: from {LOWEST} to {HIGHEST} are spoken"
            raise ValueError(msg)
        self.version = version
        requests, replies = _Table(REQUESTS, version), _Table(REPLIES, version)
        self.encode_request = requests.encode
        """Return a request as a whole frame; takes its name and its fields."""
        self.decode_request = requests.decode
        """Return the ``Message`` in a frame's payload."""
        self.encode_reply = replies.encode
        """Return a reply as a whole frame; takes its name and its fields."""
        self.decode_reply = replies.decode
        """Return the ``Message`` in a frame's payload."""


@cache
def codec(version: int) -> Codec:
    """Return the codec of a server version; there is one of each."""
    return Codec(version)


def reply_fields(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of ``fields`` that the reply has at some version."""
    known = _names_ever(REPLIES[name][1])
    return {key: value for key, value in fields.items() if key in known}


KNOWN_MESSAGES: Final = frozenset(
    {f"request:{name}" for name in REQUESTS} | {f"reply:{name}" for name in REPLIES}
)
"""All messages, as fault programs name them."""
