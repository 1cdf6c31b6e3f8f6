"""Announced restarts: the gateway logs off every night, at a time that its user sets (C14, F18).

For ``before_s`` before one nothing is entered; inside it no new order is sent, a disconnect is
expected and is no alarm. IB Gateway restarts itself at the time of its "Auto restart" setting;
IBKR's own reset is at 23:45 New York time. The struct is also a section of the configuration.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

SECOND_NS: Final = 1_000_000_000
QUARTER_S: Final = 900


class RestartWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An announced restart of the gateway: no new orders, a disconnect is no alarm."""

    at: Annotated[
        str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", description="Time of day, as `23:45`")
    ]
    tz: Annotated[str, Meta(min_length=1, description="Time zone of `at`, as `America/New_York`")]
    before_s: Annotated[
        float, Meta(ge=0, le=3600, description="No new orders from so long before it")
    ] = 60.0
    after_s: Annotated[float, Meta(ge=0, le=3600, description="The longest that it may take")] = (
        300.0
    )

    def _begins(self, now_ns: int) -> tuple[int, ...]:
        """Return the beginnings of yesterday's, today's and tomorrow's window, ascending."""
        return _begins(self.at, self.tz, now_ns // SECOND_NS // QUARTER_S)

    @property
    def _length_ns(self) -> int:
        return round(self.after_s * SECOND_NS)

    def covers(self, now_ns: int) -> bool:
        """Whether ``now_ns`` (since 1970 in UTC) lies in a window; its end does not."""
        return any(0 <= now_ns - begin < self._length_ns for begin in self._begins(now_ns))

    def next_change_ns(self, now_ns: int) -> int:
        """Return when the next window begins or the present one ends."""
        edges = (
            edge for begin in self._begins(now_ns) for edge in (begin, begin + self._length_ns)
        )
        return min(edge for edge in edges if edge > now_ns)

    def announced_ns(self, now_ns: int) -> int | None:
        """Return when the restart begins that is at most ``before_s`` away, None if none is."""
        quiet_ns = round(self.before_s * SECOND_NS)
        return next((each for each in self._begins(now_ns) if 0 < each - now_ns <= quiet_ns), None)


@lru_cache(64)
def _begins(at: str, tz: str, quarter: int) -> tuple[int, ...]:
    """Return the beginnings of three days' windows; every order asks for those of now.

    In a quarter of an hour it is the same day everywhere: no zone is off by a part of one.
    """
    zone = ZoneInfo(tz)
    today = datetime.fromtimestamp(quarter * QUARTER_S, UTC).astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=shift), time.fromisoformat(at), tzinfo=zone)
        for shift in (-1, 0, 1)
    )
    return tuple(int(moment.timestamp()) * SECOND_NS for moment in moments)
