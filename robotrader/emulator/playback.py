"""Plays an event log to clients: the bytes that were sent then, in answer to what is said now.

A recorded connection is a list of turns. The player sends what the gateway sent until the recorded
client spoke, waits until the present one has said as many messages, and goes on: a client that does
the same sees the same, whatever the gateway has become since. What it says is counted, and not
compared.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from robotrader.tws.codec import TwsError
from robotrader.tws.framing import Framer, Hello

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.emulator.eventlog import Frame

_NS = 1_000_000_000


class Ear:
    """Counts what a client says: its hello, then messages."""

    def __init__(self) -> None:
        self._hello: Hello | None = Hello()
        self._framer = Framer()
        self.versions = (0, 0)
        self.heard = 0

    def feed(self, data: bytes) -> None:
        """Hear bytes, however they are cut.

        Raises:
            TwsError: it is no client of the TWS API.
        """
        if self._hello is not None:
            said = self._hello.feed(data)
            if said is None:
                return
            self._hello, self.versions, data = None, (said[0], said[1]), said[3]
            self.heard += 1
        self.heard += len(self._framer.feed(data))


class Player:
    """Serves the connections of a log, one after the other, to whoever connects.

    Args:
        frames: the log.
        speed: how much faster than then; 0 sends as soon as it may.
    """

    def __init__(self, frames: Iterable[Frame], *, speed: float = 0.0) -> None:
        links: dict[int, list[Frame]] = {}
        for frame in frames:
            links.setdefault(frame.link, []).append(frame)
        self.waiting = [links[number] for number in sorted(links)]
        self._speed = speed
        self._playing = 0
        self.refusals: list[str] = []
        """Why a client was sent away."""

        self.over = asyncio.Event()
        """Set once every connection was played and its client has left."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the next connection; a client that is one too many is closed."""
        if not self.waiting:
            writer.close()
            return
        frames = self.waiting.pop(0)
        self._playing += 1
        try:
            await self._play(frames, reader, writer)
            while await reader.read(65536):
                pass  # what is said after the end of the log has no answer
        except TwsError as error:
            self.refusals.append(str(error))
        except ConnectionError:
            pass  # the client left in the middle, as it may
        finally:
            writer.close()
            self._playing -= 1
            if not self.waiting and not self._playing:
                self.over.set()

    async def _play(
        self, frames: list[Frame], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        then, now = Ear(), Ear()
        before_ns, version = frames[0].at, frames[-1].version
        for frame in frames:
            if frame.way == "in":
                then.feed(frame.raw())
                await _listen(now, then.heard, reader)
                _check_version(now, version)
            else:
                if self._speed:
                    await asyncio.sleep((frame.at - before_ns) / _NS / self._speed)
                writer.write(frame.raw())
                await writer.drain()
            before_ns = frame.at


async def _listen(now: Ear, enough: int, reader: asyncio.StreamReader) -> None:
    """Hear the client until it has said as many messages as were recorded."""
    while now.heard < enough:
        data = await reader.read(65536)
        if not data:
            raise ConnectionResetError
        now.feed(data)


def _check_version(now: Ear, version: int) -> None:
    lowest, highest = now.versions
    if highest and not lowest <= version <= highest:
        msg = (
            f"the log is of server version {version}, the client speaks {lowest} to {highest}: "
            "replay it to the client that it was recorded with"
        )
        raise TwsError(msg)
