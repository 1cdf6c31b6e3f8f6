"""One contract's market at a moment, as everybody who listens sees it."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from robotrader.domain import Quote, Trade

DAY_FIGURES: Final = ("high", "low", "close", "open")


class Ticker(msgspec.Struct):
    """One contract's market now; a price that is not known yet is 0.

    ``printed``, ``quoted`` and ``moved`` say what is new since the last tick: trade, quote, and
    which figures of the day.
    """

    con_id: int
    day: date
    quote: Quote
    trade: Trade
    open: float
    high: float
    low: float
    close: float
    """The close of the day before."""

    volume: float = 0.0
    printed: bool = True
    quoted: bool = True
    moved: tuple[str, ...] = ()

    def show(self, trade: Trade, day: date, close: float) -> None:
        """Take over a trade; ``close`` is that of the day before, if ``day`` is a new one."""
        price = trade.price
        if day != self.day or not self.open:
            self.moved = DAY_FIGURES
            self.day, self.close, self.volume = day, close, 0.0
            self.open = self.high = self.low = price
        elif price > self.high:
            self.high, self.moved = price, ("high",)
        elif price < self.low:
            self.low, self.moved = price, ("low",)
        self.trade = trade
        self.volume += trade.size

    def known(self) -> Ticker:
        """Return the same with all that is known of it as new: what a new listener is told."""
        return msgspec.structs.replace(self, printed=self.trade.price > 0, quoted=True, moved=())
