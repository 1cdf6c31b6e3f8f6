"""Prices of several contracts as one stream by time: bars that end together are one batch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from heapq import merge
from itertools import chain, groupby, islice, pairwise
from math import inf
from operator import attrgetter, length_hint
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from robotrader.domain import Quote, Trade
from robotrader.market.quality import DataError, bar_fault, quote_fault, trade_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date

    from robotrader.domain import Bar
    from robotrader.strategies import Frame

Prices: TypeAlias = "Sequence[Bar] | Quote | Trade"
"""Bars that end together, or one quote, or one trade that was printed."""

_END: Final = attrgetter("end_ns")
_AT_ONCE: Final = 512
"""Bars that are looked at before the first of them is passed on."""


class Series:
    """The bars of one contract, as batches of one; checked as they are taken.

    Args:
        bars: in the order of time.
        name: the contract's symbol, for errors.
    """

    def __init__(self, bars: Sequence[Bar], name: str) -> None:
        self.bars, self._name = bars, name

    def __iter__(self) -> Iterator[Sequence[Bar]]:
        """Yield them; raises as ``batches``."""
        return zip(checked(self.bars, self._name), strict=True)

    def check(self, frame: Frame) -> None:
        """Check all of them at once, by their columns; raises as ``batches``."""
        opened, high, low, close = frame.open, frame.high, frame.low, frame.close
        wap = np.array([each.wap for each in self.bars], np.float64)
        usable = (low > 0) & (low <= opened) & (opened <= high) & (high < inf)
        usable &= (low <= close) & (close <= high) & (frame.start_ns < frame.end_ns)
        usable &= (frame.volume >= 0) & (frame.volume < inf) & (wap >= 0) & (wap < inf)
        usable[:1] &= frame.start_ns[:1] >= 0
        usable[1:] &= frame.start_ns[1:] >= frame.end_ns[:-1]
        if not usable.all() or min((each.count for each in self.bars), default=0) < 0:
            for _ in checked(self.bars, self._name):
                pass  # the first that is not usable raises, and says why


def batches(bars: Mapping[int, Iterable[Bar]], names: Mapping[int, str]) -> Iterable[Sequence[Bar]]:
    """Return the bars of each contract, checked, as batches that end at the same time.

    ``names`` are the contracts' symbols, for errors.

    Raises:
        DataError: a bar is none, or not after the one before it; it names symbol, time and row.
    """
    if len(bars) == 1:
        ((con_id, own),) = bars.items()
        return Series(own if isinstance(own, Sequence) else tuple(own), names[con_id])
    return _together(bars, names)


def _together(
    bars: Mapping[int, Iterable[Bar]], names: Mapping[int, str]
) -> Iterator[Sequence[Bar]]:
    every = [bar for con_id, own in bars.items() for bar in checked(own, names[con_id])]
    every.sort(key=_END)  # stable: contracts keep their order
    for _, group in groupby(every, _END):
        yield list(group)


def checked(bars: Iterable[Bar], name: str) -> Iterator[Bar]:
    """Yield bars; see ``batches`` for errors."""
    return chain.from_iterable(_sound(iter(bars), name))


def _sound(bars: Iterator[Bar], name: str) -> Iterator[Sequence[Bar]]:
    """Yield them some at a time, which costs less than one by one."""
    row, end_ns = 1, 0
    while some := list(islice(bars, _AT_ONCE)):
        usable = _usable(some, end_ns)
        yield some[:usable]
        if usable < len(some):
            bad, end_ns = some[usable], some[usable - 1].end_ns if usable else end_ns
            raise DataError(f"{name}: bar {row + usable}, {_at(bad.start_ns)}: {_why(bad, end_ns)}")
        row, end_ns = row + usable, some[-1].end_ns


def _usable(bars: Sequence[Bar], end_ns: int) -> int:
    """Return how many bars are, up to the first that is not, after one that ended at a time."""
    left = iter(bars)
    for bar in left:
        low, high = bar.low, bar.high
        if not (  # as ``bar_fault`` says, which gives the reasons; floats with floats, for speed
            0.0 < low <= bar.open <= high < inf
            and low <= bar.close <= high
            and 0.0 <= bar.volume < inf
            and 0.0 <= bar.wap < inf
            and bar.count >= 0
            and end_ns <= bar.start_ns < bar.end_ns
        ):
            return len(bars) - length_hint(left) - 1
        end_ns = bar.end_ns
    return len(bars)


def _why(bar: Bar, end_ns: int) -> str:
    """Return what is wrong with a bar after one that ended at a time."""
    wrong = bar_fault(bar)
    if wrong is not None:
        return wrong.remedy
    said = f"it begins before the one before it has ended, at {_at(end_ns)}"
    return f"{said}; sort the data by time and remove what is there twice"


def with_ticks(
    bars: Iterable[Sequence[Bar]], ticks: Iterable[Quote | Trade], names: Mapping[int, str]
) -> Iterator[Prices]:
    """Yield batches of bars, and quotes and trades between them, by time.

    What came at the end of a bar comes before the bar, which contains it.

    Raises:
        DataError: a quote or a trade is none, or before one of its contract; it names symbol, time
            and row.
    """
    return merge(checked_ticks(ticks, names), bars, key=when)


def checked_ticks(
    ticks: Iterable[Quote | Trade], names: Mapping[int, str]
) -> Iterator[Quote | Trade]:
    """Yield quotes and trades; see ``with_ticks`` for errors."""
    last_ns = 0
    for row, tick in enumerate(ticks, 1):
        wrong = quote_fault(tick) if isinstance(tick, Quote) else trade_fault(tick)
        said = None if wrong is None else wrong.remedy
        if tick.time_ns < last_ns:
            said = f"it came before the one before it, of {_at(last_ns)}; sort the data by time"
        if said is not None:
            place = f"{names[tick.con_id]}: quote or trade {row}, {_at(tick.time_ns)}"
            raise DataError(f"{place}: {said}")
        last_ns = tick.time_ns
        yield tick


def when(prices: Prices) -> int:
    """Return the time of prices: a quote's or a trade's, or the end of bars."""
    return prices.time_ns if isinstance(prices, Quote | Trade) else prices[0].end_ns


def held_equally(
    bars: Mapping[int, Iterable[Bar]], days: Sequence[date], day_of: Callable[[int], date]
) -> tuple[float, ...]:
    """Return each day's mean return of all contracts, as if equal parts were held, without costs.

    A contract counts from its second day on; a day without any counts as 0.
    """
    closes = [{day_of(bar.start_ns): bar.close for bar in own} for own in bars.values()]
    sums, counts = dict.fromkeys(days, 0.0), dict.fromkeys(days, 0)
    for own in closes:
        for (_, before), (day, close) in pairwise(own.items()):
            if day in sums:
                sums[day] += close / before - 1
                counts[day] += 1
    return tuple(sums[day] / counts[day] if counts[day] else 0.0 for day in days)


def _at(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, UTC).isoformat(timespec="seconds")
