"""When trading is on during a run, as arrays: which orders meet the bar after them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np

from robotrader.research.loop import Flags, Whole
from robotrader.research.moves import Unfit
from robotrader.venue import AlwaysOpen, SessionTable
from robotrader.venue.sessions import SessionError

if TYPE_CHECKING:
    from robotrader.venue import Sessions


class Hours(msgspec.Struct, frozen=True):
    """When trading is on and when it ends, a row a session; times in nanoseconds."""

    opens: Whole
    closes: Whole
    rolls: Whole
    """The end of what belongs to a session."""

    @classmethod
    def of(cls, sessions: Sessions, at_ns: int, end_ns: int) -> Hours:
        """Return the sessions from a time to another, and the one after them; raises ``Unfit``."""
        if not isinstance(sessions, AlwaysOpen | SessionTable):
            msg = "sessions of another kind"
            raise Unfit(msg)
        rows: list[tuple[int, int, int]] = []
        while len(rows) < 2 or rows[-2][2] <= end_ns:
            rows.append(_row(sessions, at_ns))
            at_ns = rows[-1][2]
        return cls(*(np.array(each, np.int64) for each in zip(*rows, strict=True)))

    def of_times(self, times: Whole) -> Whole:
        """Return the row that each time belongs to."""
        return np.searchsorted(self.rolls, times, side="right")

    def open_at(self, times: Whole) -> Flags:
        """Say at which times trading is on."""
        row = self.of_times(times)
        return np.asarray((self.opens[row] <= times) & (times < self.closes[row]))

    def fills(self, asked: Whole, begins: Whole) -> Flags:
        """Say which orders, asked for at a bar's end, meet the beginning of the next bar."""
        row = self.of_times(asked)
        ends = self.closes[row + (asked >= self.closes[row])]
        return np.asarray(self.open_at(begins) & (begins < ends))


def _row(sessions: AlwaysOpen | SessionTable, at_ns: int) -> tuple[int, int, int]:
    """Return when the session of a time begins, ends and rolls."""
    if isinstance(sessions, AlwaysOpen):
        roll_ns = sessions.next_roll_ns(at_ns)
        return at_ns, roll_ns, roll_ns
    try:
        row = sessions.session(at_ns)
    except SessionError as error:
        raise Unfit(str(error)) from error
    return row.open_ns, row.close_ns, row.extended_close_ns
