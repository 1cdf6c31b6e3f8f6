"""A real control socket with a scripted handler, on a loop of its own thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from robotrader.adapters.control_socket import ControlSocket, Peer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from robotrader.domain.control import Request
    from robotrader.domain.control_answers import Answer


class Script:
    """Answers each kind of request as it was told, and remembers what was asked."""

    def __init__(self, *answers: tuple[type, Answer | Exception]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[Request, Peer]] = []

    async def __call__(self, request: Request, peer: Peer) -> Answer:
        self.asked.append((request, peer))
        answer = self.answers[type(request)]
        if isinstance(answer, Exception):
            raise answer
        return answer


@contextlib.contextmanager
def serving(
    path: Path, handler: Callable[[Request, Peer], Awaitable[Answer]], **bounds: float
) -> Iterator[ControlSocket]:
    """Serve while the block runs."""
    ready, loop = threading.Event(), asyncio.new_event_loop()
    clients_max = int(bounds.pop("clients_max", 32))
    server = ControlSocket(path, handler, clients_max=clients_max, **bounds)
    ended = asyncio.Event()

    async def run() -> None:
        await server.start()
        ready.set()
        await ended.wait()
        await server.stop()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    assert ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(10)
        loop.close()
