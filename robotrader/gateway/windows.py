"""Announced restarts: the gateway logs off every night, at a time that its user sets (C14, F18).

Inside a window no new order is sent, a disconnect is expected and is no alarm. IB Gateway restarts
itself at the time of its "Auto restart" setting; IBKR's own reset is at 23:45 New York time.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

SECOND_NS: Final = 1_000_000_000


class RestartWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every day from ``start`` (``HH:MM`` in ``zone``) for ``minutes``."""

    start: str = "23:40"
    minutes: float = 15.0
    zone: str = "America/New_York"

    def _begins(self, now_ns: int) -> list[int]:
        """Return the beginnings of yesterday's, today's and tomorrow's window, ascending."""
        zone = ZoneInfo(self.zone)
        today = datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone(zone).date()
        at = time.fromisoformat(self.start)
        days = (today + timedelta(days=shift) for shift in (-1, 0, 1))
        moments = (datetime.combine(day, at, tzinfo=zone) for day in days)
        return [int(moment.timestamp()) * SECOND_NS for moment in moments]

    @property
    def _length_ns(self) -> int:
        return round(self.minutes * 60 * SECOND_NS)

    def covers(self, now_ns: int) -> bool:
        """Whether ``now_ns`` (since 1970 in UTC) lies in a window; its end does not."""
        return any(0 <= now_ns - begin < self._length_ns for begin in self._begins(now_ns))

    def next_change_ns(self, now_ns: int) -> int:
        """Return when the next window begins or the present one ends."""
        edges = (
            edge for begin in self._begins(now_ns) for edge in (begin, begin + self._length_ns)
        )
        return min(edge for edge in edges if edge > now_ns)
