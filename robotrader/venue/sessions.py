"""When an exchange is open, as the venue asks it; times are nanoseconds since 1970 in UTC.

``AlwaysOpen`` never closes but has days, so that day orders expire and daily figures roll.
``SessionTable`` follows a list of real sessions.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import msgspec

NEW_YORK: Final = ZoneInfo("America/New_York")
_SECOND_NS: Final = 1_000_000_000


class Session(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One day's trading: the regular session inside the extended one."""

    day: date
    open_ns: int
    close_ns: int
    extended_open_ns: int
    extended_close_ns: int


class SessionError(LookupError):
    """A time that the table of sessions does not cover."""


class Sessions(Protocol):
    """What the venue asks about time."""

    def is_open(self, now_ns: int, *, outside_rth: bool) -> bool:
        """Say whether trading is on; ``outside_rth`` includes the extended hours."""
        ...

    def day_of(self, now_ns: int) -> date:
        """Return the trading day that ``now_ns`` belongs to: after a close, the next one."""
        ...

    def next_close_ns(self, now_ns: int) -> int:
        """Return when the present trading day's regular session ends, or the next one's."""
        ...

    def next_roll_ns(self, now_ns: int) -> int:
        """Return when the present trading day ends altogether."""
        ...


class AlwaysOpen:
    """Trading at any hour; a day ends at midnight in ``zone``."""

    def __init__(self, zone: ZoneInfo = NEW_YORK) -> None:
        self._zone = zone
        self._until_ns = 0
        self._since_ns = 0
        self._day = date.min

    def is_open(self, now_ns: int, *, outside_rth: bool) -> bool:  # noqa: ARG002 - never closed
        """Say yes."""
        return True

    def _look(self, now_ns: int) -> None:
        if self._since_ns <= now_ns < self._until_ns:
            return
        self._day = datetime.fromtimestamp(now_ns // _SECOND_NS, UTC).astimezone(self._zone).date()
        self._since_ns = self._midnight_ns(self._day)
        self._until_ns = self._midnight_ns(self._day + timedelta(days=1))

    def _midnight_ns(self, day: date) -> int:
        return int(datetime.combine(day, time(), self._zone).timestamp()) * _SECOND_NS

    def day_of(self, now_ns: int) -> date:
        """Return the calendar day in the zone."""
        self._look(now_ns)
        return self._day

    def next_close_ns(self, now_ns: int) -> int:
        """Return the next midnight."""
        self._look(now_ns)
        return self._until_ns

    def next_roll_ns(self, now_ns: int) -> int:
        """Return the next midnight."""
        return self.next_close_ns(now_ns)


class SessionTable:
    """Trading by a list of sessions, in order of time.

    Raises:
        ValueError: the list is empty, or sessions overlap.
    """

    def __init__(self, sessions: tuple[Session, ...]) -> None:
        if not sessions:
            msg = "a table of sessions needs at least one"
            raise ValueError(msg)
        for one, after in pairwise(sessions):
            if one.extended_close_ns > after.extended_open_ns:
                msg = f"the sessions of {one.day} and {after.day} overlap"
                raise ValueError(msg)
        self._sessions = sessions
        self._ends = [session.extended_close_ns for session in sessions]

    def session(self, now_ns: int) -> Session:
        """Return the session that is on, or the next one.

        Raises:
            SessionError: it is after the last one.
        """
        index = bisect_right(self._ends, now_ns)
        if index == len(self._sessions):
            last = self._sessions[-1].day
            msg = f"no session after {last}: give a longer calendar"
            raise SessionError(msg)
        return self._sessions[index]

    def is_open(self, now_ns: int, *, outside_rth: bool) -> bool:
        """Say whether a session is on."""
        session = self.session(now_ns)
        if outside_rth:
            return session.extended_open_ns <= now_ns
        return session.open_ns <= now_ns < session.close_ns

    def day_of(self, now_ns: int) -> date:
        """Return the session's day."""
        return self.session(now_ns).day

    def next_close_ns(self, now_ns: int) -> int:
        """Return the end of the regular session that is on, or of the next one."""
        session = self.session(now_ns)
        if now_ns < session.close_ns:
            return session.close_ns
        return self.session(session.extended_close_ns).close_ns

    def next_roll_ns(self, now_ns: int) -> int:
        """Return the end of the extended session."""
        return self.session(now_ns).extended_close_ns
