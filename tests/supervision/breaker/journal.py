"""A journal of breakers in a file: one JSON line a snapshot, on disk before ``append`` returns.

Run as a program it is a process with a guarded breaker, to be killed::

    python -m tests.supervision.breaker.journal JOURNAL COMMAND

COMMAND is a state to move to, or ``look``. It prints the state, then waits to be killed.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

from supervision.breaker import BreakerConfig, BreakerMachine, Guard, Snapshot, State
from supervision.clock import MonotonicClock
from tests.supervision.breaker.support import OPERATOR


class FileJournal:
    """Appends to ``path``; a line that a kill has torn is as if it had not been written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.appended = 0

    def append(self, snapshot: Snapshot) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(snapshot.to_plain()) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.appended += 1

    def load(self, name: str) -> Snapshot | None:
        if not self._path.exists():
            return None
        kept = None
        for line in self._path.read_text("utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                plain = json.loads(line)
                kept = plain if plain["name"] == name else kept
        return None if kept is None else Snapshot.from_plain(kept)


class BrokenJournal(FileJournal):
    """A disk that is full."""

    def append(self, snapshot: Snapshot) -> None:
        message = f"cannot keep {snapshot.name}: no space left"
        raise OSError(message)


def main(journal: str, command: str) -> None:
    """Be the process that the tests kill."""
    clock = MonotonicClock()
    config = BreakerConfig(open_s=3600.0)
    machine = BreakerMachine("orders", config, random.Random(1), clock.now_ns())
    guard = Guard(machine, clock, journal=FileJournal(Path(journal)))
    if command != "look":
        guard.move(State(command), OPERATOR)
    before = guard.metrics().state
    sys.stdout.write(f"{before.value} {guard.state.value}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
