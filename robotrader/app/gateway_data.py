"""Where an emulated gateway's prices, hours and time come from: what the arguments say of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.market import DataError
from robotrader.market.hours import NEW_YORK, SECOND_NS, RoundTheClock, TableHours
from robotrader.market.recording import Recording
from robotrader.market.series import SYNTHETIC, Series
from robotrader.venue import Session

if TYPE_CHECKING:
    import argparse

    from robotrader.adapters.own_data import OwnData

from robotrader.market.hours import Hours

_FIRST_DAY: Final = date(1990, 1, 1)
"""The first day of bundled data: earlier sessions are not asked for."""

_AHEAD: Final = timedelta(days=5 * 365)
"""How long a replay may go on after the last day that has data."""


class StartError(ValueError):
    """A ``--start`` that is no time, or one before that of the ``--state``."""


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway is made with, and what to say of it."""

    series: Mapping[str, Series]
    recordings: Mapping[int, Recording] | None
    calendar: tuple[Session, ...]
    now_ns: int
    said: tuple[str, ...]


def prepare(arguments: argparse.Namespace, now_ns: int, kept_ns: int | None) -> Prepared:
    """Load what is asked for: bundled prices at ``now_ns``, or own ones at their first day.

    ``kept_ns`` is the time of the state that an earlier life has left: own prices go on from it,
    and so do all with ``--resume``, unless the present is later.

    Raises:
        DataError: with every bad line of the data.
        ConfigurationError: a catalogue has two series that are as good.
        CalendarError: the exchange's holidays are not known so far back.
        StartError: ``--start`` is no time, or before ``kept_ns``.
        LookupError: the packages that carry the bundled data are missing.
        OSError: something cannot be read.
    """
    start_ns = kept_ns if arguments.data is not None or arguments.resume else None
    if arguments.start is not None and not (arguments.resume and kept_ns is not None):
        start_ns = _start_ns(arguments.start)
        if kept_ns is not None and start_ns < kept_ns:
            kept = datetime.fromtimestamp(kept_ns // SECOND_NS, UTC).astimezone(NEW_YORK)
            msg = f"--start {arguments.start}: {arguments.state} is of {kept:%Y-%m-%d %H:%M:%S}"
            raise StartError(f"{msg}; move it away to begin anew")
    if arguments.data is not None:
        return _own(arguments, start_ns)
    return _bundled(arguments, _begin_ns(arguments, now_ns, start_ns))


def _begin_ns(arguments: argparse.Namespace, now_ns: int, start_ns: int | None) -> int:
    """Return when bundled prices begin: now, unless something else was asked for."""
    if start_ns is None:
        return now_ns
    return start_ns if arguments.start is not None else max(now_ns, start_ns)


def _bundled(arguments: argparse.Namespace, begin_ns: int) -> Prepared:
    from robotrader.adapters import bundled

    today = datetime.fromtimestamp(begin_ns // SECOND_NS, UTC).date()
    calendar = _calendar(arguments, min(_FIRST_DAY, today), today)
    said = (f"prices: {SYNTHETIC}, made from daily ones of real stocks; Ctrl-C stops",)
    return Prepared(
        series=bundled.load(), recordings=None, calendar=calendar, now_ns=begin_ns, said=said
    )


def _own(arguments: argparse.Namespace, start_ns: int | None) -> Prepared:
    own = _loaded(arguments)
    known = [each.provenance for each in own.series.values()]
    first, last = min(p.first for p in known), max(p.last for p in known)
    calendar = _calendar(arguments, first - timedelta(days=7), last)
    hours = TableHours(calendar) if calendar else RoundTheClock()
    begin_ns = _first_ns(own.series, own.recordings, hours) if start_ns is None else start_ns
    begin = datetime.fromtimestamp(begin_ns // SECOND_NS, UTC).astimezone(NEW_YORK)
    count = f"{len(known)} symbol{'s' if len(known) > 1 else ''}"
    head = f"prices: your own, {count} from {arguments.data}, from {begin:%Y-%m-%d %H:%M:%S} on"
    return Prepared(
        series=own.series,
        recordings=own.recordings,
        calendar=calendar,
        now_ns=begin_ns,
        said=(f"{head}; Ctrl-C stops", *own.said, *_closed(own.recordings, own.series, hours)),
    )


def _loaded(arguments: argparse.Namespace) -> OwnData:
    """Read a folder of files, or everything in a catalogue."""
    from robotrader.adapters import own_data
    from robotrader.adapters.catalogue import is_catalogue
    from robotrader.app.catalogue_data import replayed

    if is_catalogue(arguments.data):
        return replayed(arguments.data)
    return own_data.load(arguments.data, arguments.data_zone)


def _closed(
    recordings: Mapping[int, Recording], series: Mapping[str, Series], hours: Hours
) -> Iterator[str]:
    """Yield what was recorded on days on which no order can fill."""
    for symbol, each in series.items():
        recording = recordings.get(each.instrument.con_id)
        days = recording.days if recording is not None else [daily.day for daily in each.days]
        closed = [day for day in days if hours.regular(day) is None]
        if closed:
            yield f"{symbol}: the exchange was closed on {len(closed)} of its days, as {closed[0]}"


def _calendar(arguments: argparse.Namespace, first: date, last: date) -> tuple[Session, ...]:
    if not arguments.calendar:
        return ()
    from robotrader.adapters.calendar import US_STOCKS, sessions

    return sessions(US_STOCKS, first, last + _AHEAD)


def _first_ns(
    series: Mapping[str, Series], recordings: Mapping[int, Recording], hours: Hours
) -> int:
    """Return when the replay begins: with what is recorded, or else with the first day."""
    if recordings:
        return min(recording.first_ns for recording in recordings.values())
    spans = (hours.regular(daily.day) for each in series.values() for daily in each.days)
    first = min((span for span in spans if span is not None), default=None)
    if first is None:
        msg = "no day of the data is one on which the exchange was open: leave out --calendar"
        raise DataError(msg)
    return first[0]


def _start_ns(text: str) -> int:
    """Read a day or a time, in New York unless it has a zone."""
    try:
        start = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--start {text!r} is no time: use 2024-01-02 or 2024-01-02T09:30"
        raise StartError(msg) from error
    zoned = start if start.tzinfo is not None else start.replace(tzinfo=NEW_YORK)
    return int(zoned.timestamp()) * SECOND_NS
