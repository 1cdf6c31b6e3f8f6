"""Timers: a message to an actor at a later time.

``TimerThread`` sleeps until the next deadline of a heap; a simulation keeps the same heap and moves
its clock instead. A timer that was cancelled never fires afterwards; one whose actor has ended
fires into nothing.
"""

from __future__ import annotations

import threading
from heapq import heappop, heappush
from itertools import count, islice
from typing import TYPE_CHECKING, Protocol

import pykka

from supervision.clock import NANOSECONDS
from supervision.errors import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Callable


class Timer:
    """Handle of one timer; order is by deadline, then by age."""

    __slots__ = ("_callback", "deadline_ns", "order")

    def __init__(self, deadline_ns: int, order: int, callback: Callable[[], object]) -> None:
        self.deadline_ns = deadline_ns
        self.order = order
        self._callback: Callable[[], object] | None = callback

    def active(self) -> bool:
        """Say whether it can still fire."""
        return self._callback is not None

    def cancel(self) -> bool:
        """Make sure that it does not fire from now on; return whether it still would have."""
        callback, self._callback = self._callback, None
        return callback is not None

    def fire(self) -> None:
        """Call what was to be called, unless cancelled; an actor that has ended hears nothing."""
        callback, self._callback = self._callback, None
        if callback is None:
            return
        try:
            callback()
        except (pykka.ActorDeadError, MailboxFull):
            return  # both are counted where they are raised; the other timers must go on


class Timers(Protocol):
    """Where timers are kept."""

    def at(self, deadline_ns: int, callback: Callable[[], object]) -> Timer:
        """Call ``callback()`` at ``deadline_ns`` on the system's clock, or soon after."""
        ...

    def close(self) -> None:
        """Fire nothing any more."""
        ...


class TimerHeap:
    """Timers in the order in which they are due."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._orders = count()

    def add(self, deadline_ns: int, callback: Callable[[], object]) -> Timer:
        """Keep a new timer."""
        order = next(self._orders)
        timer = Timer(deadline_ns, order, callback)
        heappush(self._heap, (deadline_ns, order, timer))
        return timer

    def next_ns(self) -> int | None:
        """Return the next deadline, None if nothing is due ever."""
        heap = self._heap
        while heap:
            due_ns, _, timer = heap[0]
            if timer._callback is not None:
                return due_ns
            heappop(heap)
        return None

    def pop_due(self, now_ns: int) -> Timer | None:
        """Take out the first timer that is due, if any."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        return self.pop()

    def pop(self) -> Timer:
        """Take out the timer that ``next_ns`` has just named."""
        return heappop(self._heap)[2]

    def __len__(self) -> int:
        return sum(timer.active() for _, _, timer in self._heap)

    def more_than(self, most: int) -> bool:
        """Say whether more than so many can still fire; looks at no more of them than it needs."""
        active = (None for _, _, timer in self._heap if timer.active())
        return next(islice(active, most, None), active) is None


class TimerThread:
    """Fires timers on a thread of its own, started with the first timer."""

    def __init__(self, now_ns: Callable[[], int], name: str) -> None:
        self._now_ns = now_ns
        self._name = name
        self._heap = TimerHeap()
        self._changed = threading.Condition()
        self._running = False
        self._closed = False

    def at(self, deadline_ns: int, callback: Callable[[], object]) -> Timer:
        """Call ``callback()`` at ``deadline_ns``; it must be quick (a ``tell``)."""
        with self._changed:
            timer = self._heap.add(deadline_ns, callback)
            if not self._running and not self._closed:
                self._running = True
                name = f"{self._name}-timers"
                threading.Thread(target=self._run, name=name, daemon=True).start()
            if self._heap.next_ns() == deadline_ns:
                self._changed.notify()
        return timer

    def close(self) -> None:
        """End the thread; nothing fires any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                timer = self._wait_for_due()
            if timer is None:
                return
            timer.fire()

    def _wait_for_due(self) -> Timer | None:
        while not self._closed:
            timer = self._heap.pop_due(self._now_ns())
            if timer is not None:
                return timer
            due_ns = self._heap.next_ns()
            wait_s = None if due_ns is None else (due_ns - self._now_ns()) / NANOSECONDS
            self._changed.wait(wait_s)
        return None
