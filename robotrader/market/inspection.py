"""What is wrong, or only strange, with a stored series: gaps, spikes, doubles, empty volume.

Two kinds are kept apart. *Wrong* is what no market can have said: a bar that cannot be, rows out of
order, twice or overlapping, prices while the exchange was closed. *Strange* may be true and has to
be looked at: cells of the session without a bar (nothing was traded, or something is missing),
prices that leave and come back, a jump that looks like a split, bars without volume.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import groupby, pairwise
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.domain import Bar, Trade
from robotrader.market.hours import day_of
from robotrader.market.merging import key_of, when
from robotrader.market.quality import bar_fault, fault, quote_fault, trade_fault
from robotrader.market.series import Daily

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence
    from datetime import date

    from robotrader.venue import Session

SPIKE: Final = 12.0
"""A move is a spike at this many times the usual one: about 12 standard deviations if moves were
normal; real ones have fat tails, and a bad print is further away than those go twice in a row."""

_USUAL: Final = 1.4826
"""Median absolute deviation to standard deviation (Hampel 1974)."""

_LEAST: Final = 1e-4
"""The usual move is taken for at least a basis point: quiet series have medians of zero."""

_RATIOS: Final = (1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 10.0, 15.0, 20.0)
_NEAR: Final = 0.05
"""How near, in the logarithm, a jump of days is to one of the ratios to look like a split."""

MOST_NAMED: Final = 1_000
"""Findings of one kind that are named; all are counted."""


class Gap(msgspec.Struct, frozen=True):
    """Cells in a row without a bar, or sessions without any row."""

    first: str
    last: str
    missing: int
    unit: str


class Strange(msgspec.Struct, frozen=True):
    """A row to look at, and why."""

    at: str
    why: str


class Inspection(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one series.

    ``expected`` are its sessions' cells, 0 for ticks, and ``absent`` those of them without a bar;
    ``missing`` leaves out the cells of sessions that have no row at all.
    """

    rows: int
    expected: int
    absent: int
    missing: int
    missing_sessions: int
    gaps: tuple[Gap, ...]
    outside: int
    closed: int
    duplicates: int
    unordered: int
    unusable: tuple[Strange, ...]
    spikes: int
    splits: int
    strange: tuple[Strange, ...]
    zero_volume: int

    @property
    def coverage(self) -> float | None:
        """Which part of the sessions' cells has a bar; None for ticks."""
        if not self.expected:
            return None
        return 1 - self.absent / self.expected


def inspected(rows: Sequence[Any], sessions: Sequence[Session], cell_ns: int) -> Inspection:
    """Return what there is to say of a series.

    Args:
        rows: days, bars, trades or quotes of one contract.
        sessions: of its exchange, at least from the first row's day to the last one's.
        cell_ns: the length of its bars; 0 for days, trades and quotes.
    """
    kind = type(rows[0]) if rows else Daily
    key = key_of(kind)
    steps = [(key(row), key(after)) for row, after in pairwise(rows)]
    single = kind in {Daily, Bar}
    gaps, expected, absent, without = _gaps(rows, sessions, cell_ns)
    outside, closed = _outside(rows, sessions)
    spikes = _spikes(rows) if single else {}
    splits = list(_splits(rows, spikes)) if single else []
    named = sorted([*spikes.values(), *splits], key=lambda each: each.at)[:MOST_NAMED]
    return Inspection(
        rows=len(rows),
        expected=expected,
        absent=absent,
        missing=sum(gap.missing for gap in gaps if gap.unit == "bars"),
        missing_sessions=without,
        gaps=tuple(gaps),
        outside=outside,
        closed=closed,
        duplicates=sum(before == after for before, after in steps) if single else 0,
        unordered=sum(after < before for before, after in steps) + _overlapping(rows),
        unusable=tuple(_unusable(rows)),
        spikes=len(spikes),
        splits=len(splits),
        strange=tuple(named),
        zero_volume=sum(row.volume == 0 for row in rows) if single else 0,
    )


def _unusable(rows: Sequence[Any]) -> Iterator[Strange]:
    for row in rows:
        if isinstance(row, Daily):
            found = fault(row.open, row.high, row.low, row.close, row.volume)
        elif isinstance(row, Bar):
            found = bar_fault(row)
        else:
            found = trade_fault(row) if isinstance(row, Trade) else quote_fault(row)
        if found is not None:
            yield Strange(when(row), found.why)


def _overlapping(rows: Sequence[Any]) -> int:
    """Return how many bars begin inside the one before them."""
    if not rows or not isinstance(rows[0], Bar):
        return 0
    return sum(one.start_ns < two.start_ns < one.end_ns for one, two in pairwise(rows))


# -- against the calendar --


def _day(row: Any) -> date:
    if isinstance(row, Daily):
        return row.day
    return day_of(row.start_ns if isinstance(row, Bar) else row.time_ns)


