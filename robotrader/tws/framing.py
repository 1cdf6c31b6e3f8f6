"""Frames in a stream of bytes: a length of four bytes, big end first, then the payload.

Every buffer is bounded: a length above the limit is an error and not a promise to wait for.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from robotrader.tws.codec import MAX_FRAME, TwsError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LENGTH: Final = struct.Struct(">I")
_HELLO: Final = b"API\0"
_VERSIONS: Final = re.compile(rb"v(\d{1,5})(?:\.\.(\d{1,5}))?(?: (.*))?", re.DOTALL)
MAX_HELLO: Final = 1024
"""Version range and connect options take some dozens of bytes."""


class FrameError(TwsError):
    """A length that cannot be one: from here on nothing in the stream can be trusted."""


class Framer:
    """Cuts a stream into payloads; ``limit`` is the longest one in bytes."""

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Add what was received; return the payloads that are complete now.

        Raises:
            FrameError: a length is over the limit.
        """
        return list(self.payloads(data))

    def payloads(self, data: bytes) -> Iterator[bytes]:
        """Add what was received; yield each payload that is complete now, to be read to the end.

        What comes before a wrong length is yielded first, however the bytes were cut.

        Raises:
            FrameError: a length is over the limit.
        """
        held = self._buffer
        whole: bytes | bytearray = data
        if held:
            held += data
            whole = held
        start, size, limit = 0, len(whole), self._limit
        try:
            while size - start >= _LENGTH.size:
                (length,) = _LENGTH.unpack_from(whole, start)
                if length > limit:
                    msg = f"a frame of {length} bytes is announced, {limit} are the most"
                    raise FrameError(msg)
                begin = start + _LENGTH.size
                if size - begin < length:
                    break
                start = begin + length
                yield bytes(whole[begin:start])
        finally:
            if whole is held:
                del held[:start]
            else:
                held += whole[start:]

    def rest(self) -> bytes:
        """Take out what has not become a payload."""
        rest = bytes(self._buffer)
        self._buffer.clear()
        return rest


class Hello:
    """The first bytes of a connection, which may come in pieces."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> tuple[int, int, str, bytes] | None:
        """Return lowest and highest version, options and what follows; None if more must come.

        Raises:
            FrameError: it is no hello.
        """
        self._buffer += data
        head = bytes(self._buffer[:4])
        if not _HELLO.startswith(head):
            msg = f"no API hello: {head!r}"
            raise FrameError(msg)
        if len(self._buffer) < 8:
            return None
        length = int.from_bytes(self._buffer[4:8], "big")
        if length > MAX_HELLO:
            msg = f"a hello of {length} bytes is announced, {MAX_HELLO} are the most"
            raise FrameError(msg)
        if len(self._buffer) < 8 + length:
            return None
        match = _VERSIONS.fullmatch(self._buffer[8 : 8 + length])
        if match is None:
            msg = f"no version range: {bytes(self._buffer[8 : 8 + length])!r}"
            raise FrameError(msg)
        lowest = int(match[1])
        options = (match[3] or b"").decode("utf-8", "replace")
        return lowest, int(match[2] or lowest), options, bytes(self._buffer[8 + length :])


def hello(lowest: int, highest: int, options: str = "") -> bytes:
    """Return what a client sends first."""
    versions = f"v{lowest}..{highest}" + (f" {options}" if options else "")
    return _HELLO + len(versions).to_bytes(4, "big") + versions.encode()


def frame(payload: bytes) -> bytes:
    """Put the length before a payload."""
    return len(payload).to_bytes(4, "big") + payload
