"""From when on a run entered nothing any more, and by which check.

A limit that only a person can lift (a streak of losses, a day's loss, a drawdown) ends a backtest's
trading for good: nobody is there to look and to resume. Its figures are then those of the time
before, diluted by years of standing still, and have to say so.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from robotrader.domain import Purpose

if TYPE_CHECKING:
    from robotrader.domain import Intent, Refusal


class Standstill(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """No entry has passed the gate since ``since_ns``.

    ``code`` and ``why`` are the first refusal's. ``refused`` counts the entries that were refused
    since then, by the check that refused each.
    """

    code: str
    why: str
    since_ns: int
    refused: dict[str, int]

    @property
    def text(self) -> str:
        """What a person has to know of it, as one line."""
        since = datetime.fromtimestamp(self.since_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%MZ")
        by = ", ".join(f"{code} {many}" for code, many in sorted(self.refused.items()))
        return (
            f"no entry has passed since {since}: {self.code}, {self.why}; "
            f"{sum(self.refused.values())} refused from then on ({by})"
        )


class Entries:
    """Watches what the gate says of entries; exits and stops always have their own way."""

    def __init__(self) -> None:
        self._first: tuple[Refusal, int] | None = None
        self._refused: Counter[str] = Counter()

    def passed(self, intent: Intent) -> None:
        """Take it that the gate let this pass: whatever stood still goes on with an entry."""
        if self._first is not None and intent.purpose is Purpose.ENTRY:
            self._first = None
            self._refused.clear()

    def refused(self, refusal: Refusal, now_ns: int) -> None:
        """Take it that the gate did not let this pass."""
        if refusal.intent.purpose is not Purpose.ENTRY:
            return
        self._first = self._first or (refusal, now_ns)
        self._refused[refusal.code] += 1

    def standstill(self) -> Standstill | None:
        """Return since when nothing is entered; None if the last entry that was wanted passed."""
        if self._first is None:
            return None
        refusal, since_ns = self._first
        return Standstill(
            code=refusal.code, why=refusal.why, since_ns=since_ns, refused=dict(self._refused)
        )
