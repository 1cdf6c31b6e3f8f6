"""What a port to Interactive Brokers has counted, and how far its budgets are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from robotrader.domain import LinkState
from robotrader.meters import Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.adapters.ib.port import IbPort
    from robotrader.gateway import Limiter, Liveness

_SECOND_NS = 1_000_000_000


def samples(port: IbPort, limiter: Limiter[Any], liveness: Liveness) -> Iterator[Sample]:
    """Yield a port's samples; it is called on the port's own thread."""
    now_ns, counts = port.now_ns(), port.counts
    for state in LinkState:
        yield Sample("gateway_state", state is port.link.state, (state.value,))
    yield Sample("gateway_connects", counts["attempts"])
    yield Sample("gateway_handshakes", counts["handshakes"])
    yield Sample("gateway_messages", counts["messages"])
    yield Sample("gateway_garbled", counts["garbled"])
    yield Sample("gateway_late_acks", counts["late acknowledgements"])
    yield Sample("gateway_round_trip_seconds", liveness.round_trip.shot())
    quiet_ns = liveness.quiet_ns(now_ns)
    if quiet_ns is not None:
        yield Sample("gateway_quiet_seconds", quiet_ns / _SECOND_NS)
    if port.clocks.skew_ns is not None:
        yield Sample("gateway_clock_skew_seconds", port.clocks.skew_ns / _SECOND_NS)
    for lane, waiting in limiter.waiting().items():
        yield Sample("pacing_waiting", waiting, (lane.name.lower(),))
    yield Sample("pacing_tokens", limiter.tokens(now_ns))
    queue = port.history.queue
    yield Sample("pacing_history_used", queue.used(now_ns))
    yield Sample("pacing_history_limit", queue.rules.window_requests)
    yield Sample("pacing_history_waiting", queue.waiting)
    yield Sample("pacing_violations", port.history.violations)
