"""What the trading actors have counted: asked of all of them at once, when somebody looks.

A look waits for at most ``ANSWER_S`` in all. Who does not answer is missing from it and counted: a
gap is honest, an old value would not be; of the kill switch it is said. Totals are the present
incarnation's: they begin at zero when their owner is restarted, which Prometheus knows how to read.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import pykka

from actors.say import AskMeters
from robotrader.meters import Sample, of_switch
from supervision import MailboxFull

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervision import Future, Registry

ANSWER_S: Final = 0.5
"""A scrape has seconds and an actor answers in microseconds, but for the journal in a long sync."""

_SWITCH: Final = "kill-switch"
ROLES: Final = ("journal", "alerts", _SWITCH, "account", "orders", "risk", "gateway", "data")


class Meters:
    """See the module's prose; it may be called on any thread that is no actor's.

    Args:
        registry: where the actors are found by role.
        facts: the label values of ``build_info``.
        started_ns: when the process began.
    """

    def __init__(self, registry: Registry, facts: tuple[str, str, str], started_ns: int) -> None:
        self._registry = registry
        self._fixed = (
            Sample("build_info", 1, facts),
            Sample("start_time_seconds", started_ns / 1e9),
        )
        self._unanswered: Counter[str] = Counter(dict.fromkeys(ROLES, 0))

    def look(self) -> Iterator[Sample]:
        """Yield every sample that there is."""
        asked = [(role, self._ask(role)) for role in ROLES]
        until_s = time.monotonic() + ANSWER_S
        for role, future in asked:
            yield from self._answer(role, future, until_s)
        yield from self._fixed
        for role, times in self._unanswered.items():
            yield Sample("unanswered_looks", times, (role,))

    def _ask(self, role: str) -> Future[tuple[Sample, ...]] | None:
        try:
            found: Future[tuple[Sample, ...]] = self._registry.ref(role).ask(
                AskMeters(), block=False, timeout=ANSWER_S
            )
        except (pykka.ActorDeadError, MailboxFull):
            return None
        return found

    def _answer(
        self, role: str, future: Future[tuple[Sample, ...]] | None, until_s: float
    ) -> tuple[Sample, ...]:
        try:
            if future is not None:
                answer: tuple[Sample, ...] = future.get(
                    timeout=max(0.0, until_s - time.monotonic())
                )
                return answer
        except (pykka.Timeout, pykka.ActorDeadError, MailboxFull):
            pass  # counted below, like one that is not there
        self._unanswered[role] += 1
        return of_switch(None) if role == _SWITCH else ()
