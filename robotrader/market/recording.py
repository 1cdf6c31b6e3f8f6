"""What is known of one contract inside its days, as somebody recorded it: bars, trades, quotes.

Nothing is drawn here. A day with trades is those trades; a day with bars alone prints each bar's
four prices in the order that the venue takes them to have come in (``venue.walk``), a quarter of
its volume each: its open when it begins, its close just before it ends, the extremes between.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from robotrader.domain import Bar, Quote, Trade
from robotrader.market.hours import day_of, midnight_ns
from robotrader.venue.walk import bar_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

Event: TypeAlias = Trade | Quote
_T = TypeVar("_T", Bar, Trade, Quote)

_KEPT_DAYS: Final = 4
"""Days of events kept at once: the one that is replayed and those that are asked for."""

_PLACES: Final = (0.0, 1 / 3, 2 / 3, 0.999)
"""When a bar's four prices are printed, as parts of its length."""


def prints(bar: Bar) -> Iterator[Trade]:
    """Yield a bar's open, nearer extreme, other extreme and close as trades."""
    length = bar.end_ns - bar.start_ns
    quarter = bar.volume // 4
    sizes = (quarter, quarter, quarter, bar.volume - 3 * quarter)
    for place, price, size in zip(_PLACES, bar_path(bar), sizes, strict=True):
        yield Trade(bar.con_id, bar.start_ns + int(length * place), price, size)


class Recording:
    """Bars, trades and quotes of one contract, each in order of time.

    Args:
        bars: none overlaps another.
        trades: prints of the venue.
        quotes: the best bid and ask after each change.

    Raises:
        ValueError: there is nothing.
    """

    def __init__(
        self,
        bars: Sequence[Bar] = (),
        trades: Sequence[Trade] = (),
        quotes: Sequence[Quote] = (),
    ) -> None:
        self._bars, self._trades, self._quotes = bars, trades, quotes
        days = {day for day, _ in by_day(bars, "start_ns")}
        days |= {day for day, _ in by_day(trades, "time_ns")}
        self.days = sorted(days | {day for day, _ in by_day(quotes, "time_ns")})
        if not self.days:
            msg = "a recording needs a bar, a trade or a quote"
            raise ValueError(msg)
        self.events = lru_cache(_KEPT_DAYS)(self._events)

    @property
    def has_trades(self) -> bool:
        """Whether trades were recorded, and not bars alone."""
        return bool(self._trades)

    @property
    def first_ns(self) -> int:
        """When the first thing happened."""
        firsts = [each.start_ns for each in self._bars[:1]]
        firsts += [trade.time_ns for trade in self._trades[:1]]
        firsts += [quote.time_ns for quote in self._quotes[:1]]
        return min(firsts)

    def day_after(self, day: date) -> date | None:
        """Return the next day on which something happened; None after the last."""
        place = bisect_right(self.days, day)
        return self.days[place] if place < len(self.days) else None

    def days_back(self, day: date) -> list[date]:
        """Return the days before ``day``, the latest first."""
        return self.days[: bisect_left(self.days, day)][::-1]

    def bars(self, day: date) -> Sequence[Bar]:
        """Return the bars of a day."""
        return _part(self._bars, day, "start_ns")

    def trades(self, day: date) -> Sequence[Trade]:
        """Return the trades of a day, those of its bars if none were recorded."""
        known = _part(self._trades, day, "time_ns")
        return known or [trade for bar in self.bars(day) for trade in prints(bar)]

    def quotes(self, day: date) -> Sequence[Quote]:
        """Return the quotes of a day."""
        return _part(self._quotes, day, "time_ns")

    def _events(self, day: date) -> Sequence[Event]:
        """Return what happened on a day in order of time; a quote before a trade of its time."""
        both: list[Event] = [*self.quotes(day), *self.trades(day)]
        both.sort(key=attrgetter("time_ns"))
        return both

    def parts(self, day: date) -> Sequence[Bar]:
        """Return the smallest pieces of a day: its trades, each a bar without length, or bars."""
        known = _part(self._trades, day, "time_ns")
        return [_point(trade) for trade in known] or self.bars(day)


def _point(trade: Trade) -> Bar:
    at_ns, price = trade.time_ns, trade.price
    return Bar(trade.con_id, at_ns, at_ns, price, price, price, price, trade.size, price, 1)


def mids(quotes: Sequence[Quote], shown: str) -> Iterator[Bar]:
    """Yield quotes with both sides as bars without length: ``BID``, ``ASK`` or ``MIDPOINT``.

    ``BID_ASK`` opens at the bid and closes at the ask, as IBKR's bars of that kind do.
    """
    for quote in quotes:
        bid, ask = quote.bid, quote.ask
        if bid and ask:
            middle = (bid + ask) / 2
            first, last = {
                "BID": (bid, bid), "ASK": (ask, ask), "BID_ASK": (bid, ask),
            }.get(shown, (middle, middle))  # fmt: skip
            low, high = min(first, last), max(first, last)
            yield Bar(quote.con_id, quote.time_ns, quote.time_ns, first, high, low, last, 0.0)


def _part(items: Sequence[_T], day: date, field: str) -> Sequence[_T]:
    key = attrgetter(field)
    begin = bisect_left(items, midnight_ns(day), key=key)
    return items[begin : bisect_left(items, midnight_ns(day + timedelta(days=1)), begin, key=key)]


def by_day(items: Sequence[_T], field: str) -> Iterator[tuple[date, Sequence[_T]]]:
    """Yield each day in New York with its items, which are in order of the time in ``field``."""
    key, place = attrgetter(field), 0
    while place < len(items):
        day = day_of(key(items[place]))
        until = bisect_left(items, midnight_ns(day + timedelta(days=1)), place, key=key)
        yield day, items[place:until]
        place = until
