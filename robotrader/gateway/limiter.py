"""The limit of messages a second, with lanes: a cancel never waits behind a backlog of orders (P1).

IBKR refuses more than 50 messages in any second and disconnects who goes on. A bucket of ``burst``
tokens that gains ``rate - burst`` a second sends at most ``rate`` in any second, wherever that
second begins. Lower lanes leave the last tokens to higher ones, so that a cancel finds one.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum
from typing import Final, Generic, TypeVar

from robotrader.domain.errors import IBKRRateLimitError

SECOND_NS: Final = 1_000_000_000

T = TypeVar("T")


class Lane(IntEnum):
    """Who goes first; the number is also how many tokens the lane leaves in the bucket."""

    __hash__ = int.__hash__  # an enum's own hash is a Python function: these are looked up a lot

    CANCEL = 0
    REDUCE = 1
    ORDER = 2
    ACCOUNT = 3
    DATA = 4


class Limiter(Generic[T]):
    """Queues of what is to be sent; times are nanoseconds of one clock.

    Args:
        rate: most messages in any second; 45 leaves a margin for the network's jitter below 50.
        burst: most messages at one moment.
        capacity: most messages that may wait in one lane: more would be sent minutes late.
    """

    def __init__(self, rate: int = 45, burst: int = 12, capacity: int = 5_000) -> None:
        if not len(Lane) < burst < rate:
            msg = f"limiter: burst {burst} must be above {len(Lane)} and below the rate {rate}"
            raise ValueError(msg)
        # Whole nanoseconds a token: tokens are counted in time, so that nothing is rounded away.
        self._token_ns = -(-SECOND_NS // (rate - burst))
        self._full_ns = burst * self._token_ns
        self._saved_ns = self._full_ns
        self._at_ns: int | None = None
        self._capacity = capacity
        self._lanes: dict[Lane, deque[tuple[object, T]]] = {lane: deque() for lane in Lane}

    def put(self, lane: Lane, item: T, key: object = None) -> None:
        """Queue ``item``; ``key`` finds it again in ``discard``.

        Raises:
            IBKRRateLimitError: the lane is full.
        """
        queue = self._lanes[lane]
        if len(queue) >= self._capacity:
            msg = (
                f"gateway: {self._capacity} messages wait in lane {lane.name}: "
                "ask for less at a time"
            )
            raise IBKRRateLimitError(msg)
        queue.append((key, item))

    def discard(self, key: object) -> list[T]:
        """Take out and return what waits under ``key``."""
        found: list[T] = []
        for lane, queue in self._lanes.items():
            gone = [item for each, item in queue if each == key]
            if gone:
                self._lanes[lane] = deque(pair for pair in queue if pair[0] != key)
                found += gone
        return found

    def clear(self) -> list[T]:
        """Take out and return everything, the first to be sent first: the connection has ended."""
        found = [item for queue in self._lanes.values() for _, item in queue]
        for queue in self._lanes.values():
            queue.clear()
        return found

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    def waiting(self) -> dict[Lane, int]:
        """Return how many messages wait in each lane."""
        return {lane: len(queue) for lane, queue in self._lanes.items()}

    def tokens(self, now_ns: int) -> int:
        """Return how many messages might be sent at this moment."""
        self._gain(now_ns)
        return self._saved_ns // self._token_ns

    def take(self, now_ns: int) -> T | None:
        """Return what may be sent now, None if nothing waits or none may."""
        for lane, queue in self._lanes.items():
            if queue:
                self._gain(now_ns)
                if self._saved_ns < (lane + 1) * self._token_ns:
                    return None
                self._saved_ns -= self._token_ns
                return queue.popleft()[1]
        return None

    def next_ns(self, now_ns: int) -> int | None:
        """Return when ``take`` has something, None if nothing waits."""
        lane = self._first()
        if lane is None:
            return None
        self._gain(now_ns)
        return now_ns + max(0, (lane + 1) * self._token_ns - self._saved_ns)

    def _first(self) -> Lane | None:
        return next((lane for lane, queue in self._lanes.items() if queue), None)

    def _gain(self, now_ns: int) -> None:
        if self._at_ns is not None and now_ns > self._at_ns:
            self._saved_ns = min(self._full_ns, self._saved_ns + now_ns - self._at_ns)
        if self._at_ns is None or now_ns > self._at_ns:
            self._at_ns = now_ns
