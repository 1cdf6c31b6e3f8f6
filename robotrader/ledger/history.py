"""One contract's trades in the order of the journal, so that any of them can still be corrected.

A correction changes what every later close realized: the lots are folded again from the nearest
checkpoint before it; of the newest trade, it alone. The newest trade is folded when somebody looks:
its commission nearly always follows it at once. Trades that no broker corrects any more are settled
into the base.
"""

from __future__ import annotations

from decimal import localcontext
from typing import Final

import msgspec

from robotrader.ledger.lots import Holding, Trade, book
from robotrader.ledger.money import EXACT

STEP: Final = 32
"""Trades between two checkpoints: what a correction of the newest trade folds again at most."""


class HistoryState(msgspec.Struct, frozen=True):
    """A history as it is kept in a snapshot."""

    base: Holding = Holding()
    trades: tuple[Trade, ...] = ()


class History:
    """See the module's prose."""

    def __init__(self, state: HistoryState | None = None) -> None:
        state = state or HistoryState()
        self.base = state.base
        self.trades: list[Trade] = list(state.trades)
        self._numbers = {trade.family: at for at, trade in enumerate(self.trades)}
        """Which trade each is, settled ones counted."""

        self._settled = 0
        self._points: dict[int, Holding] = {}
        """What was held before every so-manieth trade, settled ones counted."""

        self._before = self.base
        self._held: Holding | None = self.base
        """None: the newest trade is to be folded over what was before it."""

        self._fold(0)

    @property
    def held(self) -> Holding:
        """What all trades left."""
        held = self._held
        if held is None:
            with localcontext(EXACT):
                held = self._held = book(self._before, self.trades[-1])
        return held

    def state(self) -> HistoryState:
        """Return what a history like this one can be made of."""
        return HistoryState(self.base, tuple(self.trades))

    def find(self, family: str) -> Trade:
        """Return the trade of a family that is in here."""
        return self.trades[self._numbers[family] - self._settled]

    def add(self, trade: Trade) -> None:
        """Book one trade more."""
        number = self._numbers[trade.family] = self._settled + len(self.trades)
        before = self.held
        if number % STEP == 0:
            self._points[number] = before
        self.trades.append(trade)
        self._before, self._held = before, None

    def replace(self, trade: Trade) -> None:
        """Put a trade in the place of the one of the same family."""
        at = self._numbers[trade.family] - self._settled
        self.trades[at] = trade
        if at == len(self.trades) - 1:  # a commission, nearly always: it follows its fill
            self._held = None
        else:
            self._fold(at)

    def settle(self, before: int) -> list[str]:
        """Fold the trades of the days before that number for good; return their families."""
        count = 0
        while count < len(self.trades) and self.trades[count].rolled < before:
            count += 1
        if not count:
            return []
        self._held = self.held  # the newest trade may be among them
        settled, end = self.trades[:count], self._settled + count
        folded = end - end % STEP  # the newest checkpoint, if there is one
        if folded in self._points and folded > self._settled:
            self.base = self._points[folded]
        else:
            folded = self._settled
        for trade in settled[folded - self._settled :]:
            self.base = book(self.base, trade)
        for trade in settled:
            del self._numbers[trade.family]
        self.trades, self._settled = self.trades[count:], end  # what is held now is the same
        for number in [each for each in self._points if each < end]:
            del self._points[number]
        return [trade.family for trade in settled]

    def _fold(self, changed: int) -> None:
        """Fold again from the last checkpoint at or before a place."""
        number = self._settled + changed
        start = number - number % STEP
        if start in self._points:
            held = self._points[start]
        else:
            start, held = self._settled, self.base
        before = held
        for later in [each for each in self._points if each > start]:
            del self._points[later]
        for trade in self.trades[start - self._settled :]:
            if start % STEP == 0:
                self._points[start] = held
            before, held = held, book(held, trade)
            start += 1
        self._before, self._held = before, held