def _gaps(
    rows: Sequence[Any], sessions: Sequence[Session], cell_ns: int
) -> tuple[list[Gap], int, int, int]:
    """Return the gaps from the first row's session to the last one's, how many cells these
    sessions have (days: one each), how many are without a bar, and how many sessions are.
    """
    if not rows:
        return [], 0, 0, 0
    first, last = _day(rows[0]), _day(rows[-1])
    asked = [each for each in sessions if first <= each.day <= last]
    places = _places(rows, asked)
    empty = [session for session, (begin, end) in zip(asked, places, strict=True) if begin == end]
    gaps = list(_without(asked, empty))
    if not cell_ns:
        days = isinstance(rows[0], Daily)
        return gaps, len(asked) * days, len(empty) * days, len(empty)
    expected = absent = 0
    for session, (begin, end) in zip(asked, places, strict=True):
        cells = range(session.open_ns // cell_ns, -(-session.close_ns // cell_ns))
        there = {row.start_ns // cell_ns for row in rows[begin:end]}
        missing = [cell for cell in cells if cell not in there]
        expected, absent = expected + len(cells), absent + len(missing)
        gaps += _runs(missing, session, cell_ns) if begin < end else ()
    return sorted(gaps, key=lambda gap: gap.first), expected, absent, len(empty)


def _places(rows: Sequence[Any], sessions: Sequence[Session]) -> list[tuple[int, int]]:
    """Return from where to where in ``rows`` each session's rows are."""
    if isinstance(rows[0], Daily):
        days = [row.day for row in rows]
        return [(bisect_left(days, s.day), bisect_right(days, s.day)) for s in sessions]
    times = [row.start_ns if isinstance(row, Bar) else row.time_ns for row in rows]
    return [
        (bisect_left(times, session.open_ns), bisect_left(times, session.close_ns))
        for session in sessions
    ]


def _without(asked: Sequence[Session], empty: Sequence[Session]) -> Iterator[Gap]:
    """Yield the sessions without a row, those in a row as one gap."""
    place = {session.day: number for number, session in enumerate(asked)}
    numbered = [(place[session.day] - number, session) for number, session in enumerate(empty)]
    for _, group in groupby(numbered, key=lambda each: each[0]):
        days = [session.day.isoformat() for _, session in group]
        yield Gap(days[0], days[-1], len(days), "sessions")


def _runs(missing: Sequence[int], session: Session, cell_ns: int) -> Iterator[Gap]:
    """Yield the cells of a session that have no bar, those in a row as one gap."""
    for _, group in groupby(enumerate(missing), key=lambda each: each[1] - each[0]):
        cells = [cell for _, cell in group]
        first = max(cells[0] * cell_ns, session.open_ns)
        last = cells[-1] * cell_ns
        yield Gap(_moment(first), _moment(max(last, first)), len(cells), "bars")


def _moment(at_ns: int) -> str:
    return when(Trade(0, at_ns, 1.0, 1.0))


def _outside(rows: Sequence[Any], sessions: Sequence[Session]) -> tuple[int, int]:
    """Return how many rows are of extended hours, and how many of times without any trading."""
    if not rows:
        return 0, 0
    if isinstance(rows[0], Daily):
        days = {session.day for session in sessions}
        return 0, sum(row.day not in days for row in rows)
    ends = [session.extended_close_ns for session in sessions]
    outside = closed = 0
    for row in rows:
        at_ns = row.start_ns if isinstance(row, Bar) else row.time_ns
        place = bisect_right(ends, at_ns)
        session = sessions[place] if place < len(sessions) else None
        if session is None or at_ns < session.extended_open_ns:
            closed += 1
        elif not session.open_ns <= at_ns < session.close_ns:
            outside += 1
    return outside, closed


# -- against itself --


def _spikes(rows: Sequence[Any]) -> dict[int, Strange]:
    """Return the places of the rows whose close leaves by far more than is usual, and is left as
    far again, the other way.
    """
    prices = [row.close for row in rows]
    if len(prices) < 3 or min(prices) <= 0:
        return {}
    moves = [log(after / before) for before, after in pairwise(prices)]
    limit = SPIKE * max(_USUAL * median(map(abs, moves)), _LEAST)
    found = {}
    for place, (there, back) in enumerate(pairwise(moves), 1):
        if abs(there) > limit and abs(back) > limit and there * back < 0:
            said = f"spike: close {prices[place - 1]}, {prices[place]}, {prices[place + 1]}"
            found[place] = Strange(when(rows[place]), said)
    return found


def _splits(rows: Sequence[Any], spikes: Container[int]) -> Iterator[Strange]:
    """Yield the rows that open at a ratio of splits to the close before, and stay there."""
    for place, (before, row) in enumerate(pairwise(rows), 1):
        if place in spikes or place - 1 in spikes or min(before.close, row.open, row.close) <= 0:
            continue
        jump = log(before.close / row.open)
        if abs(jump) < log(_RATIOS[0]) - _NEAR or abs(log(row.open / row.close)) > abs(jump) / 2:
            continue
        ratio = next((each for each in _RATIOS if abs(abs(jump) - log(each)) < _NEAR), None)
        if ratio is not None:
            shown = f"{ratio:g}:1" if jump > 0 else f"1:{ratio:g}"
            said = f"opens at {row.open} after a close of {before.close}: a split of {shown}?"
            yield Strange(when(row), said)
