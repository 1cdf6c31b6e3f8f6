"""Tasks: functions that run in actors of their own, under a supervisor (Elixir's ``Task``).

A task is a temporary child of a dynamic supervisor: it is never restarted and leaves nothing
behind. Its result, or the exception that it raised, is in a future. Nobody else is affected,
unless an actor links itself to the task. A stream runs a function over many items, a bounded
number at a time, and gives the results in the order of the items.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from supervision.actor import Actor
from supervision.dynamic import DynamicSupervisor
from supervision.errors import ActorStartError
from supervision.manage import start_child, terminate_child
from supervision.spec import ChildSpec
from supervision.starting import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from supervision.future import Future
    from supervision.ref import ActorRef

TASK_TIMEOUT_S: Final = 60.0  # a task that takes longer is a job, and belongs in a process
_RUN: Final = "run"


class _TaskActor(Actor):
    """Runs one function, answers with its result and ends."""

    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        super().__init__()
        self._function = function
        self._args = args

    def on_receive(self, _message: Any) -> Any:
        """Run the function; what it raises is the task's crash."""
        self.stop_with()
        return self._function(*self._args)


@dataclass(frozen=True, slots=True)
class Task:
    """A task that was started: its actor and the future of its result."""

    ref: ActorRef[Any]
    result: Future[Any]


def task_supervisor(runtime: str | None = None) -> DynamicSupervisor:
    """Make a supervisor for tasks that run on ``runtime``; start it like any actor."""
    spec = ChildSpec(id="task", start=_TaskActor, restart="temporary", runtime=runtime)
    return DynamicSupervisor(spec)


def run_task(
    sup: ActorRef[Any],
    function: Callable[..., Any],
    *args: Any,
    link_to: Actor | None = None,
    timeout_s: float = TASK_TIMEOUT_S,
) -> Task:
    """Start ``function(*args)`` as a task under ``sup``.

    With ``link_to`` (the calling actor) a crash of the task ends that actor too, and the other
    way round; without, only the future knows.

    Raises:
        ActorStartError: the supervisor refused it.
    """
    answer = start_child(sup, args=(function, *args))
    if isinstance(answer, Refused) or answer.ref is None:
        msg = f"{sup} did not start the task: {answer}"
        raise ActorStartError(msg)
    ref: Any = answer.ref
    if link_to is not None:
        link_to.link(ref)
    return Task(ref, ref.ask(_RUN, block=False, timeout=timeout_s))


def stream(
    sup: ActorRef[Any],
    function: Callable[[Any], Any],
    items: Iterable[Any],
    *,
    at_once: int = 2,
    timeout_s: float = TASK_TIMEOUT_S,
) -> Iterator[Any]:
    """Yield ``function(item)`` for every item, in the items' order, ``at_once`` tasks at a time.

    When the caller stops early, the tasks that still run are stopped.

    Raises:
        Exception: what the function raised for the item whose turn it is.
    """
    running: deque[Task] = deque()
    try:
        for item in items:
            running.append(run_task(sup, function, item, timeout_s=timeout_s))
            if len(running) >= at_once:
                yield _next_result(running, timeout_s)
        while running:
            yield _next_result(running, timeout_s)
    finally:
        for task in running:
            terminate_child(sup, task.ref)


def _next_result(running: deque[Task], timeout_s: float) -> Any:
    result = running[0].result.get(timeout=timeout_s)
    running.popleft()
    return result
