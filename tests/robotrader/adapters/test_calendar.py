"""The sessions of real exchanges, and their hours as TWS writes them."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.adapters.calendar import CalendarError, sessions
from robotrader.venue import Session

NEW_YORK = ZoneInfo("America/New_York")
SECOND_NS = 1_000_000_000
WEEK_OF_CHRISTMAS = [date(2026, 12, day) for day in range(21, 27)]


@cache
def year() -> tuple[Session, ...]:
    return sessions("XNYS", date(2026, 1, 1), date(2026, 12, 31))


def on(day: date) -> Session:
    return next(session for session in year() if session.day == day)


def early(session: Session) -> bool:
    return new_york(session.close_ns) < "16:00"


def utc(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / SECOND_NS, UTC):%Y-%m-%d %H:%M}"


def new_york(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / SECOND_NS, NEW_YORK):%H:%M}"


def test_the_day_after_thanksgiving_closes_early() -> None:
    friday = on(date(2026, 11, 27))
    assert early(friday)
    assert utc(friday.open_ns) == "2026-11-27 14:30"
    assert utc(friday.close_ns) == "2026-11-27 18:00"


def test_a_year_has_two_early_closes() -> None:
    """NYSE's published holidays and early closings of 2026."""
    days = [session.day for session in year() if early(session)]
    assert days == [date(2026, 11, 27), date(2026, 12, 24)]


def test_the_weekdays_without_a_session_are_the_exchanges_holidays() -> None:
    """NYSE's published holidays of 2026; Independence Day is kept on Friday the 3rd."""
    days = [date(2026, 1, 1) + timedelta(days) for days in range(365)]
    traded = {session.day for session in year()}
    closed = [day for day in days if day.weekday() < 5 and day not in traded]
    assert [f"{day:%m-%d}" for day in closed] == [
        "01-01", "01-19", "02-16", "04-03", "05-25", "06-19", "07-03", "09-07", "11-26", "12-25",
    ]  # fmt: skip


def easter(year: int) -> date:
    """Return Easter Sunday (the anonymous Gregorian computus, Nature, 20 April 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    h = (19 * a + b - d - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    month, day = divmod(h + leap - 7 * ((a + 11 * h + 22 * leap) // 451) + 114, 31)
    return date(year, month, day + 1)


def weekdays_of(year: int, month: int, weekday: int) -> list[date]:
    """Return such weekdays of a month, in order."""
    days = [date(year, month, 1) + timedelta(day) for day in range(31)]
    return [day for day in days if day.month == month and day.weekday() == weekday]


def observed(day: date) -> date:
    """A holiday on a Saturday is kept the Friday before, one on a Sunday the Monday after."""
    return day + timedelta({5: -1, 6: 1}.get(day.weekday(), 0))


def holidays(year: int) -> set[date]:
    """The closings by NYSE's Rule 7.2, and the two days of mourning since 2015."""
    closed = {
        weekdays_of(year, 1, 0)[2],
        weekdays_of(year, 2, 0)[2],
        easter(year) - timedelta(2),
        weekdays_of(year, 5, 0)[-1],
        observed(date(year, 7, 4)),
        weekdays_of(year, 9, 0)[0],
        weekdays_of(year, 11, 3)[3],
        observed(date(year, 12, 25)),
    }
    if (new_year := date(year, 1, 1)).weekday() != 5:  # no closing at the end of a year's books
        closed.add(observed(new_year))
    if year >= 2022:
        closed.add(observed(date(year, 6, 19)))
    return closed | {day for day in MOURNING if day.year == year}


MOURNING = (date(2018, 12, 5), date(2025, 1, 9))
"""George H. W. Bush, Jimmy Carter."""


@pytest.mark.parametrize("year", range(2015, 2031))
def test_every_day_from_2015_to_2030_is_as_the_exchange_says(year: int) -> None:
    """F53: day by day, by the exchange's own rule and its two days of mourning."""
    first, last = date(year, 1, 1), date(year, 12, 31)
    traded = {session.day for session in sessions("XNYS", first, last)}
    days = {first + timedelta(n) for n in range((last - first).days + 1)}
    weekdays = {day for day in days if day.weekday() < 5}
    assert weekdays - traded == holidays(year)
    assert traded <= weekdays


