"""The rules by which a breaker opens, as pure functions of counts and thresholds.

At or above a threshold trips (resilience4j); nothing trips by rate before ``needed_calls`` results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervision.breaker.states import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.window import Counts


def exceeded(
    config: BreakerConfig, counts: Counts, consecutive_failures: int
) -> Iterator[tuple[Cause, float, float]]:
    """Yield each rule that holds, with its value and its limit, in a fixed order."""
    most = config.consecutive_failures
    if most is not None and consecutive_failures >= most:
        yield Cause.CONSECUTIVE, consecutive_failures, most
    if counts.calls < config.needed_calls:
        return
    failure_limit, slow_limit = config.failure_rate_pct, config.slow_rate_pct
    if failure_limit is not None and counts.failure_rate_pct >= failure_limit:
        yield Cause.FAILURE_RATE, counts.failure_rate_pct, failure_limit
    if slow_limit is not None and counts.slow_rate_pct >= slow_limit:
        yield Cause.SLOW_RATE, counts.slow_rate_pct, slow_limit


def probes_failed(config: BreakerConfig, counts: Counts) -> bool:
    """Say whether the half-open results reopen the breaker, were all still to come quick and good.

    Without a failure rate any failure does: a service that fails its probe is not healthy.
    """
    probes = max(config.permitted_half_open, counts.calls)
    failure_limit = config.failure_rate_pct or 0.0
    if counts.failed and 100.0 * counts.failed / probes >= failure_limit:
        return True
    slow_limit = config.slow_rate_pct
    return slow_limit is not None and 100.0 * counts.slow / probes >= slow_limit
