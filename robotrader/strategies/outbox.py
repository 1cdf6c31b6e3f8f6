"""What one strategy is still to be told: one event at a time, the next when that one is handled.

So it is always known which event a strategy died of, a slow strategy makes nobody else wait, and
what a dead one has not handled is told to its successor. Order: history first, then fills and ends
of orders, then bars; of quotes only the newest, when nothing else waits.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from robotrader.domain import Bar, Quote
from robotrader.strategies.events import AskAnew, Ended, Fill, bar_key, quote_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain.records import MessageQuarantined
    from robotrader.strategies.quarantine import Quarantine

Event: TypeAlias = Bar | Quote | Fill | Ended | AskAnew


class Feed(msgspec.Struct, frozen=True, gc=False):
    """One event for a strategy, to be answered when it is handled. ``live``: it is no history."""

    number: int
    event: Event
    live: bool
    con_id: int = 0
    """Whose symbol feeds it: a spread is fed by several."""


def event_key(event: Event) -> str:
    """Return the name of an event: the same at every telling."""
    if isinstance(event, Bar):
        return bar_key(event)
    if isinstance(event, Quote):
        return quote_key(event)
    if isinstance(event, AskAnew):
        return f"gate:{event.gate}"
    return f"fill:{event.seq}" if isinstance(event, Fill) else f"ended:{event.cause}"


class Outbox:
    """See the module's prose.

    Args:
        quarantine: what is not told any more.
        most_bars: how many live bars wait at most; the oldest is dropped and counted.
        con_id: the contract of the symbol that feeds.
    """

    def __init__(self, quarantine: Quarantine, most_bars: int = 1_000, *, con_id: int = 0) -> None:
        self.quarantine, self._con_id = quarantine, con_id
        self.dropped = 0
        self.skipped = 0
        self._most_bars = most_bars
        self._number = 0
        self._flying: Feed | None = None
        self._history: deque[Feed] = deque()
        # Not bounded: a strategy that is down asks for no orders, so what can fill is limited.
        self._orders: deque[Feed] = deque()
        self._bars: deque[Feed] = deque()
        self._quote: Feed | None = None

    def begin(self, history: Iterable[Bar]) -> None:
        """Begin with a new incarnation, which knows nothing: tell it history first."""
        self.lost()
        self._history = deque(
            Feed(self._next(), bar, live=False, con_id=self._con_id) for bar in history
        )
        told = {event_key(feed.event) for feed in self._history}
        self._bars = deque(feed for feed in self._bars if event_key(feed.event) not in told)

    def put(self, event: Event) -> None:
        """Add an event."""
        self._number += 1
        feed = Feed(self._number, event, live=True, con_id=self._con_id)
        if isinstance(event, Quote):
            self._quote = feed
        elif isinstance(event, Bar):
            self._bars.append(feed)
            if len(self._bars) > self._most_bars:
                self._bars.popleft()
                self.dropped += 1
        else:
            self._orders.append(feed)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def take(self) -> Feed | None:
        """Return what is to be told now; None while an answer is awaited, or nothing waits."""
        while self._flying is None:
            feed = self._pop()
            if feed is None:
                return None
            if self.quarantine.any and self.quarantine.holds(event_key(feed.event)):
                self.skipped += 1
                continue
            self._flying = feed
            return feed
        return None

    def _pop(self) -> Feed | None:
        for lane in (self._history, self._orders, self._bars):
            if lane:
                return lane.popleft()
        feed, self._quote = self._quote, None
        return feed

    def handled(self, number: int) -> bool:
        """Note an answer; False if it is not to what flies."""
        if self._flying is None or self._flying.number != number:
            return False
        self._flying = None
        return True

    def waiting_bars(self) -> tuple[Bar, ...]:
        """Return the live bars that are not handled."""
        flying = (self._flying,) if self._flying is not None and self._flying.live else ()
        return tuple(f.event for f in (*flying, *self._bars) if isinstance(f.event, Bar))

    def lost(self) -> None:
        """Put what flies back to the front: its receiver is gone."""
        feed, self._flying = self._flying, None
        if feed is None:
            return
        if not feed.live:
            self._history.appendleft(feed)
        elif isinstance(feed.event, Bar):
            self._bars.appendleft(feed)
        elif isinstance(feed.event, Quote):
            self._quote = self._quote or feed
        else:
            self._orders.appendleft(feed)

    def crashed(self, error: str, wall_ns: int, event: str = "") -> MessageQuarantined | None:
        """Blame what flies, unless its receiver says that it died of another ``event``."""
        if self._flying is None:
            return None
        key = event_key(self._flying.event)
        if event and event != key:
            return None
        return self.quarantine.crashed(key, error, wall_ns)
