"""What heart says: one event for each thing that happens to a child, by default a line of JSON.

Rule: whoever reads the lines must not be able to stop heart. A line that would block or fails is
dropped, and the next line says how many were.
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, TypeAlias

_DETAIL: Final = 256
"""Characters of a detail: JSON may need 12 bytes for each, and a line must stay below PIPE_BUF
(4,096 bytes), which is what a pipe that is ready takes without blocking."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened to a child, at ``at_s`` seconds of the monotonic clock.

    ``event`` is a value of ``heart_rules.Kind``; ``pid`` is 0 where no process was made.
    """

    at_s: float
    child: str
    event: str
    pid: int
    detail: str


Listener: TypeAlias = Callable[[Event], None]


class JsonLines:
    """A listener that writes one JSON line for each event to the descriptor ``fd``."""

    def __init__(self, fd: int = 2) -> None:
        self._fd = fd
        self.dropped = 0

    def __call__(self, event: Event) -> None:
        """Write the event, or count it as dropped."""
        fields = {**asdict(event), "detail": event.detail[:_DETAIL], "dropped": self.dropped}
        if self._wrote(json.dumps(fields).encode() + b"\n"):
            self.dropped = 0
        else:
            self.dropped += 1

    def _wrote(self, line: bytes) -> bool:
        try:
            _, ready, _ = select.select([], [self._fd], [], 0)
            return bool(ready) and os.write(self._fd, line) == len(line)
        except (OSError, ValueError):  # closed, broken or full: the watch goes on without a log
            return False
