"""When a request for history may be sent: IBKR's pacing rules, a cache and one request for many.

The rules (IBKR, "Historical Data Limitations"), which are enforced for bars of 30 seconds or less:
no identical request within 15 seconds, fewer than six for one contract, exchange and kind of tick
within two seconds, 60 within ten minutes with BID_ASK counted twice; and never more than 50 open.
Who asks what is already being asked gets the same answer; what was answered a moment ago is
answered again without a request (P2).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec

from robotrader.domain.errors import IBKRRateLimitError
from robotrader.market.durations import bar_seconds

if TYPE_CHECKING:
    from robotrader.gateway.messages import AskHistory

SECOND_NS: Final = 1_000_000_000

A = TypeVar("A")


class PacingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """IBKR's numbers, each a little stricter: our clock and the broker's are not the same."""

    small_bar_s: int = 30
    window_s: float = 601.0
    window_requests: int = 60
    identical_s: float = 15.5
    burst_s: float = 2.1
    burst_requests: int = 5
    open_requests: int = 45
    """Five below the limit: others of the same login (a TWS window) ask as well."""

    waiting: int = 2_000
    cached: int = 256
    penalty_s: float = 60.0
    """How long nothing is asked after the broker said "pacing violation"."""


class Asked(msgspec.Struct, frozen=True):
    """What makes two requests the same."""

    con_id: int
    exchange: str
    end_ns: int
    duration: str
    bar_size: str
    what: str
    regular_hours: bool

    @classmethod
    def of(cls, ask: AskHistory) -> Asked:
        """Return it without the request's own number."""
        each = ask.instrument
        return cls(
            each.con_id,
            each.exchange,
            ask.end_ns,
            ask.duration,
            ask.bar_size,
            ask.what,
            ask.regular_hours,
        )


class HistoryQueue(Generic[A]):
    """Requests that wait, are open or were just answered with an ``A``; times of one clock."""

    def __init__(self, rules: PacingRules | None = None) -> None:
        self.rules = rules or PacingRules()
        self._waiting: OrderedDict[Asked, list[AskHistory]] = OrderedDict()
        self._open: dict[Asked, list[AskHistory]] = {}
        self._cache: OrderedDict[Asked, tuple[int, A]] = OrderedDict()
        self._window: deque[tuple[int, int]] = deque()
        self._identical: dict[Asked, int] = {}
        self._bursts: dict[tuple[int, str, str], deque[int]] = {}
        self._penalty_ns = 0

    @property
    def open(self) -> int:
        """How many requests the broker works on."""
        return len(self._open)

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._waiting)

    def used(self, now_ns: int) -> int:
        """Return how much of the window of ten minutes is used."""
        self._forget(now_ns)
        return sum(weight for _, weight in self._window)

    def ask(self, ask: AskHistory, now_ns: int) -> A | None:
        """Queue a request; return the answer at once if there is one that is young enough.

        Raises:
            DurationError: IBKR has no such bar size.
            IBKRRateLimitError: too many wait already.
        """
        bar_seconds(ask.bar_size)
        key = Asked.of(ask)
        known = self._cache.get(key)
        if known is not None and now_ns - known[0] < self._ns(self.rules.identical_s):
            return known[1]
        for queue in (self._open, self._waiting):
            if key in queue:
                queue[key].append(ask)
                return None
        if len(self._waiting) >= self.rules.waiting:
            msg = f"history: {self.rules.waiting} requests wait: ask for fewer or longer spans"
            raise IBKRRateLimitError(msg)
        self._waiting[key] = [ask]
        return None

    def take(self, now_ns: int) -> AskHistory | None:
        """Return the next request that may be sent; it is open from now on."""
        for key in self._waiting:
            if self._allowed_ns(key, now_ns) <= now_ns:
                asks = self._open[key] = self._waiting.pop(key)
                self._count(key, now_ns)
                return asks[0]
        return None

    def next_ns(self, now_ns: int) -> int | None:
        """Return when ``take`` has something; None if nothing waits, or only for an answer."""
        if not self._waiting or len(self._open) >= self.rules.open_requests:
            return None
        return min(self._allowed_ns(key, now_ns) for key in self._waiting)

    def answer(self, ask: AskHistory, now_ns: int, answer: A, *, keep: bool) -> list[AskHistory]:
        """An open request is over; return everybody who asked for it. ``keep`` caches it."""
        key = Asked.of(ask)
        asks = self._open.pop(key, [])
        if keep and asks:
            self._cache[key] = now_ns, answer
            self._cache.move_to_end(key)
            while len(self._cache) > self.rules.cached:
                self._cache.popitem(last=False)
        return asks

    def penalize(self, ask: AskHistory, now_ns: int) -> None:
        """The broker said "pacing violation": nobody asks for a while, this one then goes first."""
        self._penalty_ns = now_ns + self._ns(self.rules.penalty_s)
        key = Asked.of(ask)
        if key in self._open:
            self._waiting[key] = self._open.pop(key)
            self._waiting.move_to_end(key, last=False)

    def clear(self) -> list[AskHistory]:
        """Take out everything that waits or is open: the connection has ended."""
        queues = (self._open, self._waiting)
        found = [ask for queue in queues for asks in queue.values() for ask in asks]
        for queue in queues:
            queue.clear()
        return found

    # -- inside --

    @staticmethod
    def _ns(seconds: float) -> int:
        return round(seconds * SECOND_NS)

    @staticmethod
    def _weight(key: Asked) -> int:
        return 2 if key.what == "BID_ASK" else 1

    def _line(self, key: Asked) -> tuple[int, str, str]:
        return key.con_id, key.exchange, key.what

    def _small(self, key: Asked) -> bool:
        return bar_seconds(key.bar_size) <= self.rules.small_bar_s

    def _count(self, key: Asked, now_ns: int) -> None:
        if self._small(key):
            self._window.append((now_ns, self._weight(key)))
            self._identical[key] = now_ns
            self._bursts.setdefault(self._line(key), deque()).append(now_ns)

    def _allowed_ns(self, key: Asked, now_ns: int) -> int:
        """Return when a request may be sent; at or before ``now_ns`` means now."""
        if len(self._open) >= self.rules.open_requests:
            return now_ns + SECOND_NS
        if not self._small(key):
            return self._penalty_ns
        self._forget(now_ns)
        times = [self._penalty_ns, self._window_ns(self._weight(key))]
        if key in self._identical:
            times.append(self._identical[key] + self._ns(self.rules.identical_s))
        burst = self._bursts.get(self._line(key))
        if burst and len(burst) >= self.rules.burst_requests:
            times.append(burst[0] + self._ns(self.rules.burst_s))
        return max(times)

    def _window_ns(self, weight: int) -> int:
        """Return when the window of ten minutes has room for ``weight``."""
        excess = sum(each for _, each in self._window) + weight - self.rules.window_requests
        for at_ns, each in self._window:
            if excess <= 0:
                break
            excess -= each
            if excess <= 0:
                return at_ns + self._ns(self.rules.window_s)
        return 0

    def _forget(self, now_ns: int) -> None:
        rules = self.rules
        while self._window and self._window[0][0] <= now_ns - self._ns(rules.window_s):
            self._window.popleft()
        old_ns = now_ns - self._ns(rules.identical_s)
        for key in [each for each, at_ns in self._identical.items() if at_ns <= old_ns]:
            del self._identical[key]
        old_ns = now_ns - self._ns(rules.burst_s)
        for line, times in list(self._bursts.items()):
            while times and times[0] <= old_ns:
                times.popleft()
            if not times:
                del self._bursts[line]
