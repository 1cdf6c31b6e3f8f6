"""A breaker's settings: immutable, validated as a whole, with resilience4j's defaults.

Times are seconds, rates are percentages. Anything out of range is refused when the configuration
is made, with the field, the value and the remedy, so that a breaker that runs has a valid one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from supervision.breaker.checks import ConfigError, check_count, check_flag, check_number, refuse
from supervision.breaker.intervals import (
    LONGEST_S,
    SHORTEST_S,
    Exponential,
    JitterShape,
    jittered_ns,
    plain_ns,
)
from supervision.breaker.states import State

if TYPE_CHECKING:
    import random

    from supervision.breaker.intervals import Interval

_DEFAULT_OPEN_S: Final = 60.0
_MOST_CALLS: Final = 1_000_000  # a longer window takes days to react and megabytes to hold
_MOST_SECONDS: Final = 86_400  # a day of one-second buckets
_INITIAL: Final = frozenset({State.CLOSED, State.OPEN, State.METRICS_ONLY})
_AFTER_WAIT: Final = frozenset({State.OPEN, State.CLOSED})


class WindowKind(Enum):
    """What a window's size counts."""

    CALLS = "calls"
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerConfig:
    """When a breaker opens, for how long, and what it takes to close it again.

    It opens when any of its rules holds: ``consecutive_failures`` in a row, or the failure rate or
    the slow rate (share of calls longer than ``slow_call_s``) at or above its threshold over a
    window with at least ``minimum_calls`` results. A rule that is None is off.

    The open period is ``open_s * open_factor ** (n - 1)`` up to ``open_cap_s`` for the n-th opening
    in a row, or ``interval(n)``, never both; jitter comes on top. The row starts again when
    the breaker stayed closed for ``stable_for_s``. With ``auto_half_open`` the end of the period
    moves the breaker (by a timer, or by the next look at it); without, only the next call does.

    HALF_OPEN lets ``permitted_half_open`` calls through and decides by their rates (with
    ``early_decision`` as soon as the rest cannot change it); with ``success_threshold`` it closes
    after so many successes in a row and opens at the first failure. A permit unused for
    ``permit_ttl_s`` is taken back, so that a caller that died cannot hold the breaker half-open.
    After ``half_open_wait_s`` (0: never) without a decision it moves to ``after_half_open_wait``.
    With ``probe_only`` live calls are refused in HALF_OPEN and only probes get the permits.

    ``rollover_s`` (0: never) starts the counts of a closed breaker anew at fixed intervals.
    ``operator_roles`` are the roles whose holders may change the state by hand.

    Raises:
        ConfigError: a field is out of its range; the message names it, its value and the remedy.
    """

    consecutive_failures: int | None = None
    failure_rate_pct: float | None = 50.0
    slow_rate_pct: float | None = 100.0
    slow_call_s: float = 60.0
    window: WindowKind = WindowKind.CALLS
    window_size: int = 100
    minimum_calls: int = 100
    open_s: float | None = None
    open_factor: float = 1.0
    open_cap_s: float | None = None
    interval: Interval | None = None
    jitter: float = 0.0
    jitter_shape: JitterShape = JitterShape.UP
    stable_for_s: float = 0.0
    auto_half_open: bool = True
    permitted_half_open: int = 10
    permit_ttl_s: float = 60.0
    success_threshold: int | None = None
    early_decision: bool = False
    half_open_wait_s: float = 0.0
    after_half_open_wait: State = State.OPEN
    probe_only: bool = False
    rollover_s: float = 0.0
    initial_state: State = State.CLOSED
    operator_roles: frozenset[str] = frozenset({"admin", "trader"})

    def __post_init__(self) -> None:
        self._check_trip_rules()
        self._check_window()
        self._check_open_period()
        self._check_half_open()
        self._check_choices()

    def but(self, **changes: Any) -> BreakerConfig:
        """Return an independent copy with some fields changed.

        Raises:
            ConfigError: a changed field is unknown or out of its range; this one stays as it is.
        """
        unknown = sorted(changes.keys() - self.__dataclass_fields__.keys())
        if unknown:
            raise refuse("the field", unknown[0], f"one of {', '.join(self.__dataclass_fields__)}")
        return replace(self, **changes)

    @property
    def needed_calls(self) -> int:
        """How many results make a rate: a window of calls cannot hold more than its size."""
        if self.window is WindowKind.CALLS:
            return min(self.minimum_calls, self.window_size)
        return self.minimum_calls

    def open_period_ns(self, attempt: int, rng: random.Random) -> int:
        """Return how long opening number ``attempt`` (from 1) lasts, jitter included.

        Raises:
            ConfigError: ``attempt`` is below 1 or the interval function gave no usable seconds.
        """
        interval = self.interval or self._exponential()
        return jittered_ns(plain_ns(interval, attempt), self.jitter, self.jitter_shape, rng)

    def _exponential(self) -> Exponential:
        first_s = _DEFAULT_OPEN_S if self.open_s is None else self.open_s
        return Exponential(first_s, self.open_factor, self.open_cap_s)

    def _check_trip_rules(self) -> None:
        if self.consecutive_failures is not None:
            value = self.consecutive_failures
            check_count("consecutive_failures", value, at_least=1, at_most=_MOST_CALLS)
        for field in ("failure_rate_pct", "slow_rate_pct"):
            rate = getattr(self, field)
            if rate is not None:
                check_number(field, rate, above=0, at_most=100)
        check_number("slow_call_s", self.slow_call_s, at_least=1e-9, at_most=LONGEST_S)

    def _check_window(self) -> None:
        if not isinstance(self.window, WindowKind):
            raise refuse("window", self.window, "a WindowKind")
        most = _MOST_CALLS if self.window is WindowKind.CALLS else _MOST_SECONDS
        check_count("window_size", self.window_size, at_least=1, at_most=most)
        check_count("minimum_calls", self.minimum_calls, at_least=1, at_most=_MOST_CALLS)
        check_number("rollover_s", self.rollover_s, at_least=0, at_most=LONGEST_S)

    def _check_open_period(self) -> None:
        fixed = self.open_s is not None or self.open_factor != 1.0 or self.open_cap_s is not None
        if self.interval is None:
            self._exponential()
        elif fixed:
            msg = (
                "breaker: interval and open_s, open_factor or open_cap_s are both given; "
                "use the interval function or the fixed period with its backoff"
            )
            raise ConfigError(msg)
        else:
            plain_ns(self.interval, 1)
        check_number("jitter", self.jitter, at_least=0, at_most=1)
        if not isinstance(self.jitter_shape, JitterShape):
            raise refuse("jitter_shape", self.jitter_shape, "a JitterShape")
        check_number("stable_for_s", self.stable_for_s, at_least=0, at_most=LONGEST_S)

    def _check_half_open(self) -> None:
        permits, threshold = self.permitted_half_open, self.success_threshold
        check_count("permitted_half_open", permits, at_least=1, at_most=_MOST_CALLS)
        check_number("permit_ttl_s", self.permit_ttl_s, at_least=SHORTEST_S, at_most=LONGEST_S)
        if threshold is not None:
            check_count("success_threshold", threshold, at_least=1, at_most=_MOST_CALLS)
        check_number("half_open_wait_s", self.half_open_wait_s, at_least=0, at_most=LONGEST_S)
        if self.after_half_open_wait not in _AFTER_WAIT:
            raise refuse("after_half_open_wait", self.after_half_open_wait, "OPEN or CLOSED")

    def _check_choices(self) -> None:
        for field in ("auto_half_open", "early_decision", "probe_only"):
            check_flag(field, getattr(self, field))
        if self.initial_state not in _INITIAL:
            raise refuse("initial_state", self.initial_state, "CLOSED, OPEN or METRICS_ONLY")
        roles: object = self.operator_roles
        if not isinstance(roles, frozenset) or not roles:
            raise refuse("operator_roles", roles, "a frozenset of at least one role")
