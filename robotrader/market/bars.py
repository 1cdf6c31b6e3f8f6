"""Bars made one tick or one smaller bar at a time, equal to the venue's own.

A bar covers a cell of ``cells``, is finished when its cell is over and is never changed after. A
cell without trades has no bar. A cell that was not watched from its beginning has none either: what
part of it is missing cannot be known, and backfill asks for it.
"""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import TYPE_CHECKING

from robotrader.domain import Bar

if TYPE_CHECKING:
    from robotrader.domain import Trade
    from robotrader.market.cells import Cell, Cells


class Skipped(StrEnum):
    """Why a tick or a smaller bar is in no bar."""

    CLOSED = "no bars are wanted at its time"
    LATE = "its bar is finished"
    PARTIAL = "its bar was not watched from the beginning"
    MISFIT = "it reaches over the end of its bar"


class _Sum:
    """A bar in the making."""

    __slots__ = ("cell", "close", "count", "high", "low", "open", "volume", "worth")

    def __init__(self, cell: Cell, price: float) -> None:
        self.cell = cell
        self.open = self.high = self.low = self.close = price
        self.volume = self.worth = 0.0
        self.count = 0

    def add(
        self, prices: tuple[float, float, float], volume: float, worth: float, count: int
    ) -> None:
        """Add the highest, the lowest and the last price of some trades, and how many they are."""
        high, low, self.close = prices
        self.high = max(self.high, high)
        self.low = min(self.low, low)
        self.volume += volume
        self.worth += worth
        self.count += count

    def bar(self, con_id: int) -> Bar:
        wap = round(self.worth / self.volume, 4) if self.volume else self.close
        return Bar(
            con_id, self.cell.start_ns, self.cell.end_ns, self.open, self.high, self.low,
            self.close, self.volume, wap, self.count,
        )  # fmt: skip


class BarBuilder:
    """Makes one contract's bars; see the module's prose.

    Args:
        con_id: the contract.
        cells: which times the bars cover.
        since_ns: since when the line is watched; earlier cells and the one of this time (unless
            it begins then) get no bar.
    """

    def __init__(self, con_id: int, cells: Cells, since_ns: int = 0) -> None:
        self.con_id = con_id
        self.cells = cells
        self.skipped: Counter[Skipped] = Counter()
        self._since_ns = since_ns
        self._done_ns = 0
        self._sum: _Sum | None = None

    @property
    def end_ns(self) -> int | None:
        """When the bar in the making ends; None if there is none."""
        return None if self._sum is None else self._sum.cell.end_ns

    def interrupted(self, now_ns: int) -> None:
        """Forget the bar in the making: the line was lost, and is watched again from ``now_ns``."""
        self._sum = None
        self._since_ns = max(self._since_ns, now_ns)

    def set_back(self, now_ns: int) -> None:
        """Our clock was ahead, and is set back: nothing was watched or finished after now."""
        self._since_ns, self._done_ns = min(self._since_ns, now_ns), min(self._done_ns, now_ns)
        if self._sum is not None and self._sum.cell.start_ns > now_ns:
            self._sum = None

    def trade(self, trade: Trade) -> tuple[Bar, ...]:
        """Take the next trade; return the bar that it shows to be over, if any."""
        made = self.advance(trade.time_ns)
        found = self._open(trade.time_ns, trade.time_ns + 1, trade.price)
        if found is not None:
            price, size = trade.price, trade.size
            found.add((price, price, price), size, price * size, 1)
        return made

    def bar(self, bar: Bar) -> tuple[Bar, ...]:
        """Take the next smaller bar; return what is finished: the one before, this one, or both."""
        made = self.advance(bar.start_ns)
        found = self._open(bar.start_ns, bar.end_ns, bar.open)
        if found is not None:
            prices = (bar.high, bar.low, bar.close)
            found.add(prices, bar.volume, bar.wap * bar.volume, bar.count)
        return made + self.advance(bar.end_ns)

    def advance(self, now_ns: int) -> tuple[Bar, ...]:
        """Say what time it is at the source; return the bar whose cell is over, if any."""
        found = self._sum
        if found is None or now_ns < found.cell.end_ns:
            return ()
        self._sum = None
        self._done_ns = found.cell.end_ns
        return (found.bar(self.con_id),)

    def _open(self, start_ns: int, end_ns: int, price: float) -> _Sum | None:
        """Return the sum that a time belongs to; None, counted, if it belongs to none."""
        found = self._sum
        why = None
        if found is None or not found.cell.start_ns <= start_ns < found.cell.end_ns:
            cell = self.cells.at(start_ns)
            why = self._why_not(cell, found)
            if cell is not None and why is None:
                found = _Sum(cell, price)
        if found is not None and why is None and end_ns > found.cell.end_ns:
            why = Skipped.MISFIT
        if why is not None:
            self.skipped[why] += 1
            return None
        self._sum = found
        return found

    def _why_not(self, cell: Cell | None, found: _Sum | None) -> Skipped | None:
        """Say why no bar of ``cell`` can begin; ``found`` is the one in the making."""
        if cell is None:
            return Skipped.CLOSED
        if found is not None or cell.start_ns < self._done_ns:
            return Skipped.LATE
        return Skipped.PARTIAL if cell.start_ns < self._since_ns else None
