"""The lengths of bars as the configuration writes them: ``5s``, ``1m``, ``1h``, ``1d``."""

from __future__ import annotations

import re
from typing import Final

SECOND_NS: Final = 1_000_000_000
DAY: Final = "1d"
"""Days are dates, not spans: when one begins and ends is the calendar's matter."""

_UNITS_S: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_WRITTEN: Final = re.compile(r"([1-9]\d{0,4})([smhd])")


def bar_ns(text: str) -> int:
    """Return a length in nanoseconds.

    Raises:
        ValueError: it is not written as one.
    """
    match = _WRITTEN.fullmatch(text)
    if match is None:
        msg = f"{text!r} is no length of bars: write it as 5s, 1m, 1h or 1d"
        raise ValueError(msg)
    return int(match[1]) * _UNITS_S[match[2]] * SECOND_NS


def written(length_ns: int) -> str:
    """Return how a length is written, in the largest unit that divides it.

    Raises:
        ValueError: it is no whole number of seconds above zero.
    """
    seconds, rest = divmod(length_ns, SECOND_NS)
    if rest or seconds <= 0:
        msg = f"bars of {length_ns} ns: a length is a whole number of seconds"
        raise ValueError(msg)
    unit = next(unit for unit, size_s in _UNITS_S.items() if seconds % size_s == 0)
    return f"{seconds // _UNITS_S[unit]}{unit}"
