"""Who listens to breakers: events are told in order, on a thread of their own.

A caller of a breaker only appends to a queue. The queue is bounded: when listeners are too slow,
events of single calls are dropped and counted; transitions never are (they are as rare as the open
periods make them). A listener that raises is logged; the others and the breaker go on.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Final, TypeAlias

from supervision.breaker.events import LASTING, Event

if TYPE_CHECKING:
    from collections.abc import Callable

    Listener: TypeAlias = Callable[[Event], object]

_log: Final = logging.getLogger(__name__)
_IDLE_S: Final = 1.0  # a thread that has told everything for so long ends; news start another


class Listeners:
    """A set of listeners for any number of breakers; ``capacity`` bounds the events that wait."""

    def __init__(self, capacity: int = 10_000) -> None:
        # 10,000 events are a second of a busy port, about 2 MB: later news would be old news.
        self._capacity = capacity
        self._listeners: tuple[Listener, ...] = ()
        self._waiting: deque[Event] = deque()
        self._changed = threading.Condition()
        self._running = self._busy = self._closed = False
        self.dropped = 0

    def add(self, listener: Listener) -> Callable[[], None]:
        """Tell ``listener`` every event from now on; return what ends that."""
        with self._changed:
            self._listeners = (*self._listeners, listener)
        return lambda: self._remove(listener)

    def _remove(self, listener: Listener) -> None:
        with self._changed:
            self._listeners = tuple(kept for kept in self._listeners if kept is not listener)

    def push(self, events: tuple[Event, ...]) -> None:
        """Queue ``events``; with no listener, nothing is kept."""
        if not events or not self._listeners:
            return
        with self._changed:
            for event in events:
                if len(self._waiting) < self._capacity or isinstance(event, LASTING):
                    self._waiting.append(event)
                else:
                    self.dropped += 1
            self._ensure_thread()
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until every queued event was told, at most ``timeout_s``; say whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    def close(self) -> None:
        """Tell what is queued, then end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _ensure_thread(self) -> None:
        if not self._running and not self._closed:
            self._running = True
            threading.Thread(target=self._run, name="breaker-listeners", daemon=True).start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closed, _IDLE_S)
                if not self._waiting:
                    self._running = False
                    return
                event = self._waiting.popleft()
                listeners = self._listeners
                self._busy = True
            for listener in listeners:
                self._tell(listener, event)

    @staticmethod
    def _tell(listener: Listener, event: Event) -> None:
        try:
            listener(event)
        except Exception:  # noqa: BLE001 - one listener must not silence the others
            _log.exception("a breaker's listener raised at %r", event)
