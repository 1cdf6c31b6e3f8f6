"""An emulated gateway on a thread of its own, for actors that live on theirs."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from robotrader.emulator import Gateway, Server
from tests.robotrader.emulator.kit import made

T = TypeVar("T")


class Served:
    """A gateway behind a port; ``do`` runs something beside it, on its own thread."""

    def __init__(self, **settings: Any) -> None:
        self.gateway: Gateway = made(**settings)
        self.server = Server(self.gateway, port=0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="emulated gateway")
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(5)

    def do(self, what: Callable[[], T]) -> T:
        async def run() -> T:
            return what()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(5)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


@contextmanager
def served(**settings: Any) -> Iterator[Served]:
    gateway = Served(**settings)
    try:
        yield gateway
    finally:
        gateway.close()


def wait_until(condition: Callable[[], object], timeout_s: float = 40.0) -> None:
    """Wait for another thread to make ``condition`` true."""
    changed = threading.Event()
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true in time"
        changed.wait(0.005)
