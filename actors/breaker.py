"""The circuit breakers of a market-data source: one for streams, one for history.

A source that fails, does not answer or says "pacing violation" is left alone for a while, then
tried with a few probes. An open breaker costs prices and bars, so the risk gate enters nothing on
them; what is held can still be sold. Its state outlives a crash of its actor, not the process.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from actors.say import AskBreaker, BreakerView, Raised, tell
from supervision import BreakerActor
from supervision.breaker import BreakerConfig, State, Transition, WindowKind
from supervision.breaker.verdict import Outcome
from supervision.breaker_actor import Look

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors.say import Address
    from supervision.breaker import Event, Snapshot

STREAMS: Final = BreakerConfig(
    consecutive_failures=5, failure_rate_pct=50.0, slow_rate_pct=None,
    window=WindowKind.SECONDS, window_size=60, minimum_calls=20,
    open_s=5.0, open_factor=2.0, open_cap_s=60.0, jitter=0.2, stable_for_s=60.0,
    permitted_half_open=3, success_threshold=1,
)  # fmt: skip
"""Soon again: while it is open nothing is entered."""

HISTORY: Final = BreakerConfig(
    consecutive_failures=5, failure_rate_pct=50.0, slow_rate_pct=None,
    window_size=100, minimum_calls=20,
    open_s=30.0, open_factor=2.0, open_cap_s=900.0, jitter=0.2, stable_for_s=60.0,
    permitted_half_open=1, permit_ttl_s=120.0, success_threshold=1,
)  # fmt: skip
"""Rather late: warm-ups can wait, and asking too much makes IBKR's penalty longer. One probe, which
may wait for its turn in the pacing."""

SOURCE: Final = "ibkr"
BREAKERS: Final = {f"{SOURCE}.streams": STREAMS, f"{SOURCE}.history": HISTORY}
"""The breakers of market data by name; another source brings its own."""


def breaker_role(name: str) -> str:
    """Return the role that a breaker plays."""
    return f"breaker:{name}"


BREAKER_ROLES: Final = tuple(map(breaker_role, BREAKERS))
_LOUD: Final = frozenset({State.OPEN, State.FORCED_OPEN})


class KeptStates:
    """What breakers were before a crash of theirs; made once, by the tree."""

    def __init__(self) -> None:
        self._kept: dict[str, Snapshot] = {}

    def append(self, snapshot: Snapshot) -> None:
        """Keep a state."""
        self._kept[snapshot.name] = snapshot

    def load(self, name: str) -> Snapshot | None:
        """Return what was kept last."""
        return self._kept.get(name)


class SourceBreaker(BreakerActor):
    """See the module's prose.

    Args:
        breaker: the source and what of it, like ``ibkr.history``.
        config: when it opens.
        alerts: who tells people of every change.
        kept: what it was before a crash.
        now_ns: the time of day.
    """

    def __init__(
        self,
        *,
        breaker: str,
        config: BreakerConfig,
        alerts: Address,
        kept: KeptStates,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(breaker, config, journal=kept)
        self._alerts, self._wall_ns = alerts, now_ns
        self._since_ns = now_ns()
        self._retry_ns: int | None = None
        self._why = ""

    def on_receive(self, message: Any) -> Any:
        """Answer people; the rest is every breaker's."""
        if isinstance(message, AskBreaker):
            return self._view()
        return super().on_receive(message)

    def _view(self) -> BreakerView:
        metrics = self._look(Look())
        return BreakerView(
            name=metrics.name,
            state=metrics.state.value,
            failures=metrics.calls[Outcome.FAILURE],
            calls=sum(metrics.calls.values()),
            since_ns=self._since_ns,
            retry_ns=self._retry_ns,
            why=self._why,
        )

    def _tell(self, event: Event) -> None:
        super()._tell(event)
        if isinstance(event, Transition):
            self._changed(event)

    def _changed(self, event: Transition) -> None:
        now_ns = self._wall_ns()
        opens = event.target is State.OPEN
        self._since_ns, self._why = now_ns, event.cause.value
        self._retry_ns = now_ns + event.open_ns if opens and event.open_ns else None
        level = "warning" if event.target in _LOUD else "info"
        text = f"breaker {event.name} is {event.target.value}: {event.cause.value}"
        tell(self._alerts, Raised(level, "breaker", text))
