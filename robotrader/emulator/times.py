"""Times as TWS writes them and as clients may send them; nanoseconds since 1970 in UTC inside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from robotrader.emulator.timeline import SECOND_NS

NEW_YORK: Final = ZoneInfo("America/New_York")
ZONED_FROM: Final = 174
"""Server version from which times carry their zone."""

_YEARS: Final = range(1970, 2200)
"""Years in which a time can be meant; arithmetic with others leaves the calendar."""

_TIME: Final = re.compile(r"(\d{8})(?:[ -]+(\d{2}:\d{2}:\d{2}))?(?: +(\S.*))?")


class TimeError(ValueError):
    """Text that is no time."""


def local(now_ns: int) -> datetime:
    """Return the time in New York, to the second."""
    return datetime.fromtimestamp(now_ns // SECOND_NS, UTC).astimezone(NEW_YORK)


def connection_time(now_ns: int) -> bytes:
    """Return the time that answers a hello: ``20261121 05:00:00 EST``."""
    return local(now_ns).strftime("%Y%m%d %H:%M:%S %Z").encode()


def shown(now_ns: int, version: int) -> str:
    """Return a time as executions and bars show it at that server version."""
    if version >= ZONED_FROM:
        return local(now_ns).strftime("%Y%m%d %H:%M:%S US/Eastern")
    return local(now_ns).strftime("%Y%m%d  %H:%M:%S")


def bar_time(start_ns: int, version: int, *, daily: bool, epoch: bool) -> str:
    """Return a bar's date as ``formatDate`` 1 (text) or 2 (``epoch``) wants it."""
    if daily:
        return local(start_ns).strftime("%Y%m%d")
    return str(start_ns // SECOND_NS) if epoch else shown(start_ns, version)


def parse(text: str) -> int:
    """Read ``20261121 10:00:00 US/Eastern``, ``20261121-15:00:00`` (UTC) or a day.

    Without a zone it is New York's, as the gateway's own; with a dash, UTC.

    Raises:
        TimeError: it is none of these.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        msg = f"{text!r} is no time: use YYYYMMDD HH:MM:SS with a zone"
        raise TimeError(msg)
    zone = _zone(match[3], utc="-" in text[8:9])
    clock = match[2] or "23:59:59"
    try:
        moment = datetime.strptime(f"{match[1]} {clock}", "%Y%m%d %H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        msg = f"{text!r} is no time: {error}"
        raise TimeError(msg) from error
    if moment.year not in _YEARS:
        msg = f"{text!r} is no time: years from 1970 to 2199 are"
        raise TimeError(msg)
    return int(moment.timestamp()) * SECOND_NS


def _zone(name: str | None, *, utc: bool) -> ZoneInfo:
    if name is None:
        return ZoneInfo("UTC") if utc else NEW_YORK
    try:
        return ZoneInfo({"EST": "America/New_York", "EDT": "America/New_York"}.get(name, name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"no time zone {name!r}"
        raise TimeError(msg) from error
