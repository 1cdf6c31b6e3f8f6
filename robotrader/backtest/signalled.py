"""A host whose strategy has computed its signals at once: bars that change nothing are passed over.

The strategy is told of a bar unless its signal is that of the bar before and the host is settled:
then it would do what it did at that one, which was nothing. The rest of what a bar does (warm-up,
dwell, sizes, stops) happens at every bar. Of a spread it is rows that are passed over: those
without a signal, while it holds nothing.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from robotrader.domain.errors import StrategyError
from robotrader.strategies import Frame, Signalling, Spreading, Told, ToldSpread
from robotrader.strategies.events import NOTHING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robotrader.domain import Bar, Quote
    from robotrader.strategies import Outcome, SpreadHost, StrategyHost


class Signalled:
    """See the module's prose.

    Args:
        host: its strategy is replaced by one that is told its signals.
        bars: those that the host will be told of, all of them and in that order.
        asks: whether the strategy is told of every bar, for the same result.

    Raises:
        StrategyError: the strategy has no ``signals``, or not as many as there are bars.
    """

    def __init__(self, host: StrategyHost, bars: Sequence[Bar], *, asks: bool) -> None:
        strategy, self.name = host.strategy, host.name
        if not isinstance(strategy, Signalling):
            msg = f"strategy {host.name} has no signals(frame): run it without signals"
            raise StrategyError(msg)
        self.bars, self.frame = bars, Frame.of(host.instrument.con_id, bars)
        found = strategy.signals(self.frame)
        if len(found) != len(bars):
            msg = (
                f"strategy {host.name} made {len(found)} signals of {len(bars)} bars: one for each"
            )
            raise StrategyError(msg)
        self._told = host.strategy = Told(strategy)
        self.signals, self._values, self._host, self._asks = found, found.tolist(), host, asks
        self._ends = self.frame.end_ns.tolist()
        self._at = 0
        self._live = False

    def bar(self, bar: Bar, *, live: bool = True) -> Outcome:
        """Take the next bar.

        Raises:
            StrategyError: it is not the next of the bars that there are signals of.
        """
        at = self._at
        if at == len(self._ends) or bar.end_ns != self._ends[at]:
            msg = f"strategy {self.name}: bar {at + 1} is none that its signals were made of"
            raise StrategyError(msg)
        self._at = at + 1
        signal, told, host = self._values[at], self._told, self._host
        if signal == told.signal and host.settled and host.ready and self._live and not self._asks:
            host.passes(bar)
            return NOTHING
        told.signal, self._live = signal, live and host.ready
        return host.bar(bar, live=live)

    @property
    def rests(self) -> bool:
        """Whether the strategy is told of no bar until its signal is another one."""
        return self._live and self._host.settled and self._host.ready and not self._asks

    def skip(self, bars: Sequence[Bar]) -> None:
        """Pass over the next bars, of all of which the strategy ``rests``."""
        self._at += len(bars)
        self._host.skip(bars)

    def quote(self, quote: Quote) -> Outcome:
        """Take a quote."""
        return self._host.quote(quote)


def signal_spread(host: SpreadHost, bars: Mapping[int, Sequence[Bar]], *, asks: bool) -> None:
    """Let a spread compute its signals of the rows that its bars will make.

    Args:
        host: its strategy is replaced by one that is told its signals.
        bars: of each contract, all that the host will be told of, in that order.
        asks: as for ``Signalled``.

    Raises:
        StrategyError: as for ``Signalled``.
    """
    strategy = host.strategy
    if not isinstance(strategy, Spreading):
        msg = f"strategy {host.name} has no signals(frames): run it without signals"
        raise StrategyError(msg)
    legs = [bars.get(each.con_id, ()) for each in host.instruments]
    ends = [np.array([bar.end_ns for bar in own], np.int64) for own in legs]
    rows = set(reduce(np.intersect1d, ends).tolist())
    frames = [
        Frame.of(each.con_id, [bar for bar in own if bar.end_ns in rows])
        for each, own in zip(host.instruments, legs, strict=True)
    ]
    host.strategy = told = ToldSpread(strategy, tuple(frames), asks=asks)
    host.skips = told.skips
