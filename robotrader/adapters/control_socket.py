"""The control socket's server: a Unix socket on which only this user's processes are heard.

The file has mode 0600 before anybody can connect, and the kernel says who connects
(``SO_PEERCRED``, unix(7)): another user's connection is closed unread. What is no message is
refused by name and never reaches the handler; what is no frame ends the connection. A client that
is slow, silent or greedy costs one of a bounded number of connections and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import control
from robotrader.domain.control import Ask, ControlError, Reply
from robotrader.domain.control_answers import Failed, Refused
from robotrader.domain.errors import RoboTraderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer

_LOG: Final = logging.getLogger(__name__)
_UCRED: Final = struct.Struct("iII")
_BACKLOG: Final = 128
_WORK_PER_CLIENT: Final = 4
"""Requests whose clients have gone and that still are worked on, for each connection allowed."""


class Peer(msgspec.Struct, frozen=True):
    """Who is at the other end, by the kernel's word."""

    pid: int
    uid: int


class SocketInUseError(RoboTraderError):
    """Another system answers on the socket."""


class ControlSocket:
    """Serves a handler on a Unix socket; ``start`` and ``stop`` it on the loop it is to run on.

    ``frame_s`` bounds how long a frame may take from its first byte to its last, and how long an
    answer may take to be read. A connection without a request is closed after ``idle_s``.
    """

    def __init__(
        self,
        path: Path,
        handler: Callable[[Request, Peer], Awaitable[Answer]],
        *,
        clients_max: int = 32,
        frame_s: float = 5.0,
        idle_s: float = 300.0,
    ) -> None:
        self._path = path
        self._handler = handler
        self._clients_max = clients_max
        self._frame_s = frame_s
        self._idle_s = idle_s
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._working: set[asyncio.Task[Answer]] = set()
        self._inode: int | None = None

    async def start(self) -> None:
        """Listen. Raises SocketInUseError if somebody answers there already."""
        listener = _bound(self._path)
        self._inode = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(self._serve, sock=listener)

    async def stop(self) -> None:
        """End all connections, and remove the file if it is still ours."""
        if self._server is None:
            return
        self._server.close()
        ending = [*self._clients, *self._working]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer = _peer(writer.get_extra_info("socket"))
        if task is None or peer.uid != os.getuid() or len(self._clients) >= self._clients_max:
            _LOG.warning("control connection refused: pid %s, uid %s", peer.pid, peer.uid)
            writer.transport.abort()
            return
        self._clients.add(task)
        try:
            await self._talk(reader, writer, peer)
        except (ControlError, OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            why = str(error) or type(error).__name__  # a TimeoutError says nothing
            _LOG.info("control connection of pid %s ended: %s", peer.pid, why)
        except asyncio.CancelledError:
            # Only stop() cancels; a stream's task may not end cancelled (its callback would log).
            _LOG.debug("control connection of pid %s ended with the server", peer.pid)
        finally:
            self._clients.discard(task)
            writer.transport.abort()

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer
    ) -> None:
        while True:
            async with asyncio.timeout(self._idle_s):
                first = await reader.read(1)
            if not first:
                return  # it has what it wanted, and hung up between two frames
            async with asyncio.timeout(self._frame_s):
                size = control.length(first + await reader.readexactly(3))
                content = await reader.readexactly(size)
            reply = await self._answered(content, peer)
            async with asyncio.timeout(self._frame_s):
                writer.write(reply)
                await writer.drain()

    async def _answered(self, content: bytes, peer: Peer) -> bytes:
        """Return the frame that answers what came."""
        try:
            ask = control.read_ask(content)
        except ControlError as error:
            number = control.number_of(content)
            return _framed(number, Refused(code="malformed", why=str(error)))
        return _framed(ask.number, await self._handled(ask, peer))

    async def _handled(self, ask: Ask, peer: Peer) -> Answer:
        """Let the handler answer, as long as the client waits.

        The deadline ends the waiting, not the work: a kill that was begun is not left half done.
        """
        if len(self._working) >= _WORK_PER_CLIENT * self._clients_max:
            return Refused(code="busy", why="too many requests are unanswered: try again later")
        work = asyncio.create_task(self._worked(ask.request, peer))
        self._working.add(work)
        work.add_done_callback(self._working.discard)
        done, _ = await asyncio.wait({work}, timeout=ask.deadline_s)
        if not done:
            return Failed(why=f"no answer within {ask.deadline_s:g} s; it may still be done")
        return work.result()

    async def _worked(self, request: Request, peer: Peer) -> Answer:
        """Return the handler's answer; its errors are told here and end nothing."""
        try:
            return await self._handler(request, peer)
        except RoboTraderError as error:
            return Refused(code=type(error).__name__, why=str(error))
        except Exception as error:  # noqa: BLE001 - a boundary: a client learns that, not why
            _LOG.exception("control request %s failed", type(request).__name__)
            return Failed(why=f"{type(error).__name__} in the system; see its log")


def _framed(number: int, answer: Answer) -> bytes:
    """Return a reply's frame; one that is too long is a refusal instead."""
    try:
        return control.frame(Reply(version=control.VERSION, number=number, answer=answer))
    except ControlError as error:
        refusal = Refused(code="too_long", why=str(error))
        return control.frame(Reply(version=control.VERSION, number=number, answer=refusal))


def _peer(connected: socket.socket) -> Peer:
    raw = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(raw)
    return Peer(pid, uid)


def _bound(path: Path) -> socket.socket:
    """Return a listening socket; who sees it at its path can connect to it, and nobody else can."""
    _remove_stale(path)
    hidden = path.with_name(f"{path.name[:-1]}~")  # no longer than the name whose length was judged
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        hidden.unlink(missing_ok=True)
        listener.bind(str(hidden))
        hidden.chmod(0o600)
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        hidden.rename(path)
    except OSError:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    """Remove the socket of a process that is gone; refuse to touch anything else."""
    if not path.is_socket():
        if path.exists():
            msg = f"{path} is there and is no socket: move it, or set control.socket"
            raise SocketInUseError(msg)
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    msg = f"another system answers on {path}: stop it, or use another data_dir"
    raise SocketInUseError(msg)
