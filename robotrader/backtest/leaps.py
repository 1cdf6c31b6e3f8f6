"""How far a run with signals may go at once: to the next bar that means something to somebody.

Between two such bars the signal is that of the bar before, the host is settled, no day ends, no
timer is due and no resting order can be met. What the bars between change (how many there were,
the last price) is taken over in one step, and the run is the same, to the byte.

The columns are those that the signals were made of; they say at once, for all bars, what
``checked`` says of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.backtest.feed import Series
    from robotrader.backtest.signalled import Signalled
    from robotrader.domain import Bar

_WINDOW: Final = 256
"""Bars that are first looked at for one that an order can meet; then four times as many."""


class Leaps:
    """See the module's prose.

    Args:
        series: the bars of the run, of one contract.
        signalled: its host, whose signals were made of the same bars.

    Raises:
        DataError: a bar is none; see ``batches``.
    """

    def __init__(self, series: Series, signalled: Signalled) -> None:
        frame = signalled.frame
        self.bars: Sequence[Bar] = series.bars
        series.check(frame)
        self._starts, self._ends = frame.start_ns, frame.end_ns
        self._lows, self._highs = frame.low, frame.high
        # A signal that is not known is none that was there before: NaN is not equal to NaN.
        news = np.flatnonzero(signalled.signals[1:] != signalled.signals[:-1]) + 1
        self._news = news.tolist()
        self._next = 0

    def until(self, at: int, day_ends_ns: int, due_ns: int) -> int:
        """Return the first bar from ``at`` on with a new signal, a new day or a timer due."""
        news, following = self._news, self._next
        while following < len(news) and news[following] < at:
            following += 1
        self._next = following
        end = news[following] if following < len(news) else len(self.bars)
        if end > at and self._starts[end - 1] >= day_ends_ns:
            end = at + int(np.searchsorted(self._starts[at:end], day_ends_ns))
        if end > at and self._ends[end - 1] >= due_ns:
            end = at + int(np.searchsorted(self._ends[at:end], due_ns))
        return end

    def met(self, at: int, end: int, reach: tuple[float, float, int]) -> int:
        """Return the first of these bars that an order can meet, ``end`` if none can."""
        low, high, until_ns = reach
        if self._starts[end - 1] >= until_ns:
            end = at + int(np.searchsorted(self._starts[at:end], until_ns))
        window = _WINDOW
        while at < end:
            stop = min(at + window, end)
            hit = (self._lows[at:stop] <= low) | (self._highs[at:stop] >= high)
            first = int(hit.argmax())
            if hit[first]:
                return at + first
            at, window = stop, 4 * window
        return end
