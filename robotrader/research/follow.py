"""One strategy after another on the same bars, by the loop: the engine's figures, or none.

See ``loop``, ``moves`` and ``columns`` for what it knows. Whatever they do not know is ``Unfit``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from robotrader.research import loop
from robotrader.research.accounted import figures_of_account, track_of
from robotrader.research.columns import columns_of
from robotrader.research.moves import Tables, Unfit
from robotrader.strategies import Frame, Signalling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.backtest import Setup
    from robotrader.domain import Bar
    from robotrader.research.loop import Floats, Whole
    from robotrader.research.moves import Table
    from robotrader.research.trial import Figures
    from robotrader.strategies import Strategy, StrategyHost


class Loops(Protocol):
    """``loop.news`` and ``loop.run``, as they are or compiled."""

    @property
    def news(self) -> Any:
        """See ``loop.news``."""

    @property
    def run(self) -> Any:
        """See ``loop.run``."""


class Follower:
    """See the module's prose.

    Args:
        setup: the runs'; of one contract.
        bars: all of them, as the engine has checked them.
        begin_ns: what is before is history.
        name: of the strategy, as limits know it.
        loops: who computes.
        rows: how many fills are kept.

    Attributes:
        frame: the bars as columns, which all strategies share.
        fills: the last run's, a row each: bar, shares, price and commission in units.

    Raises:
        Unfit: it knows no run of that setup.
    """

    def __init__(
        self,
        setup: Setup,
        bars: Sequence[Bar],
        *,
        begin_ns: int,
        name: str,
        loops: Loops = loop,
        rows: int = 0,
    ) -> None:
        (instrument,) = setup.instruments
        if not bars:
            msg = "no bar in the window"
            raise Unfit(msg)
        self.frame = Frame.of(instrument.con_id, bars)
        self.columns = columns_of(setup, bars, self.frame, begin_ns=begin_ns, name=name)
        self._loops, self._cash = loops, setup.cash
        self._tables = Tables(instrument)
        self._at, self._codes = (np.zeros(len(bars), np.int64) for _ in range(2))
        self._values = np.zeros(len(self.columns.days), np.int64)
        self._account = np.zeros(loop.SIZE, np.int64)
        self.fills: Whole = np.zeros((rows, 4), np.int64)

    def signals(self, strategy: Strategy[Any, Any]) -> Floats:
        """Return a strategy's signals.

        Raises:
            Unfit: it has none, or not one for each bar, or is not one for tables.
        """
        if not isinstance(strategy, Signalling):
            msg = "it has no signals(frame)"
            raise Unfit(msg)
        self._tables.of(strategy)  # who is unfit need not compute
        found = np.ascontiguousarray(strategy.signals(self.frame), np.float64)
        if found.shape != self._at.shape:
            msg = "its signals are not one for each bar"
            raise Unfit(msg)
        return found

    def figures(self, host: StrategyHost, signals: Floats) -> Figures:
        """Return what the engine would make of a host whose strategy has these signals.

        Raises:
            Unfit: only the engine can.
        """
        table, count = self._news(host.strategy, signals)
        ended = self._loops.run(
            self._at[:count], self._codes[:count], host.warmup_bars, table.moves,
            self.columns.market, self.columns.rules, self._values, self._account, self.fills,
        )  # fmt: skip
        if ended != loop.DONE:
            raise Unfit(loop.STOPPED[ended])
        return self._figures()

    def _news(self, strategy: Strategy[Any, Any], signals: Floats) -> tuple[Table, int]:
        """Find the bars with another signal, and ask the strategy for what is not known."""
        while True:
            table = self._tables.of(strategy)
            count = self._loops.news(signals, table.known, self._at, self._codes)
            if count >= 0:
                break
            table.learn([float(signals[-1 - count])])
        if table.largest > self.columns.largest:
            msg = "an order of more shares than pass, or than are exact"
            raise Unfit(msg)
        return table, count

    def _figures(self) -> Figures:
        found = self.columns
        track = track_of(self._cash, found.days, self._values.tolist(), found.digits)
        return figures_of_account(track, self._account.tolist(), is_free=found.rules.is_free)
