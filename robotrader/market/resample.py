"""Longer bars of shorter ones, by the exchange's sessions: 1 min to 5 min, an hour, a day.

Bars of up to an hour are made by what makes them live (``bars.BarBuilder`` over ``cells.Cells``):
at multiples of their length, cut where a session opens or closes, so that none has prices of two
phases. A day is the regular session, whatever its length. What was not traded has no bar, and what
lies in no session is left out and counted. Order does not matter: a day of hours is a day of
minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.market.bars import BarBuilder
from robotrader.market.cells import HOUR_NS, Cells
from robotrader.market.lengths import written
from robotrader.market.quality import DataError
from robotrader.market.series import Daily
from robotrader.venue import SessionTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.venue import Session


def resampled(
    bars: Sequence[Bar], length_ns: int, sessions: tuple[Session, ...]
) -> tuple[list[Bar], int]:
    """Return bars of ``length_ns``, and how many of ``bars`` are in none of them.

    Args:
        bars: of one contract, in order of time, none overlapping another.
        length_ns: divides an hour, and is a multiple of the length of each of ``bars``.
        sessions: of the exchange, all the time of ``bars`` among them.

    Raises:
        DataError: the length does not divide an hour, or is shorter than what there is.
    """
    if not bars:
        return [], 0
    if HOUR_NS % length_ns:
        msg = (
            f"bars of {written(length_ns)} cannot be made: use a length that divides an hour, or 1d"
        )
        raise DataError(msg)
    longest_ns = max(bar.end_ns - bar.start_ns for bar in bars)
    if longest_ns > length_ns:
        msg = (
            f"bars of {written(length_ns)} cannot be made of bars of {written(longest_ns)}: "
            "use longer ones, or import shorter ones"
        )
        raise DataError(msg)
    cells = Cells(length_ns, SessionTable(sessions), outside_rth=True)
    builder = BarBuilder(bars[0].con_id, cells)
    made: list[Bar] = []
    for bar in bars:
        made += builder.bar(bar)
    made += builder.advance(builder.end_ns or 0)
    return made, sum(builder.skipped.values())


def days_of_bars(bars: Sequence[Bar], sessions: Sequence[Session]) -> list[Daily]:
    """Return a day for each session in which a bar begins, of its regular hours alone."""
    made: list[Daily] = []
    place = 0
    for session in sessions:
        while place < len(bars) and bars[place].start_ns < session.open_ns:
            place += 1
        begin = place
        while place < len(bars) and bars[place].start_ns < session.close_ns:
            place += 1
        if place > begin:
            made.append(_day(session, bars[begin:place]))
    return made


def _day(session: Session, bars: Sequence[Bar]) -> Daily:
    return Daily(
        session.day,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )
