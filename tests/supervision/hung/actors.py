"""Actors that hang in the ways that the cases name; every hang ends when the test lets it."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

from supervision import Actor
from supervision.system import ActorSystem


class Hanger(Actor):
    """Hangs in C (``"block"``) or in Python (``"spin"``) until ``gate`` is set, then acts."""

    hang_budget_s = 0.2

    def __init__(self, gate: threading.Event, entered: threading.Event, peer: Any = None) -> None:
        super().__init__()
        self.gate = gate
        self.entered = entered
        self.peer = peer
        self.refused: list[BaseException] = []

    def on_receive(self, message: Any) -> Any:
        if message == "block":
            self.entered.set()
            try:
                self.gate.wait(30)
            finally:
                self._act()
        elif message == "spin":
            self.entered.set()
            while not self.gate.is_set():
                pass
        return message

    def _act(self) -> None:
        try:
            self.peer.tell("from the grave")
        except BaseException as error:
            self.refused.append(error)
            raise


def kill_idle_thread(system: ActorSystem, ref: Any) -> None:
    """Throw SystemExit into the idle thread of ``ref``, as stock watchdogs do."""
    worker = ref.actor_inbox.runtime
    carrier = worker.active
    assert carrier is not None
    thrown = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(carrier.ident), ctypes.py_object(SystemExit)
    )
    assert thrown == 1
