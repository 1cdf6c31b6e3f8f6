"""Which trading week a seed lives through: New York's calendar with nights, holidays and DST.

Two of five seeds draw a week around something special: clocks that change, a holiday, an early
close. A week begins at any hour before a session and ends three hours into one, so that what has
to be well at the end can be seen while the market is open.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import msgspec

from robotrader.adapters.calendar import US_STOCKS, sessions
from robotrader.venue import SessionTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.venue import Session

S: Final = 1_000_000_000
HOUR_NS: Final = 3_600 * S
PACE: Final = 60
"""How many seconds of the market a second takes: an hour takes a minute."""

NEW_YORK: Final = ZoneInfo("America/New_York")
FIRST, LAST = dt.date(2024, 11, 1), dt.date(2026, 11, 30)
LENGTH_NS: Final = 6 * 24 * HOUR_NS
INTO_NS: Final = 3 * HOUR_NS
EARLIEST_NS: Final = 20 * HOUR_NS
"""How long before a session a week may begin."""

SPECIAL: Final = tuple(
    dt.date.fromisoformat(each)
    for each in (
        "2025-03-09", "2025-11-02", "2026-03-08",  # clocks change in New York
        "2024-11-28", "2024-12-25", "2025-01-09", "2025-04-18", "2025-07-04", "2025-11-27",
        "2025-12-25", "2026-01-01", "2026-07-03",  # closed, most with an early close beside
    )
)  # fmt: skip


class Week(msgspec.Struct, frozen=True):
    """From when to when a run lasts, nanoseconds UTC."""

    begin_ns: int
    end_ns: int

    @property
    def seconds(self) -> float:
        """How many seconds of ours it takes."""
        return (self.end_ns - self.begin_ns) / PACE / S


@lru_cache(maxsize=1)
def table() -> SessionTable:
    """Return New York's sessions of all weeks."""
    return SessionTable(_sessions())


@lru_cache(maxsize=1)
def _sessions() -> tuple[Session, ...]:
    return sessions(US_STOCKS, FIRST, LAST)


def week_of(seed: int) -> Week:
    """Draw a seed's week."""
    random, days = Random(f"{seed}/week"), _sessions()
    most = len(days) - 12
    if random.random() < 0.4:
        near = random.choice(SPECIAL) - dt.timedelta(days=random.randint(1, 4))
        first = next(number for number, each in enumerate(days) if each.day >= near)
    else:
        first = random.randrange(10, most)
    begin_ns = days[first].open_ns - random.randrange(EARLIEST_NS // S) * S
    last = next(each for each in days if each.open_ns >= begin_ns + LENGTH_NS)
    return Week(begin_ns, last.open_ns + INTO_NS)


def sessions_in(begin_ns: int, end_ns: int) -> Iterator[Session]:
    """Return the sessions that are not over at ``begin_ns`` and begin before ``end_ns``."""
    return (each for each in _sessions() if each.extended_close_ns > begin_ns < end_ns
            and each.extended_open_ns < end_ns)  # fmt: skip


def every_night(begin_ns: int, end_ns: int, at: dt.time) -> Iterator[int]:
    """Return when it is this time of day in New York, for all days between."""
    day = dt.datetime.fromtimestamp(begin_ns // S, dt.UTC).astimezone(NEW_YORK).date()
    while True:
        at_ns = int(dt.datetime.combine(day, at, NEW_YORK).timestamp()) * S
        if at_ns >= end_ns:
            return
        if at_ns > begin_ns:
            yield at_ns
        day += dt.timedelta(days=1)
