"""The sessions of real exchanges, from ``exchange_calendars``: holidays, early closes, DST.

The package is imported when a table is asked for: pandas comes with it, which takes most of a
second. A session is the time from an exchange's open to its close; a break at noon is not shown.
The package knows no extended hours. Those of US stocks are from 4:00 to 20:00 in New York, and to
17:00 on a day that closes early (NYSE Arca and Nasdaq); elsewhere there are none here.
"""

from __future__ import annotations

import warnings
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from robotrader.venue import Session

US_STOCKS: Final = "XNYS"
_EXTENDED: Final = frozenset({"XNYS", "XNAS"})
_NEW_YORK: Final = ZoneInfo("America/New_York")
_EXTENDED_OPEN: Final = time(4)
_EXTENDED_CLOSE: Final = time(20)
_EXTENDED_EARLY_CLOSE: Final = time(17)
_SECOND_NS: Final = 1_000_000_000
_ONE_DAY: Final = timedelta(days=1)
_TABLES: Final = 4
"""Spans of days that are kept: one takes a quarter of a second, however short it is, and who runs
one backtest after the other asks for the same days."""


class CalendarError(ValueError):
    """What was asked of a calendar has no answer."""


@lru_cache(maxsize=_TABLES)
def sessions(calendar: str, first: date, last: date) -> tuple[Session, ...]:
    """Return the sessions of the days from ``first`` to ``last``, both included, in order.

    ``calendar`` is the package's name of an exchange: the market's identifier code of ISO 10383
    for stocks, ``XNYS`` for New York.

    Raises:
        CalendarError: there is no such calendar, the days are in the wrong order, or the
            exchange's holidays are not known so far back or ahead.
    """
    if last < first:
        msg = f"no days from {first} to {last}: give the earlier one first"
        raise CalendarError(msg)
    table = _table(calendar, first, last)
    if table is None:
        return ()
    early = {moment.date() for moment in table.early_closes}
    days = [moment.date() for moment in table.sessions]
    times = zip(days, table.opens_nanos.tolist(), table.closes_nanos.tolist(), strict=True)
    return tuple(
        _session(calendar, day, (open_ns, close_ns), early=day in early)
        for day, open_ns, close_ns in times
        if day >= first
    )


def _table(calendar: str, first: date, last: date) -> Any:
    """Return the package's own table, None if it has no session."""
    import exchange_calendars as xc
    from exchange_calendars import errors

    start = min(first, last - _ONE_DAY) if last > date.min else first
    try:  # it refuses to make a table of one day
        with warnings.catch_warnings():
            # 4.13 reads a series' values in a way that pandas 3.1 deprecates.
            warnings.filterwarnings("ignore", "Series.values", DeprecationWarning)
            return xc.get_calendar(calendar, start=start.isoformat(), end=last.isoformat())
    except errors.NoSessionsError:
        return None
    except errors.InvalidCalendarName as error:
        msg = f"no calendar {calendar!r}: use the code of an exchange, such as XNYS"
        raise CalendarError(msg) from error
    except (ValueError, OverflowError) as error:
        msg = f"calendar {calendar} does not cover {first} to {last}: {error}"
        raise CalendarError(msg) from error


def _session(calendar: str, day: date, regular: tuple[int, int], *, early: bool) -> Session:
    if calendar not in _EXTENDED:
        return Session(day, *regular, *regular)
    closing = _EXTENDED_EARLY_CLOSE if early else _EXTENDED_CLOSE
    return Session(day, *regular, _moment_ns(day, _EXTENDED_OPEN), _moment_ns(day, closing))


def _moment_ns(day: date, at: time) -> int:
    return int(datetime.combine(day, at, _NEW_YORK).timestamp()) * _SECOND_NS
