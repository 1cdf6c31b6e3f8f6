"""What heart's tests share: real children, a heart that is stepped, and a wait for an event."""

from __future__ import annotations

import os
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from supervision.heart import Heart
from supervision.heart_dumps import Dumps
from supervision.heart_rules import Child

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.clock import Clock
    from supervision.heart_events import Event

SCRIPT = Path(__file__).with_name("heart_children") / "child.py"
PATIENCE_S = 20.0
"""How long a wait may take on a machine that is busy with other things."""


def fields(folder: Path, behaviour: str, name: str = "core", **changes: Any) -> dict[str, Any]:
    """The spec of a real child, as JSON could hold it."""
    wanted, *arguments = behaviour.split()
    argv = [sys.executable, "-I", "-S", str(SCRIPT), wanted, *arguments]
    env = {"CHILD_FOLDER": str(folder), "CHILD_NAME": name}
    return {"name": name, "argv": argv, "env": env} | changes


def child(folder: Path, behaviour: str, name: str = "core", **changes: Any) -> Child:
    spec = fields(folder, behaviour, name, **changes)
    return Child(**spec | {"argv": tuple(spec["argv"])})


class Ward:
    """A heart in this process, with what it said."""

    def __init__(self, folder: Path, *children: Child, clock: Clock | None = None) -> None:
        self.folder = folder
        self.events: list[Event] = []
        self.dumps = Dumps(folder / "dumps", keep=3)
        self.react: Callable[[Event], None] = self.events.append
        self.heart = Heart(list(children), dumps=self.dumps, on_event=self._react, clock=clock)

    def _react(self, event: Event) -> None:
        self.react(event)

    def __enter__(self) -> Self:
        for name in self.heart.names:
            self.heart.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self.heart.close()
        assert not self.overlaps(), "two of a kind ran at once"

    def overlaps(self) -> list[str]:
        return self.lines("overlaps")

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def until(self, happened: Callable[[], object], what: str) -> None:
        """Step heart until something has happened; fail with all events if it never does."""
        end_s = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < end_s, f"no {what} in {PATIENCE_S} s: {self.events}"
            self.heart.step(0.05)

    def told(self, event: str, name: str = "core") -> list[Event]:
        return [each for each in self.events if (each.event, each.child) == (event, name)]

    def until_told(self, event: str, times: int = 1, name: str = "core") -> Event:
        self.until(lambda: len(self.told(event, name)) >= times, f"{event} of {name}")
        return self.told(event, name)[times - 1]

    def count(self, name: str = "core") -> dict[str, int]:
        kinds = [event.event for event in self.events if event.child == name]
        return {kind: kinds.count(kind) for kind in kinds}


def state(pid: int) -> str:
    """The kernel's letter for the state of a process (proc_pid_stat(5)), X if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def exists(pid: int) -> bool:
    """Say whether a process is there and no zombie."""
    return state(pid) not in {"Z", "X"}


def wait_for_end(*pidfds: int) -> None:
    """Wait until all processes have ended."""
    for pidfd in pidfds:
        ready, _, _ = select.select([pidfd], [], [], PATIENCE_S)
        os.close(pidfd)
        assert ready, "a process lives on"


def wait_for_line(path: Path, count: int) -> None:
    """Wait until a file has that many lines, without heart taking notice of anything."""
    end_s = time.monotonic() + PATIENCE_S
    while not path.exists() or len(path.read_text().splitlines()) < count:
        assert time.monotonic() < end_s, f"no {count} lines in {path.name} in {PATIENCE_S} s"
        os.sched_yield()


def children_of(pid: int) -> set[int]:
    return {int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def open_fds() -> set[str]:
    return {fd.name for fd in Path("/proc/self/fd").iterdir()}
