"""Actors that several of these tests use."""

from __future__ import annotations

from typing import Any

from supervision import Actor
from supervision.reasons import ExitReason


class Echo(Actor):
    """Answers what it gets; obeys an exception (raises it) and an exit reason (ends with it)."""

    runtime = "pool"

    def on_receive(self, message: Any) -> Any:
        if isinstance(message, BaseException):
            raise message
        if isinstance(message, ExitReason):
            self.stop_with(message)
        return message


class Watcher(Actor):
    """Keeps what it is told about others."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> Any:
        if callable(message):
            return message(self)
        self.seen.append(message)
        return None
