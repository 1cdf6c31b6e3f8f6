"""Prices as candles, with what was traded on them: few enough to be looked at, none left out.

A long run has more bars than a page has room. Then a candle is several bars: the first one's open,
the last one's close, the extremes of all of them; and a mark is everything that was bought, or
sold, during a candle. How many bars a candle is stands beside it. Where candles are several bars, a
second chart has the last bars that were traded on, one by one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.domain import Side
from robotrader.performance import flat_trades

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from robotrader.backtest.result import Result
    from robotrader.domain import Bar
    from robotrader.ledger import Traded
    from robotrader.performance import RoundTrip

MOST: Final = 240
"""Candles of a chart: each is four units wide then."""

SYMBOLS: Final = 6
"""Contracts that are drawn, those with the most fills first: a page of hundreds is none."""

LINES: Final = 120
"""Trades that have a line from entry to exit: more of them hide the candles."""

_START: Final = attrgetter("start_ns")
_END: Final = attrgetter("end_ns")


class Candle(msgspec.Struct, frozen=True, gc=False):
    """Several bars as one; ``day`` is the first one's."""

    day: date
    open: float
    high: float
    low: float
    close: float


class Mark(msgspec.Struct, frozen=True, gc=False):
    """What was bought, or sold, during one candle: in how many fills, at which mean price."""

    at: int
    side: str
    qty: Decimal
    fills: int
    price: float


class TripLine(msgspec.Struct, frozen=True, gc=False):
    """A trade from its mean entry to its mean exit: candles and prices; a gain is after costs."""

    begin: int
    entry: float
    end: int
    exit: float
    gain: Decimal


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """One contract's candles with its trades. ``bars``: how many bars a candle is, at most."""

    symbol: str
    bars: int
    candles: tuple[Candle, ...]
    marks: tuple[Mark, ...]
    trips: tuple[TripLine, ...]
    trips_left_out: int
    """Trades without a line of their own; their fills have marks."""


class Charts(msgspec.Struct, frozen=True, kw_only=True):
    """All that are drawn, and how many contracts that were traded are not."""

    charts: tuple[Chart, ...]
    left_out: int


def charts_of(result: Result, bars: Mapping[int, Sequence[Bar]], begin_ns: int) -> Charts:
    """Return the charts of a run over bars; those before ``begin_ns`` are not drawn."""
    by_contract: defaultdict[int, list[Traded]] = defaultdict(list)
    for each in result.fills:
        by_contract[each.fill.con_id].append(each)
    counts = Counter({con_id: len(each) for con_id, each in by_contract.items()})
    found: list[Chart] = []
    for con_id, _ in counts.most_common(SYMBOLS):
        own = bars.get(con_id, ())
        drawn = _Drawn(result, con_id, own[bisect_left(own, begin_ns, key=_START) :])
        found += drawn.charts(by_contract[con_id])
    return Charts(charts=tuple(found), left_out=max(0, len(counts) - SYMBOLS))


class _Drawn:
    """One contract's bars, and where on them something was traded."""

    def __init__(self, result: Result, con_id: int, bars: Sequence[Bar]) -> None:
        known = {each.con_id: each for each in result.setup.instruments}
        self._instrument, self._bars = known[con_id], bars
        self._day_of = result.setup.sessions.day_of

    def charts(self, fills: Sequence[Traded]) -> list[Chart]:
        """Return all bars, several a candle where they are many, and then the last ones alone."""
        if not self._bars:
            return []
        multiplier = self._instrument.multiplier
        trips = flat_trades(fills, {self._instrument.con_id: multiplier})
        count = len(self._bars)
        each = -(-count // MOST)
        made = [self._chart(range(count), each, fills, trips)]
        if each > 1:
            last = min(self._bar_of(fills[-1].fill.time_ns) + MOST // 10, count)
            close = range(max(0, last - MOST), last)
            made.append(self._chart(close, 1, fills, trips))
        return made

    def _bar_of(self, time_ns: int) -> int:
        """Return the bar during which something happened; its end is part of it: the venue lets
        a bar happen when it has ended.
        """
        return min(bisect_left(self._bars, time_ns, key=_END), len(self._bars) - 1)

    def _chart(
        self, span: range, each: int, fills: Iterable[Traded], trips: Sequence[RoundTrip]
    ) -> Chart:
        begin, multiplier = span.start, float(self._instrument.multiplier)
        within = [
            trip
            for trip in trips
            if begin <= self._bar_of(trip.opened_ns) and self._bar_of(trip.closed_ns) < span.stop
        ]
        lines = within if len(within) <= LINES else []
        return Chart(
            symbol=self._instrument.symbol,
            bars=each,
            candles=tuple(
                self._candle(self._bars[at : min(at + each, span.stop)])
                for at in range(begin, span.stop, each)
            ),
            marks=self._marks(span, each, fills),
            trips=tuple(
                TripLine(
                    (self._bar_of(trip.opened_ns) - begin) // each, float(trip.entry) / multiplier,
                    (self._bar_of(trip.closed_ns) - begin) // each, float(trip.exit) / multiplier,
                    trip.gain,
                )
                for trip in lines
            ),
            trips_left_out=len(within) - len(lines),
        )  # fmt: skip

    def _candle(self, bars: Sequence[Bar]) -> Candle:
        return Candle(
            self._day_of(bars[0].start_ns),
            bars[0].open,
            max(bar.high for bar in bars),
            min(bar.low for bar in bars),
            bars[-1].close,
        )

    def _marks(self, span: range, each: int, fills: Iterable[Traded]) -> tuple[Mark, ...]:
        found: dict[tuple[int, str], list[Traded]] = {}
        for fill in fills:
            at = self._bar_of(fill.fill.time_ns)
            if at in span:
                found.setdefault(((at - span.start) // each, fill.fill.side), []).append(fill)
        made = []
        for (at, side), own in sorted(found.items()):
            qty = sum((one.fill.qty for one in own), Decimal(0))
            paid = sum((one.fill.qty * one.fill.price for one in own), Decimal(0))
            made.append(Mark(at, Side(side).value, qty, len(own), float(paid / qty)))
        return tuple(made)
