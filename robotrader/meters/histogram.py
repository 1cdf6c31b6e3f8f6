"""A histogram of times: fixed bounds and a list of integers, one bisection for each time.

It has one writer, the actor that owns it; ``shot`` gives what was counted so far to whoever asks.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

LATENCY_S: Final = (
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip
"""Upper bounds in seconds, from a message between two actors to an answer that nobody waits for."""

_NS: Final = 1_000_000_000


class Times(msgspec.Struct, frozen=True):
    """What a histogram has counted: times up to each bound, those above the last, and their sum."""

    bounds_s: tuple[float, ...]
    counts: tuple[int, ...]
    sum_s: float


class Histogram:
    """See the module's prose.

    Args:
        bounds_s: upper bounds in seconds, growing.
    """

    __slots__ = ("_bounds_ns", "_bounds_s", "counts", "sum_ns")

    def __init__(self, bounds_s: Sequence[float] = LATENCY_S) -> None:
        self._bounds_s = tuple(bounds_s)
        self._bounds_ns = [round(bound * _NS) for bound in bounds_s]
        self.counts = [0] * (len(self._bounds_ns) + 1)
        self.sum_ns = 0

    def add(self, elapsed_ns: int) -> None:
        """Count a time; one below 0, of clocks that do not agree, counts as 0."""
        elapsed_ns = max(0, elapsed_ns)
        self.counts[bisect_left(self._bounds_ns, elapsed_ns)] += 1
        self.sum_ns += elapsed_ns

    def shot(self) -> Times:
        """Return what was counted so far."""
        return Times(self._bounds_s, tuple(self.counts), self.sum_ns / _NS)
