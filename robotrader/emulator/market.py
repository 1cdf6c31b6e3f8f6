"""What the emulated market looks like now: quotes, last trades and the day's figures, ticking.

Every contract that somebody listens to or has an order in ticks, the others are computed when
somebody asks. Where prices are drawn, a tick is a trade and the quote round it, at equal steps;
what was recorded comes when it came (``player``).
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

from robotrader.domain import Quote, SecType, Trade
from robotrader.emulator.player import Player
from robotrader.emulator.ticker import Ticker
from robotrader.emulator.timeline import SECOND_NS
from robotrader.market.hours import MINUTE_NS, day_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.emulator.timeline import Timeline
    from robotrader.market.synthetic import SyntheticMarket

SIZES: Final = (100, 200, 300, 500, 800)
"""Sizes that quotes and trades are drawn from, in shares."""


class LiveMarket:
    """Lets time pass over a market.

    Args:
        source: where prices come from.
        timeline: when it is.
        ticks_a_minute: from 4 up, where prices are drawn.
        on_tick: told of every tick.
    """

    def __init__(
        self,
        source: SyntheticMarket,
        timeline: Timeline,
        ticks_a_minute: int,
        on_tick: Callable[[Ticker], None],
    ) -> None:
        self.source = source
        self.step_ns = MINUTE_NS // ticks_a_minute
        self.tickers: dict[int, Ticker] = {}
        self.quiet: set[int] = set()
        self._count = ticks_a_minute
        self._timeline = timeline
        self._on_tick = on_tick
        self._minute: dict[int, tuple[int, list[float]]] = {}
        self._drawn: list[Ticker] = []

    def watch(self, con_id: int) -> Ticker:
        """Let a contract tick from now on; return its market."""
        ticker = self.tickers.get(con_id)
        if ticker is None:
            recording = self.source.recording(con_id)
            if recording is None:
                ticker = self._draw(con_id)
            else:
                ticker = Player(self, self._timeline, con_id, recording).ticker
            self.tickers[con_id] = ticker
        return ticker

    def _draw(self, con_id: int) -> Ticker:
        ticker = self._first(con_id, self._price(con_id, self._timeline.now_ns))
        if not self._drawn:
            self._arm()
        self._drawn.append(ticker)
        return ticker

    def _arm(self) -> None:
        now_ns = self._timeline.now_ns
        self._timeline.at(now_ns - now_ns % self.step_ns + self.step_ns, self._tick)

    def _tick(self) -> None:
        now_ns = self._timeline.now_ns
        for ticker in list(self._drawn):
            price = self._price(ticker.con_id, now_ns)
            if price is not None and ticker.con_id not in self.quiet:
                self.show(ticker, price)
        self._arm()

    def _price(self, con_id: int, now_ns: int) -> float | None:
        """Return the price at a time, None while the market is closed."""
        start_ns = now_ns - now_ns % MINUTE_NS
        known = self._minute.get(con_id)
        if known is None or known[0] != start_ns:
            known = (start_ns, self.source.ticks(con_id, start_ns, self._count))
            self._minute[con_id] = known
        return known[1][(now_ns - start_ns) // self.step_ns] if known[1] else None

    def _first(self, con_id: int, price: float | None) -> Ticker:
        day = day_of(self._timeline.now_ns)
        close = self.source.previous_close(con_id, day)
        price = close if price is None else price
        daily = self.source.daily(con_id, day)
        opened = price if daily is None else daily.open
        quote, trade = self.around(con_id, price)
        high, low = max(opened, price), min(opened, price)
        known = price > 0
        return Ticker(con_id, day, quote, trade, opened, high, low, close, 0.0, known, known)

    def around(self, con_id: int, price: float) -> tuple[Quote, Trade]:
        """Draw a trade at ``price`` and a quote of a cent or two round it; no price, no quote."""
        now_ns = self._timeline.now_ns
        if not price:
            return Quote(con_id, now_ns, 0.0, 0.0, 0.0, 0.0), Trade(con_id, now_ns, 0.0, 0.0)
        rng = Random(f"{con_id}/{now_ns}")
        tick = 0.01 if price >= 1 else 0.0001
        bid = round(price - tick * rng.choice((0, 1, 1)), 4)
        ask = round(bid + tick * rng.choice((1, 1, 2)), 4)
        quote = Quote(con_id, now_ns, bid, ask, rng.choice(SIZES), rng.choice(SIZES))
        return quote, Trade(con_id, now_ns, price, rng.choice(SIZES))

    def show(self, ticker: Ticker, price: float, quote: Quote | None = None) -> None:
        """Let a contract trade at ``price`` now, with that quote or one round it."""
        if price:
            drawn, trade = self.around(ticker.con_id, price)
            self.take(ticker, trade, quote or drawn)

    def take(self, ticker: Ticker, trade: Trade | None, quote: Quote | None) -> None:
        """Let a trade, a quote or both happen."""
        ticker.printed, ticker.quoted, ticker.moved = trade is not None, quote is not None, ()
        if trade is not None:
            day = day_of(self._timeline.now_ns)
            new = day != ticker.day or not ticker.open
            ticker.show(trade, day, self.source.previous_close(ticker.con_id, day) if new else 0.0)
        ticker.quote = quote or ticker.quote
        self._on_tick(ticker)

    def is_index(self, con_id: int) -> bool:
        """Say whether a contract is only watched."""
        return self.source.series[con_id].instrument.sec_type is SecType.INDEX


def seconds(now_ns: int) -> int:
    """Return whole seconds since 1970."""
    return now_ns // SECOND_NS
