"""Where an abandoned thread may be interrupted, and that no lock of others stays locked by it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from supervision import Actor
from supervision.system import ActorSystem
from supervision.watchdog import Watchdog

ENDS_S = 10.0


class Talker(Actor):
    """Logs a message, then goes on for ever in a loop of its own."""

    hang_budget_s = 60.0

    def __init__(self, log: logging.Logger, entered: threading.Event) -> None:
        super().__init__()
        self.log = log
        self.entered = entered

    def on_receive(self, message: Any) -> Any:
        self.entered.set()
        self.log.error("%s", message)
        while True:
            pass


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("interrupt-test")
    dog = Watchdog(made, period_s=0.02).start()
    yield made
    dog.stop()
    made.close()


class Entered(logging.NullHandler):
    """Writes nothing, but has the lock of every other handler, and shows that it is wanted."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.RLock()
        self.wanted = threading.Event()

    def handle(self, record: logging.LogRecord) -> bool:
        self.wanted.set()
        return logging.Handler.handle(self, record)


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_a_thread_killed_while_it_waits_for_a_log_handler_leaves_its_lock_free_and_ends(
    system: ActorSystem, runtime: str
) -> None:
    """Thrown at once, the exception would arrive between ``acquire()`` and ``try`` in logging."""
    log = logging.getLogger(f"{__name__}.{runtime}")
    log.propagate = False
    handler = Entered()
    log.addHandler(handler)
    ref = system.start(Talker(log, threading.Event()), on=runtime)
    handler.acquire()
    try:
        ref.tell("somebody else is writing")
        assert handler.wanted.wait(ENDS_S)
        ref.kill()
        (zombie,) = system.zombies
    finally:
        handler.release()
    zombie.thread.join(ENDS_S)
    lock, handler.lock = handler.lock, threading.RLock()  # the interpreter's end takes it too
    assert not zombie.thread.is_alive(), "its own loop is where it can be ended"
    assert lock is not None
    assert lock.acquire(timeout=0.1), "nobody else could log any more"
