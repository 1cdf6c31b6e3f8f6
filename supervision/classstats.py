"""Counters of one class of actor: plain integers, read without a lock at scrape time.

They are kept per class, not per actor: ten thousand symbol actors are one row. Handled messages are
counted in ``Cell.handled``; ``handled`` here has those of cells that have ended. Most are written
by the one thread that runs the class's turns; a racing increment from a sender can lose a count of
drops, never of handled messages.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

HANDLER_BUCKETS_S: Final = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Upper bounds of the handler-time histogram, in seconds; decades from 1 us to 10 s."""

_BUCKETS_NS: Final = tuple(round(bound * 1e9) for bound in HANDLER_BUCKETS_S)


class ClassStats:
    """What happened to the actors of one class since the process started."""

    __slots__ = (
        "busy_ns",
        "conflated",
        "crashed",
        "dead_letters",
        "dropped",
        "ended",
        "expired",
        "handled",
        "handler_buckets",
        "name",
        "started",
        "stopped",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.started = self.stopped = self.crashed = self.ended = 0
        self.handled = self.busy_ns = 0
        self.dropped = self.conflated = self.expired = self.dead_letters = 0
        self.handler_buckets = [0] * (len(_BUCKETS_NS) + 1)

    def sample(self, messages: int, elapsed_ns: int) -> None:
        """Add one sampled turn: its messages enter the histogram with their mean time."""
        self.busy_ns += elapsed_ns
        self.handler_buckets[bisect_left(_BUCKETS_NS, elapsed_ns // messages)] += messages
