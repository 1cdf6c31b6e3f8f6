"""How fresh a line of market data is: a source that has fallen silent looks like a calm market.

Only time in which the exchange was open counts. A line is stale when the exchange is open, was
open ``limit_ns`` ago, and nothing has come since then; so after an open a line has ``limit_ns`` to
speak.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robotrader.venue import Sessions


class Freshness(StrEnum):
    """What may be done with a line's last price."""

    WAITING = "waiting"
    """Nothing has come yet, and it is too early to worry."""

    FRESH = "fresh"
    STALE = "stale"
    """Prices are too old to open a position with; the line is asked for again."""

    CLOSED = "closed"


class LineAge:
    """One line: when it was last heard.

    Args:
        sessions: when the exchange is open.
        limit_ns: how long a line may be silent while it is.
        since_ns: when the line was asked for.
        outside_rth: whether the extended hours count.
    """

    def __init__(
        self, sessions: Sessions, limit_ns: int, since_ns: int, *, outside_rth: bool = False
    ) -> None:
        if limit_ns <= 0:
            msg = f"a line may be silent for {limit_ns} ns: give more than 0"
            raise ValueError(msg)
        self.limit_ns = limit_ns
        self.heard_ns: int | None = None
        """When something was let in last, by our time; whoever lets it in says so."""

        self._since_ns = since_ns
        self._sessions = sessions
        self._outside_rth = outside_rth

    def asked(self, now_ns: int) -> None:
        """Note that the line was asked for again: it has ``limit_ns`` to speak."""
        self._since_ns = now_ns

    def freshness(self, now_ns: int) -> Freshness:
        """Return how fresh the line is."""
        if not self._open(now_ns):
            return Freshness.CLOSED
        if self.heard_ns is not None and self.heard_ns >= now_ns - self.limit_ns:
            return Freshness.FRESH
        early_ns = now_ns - self.limit_ns
        if self._since_ns >= early_ns or not self._open(early_ns):
            return Freshness.WAITING
        return Freshness.STALE

    def _open(self, now_ns: int) -> bool:
        return self._sessions.is_open(now_ns, outside_rth=self._outside_rth)
