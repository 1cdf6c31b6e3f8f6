"""The days of a run that is followed without the engine, and when its orders may trade.

Prices come as batches that end together, of one contract or of several. What a day is, and whether
an order meets a bar, is asked of the venue's own sessions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.research import loop
from robotrader.research.accounted import track_of
from robotrader.research.columns import fees_of, terms_of
from robotrader.research.hours import Hours
from robotrader.research.moves import Unfit
from robotrader.research.paid import DIGITS
from robotrader.risk import SessionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.backtest import Setup
    from robotrader.domain import Bar
    from robotrader.performance import Track

_START: Final = attrgetter("start_ns")


class Day(msgspec.Struct, frozen=True, gc=False):
    """An exchange day: its batches, when they may trade, and what sales cost."""

    day: date
    begin: int
    end: int
    begin_ns: int
    """Where the day before has ended; of the first one its first bar's begin."""

    end_ns: int
    open_ns: int
    close_ns: int
    fees: tuple[int, int, int]


class Window:
    """See the module's prose.

    Args:
        setup: the run's.
        bars: the first of each batch, in the order of time, as the engine has checked them.
        begin_ns: what is before is history.

    Attributes:
        first: the first batch that is traded on.
        days: from there on.

    Raises:
        Unfit: nothing is traded on, or the sessions are of a kind that is not known.
    """

    def __init__(self, setup: Setup, bars: Sequence[Bar], begin_ns: int) -> None:
        self.setup = setup
        self.first = bisect_left(bars, begin_ns, key=_START)
        if self.first == len(bars):
            msg = "no bar in the window"
            raise Unfit(msg)
        self.hours = Hours.of(setup.sessions, bars[self.first].start_ns, bars[-1].end_ns)
        self.days = self._days(bars)

    def _days(self, bars: Sequence[Bar]) -> list[Day]:
        setup, hours = self.setup, self.hours
        opens, closes, rolls = (each.tolist() for each in (hours.opens, hours.closes, hours.rolls))
        found, at = [], self.first
        while at < len(bars):
            begin, start_ns = at, bars[at].start_ns
            row = bisect_right(rolls, start_ns)
            at = bisect_left(bars, rolls[row], lo=at + 1, key=_START)
            day, since_ns = setup.sessions.day_of(start_ns), rolls[row - 1] if row else start_ns
            fees = fees_of(terms_of(setup, day))
            found.append(Day(day, begin, at, since_ns, rolls[row], opens[row], closes[row], fees))
        return found

    def tracked(self, values: Sequence[int]) -> Track:
        """Return what an account was worth at the end of each day; raises ``Unfit`` for nothing."""
        if min(values) <= 0:
            raise Unfit(loop.STOPPED[loop.LOST])
        return track_of(self.setup.cash, tuple(each.day for each in self.days), values, DIGITS)

    def is_open(self, day: Day, now_ns: int) -> bool:
        """Whether the gate takes the market for open at the end of one of a day's bars."""
        if self.setup.always_open or day.open_ns <= now_ns < day.close_ns:
            return True
        return self.setup.session(now_ns) is SessionState.OPEN

    def meets(self, day: Day, asked_ns: int, begin_ns: int) -> bool:
        """Whether what was asked for then meets the beginning of a day's bar, the next one."""
        if day.open_ns <= asked_ns and begin_ns < day.close_ns:
            return True
        return bool(self.hours.fills(np.array([asked_ns]), np.array([begin_ns]))[0])
