"""A thread-safe front for one breaker inside a process: every form of call, one machine behind it.

A lock is held while the machine takes in a question or a result, never while user code runs: not
for the guarded function, nor for rules, listeners and timers' callbacks. So a guarded call
may use the same breaker again, and nobody waits for somebody else's call.

With a journal, every lasting change is kept before whoever caused it goes on, and a new guard
starts in the state that was kept.
"""

from __future__ import annotations

import inspect
import logging
import threading
from contextlib import aclosing
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from supervision.breaker import futures
from supervision.breaker.call import Call, Calling
from supervision.breaker.checks import check_number
from supervision.breaker.classify import Classifier
from supervision.breaker.errors import CircuitOpen
from supervision.breaker.events import LASTING, CallStarted, Event, Transition
from supervision.breaker.intervals import LONGEST_S
from supervision.breaker.listeners import Listeners
from supervision.breaker.permit import Refused
from supervision.breaker.runner import ThreadRunner
from supervision.breaker.states import State
from supervision.clock import to_ns
from supervision.timers import TimerThread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from supervision.breaker.call import TimeoutHook
    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.machine import BreakerMachine
    from supervision.breaker.permit import Permit
    from supervision.breaker.snapshot import BreakerJournal
    from supervision.breaker.tally import Metrics
    from supervision.breaker.verdict import Operator, Verdict
    from supervision.clock import Clock
    from supervision.timers import Timers

P = ParamSpec("P")
T = TypeVar("T")

_log: Final = logging.getLogger(__name__)


class Guard:
    """Calls through a breaker.

    ``call_timeout_s`` (0: none) frees the caller with ``CallTimeout`` and counts a failure at that
    moment. ``trip_raises_open`` raises ``CircuitOpen`` in place of the exception that tripped the
    breaker, with that one as its cause.

    Raises:
        ConfigError: ``call_timeout_s`` is out of its range.
        OSError: the journal could not be read (or whatever else it raises).
    """

    def __init__(
        self,
        machine: BreakerMachine,
        clock: Clock,
        *,
        classifier: Classifier | None = None,
        call_timeout_s: float = 0.0,
        trip_raises_open: bool = False,
        listeners: Listeners | None = None,
        journal: BreakerJournal | None = None,
        timers: Timers | None = None,
        runner: ThreadRunner | None = None,
    ) -> None:
        check_number("call_timeout_s", call_timeout_s, at_least=0, at_most=LONGEST_S)
        self._machine = machine
        self.name = machine.name
        self.now_ns = clock.now_ns
        self.classifier = classifier or Classifier()
        self.trip_raises_open = trip_raises_open
        self.listeners = listeners or Listeners()
        self.timers = timers or TimerThread(clock.now_ns, f"breaker-{machine.name}")
        self.runner = runner or ThreadRunner()
        self._timeout_ns = to_ns(call_timeout_s)
        self._journal = journal
        self._lock = threading.Lock()
        self._under_way = 0
        kept = journal.load(self.name) if journal is not None else None
        if kept is not None:
            machine.restore(kept, clock.now_ns())

    @property
    def state(self) -> State:
        """The state now; looking at it does what is due."""
        self.tick()
        return self._machine.state

    @property
    def busy(self) -> bool:
        """Whether calls are under way."""
        return self._under_way > 0

    def metrics(self) -> Metrics:
        """Return the totals and gauges of this moment."""
        with self._lock:
            return self._machine.metrics(self.now_ns())

    def tick(self) -> None:
        """Do what is due (the end of a period, of a permit)."""
        with self._lock:
            self._publish(self._machine.tick(self.now_ns()))

    def acquire(self, *, probe: bool = False, on_timeout: TimeoutHook | None = None) -> Call:
        """Ask to make a call that the caller ends himself, once.

        ``on_timeout`` gets the ``CallTimeout`` when the guard's time limit passes first.

        Raises:
            CircuitOpen: the breaker refuses.
        """
        with self._lock:
            now_ns = self.now_ns()
            answer = self._machine.try_acquire(now_ns, probe=probe)
            self._publish(answer.events)
            if isinstance(answer, Refused):
                raise CircuitOpen(self.name, answer.state, answer.remaining_ns)
            self._under_way += 1
            self.listeners.push((CallStarted(self.name, now_ns),))
        call = Call(self, answer, now_ns)
        if self._timeout_ns:
            call.arm(self._timeout_ns, on_timeout)
        return call

    def settle(self, call: Call, permit: Permit, verdict: Verdict) -> tuple[bool, bool]:
        """Take in an ending; return whether it is the call's first, and whether it tripped."""
        with self._lock:
            now_ns = self.now_ns()
            first, call.over = not call.over, True
            self._under_way -= first
            events = self._machine.record(permit, verdict, now_ns - call.started_ns, now_ns)
            self._publish(events)
        opened = (isinstance(event, Transition) and event.target is State.OPEN for event in events)
        return first, any(opened)

    def note(self, verdict: Verdict, duration_ns: int = 0) -> None:
        """Take in a result of a call that did not go through this breaker."""
        with self._lock:
            self._publish(self._machine.note(verdict, duration_ns, self.now_ns()))

    def refusal(self) -> CircuitOpen:
        """Return the error that a call made now would get, were the breaker to refuse it."""
        with self._lock:
            remaining_ns = self._machine.remaining_ns(self.now_ns())
            return CircuitOpen(self.name, self._machine.state, remaining_ns)

    def publish(self, event: Event) -> None:
        """Tell the listeners something that the machine does not know."""
        self.listeners.push((event,))

    def calling(self) -> Calling:
        """Guard a block: ``with guard.calling():`` or ``async with guard.calling():``."""
        return Calling(self)

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``function`` and return its value; its exception comes through unchanged.

        With a time limit the function runs on a thread of the guard's runner.

        Raises:
            CircuitOpen: refused, and the function was not called; or this call tripped the breaker
                and ``trip_raises_open`` is set.
            CallTimeout: the time limit passed; the function's effect is unknown.
        """
        if self._timeout_ns:
            return self.submit(lambda: function(*args, **kwargs)).result()
        return self._run(self.acquire(), lambda: function(*args, **kwargs))

    @staticmethod
    def _run(call: Call, function: Callable[[], T]) -> T:
        try:
            value = function()
        except BaseException as error:
            call.fail(error)
            call.raise_if_tripped(error)
            raise
        call.succeed(value)
        return value

    def probe(self, function: Callable[[], T]) -> T:
        """Call ``function`` only to find out whether the service is back (see ``probe_only``).

        Raises:
            CircuitOpen: refused; otherwise whatever ``function`` raises.
        """
        return self._run(self.acquire(probe=True), function)

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run ``function`` on a thread of the guard's runner; the future has ``call``'s outcomes.

        Raises:
            CircuitOpen: refused.
        """
        return futures.watch(self, lambda: self.runner.run(function))

    def watch(self, start: Callable[[], Future[T]]) -> Future[T]:
        """Guard a call that returns a future; an exception of ``start`` fails the future returned.

        Raises:
            CircuitOpen: refused, and ``start`` was not called.
        """
        return futures.watch(self, start)

    async def acall(
        self, function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Await ``function``'s result; with a time limit, its task is cancelled at the deadline.

        Raises:
            CircuitOpen, CallTimeout: as ``call`` does.
        """
        wait = futures.await_in_time if self._timeout_ns else futures.await_result
        return await wait(self, lambda: function(*args, **kwargs))

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function, coroutine function, generator or asynchronous generator.

        A generator is one call from its first step to its end, its consumer's time included.
        """
        if inspect.iscoroutinefunction(function):
            wrapper = self._coroutine(function)
        elif inspect.isasyncgenfunction(function):
            wrapper = self._async_generator(function)
        elif inspect.isgeneratorfunction(function):
            wrapper = self._generator(function)
        else:
            wrapper = self._function(function)
        return cast("Callable[P, T]", wraps(function)(wrapper))

    def _function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: self.call(function, *args, **kwargs)

    def _coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            return await self.acall(function, *args, **kwargs)

        return guarded

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **kwargs: Any) -> Any:
            with self.calling():
                return (yield from function(*args, **kwargs))

        return guarded

    def _async_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            async with self.calling(), aclosing(function(*args, **kwargs)) as items:
                async for item in items:
                    yield item

        return guarded

    def move(
        self, target: State, by: Operator, *, open_for_ns: int | None = None, extend: bool = False
    ) -> None:
        """Change the state by hand; returns when the change is in the journal.

        Raises:
            NotAllowed, IllegalMove, ValueError: see ``BreakerMachine.move``.
            OSError: the journal could not keep it (or whatever else it raises); the state changed.
        """
        with self._lock:
            now_ns = self.now_ns()
            events = self._machine.move(target, by, now_ns, open_for_ns=open_for_ns, extend=extend)
            self.listeners.push(events)
            self._keep(events)

    def reset(self, by: Operator) -> None:
        """Close the breaker and forget everything; returns when that is in the journal.

        Raises:
            NotAllowed: the operator's role may not change the breaker.
        """
        with self._lock:
            events = self._machine.reset(by, self.now_ns())
            self.listeners.push(events)
            self._keep(events)

    def reconfigure(self, config: BreakerConfig) -> None:
        """Use other limits from the next decision on."""
        with self._lock:
            self._publish(self._machine.reconfigure(config, self.now_ns()))

    def _publish(self, events: tuple[Event, ...]) -> None:
        self.listeners.push(events)
        try:
            self._keep(events)
        except Exception:  # noqa: BLE001 - a caller's result must not turn into a disk's error
            _log.exception("breaker %s: its journal did not keep a change of state", self.name)

    def _keep(self, events: tuple[Event, ...]) -> None:
        if self._journal is not None and any(isinstance(event, LASTING) for event in events):
            self._journal.append(self._machine.snapshot())
