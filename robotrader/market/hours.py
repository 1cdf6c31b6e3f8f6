"""When a market trades, day by day; times are nanoseconds since 1970 in UTC.

Market days are numbered, so that a series can be laid over them. ``RoundTheClock`` trades every
day of the year from midnight to midnight in New York; ``TableHours`` follows a list of real
sessions: holidays, early closes, summer time, and the extended hours round the regular ones.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.venue import Session

NEW_YORK: Final = ZoneInfo("America/New_York")
SECOND_NS: Final = 1_000_000_000
MINUTE_NS: Final = 60 * SECOND_NS
_EARLIEST: Final = date(1902, 1, 1).toordinal()

Span: TypeAlias = tuple[int, int]
"""From (included) and to (excluded)."""


def day_of(now_ns: int) -> date:
    """Return the calendar day in New York."""
    return datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone(NEW_YORK).date()


@lru_cache(4_096)
def midnight_ns(day: date) -> int:
    """Return when a calendar day begins in New York."""
    return int(datetime.combine(day, time(), NEW_YORK).timestamp()) * SECOND_NS


class Hours(Protocol):
    """What a market's data are laid over."""

    def regular(self, day: date) -> Span | None:
        """Return the regular session of a day, None if it has none."""
        ...

    def extended(self, day: date) -> Span | None:
        """Return the session with the hours before and after it, None if there is none."""
        ...

    def number(self, day: date) -> int:
        """Return the number of a market day, or that of the last one before ``day``."""
        ...

    def day(self, number: int) -> date:
        """Return the market day of a number, the first there is for one that is too small."""
        ...


class RoundTheClock:
    """Every day from midnight to midnight in New York: 23 and 25 hours when the clocks change."""

    def regular(self, day: date) -> Span | None:
        """Return the whole day."""
        return midnight_ns(day), midnight_ns(day + timedelta(days=1))

    def extended(self, day: date) -> Span | None:
        """Return the whole day."""
        return self.regular(day)

    def number(self, day: date) -> int:
        """Return the day's number in the calendar."""
        return day.toordinal()

    def day(self, number: int) -> date:
        """Return the day of a number."""
        return date.fromordinal(max(number, _EARLIEST))


class TableHours:
    """The sessions of a table.

    Raises:
        ValueError: the table is empty.
    """

    def __init__(self, sessions: Iterable[Session]) -> None:
        self._by_day = {session.day: session for session in sessions}
        self._days = sorted(self._by_day)
        if not self._days:
            msg = "hours need at least one session"
            raise ValueError(msg)

    def regular(self, day: date) -> Span | None:
        """Return the session of a day, None on a weekend, a holiday or outside the table."""
        session = self._by_day.get(day)
        return None if session is None else (session.open_ns, session.close_ns)

    def extended(self, day: date) -> Span | None:
        """Return the session of a day with the hours round it."""
        session = self._by_day.get(day)
        return None if session is None else (session.extended_open_ns, session.extended_close_ns)

    def number(self, day: date) -> int:
        """Return the place in the table; -1 before it."""
        return bisect_right(self._days, day) - 1

    def day(self, number: int) -> date:
        """Return the day at a place, the first or last for a place outside the table."""
        return self._days[min(max(number, 0), len(self._days) - 1)]
