"""What tests of actors need, shipped with the library.

``ProbeActor`` keeps what it gets and lets a test wait for it. ``Script`` plans how the next starts
of a child go and ``ScriptedChild`` obeys, so that every path of a supervisor can be walked.
``TraceRecorder`` writes down what a simulation runs. The manual clock is ``clock.ManualClock``; a
``Simulation`` moves it by itself when nothing else can run.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from supervision.actor import Actor
from supervision.starting import IGNORE, Info, StartError

if TYPE_CHECKING:
    from collections.abc import Callable

    from supervision.cell import Cell
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef


class ProbeActor(Actor):
    """Keeps every message in ``received``; ``wait_for`` waits until one matches."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Any] = []
        self._arrived = threading.Condition()

    def on_receive(self, message: Any) -> None:
        """Keep the message."""
        with self._arrived:
            self.received.append(message)
            self._arrived.notify_all()

    def wait_for(self, matches: Callable[[Any], bool], timeout_s: float = 5.0) -> Any:
        """Return the first message that matches, waiting for it on a real runtime.

        Raises:
            TimeoutError: none came in time; says what did.
        """

        def found() -> list[Any]:
            return [message for message in self.received if matches(message)]

        with self._arrived:
            if not self._arrived.wait_for(found, timeout_s):
                msg = f"no matching message in {timeout_s:g} s; received: {self.received!r}"
                raise TimeoutError(msg)
            return found()[0]


@dataclass(slots=True)
class Script:
    """The next starts of a child, and what became of it.

    Attributes:
        starts: outcomes of the next starts, oldest first: ``ok``, ``info``, ``ignore``, ``error``,
            ``raise`` or ``junk``; ``ok`` when it is empty.
        trace: what happened, in order: ``("up", id)``, ``("down", id)``, ``("failed", id)``.
    """

    starts: deque[str] = field(default_factory=deque)
    trace: list[tuple[str, object]] = field(default_factory=list)


class ScriptedChild(Actor):
    """A child whose starts go as its ``Script`` says.

    It obeys ``"crash"`` (raises), ``"stop"`` (ends normally), an ``ExitReason`` (ends with it) and
    ``"stubborn"`` (refuses to stop from then on); everything else is echoed.
    """

    runtime = "pool"

    def __init__(self, child_id: object, script: Script) -> None:
        super().__init__()
        self._id = child_id
        self._script = script
        self._stubborn = False

    def on_start(self) -> Any:
        """Start, or fail to, as the script says next."""
        starts = self._script.starts
        outcome = starts.popleft() if starts else "ok"
        if outcome in {"ok", "info"}:
            self._script.trace.append(("up", self._id))
            return Info(self._id) if outcome == "info" else None
        self._script.trace.append(("failed", self._id))
        if outcome == "raise":
            msg = f"child {self._id!r}: told to raise in its start"
            raise RuntimeError(msg)
        return {"ignore": IGNORE, "error": StartError("scripted")}.get(outcome, "junk")

    def on_stop_request(self, reason: ExitReason) -> bool:  # noqa: ARG002 - any reason is refused
        """Refuse once told to be stubborn."""
        return not self._stubborn

    def on_stop(self) -> None:
        """Note the end."""
        self._script.trace.append(("down", self._id))

    def on_receive(self, message: Any) -> Any:
        """Obey."""
        if message == "crash":
            msg = f"child {self._id!r}: told to crash"
            raise RuntimeError(msg)
        if message == "stop":
            self.stop_with()
        elif message == "stubborn":
            self._stubborn = True
        elif hasattr(message, "ordinary"):
            self.stop_with(message)
        return message


@dataclass(slots=True)
class TraceRecorder:
    """Writes down what a simulation runs: set it as ``simulation.recorder``.

    Attributes:
        limit: most lines that are kept; older ones are dropped.
    """

    limit: int = 10_000  # a failing run is read from its end; more would not be read
    lines: deque[str] = field(default_factory=deque)

    def step(self, now_ns: int, cell: Cell, message: object) -> None:
        """Note one turn."""
        if len(self.lines) >= self.limit:
            self.lines.popleft()
        kind = type(message).__name__
        actor = type(cell.actor).__name__
        self.lines.append(f"{now_ns / 1e9:.9f} {actor}#{cell.number} {kind}")

    def text(self) -> str:
        """Return the lines as one readable timeline."""
        return "\n".join(self.lines)


def actor_of(ref: ActorRef[Any]) -> Any:
    """Return the actor behind ``ref``, for a test that looks inside; product code never does."""
    return ref.actor_inbox.actor
