"""How long to wait before the next restart: exponential backoff with jitter.

Rule (Apache Pekko's ``BackoffSupervisor``): the delay before restart ``n`` (from 0) is
``min(max, min * 2**n) * (1 + U(0, jitter))``; a child that stayed up for ``reset_after_s`` starts
again from ``n = 0``; more than ``max_retries`` restarts in a row give up. Pure values: the time
and the source of randomness are passed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from supervision.clock import to_ns

if TYPE_CHECKING:
    import random

_LONGEST_S: Final = 10 * 365 * 86_400.0  # ten years: more is a unit mistake, not a delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """The shape of the delays, in seconds; ``jitter`` is a fraction (0.2 adds up to 20 %).

    ``reset_after_s`` None means half way between ``min_s`` and ``max_s``, as in Pekko;
    ``math.inf`` means that only ``reset`` starts the row again. ``max_retries`` None leaves the
    limit to the supervisor's restart intensity.

    Raises:
        ValueError: a field is out of its range; the message names it.
    """

    min_s: float
    max_s: float
    jitter: float = 0.0
    reset_after_s: float | None = None
    max_retries: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.min_s <= self.max_s <= _LONGEST_S:
            msg = f"backoff: min_s {self.min_s} and max_s {self.max_s}; use 0 < min_s <= max_s"
            raise ValueError(msg)
        if not 0 <= self.jitter <= 1:
            msg = f"backoff: jitter is {self.jitter}; use a fraction between 0 and 1"
            raise ValueError(msg)
        if self.reset_after_s is not None and not self.reset_after_s > 0:
            msg = f"backoff: reset_after_s is {self.reset_after_s}; use seconds > 0 or None"
            raise ValueError(msg)
        if self.max_retries is not None and self.max_retries < 0:
            msg = f"backoff: max_retries is {self.max_retries}; use a count >= 0 or None"
            raise ValueError(msg)

    @property
    def reset_after_ns(self) -> int | None:
        """How long a child must stay up to start the row again; None: only a manual reset."""
        if self.reset_after_s is None:
            return to_ns((self.min_s + self.max_s) / 2)
        return None if math.isinf(self.reset_after_s) else to_ns(self.reset_after_s)

    def delay_ns(self, retry: int, rng: random.Random) -> int:
        """Return the nanoseconds to wait before restart number ``retry`` (from 0)."""
        least_ns, most_ns = to_ns(self.min_s), to_ns(self.max_s)
        # Beyond this many doublings the cap holds anyway; a shift without it could eat memory.
        doublings = min(retry, most_ns.bit_length())
        base_ns = min(most_ns, least_ns << doublings)
        return base_ns + round(base_ns * self.jitter * rng.random())


@dataclass(frozen=True, slots=True)
class Row:
    """The restarts of one child so far: how many in a row, and since when it has been up."""

    retries: int = 0
    up_since_ns: int | None = None

    def started(self, now_ns: int) -> Row:
        """The child came up at ``now_ns``."""
        return replace(self, up_since_ns=now_ns)

    def failed(self, backoff: Backoff, now_ns: int) -> Row:
        """The child ended at ``now_ns``; a long enough life starts the row again."""
        up_since_ns, reset_ns = self.up_since_ns, backoff.reset_after_ns
        if up_since_ns is None or reset_ns is None or now_ns - up_since_ns < reset_ns:
            return replace(self, up_since_ns=None)
        return Row()

    def retried(self) -> Row:
        """One more restart is being made."""
        return Row(self.retries + 1)

    def exhausted(self, backoff: Backoff) -> bool:
        """Say whether no further restart is allowed."""
        return backoff.max_retries is not None and self.retries >= backoff.max_retries
