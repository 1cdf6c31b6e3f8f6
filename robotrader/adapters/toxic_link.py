"""A TCP proxy between the core and the broker's gateway that can be made a bad connection.

Without a toxic it passes bytes as they come. Toxics are asked for over a Unix socket that only this
user may open, one JSON object a line, and end by themselves:

    {"toxics": [{"kind": "latency", "amount": 0.3}], "for_s": 5}
    {"toxics": [], "for_s": 0}

What a toxic does to bytes is ``robotrader.chaos.toxics``; here are the sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta

from robotrader.chaos.toxics import Direction, End, Kind, Toxic, amount, through

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_READ_BYTES: Final = 1 << 16
_LINE_BYTES: Final = 1 << 16
_AWAY_S: Final = 10.0
_RST: Final = struct.pack("ii", 1, 0)
_REFUSING: Final = frozenset({Kind.DOWN})
_HOLDING: Final = frozenset({Kind.STALL})


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which toxics there are from now on, and for how long."""

    toxics: tuple[Toxic, ...]
    for_s: Annotated[float, Meta(ge=0, le=3600)]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the link has seen."""

    connections: int
    accepted: int
    to_gateway_bytes: int
    to_core_bytes: int
    toxics: tuple[Toxic, ...]


class ToxicLink:
    """See the module's prose.

    Args:
        port: where the core connects, on loopback; 0: any free one.
        to: host and port of the gateway.
        random: what is drawn for ``corrupt``.
    """

    def __init__(self, port: int, to: tuple[str, int], random: Random) -> None:
        self._port, self._to, self._random = port, to, random
        self._toxics: tuple[Toxic, ...] = ()
        self._changed = asyncio.Condition()
        self._pairs: set[_Pair] = set()
        self._accepted = 0
        self.passed = {Direction.TO_GATEWAY: 0, Direction.TO_CORE: 0}
        self._server: asyncio.Server | None = None
        self._desk: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def random(self) -> Random:
        """The source of chance."""
        return self._random

    async def start(self, path: Path) -> int:
        """Listen; return the port.

        Raises:
            OSError: the port is in use, or the socket's folder cannot be written.
        """
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        _remove(path)
        mask = os.umask(0o177)  # nobody else may open it, from its first moment on
        try:
            self._desk = await asyncio.start_unix_server(
                self._converse, str(path), limit=_LINE_BYTES
            )
        finally:
            os.umask(mask)
        return self._port

    async def stop(self) -> None:
        """End everything."""
        for server in (self._server, self._desk):
            if server is not None:
                server.close()
        for pair in list(self._pairs):
            pair.end(End.CLOSE)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def toxics(self, direction: Direction) -> tuple[Toxic, ...]:
        """Return the toxics that work in a direction."""
        return tuple(each for each in self._toxics if each.concerns(direction))

    async def free(self, direction: Direction) -> None:
        """Wait until nothing is held up in a direction."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is(direction, _HOLDING))

    def _is(self, direction: Direction, kinds: frozenset[Kind]) -> bool:
        return any(each.kind in kinds for each in self.toxics(direction))

    # -- what is asked --

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, ValueError):
            while line := await reader.readline():
                writer.write(await self._answered(line) + b"\n")
                await writer.drain()
        writer.close()

    async def _answered(self, line: bytes) -> bytes:
        try:
            ask = msgspec.json.decode(line, type=Ask)
        except msgspec.MsgspecError as error:
            return msgspec.json.encode({"error": str(error)})
        await self.change(ask.toxics, ask.for_s)
        return msgspec.json.encode({"ok": self.told()})

    def told(self) -> Told:
        """Return what the link has seen."""
        return Told(
            connections=len(self._pairs),
            accepted=self._accepted,
            to_gateway_bytes=self.passed[Direction.TO_GATEWAY],
            to_core_bytes=self.passed[Direction.TO_CORE],
            toxics=self._toxics,
        )

    async def change(self, toxics: tuple[Toxic, ...], for_s: float) -> None:
        """Have these toxics from now on, for so long."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        async with self._changed:
            self._toxics = toxics
            self._changed.notify_all()
        if toxics:
            self._timer = asyncio.get_running_loop().call_later(for_s, self._over)
        self._strike(toxics)

    def _over(self) -> None:
        self._keep(asyncio.ensure_future(self.change((), 0.0)))

    def _strike(self, toxics: tuple[Toxic, ...]) -> None:
        """End connections that a toxic ends, now or after its time."""
        kinds = {each.kind for each in toxics}
        if _REFUSING & kinds:
            self._end_all(End.RESET)
        if Kind.TIMEOUT in kinds:
            after_s = amount(toxics, Kind.TIMEOUT) or 0.0
            asyncio.get_running_loop().call_later(after_s, self._timed_out)

    def _timed_out(self) -> None:
        if amount(self._toxics, Kind.TIMEOUT) is not None:
            self._end_all(End.CLOSE)

    def _end_all(self, how: End) -> None:
        for pair in list(self._pairs):
            pair.end(how)

    # -- connections --

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if _REFUSING & {each.kind for each in self._toxics}:
            _end(writer, End.RESET)
            return
        self._accepted += 1
        try:
            async with asyncio.timeout(_AWAY_S):
                there = await asyncio.open_connection(*self._to)
        except (OSError, TimeoutError):
            _end(writer, End.RESET)
            return
        pair = _Pair(self, (reader, writer), there)
        self._pairs.add(pair)
        try:
            await pair.run()
        finally:
            self._pairs.discard(pair)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Pair:
    """One connection of the core, and ours to the gateway."""

    def __init__(self, link: ToxicLink, core: _Ends, gateway: _Ends) -> None:
        self._link, self._core, self._gateway = link, core, gateway

    async def run(self) -> None:
        """Pass bytes both ways until either side ends."""
        ways = [
            asyncio.create_task(self._pump(self._core[0], self._gateway[1], Direction.TO_GATEWAY)),
            asyncio.create_task(self._pump(self._gateway[0], self._core[1], Direction.TO_CORE)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self.end(End.CLOSE)

    def end(self, how: End) -> None:
        """End both sides."""
        for _, writer in (self._core, self._gateway):
            _end(writer, how)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction
    ) -> None:
        before = 0
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while data := await reader.read(_READ_BYTES):
                await self._link.free(way)
                passed = through(self._link.toxics(way), data, before, self._link.random)
                for piece in passed.pieces:
                    await asyncio.sleep(piece.after_s)
                    writer.write(piece.data)
                    await writer.drain()
                before += len(data)
                self._link.passed[way] += len(data)
                if passed.end is not None:
                    self.end(passed.end)
                    return
        await asyncio.sleep(amount(self._link.toxics(way), Kind.SLOW_CLOSE) or 0.0)


def _remove(path: Path) -> None:
    """Remove the socket of a link that was killed."""
    path.unlink(missing_ok=True)


def _end(writer: asyncio.StreamWriter, how: End) -> None:
    """End a connection in order (FIN), or tear it down (RST)."""
    if how is End.RESET:
        sock = writer.get_extra_info("socket")
        with contextlib.suppress(OSError, AttributeError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        writer.transport.abort()
    else:
        writer.close()
