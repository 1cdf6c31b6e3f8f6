"""The event log: every frame, both ways, as a line of JSON that can be replayed.

A line has the time, the connection's number, the direction and the bytes (as text of one character
a byte). With the same seed and the same client the file is the same, byte for byte.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from robotrader.emulator.link import Link


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One line: time in nanoseconds UTC, connection, ``in`` or ``out``, and the bytes."""

    at: int
    link: int
    way: Literal["in", "out"]
    data: str
    version: int = 0

    def raw(self) -> bytes:
        """Return the bytes."""
        return self.data.encode("latin-1")


class LogError(ValueError):
    """A file that is no event log; says which line."""


class EventLog:
    """Writes to ``file``, or nowhere."""

    def __init__(self, file: IO[bytes] | None = None) -> None:
        self._file = file
        self._encoder = msgspec.json.Encoder()

    def frame(self, link: Link, way: Literal["in", "out"], data: bytes) -> None:
        """Write one frame."""
        if self._file is None or not data:
            return
        now_ns = link.gateway.timeline.now_ns
        line = Frame(now_ns, link.number, way, data.decode("latin-1"), link.version)
        self._file.write(self._encoder.encode(line) + b"\n")

    def flush(self) -> None:
        """Put everything on disk."""
        if self._file is not None:
            self._file.flush()


def read(path: Path) -> Iterator[Frame]:
    """Yield the frames of a log.

    Raises:
        LogError: a line is no frame.
        OSError: it cannot be read.
    """
    decoder = msgspec.json.Decoder(Frame)
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                msg = f"{path}, line {number}: no frame of an event log: {error}"
                raise LogError(msg) from error
