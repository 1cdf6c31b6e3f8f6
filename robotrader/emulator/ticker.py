"""One contract's market at a moment, as everybody who listens sees it."""

from __future__ import annotations

from datetime import date

import msgspec

from robotrader.domain import Quote, Trade


class Ticker(msgspec.Struct):
    """One contract's market now; a price that is not known yet is 0.

    ``printed`` and ``quoted`` say what is new since the last tick.
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

    def known(self) -> Ticker:
        """Return the same with all that is known of it as new: what a new listener is told."""
        return msgspec.structs.replace(self, printed=self.trade.price > 0, quoted=True)
