"""How fast a client may ask: the limits that TWS enforces, exactly as IBKR documents them.

Messages: 50 a second a connection; more is error 100, and a client that goes on is disconnected.
Historical bars of 30 seconds or less: at most 60 requests in ten minutes (BID_ASK counts twice), no
identical request within 15 seconds, fewer than six for one contract, exchange and tick type within
two seconds. At most 50 historical requests may be open at once, whatever their bars.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from robotrader.emulator.timeline import SECOND_NS

MESSAGES_A_SECOND: Final = 50
STRIKES: Final = 3
"""Seconds with too many messages, one after the other, before the connection is closed.

IBKR says "repeatedly"; the number is not documented.
"""

SMALL_BAR_S: Final = 30
WINDOW_S: Final = 600
WINDOW_REQUESTS: Final = 60
IDENTICAL_S: Final = 15
BURST_S: Final = 2
BURST_REQUESTS: Final = 6
OPEN_REQUESTS: Final = 50


class MessageRate:
    """Counts the messages of one connection in the last second."""

    def __init__(self, limit: int = MESSAGES_A_SECOND) -> None:
        self.limit = limit
        self._times: deque[int] = deque()
        self._strike_ns: deque[int] = deque()

    def exceeded(self, now_ns: int) -> int:
        """Count a message; return how many there were in the last second if that is too many."""
        times = self._times
        times.append(now_ns)
        while times[0] <= now_ns - SECOND_NS:
            times.popleft()
        if len(times) <= self.limit:
            return 0
        if not self._strike_ns or now_ns - self._strike_ns[-1] >= SECOND_NS:
            self._strike_ns.append(now_ns)
        return len(times)

    def incorrigible(self, now_ns: int) -> bool:
        """Say whether the client went too fast in several seconds, one after the other."""
        while self._strike_ns and self._strike_ns[0] <= now_ns - 2 * STRIKES * SECOND_NS:
            self._strike_ns.popleft()
        return len(self._strike_ns) >= STRIKES


class HistoricalPacing:
    """The rules for historical bars; one for each login, as at IBKR."""

    def __init__(self) -> None:
        self._asked: deque[tuple[int, int]] = deque()
        self._identical: dict[object, int] = {}
        self._bursts: dict[object, deque[int]] = {}
        self.open: set[object] = set()

    def violation(
        self, now_ns: int, *, bar_s: float, request: object, line: object, weight: int
    ) -> str:
        """Count a request; return the rule that it breaks, or an empty text.

        Args:
            now_ns: when it is made.
            bar_s: length of a bar in seconds.
            request: everything that was asked: equal requests are identical.
            line: contract, exchange and tick type.
            weight: 2 for BID_ASK, else 1.
        """
        if len(self.open) >= OPEN_REQUESTS:
            return f"{OPEN_REQUESTS} historical requests are open already"
        if bar_s > SMALL_BAR_S:
            return ""
        broken = self._broken(now_ns, request, line, weight)
        self._asked.append((now_ns, weight))
        self._identical[request] = now_ns
        self._bursts.setdefault(line, deque()).append(now_ns)
        return broken

    def _broken(self, now_ns: int, request: object, line: object, weight: int) -> str:
        self._forget(now_ns)
        if request in self._identical:
            return f"an identical request within {IDENTICAL_S} seconds"
        if len(self._bursts.get(line, ())) + 1 >= BURST_REQUESTS:
            return f"{BURST_REQUESTS} requests for one contract within {BURST_S} seconds"
        if sum(each for _, each in self._asked) + weight > WINDOW_REQUESTS:
            return f"more than {WINDOW_REQUESTS} requests within {WINDOW_S // 60} minutes"
        return ""

    def _forget(self, now_ns: int) -> None:
        while self._asked and self._asked[0][0] <= now_ns - WINDOW_S * SECOND_NS:
            self._asked.popleft()
        old_ns = now_ns - IDENTICAL_S * SECOND_NS
        for request in [key for key, at_ns in self._identical.items() if at_ns <= old_ns]:
            del self._identical[request]
        old_ns = now_ns - BURST_S * SECOND_NS
        for line, times in list(self._bursts.items()):
            while times and times[0] <= old_ns:
                times.popleft()
            if not times:
                del self._bursts[line]