@pytest.mark.parametrize(
    ("day", "opens"),
    [
        (date(2026, 3, 6), "2026-03-06 14:30"),
        (date(2026, 3, 9), "2026-03-09 13:30"),
        (date(2026, 10, 30), "2026-10-30 13:30"),
        (date(2026, 11, 2), "2026-11-02 14:30"),
    ],
)
def test_a_session_opens_at_half_past_nine_in_new_york_whatever_the_offset(
    day: date, opens: str
) -> None:
    assert utc(on(day).open_ns) == opens


def test_every_session_of_33_years_is_in_order_and_opens_at_half_past_nine() -> None:
    table = sessions("XNYS", date(1990, 1, 1), date(2022, 12, 31))
    assert len(table) == 8315
    assert {new_york(session.open_ns) for session in table} == {"09:30"}
    assert {new_york(session.close_ns) for session in table if not early(session)} == {"16:00"}
    assert all(one.close_ns < after.open_ns for one, after in pairwise(table))
    assert all(session.open_ns < session.close_ns for session in table)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 364), st.integers(0, 40))
def test_a_part_of_a_year_has_the_sessions_of_the_year(start: int, length: int) -> None:
    first = date(2026, 1, 1) + timedelta(start)
    last = min(first + timedelta(length), date(2026, 12, 31))
    expected = tuple(session for session in year() if first <= session.day <= last)
    assert sessions("XNYS", first, last) == expected


def test_one_day_may_be_asked_for() -> None:
    friday = date(2026, 11, 27)
    assert sessions("XNYS", friday, friday) == (on(friday),)


def test_a_weekend_has_no_sessions() -> None:
    assert sessions("XNYS", date(2026, 7, 5), date(2026, 7, 5)) == ()
    assert sessions("XNYS", date(2026, 7, 4), date(2026, 7, 5)) == ()


def test_an_unknown_calendar_is_an_error_that_names_it() -> None:
    with pytest.raises(CalendarError, match="no calendar 'NOWHERE'"):
        sessions("NOWHERE", date(2026, 1, 1), date(2026, 1, 2))


def test_days_in_the_wrong_order_are_an_error() -> None:
    with pytest.raises(CalendarError, match="no days from 2026-01-02 to 2026-01-01"):
        sessions("XNYS", date(2026, 1, 2), date(2026, 1, 1))


def test_days_whose_holidays_nobody_recorded_are_an_error() -> None:
    with pytest.raises(CalendarError, match="XKRX does not cover 1950-01-01 to 1951-01-01"):
        sessions("XKRX", date(1950, 1, 1), date(1951, 1, 1))


def test_days_before_nanoseconds_begin_are_an_error() -> None:
    with pytest.raises(CalendarError, match="XNYS does not cover 1600-01-01"):
        sessions("XNYS", date(1600, 1, 1), date(1600, 2, 1))
    with pytest.raises(CalendarError, match="XNYS does not cover 0001-01-01"):
        sessions("XNYS", date.min, date.min)


def test_extended_hours_end_earlier_on_a_day_that_closes_early() -> None:
    christmas = [session for session in year() if session.day in WEEK_OF_CHRISTMAS]
    assert [new_york(session.extended_close_ns) for session in christmas] == [
        "20:00", "20:00", "20:00", "17:00",
    ]  # fmt: skip


def test_extended_hours_contain_every_session_of_the_year() -> None:
    for session in year():
        assert session.extended_open_ns < session.open_ns
        assert session.open_ns < session.close_ns < session.extended_close_ns
        assert new_york(session.extended_open_ns) == "04:00"
        assert new_york(session.extended_close_ns) == ("17:00" if early(session) else "20:00")


def test_another_exchange_has_no_extended_hours_here() -> None:
    (tokyo,) = sessions("XTKS", date(2026, 1, 5), date(2026, 1, 5))
    assert utc(tokyo.open_ns) == "2026-01-05 00:00"
    assert (tokyo.extended_open_ns, tokyo.extended_close_ns) == (tokyo.open_ns, tokyo.close_ns)


def test_pandas_is_not_imported_before_a_table_is_asked_for() -> None:
    code = "import sys, robotrader.adapters.calendar; print('pandas' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
