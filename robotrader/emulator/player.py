"""Replays what was recorded of one contract, each event at its own time.

Trades come as they were; quotes too, and where a day has none, one is drawn round each trade. What
lies before the time at which somebody begins to listen is not sent, but it is known: the last
trade, the last quote and the day's figures are those of that moment. Nothing that comes later is.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import TYPE_CHECKING

from robotrader.domain import Quote, Trade
from robotrader.emulator.ticker import Ticker
from robotrader.market.hours import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from robotrader.emulator.market import LiveMarket
    from robotrader.emulator.timeline import Timeline
    from robotrader.market.recording import Event, Recording


class Player:
    """See the module's prose. It begins at once and ends with the recording."""

    def __init__(
        self, market: LiveMarket, timeline: Timeline, con_id: int, recording: Recording
    ) -> None:
        self._market, self._timeline, self._recording = market, timeline, recording
        now_ns = timeline.now_ns
        self._open(day_of(now_ns))
        self._place = bisect_right(self._events, now_ns, key=attrgetter("time_ns"))
        self.ticker = self._begun(con_id)
        self._arm()

    def _open(self, day: date) -> None:
        self._day, self._place = day, 0
        self._events: Sequence[Event] = self._recording.events(day)
        self._quoted = bool(self._recording.quotes(day))

    # -- where it begins --

    def _begun(self, con_id: int) -> Ticker:
        """Return the market as it is now: of today's past, or of the day before it."""
        past = self._events[: self._place]
        trades = [event for event in past if isinstance(event, Trade)]
        quote, trade = self._last(past)
        drawn, nothing = self._market.around(con_id, trade.price if trade else 0.0)
        prices = [each.price for each in trades] or [0.0]
        close = self._market.source.previous_close(con_id, self._day)
        ticker = Ticker(
            con_id, self._day, quote or drawn, trade or nothing,
            prices[0], max(prices), min(prices), close, sum(each.size for each in trades),
        )  # fmt: skip
        ticker.printed, ticker.quoted = trade is not None, ticker.quote.bid > 0
        return ticker

    def _last(self, past: Sequence[Event]) -> tuple[Quote | None, Trade | None]:
        """Return the last quote and trade of today, or of the last day that has one."""
        days = self._recording.days_back(self._day)[:1]
        known = [*(event for day in days for event in self._recording.events(day)), *past]
        latest = known[::-1]
        quote = next((event for event in latest if isinstance(event, Quote)), None)
        return quote, next((event for event in latest if isinstance(event, Trade)), None)

    # -- what comes --

    def _arm(self) -> None:
        """Wait for the next event."""
        while self._place == len(self._events):
            day = self._recording.day_after(self._day)
            if day is None:
                return
            self._open(day)
        self._timeline.at(self._events[self._place].time_ns, self._play)

    def _play(self) -> None:
        event = self._events[self._place]
        self._place += 1
        if event.con_id not in self._market.quiet:
            self._happen(event)
        self._arm()

    def _happen(self, event: Event) -> None:
        if isinstance(event, Quote):
            self._market.take(self.ticker, None, event)
        else:
            drawn = None if self._quoted else self._market.around(event.con_id, event.price)[0]
            self._market.take(self.ticker, event, drawn)
