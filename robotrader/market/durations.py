"""Bar sizes and durations as IBKR writes them: ``5 mins``, ``2 W``."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

BAR_SECONDS: Final = {
    "1 secs": 1, "5 secs": 5, "10 secs": 10, "15 secs": 15, "30 secs": 30,
    "1 min": 60, "2 mins": 120, "3 mins": 180, "5 mins": 300, "10 mins": 600, "15 mins": 900,
    "20 mins": 1200, "30 mins": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800,
    "4 hours": 14400, "8 hours": 28800, "1 day": 86400, "1 week": 604800, "1 month": 2592000,
}  # fmt: skip
"""Length of each bar size in seconds; a week and a month are counted in days of the market."""

DAY_S: Final = 86_400
_DURATION: Final = re.compile(r"(\d{1,5}) ([SDWMY])")
_DAYS: Final = {"D": 1, "W": 7, "M": 30, "Y": 365}
_MOST_DAYS: Final = 100 * 365
"""The longest duration: no series is longer, and beyond it calendars end."""
_MOST_SECONDS: Final = 86_400
"""The longest duration in seconds: IBKR wants days from there on."""


class DurationError(ValueError):
    """A duration or bar size that IBKR does not have."""


def bar_seconds(text: str) -> int:
    """Return the length of a bar size.

    Raises:
        DurationError: there is no such size.
    """
    try:
        return BAR_SECONDS[text]
    except KeyError:
        msg = f"Invalid bar size {text!r}: use one of {', '.join(BAR_SECONDS)}"
        raise DurationError(msg) from None


def duration(text: str) -> timedelta:
    """Return a duration, months of 30 and years of 365 days.

    Raises:
        DurationError: it is none.
    """
    match = _DURATION.fullmatch(text)
    if match is None or not int(match[1]):
        msg = f"Invalid duration {text!r}: use a number and S, D, W, M or Y, as in '2 W'"
        raise DurationError(msg)
    number, unit = int(match[1]), match[2]
    if unit == "S":
        if number > _MOST_SECONDS:
            msg = f"Historical data requests for durations longer than 86400 seconds: {text!r} as D"
            raise DurationError(msg)
        return timedelta(seconds=number)
    if number * _DAYS[unit] > _MOST_DAYS:
        msg = f"Invalid duration {text!r}: 100 years are the most"
        raise DurationError(msg)
    return timedelta(days=number * _DAYS[unit])
