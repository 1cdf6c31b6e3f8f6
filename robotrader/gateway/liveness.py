"""Whether the other side still answers: a probe when it is quiet, dead after two misses (C4).

Only the answer to a probe counts as life: a gateway that goes on sending prices and no longer
reads (C5) looks alive from its prices; so it is asked every half a minute even so, which is also
how its round trip is known. With the defaults a dead connection is noticed nine seconds
after the last sign of life.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from robotrader.meters.histogram import Histogram

SECOND_NS: Final = 1_000_000_000


class Verdict(StrEnum):
    """What to do now."""

    FINE = "fine"
    PROBE = "probe"
    DEAD = "dead"


class Liveness:
    """Decides when to probe and when to give up; times are nanoseconds of one clock.

    Args:
        idle_s: quiet time before a probe.
        answer_s: how long an answer may take before it counts as missed.
        misses: probes in a row that may stay unanswered.
        every_s: longest time without a probe, however much comes.
    """

    def __init__(
        self,
        idle_s: float = 5.0,
        answer_s: float = 2.0,
        misses: int = 2,
        every_s: float = 30.0,
    ) -> None:
        self._every_ns = round(every_s * SECOND_NS)
        self._probed_ns = 0
        self._idle_ns = round(idle_s * SECOND_NS)
        self._answer_ns = round(answer_s * SECOND_NS)
        self._allowed = misses
        self._heard_ns: int | None = None
        self._asked_ns: int | None = None
        self._missed = 0
        self._suspected = False
        self.round_trip = Histogram()
        """From a probe to its answer."""

    def begin(self, now_ns: int) -> None:
        """A connection begins."""
        self._heard_ns, self._asked_ns, self._missed = now_ns, None, 0
        self._suspected = False
        self._probed_ns = now_ns

    def heard(self, now_ns: int) -> None:
        """Bytes came: no need to ask yet. An answer that is owed stays owed."""
        self._heard_ns = now_ns

    def answered(self, now_ns: int) -> None:
        """The answer to a probe came."""
        if self._asked_ns is not None:
            self.round_trip.add(now_ns - self._asked_ns)
        self._heard_ns, self._asked_ns, self._missed = now_ns, None, 0

    def suspect(self) -> None:
        """Probe at once: an order was not acknowledged in time."""
        self._suspected = True

    def quiet_ns(self, now_ns: int) -> int | None:
        """Return for how long nothing came; None before the first connection."""
        return None if self._heard_ns is None else now_ns - self._heard_ns

    @property
    def waiting(self) -> bool:
        """Whether a probe is unanswered, or about to be made."""
        return self._asked_ns is not None or self._suspected

    def next_ns(self) -> int:
        """Return when ``check`` has something to say."""
        if self._asked_ns is not None:
            return self._asked_ns + self._answer_ns
        quiet_ns = (self._heard_ns or 0) + self._idle_ns
        return 0 if self._suspected else min(quiet_ns, self._probed_ns + self._every_ns)

    def check(self, now_ns: int) -> Verdict:
        """Say what is due; after ``PROBE`` one has to be sent."""
        if now_ns < self.next_ns():
            return Verdict.FINE
        if self._asked_ns is not None:
            self._missed += 1
            if self._missed >= self._allowed:
                return Verdict.DEAD
        self._asked_ns = self._probed_ns = now_ns
        self._suspected = False
        return Verdict.PROBE
