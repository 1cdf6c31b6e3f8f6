"""How long a breaker stays open: the period of opening number ``attempt`` (from 1), before jitter.

An interval is any callable from an attempt to seconds. The two here are the usual ones: the same
period each time, and an exponentially growing one with a cap (Pekko's ``exponentialBackoffFactor``
and ``maxResetTimeout``, resilience4j's ``IntervalFunction``). Jitter is applied apart from it, by
``jittered_ns``, with the caller's seeded generator, so that equal seeds give equal periods.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, TypeAlias

from supervision.breaker.checks import ConfigError, check_number
from supervision.clock import to_ns

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    Interval: TypeAlias = Callable[[int], float]

SHORTEST_S: Final = 0.001  # a shorter open period protects nobody: a call takes longer than that
LONGEST_S: Final = 10 * 365 * 86_400.0  # ten years: more is a unit mistake, not a period


class JitterShape(Enum):
    """Where a jittered period lies around the plain period ``p``, for a jitter of ``j``."""

    UP = "up"
    """In [p, p * (1 + j)]: never shorter than asked for (Pekko)."""
    AROUND = "around"
    """In [p * (1 - j), p * (1 + j)] (resilience4j's randomised intervals)."""
    FULL = "full"
    """In (0, p], whatever ``j`` is: spreads the retries of many breakers best."""


@dataclass(frozen=True, slots=True)
class Exponential:
    """``first_s * factor ** (attempt - 1)``, at most ``cap_s``; a factor of 1 is a fixed period.

    Raises:
        ConfigError: a field is out of its range; the message names it.
    """

    first_s: float
    factor: float = 1.0
    cap_s: float | None = None

    def __post_init__(self) -> None:
        check_number("open_s", self.first_s, at_least=SHORTEST_S, at_most=LONGEST_S)
        check_number("open_factor", self.factor, at_least=1.0, at_most=1e6)
        if self.cap_s is not None:
            check_number("open_cap_s", self.cap_s, at_least=self.first_s, at_most=LONGEST_S)

    def __call__(self, attempt: int) -> float:
        """Return the seconds of opening number ``attempt``.

        Raises:
            ConfigError: ``attempt`` is below 1: openings are counted from 1.
        """
        check_attempt(attempt)
        cap_s = LONGEST_S if self.cap_s is None else self.cap_s
        if self.factor > 1.0:
            # Past this many steps the cap holds anyway; the power itself could overflow.
            steps = math.log(cap_s / self.first_s) / math.log(self.factor)
            if attempt - 1 > steps:
                return cap_s
            return min(cap_s, self.first_s * self.factor ** (attempt - 1))
        return self.first_s


def check_attempt(attempt: int) -> None:
    """Refuse an opening's number below 1.

    Raises:
        ConfigError: always then.
    """
    if attempt < 1:
        msg = f"breaker: attempt is {attempt}; openings are counted from 1"
        raise ConfigError(msg)


def plain_ns(interval: Interval, attempt: int) -> int:
    """Return the plain period of opening number ``attempt``, in nanoseconds.

    Raises:
        ConfigError: ``attempt`` is below 1, or the interval gave no usable number of seconds.
    """
    check_attempt(attempt)
    seconds = interval(attempt)
    check_number(f"interval({attempt})", seconds, at_least=SHORTEST_S, at_most=LONGEST_S)
    return to_ns(seconds)


def jittered_ns(plain: int, jitter: float, shape: JitterShape, rng: random.Random) -> int:
    """Return ``plain`` nanoseconds with jitter; at least 1, so that an opening is always seen."""
    if shape is JitterShape.FULL:
        return max(1, round(plain * rng.random()))
    if jitter == 0:
        return plain
    spread = rng.random() if shape is JitterShape.UP else rng.uniform(-1.0, 1.0)
    return max(1, plain + round(plain * jitter * spread))
