"""Streams of market data: what ``Lines`` wants is asked for, what comes is told, conflated.

Ticks only change the line's book; quotes are taken from it at most once in ``conflate_ms`` for each
line, so that a flood costs its reader nothing (D9). Trades and bars are all told.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters.ib import translate
from robotrader.domain import Bar, SecType
from robotrader.gateway import AskHistory, Lane, LineBook, LineChanged, Lines, StreamKind
from robotrader.gateway.codes import DATA_TYPES
from robotrader.gateway.lines import OpenStream
from robotrader.gateway.quotes import DELAYED_TYPES, LENDING, SHARES, possible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from robotrader.adapters.ib.wire import Wire
    from robotrader.domain import Instrument
    from robotrader.gateway.lines import LineEffect

SECOND_NS: Final = 1_000_000_000
MILLI_NS: Final = 1_000_000
BAR_NS: Final = 5 * SECOND_NS
LONGEST_GAP_NS: Final = 1800 * SECOND_NS
"""Longer ones are nights, or so old that the reader's own warm-up asks for them."""

SHORTEST_SPAN_S: Final = 30
BACKFILL: Final = 0
"""The request number of bars that nobody asked for: they fill a gap in a stream."""

RT_VOLUME: Final = "233"
"""The generic tick that gives trades with their time."""

BORROW: Final = "236"
"""The generic tick that says what can be sold short; other contracts than stocks have none."""


class DataDesk:
    """See the module's prose."""

    def __init__(
        self,
        wire: Wire,
        is_open: Callable[[Instrument, int], bool],
        ask_history: Callable[[AskHistory], None],
    ) -> None:
        self._wire = wire
        self._gap_ns = round(wire.settings.conflate_ms * MILLI_NS)
        self._ask_history = ask_history
        self.lines = Lines(wire.settings.lines, wire.next_req_id, is_open)
        self._books: dict[int, LineBook] = {}
        self._bar_ns: dict[int, int] = {}
        self._dirty: dict[int, LineBook] = {}
        self._flush_ns: dict[int, int] = {}
        self._flushing: asyncio.TimerHandle | None = None
        self.ticks = {1: self._price, 2: self._size, 45: self._number, 46: self._text}
        """Who takes the fields of a tick, by the message's number."""

        self.refused: Counter[str] = Counter()
        self.conflated = 0
        self.lag_ns = 0
        """Age of the newest trade when it came; with the clocks' difference in it."""

    # -- what is to be done --

    def do(self, effects: Iterable[LineEffect]) -> None:
        """Carry out what the lines want."""
        for effect in effects:
            if isinstance(effect, LineChanged):
                self._wire.sinks.data(effect)
            elif isinstance(effect, OpenStream):
                self._open(effect)
            else:
                self._close(effect.req_id, effect.kind)
        self._wire.changed()

    def _open(self, ask: OpenStream) -> None:
        number, con_id = ask.req_id, ask.instrument.con_id
        contract = translate.contract_of(ask.instrument)
        key = ("stream", number)
        if ask.kind is StreamKind.BARS:
            self._wire.send(
                Lane.DATA,
                lambda c: c.reqRealTimeBars(number, contract, 5, "TRADES", False, []),
                key=key,
            )
            return
        self._books[number] = LineBook(con_id)
        generic = RT_VOLUME
        if ask.instrument.sec_type is SecType.STOCK:
            generic = f"{RT_VOLUME},{BORROW}"
        self._wire.send(
            Lane.DATA,
            lambda c: c.reqMktData(number, contract, generic, False, False, []),
            key=key,
        )

    def _close(self, number: int, kind: StreamKind) -> None:
        self._retire(number)
        if self._wire.discard(("stream", number)) or not self._wire.connected:
            return
        if kind is StreamKind.BARS:
            self._wire.send(Lane.DATA, lambda client: client.cancelRealTimeBars(number))
        else:
            self._wire.send(Lane.DATA, lambda client: client.cancelMktData(number))

    def _retire(self, number: int) -> None:
        book = self._books.pop(number, None)
        self._dirty.pop(number, None)
        self._flush_ns.pop(number, None)
        if book is not None:
            self.refused += book.refused
            self.conflated += book.conflated

    # -- the connection --

    def connected(self) -> None:
        """Ask for everything that is wanted."""
        for number in list(self._books):
            self._retire(number)
        kind = self._wire.settings.market_data_type
        self._wire.send(Lane.DATA, lambda client: client.reqMarketDataType(kind))
        self.do(self.lines.connected(self._wire.now_ns()))

    def lost(self, why: str) -> None:
        """The connection has ended."""
        for number in list(self._books):
            self._retire(number)
        self.do(self.lines.lost(self._wire.now_ns(), why))

    def close(self) -> None:
        """End for good."""
        if self._flushing is not None:
            self._flushing.cancel()

    # -- what comes --

    def data_type(self, number: int, kind: int) -> None:
        """The broker says what a line's prices are."""
        data_class = DATA_TYPES.get(kind)
        if data_class is not None:
            self.do(self.lines.announced(number, data_class, self._wire.now_ns()))

    # Ticks are by far the most of what comes: their fields come from the decoder as they are. What
    # cannot be read is raised to it; what fails in our own code is caught here.

    def _price(self, fields: list[str]) -> None:
        """Take a price with its size; an empty one says nothing."""
        _, _, req_id, kind_text, price_text, size_text, _ = fields
        if not price_text:
            return
        number, kind = int(req_id), int(kind_text)
        price, size = float(price_text), float(size_text or 0)
        try:
            book = self._dirty.get(number) or self._heard(number, kind)
            if book is not None:
                book.price(kind, price, size)
        except Exception as error:  # noqa: BLE001 - crashes the actor, as in all of these
            self._wire.sinks.failed(error)

    def _size(self, fields: list[str]) -> None:
        number, kind, size = int(fields[2] or 0), int(fields[3] or 0), float(fields[4] or 0)
        try:
            if kind == SHARES:
                self._lent(number, kind, size)
                return
            book = self._dirty.get(number) or self._heard(number, kind)
            if book is not None:
                book.size(kind, size)
        except Exception as error:  # noqa: BLE001
            self._wire.sinks.failed(error)

    def _number(self, fields: list[str]) -> None:
        number, kind, value = int(fields[2] or 0), int(fields[3] or 0), float(fields[4] or 0)
        try:
            if kind == LENDING:
                self._lent(number, kind, value)
        except Exception as error:  # noqa: BLE001
            self._wire.sinks.failed(error)

    def _text(self, fields: list[str]) -> None:
        number, kind, text = int(fields[2] or 0), int(fields[3] or 0), fields[4]
        try:
            book = self._dirty.get(number) or self._heard(number, kind)
            if book is not None:
                book.text(kind, text)
        except Exception as error:  # noqa: BLE001
            self._wire.sinks.failed(error)

    def _lent(self, number: int, kind: int, value: float) -> None:
        """What can be borrowed: no sign that prices come."""
        book = self._books.get(number)
        said = None if book is None else book.lent(kind, value)
        if said is not None:
            self._wire.sinks.data(said)

    def _heard(self, number: int, kind: int) -> LineBook | None:
        """Note the first tick of a line since it was told; later ones find its book dirty."""
        book = self._books.get(number)
        if book is None:
            self.refused["tick of no line"] += 1
            return None
        self._dirty[number] = book
        effects = self.lines.heard(number, self._wire.now_ns(), delayed=kind in DELAYED_TYPES)
        if effects:
            self.do(effects)
        return book

    def bar(self, number: int, raw: tuple[Any, ...]) -> None:
        """Five seconds are over."""
        con_id = self.lines.con_id(number)
        if con_id is None:
            self.refused["bar of no line"] += 1
            return
        start_s, opened, high, low, close, volume, wap, count = raw
        start_ns = int(start_s) * SECOND_NS
        prices = (opened, high, low, close)
        if not all(map(possible, prices)) or not 0 < low <= min(prices) <= max(prices) <= high:
            self.refused["bar"] += 1
            return
        if start_ns <= self._bar_ns.get(con_id, 0):
            self.refused["old bar"] += 1
            return
        self._find_gap(number, start_ns)
        self._bar_ns[con_id] = start_ns
        self.do(self.lines.heard(number, self._wire.now_ns()))
        end_ns = start_ns + BAR_NS
        bar = Bar(con_id, start_ns, end_ns, opened, high, low, close, max(volume, 0.0), wap, count)
        self._wire.sinks.data(bar)

    def _find_gap(self, number: int, start_ns: int) -> None:
        """Ask for the bars that did not come, with one of overlap; nights are no gaps (D2)."""
        instrument = self.lines.instrument(number)
        if instrument is None:
            return
        last_ns = self._bar_ns.get(instrument.con_id)
        missed_ns = 0 if last_ns is None else start_ns - last_ns - BAR_NS
        if 0 < missed_ns <= LONGEST_GAP_NS:
            seconds = max(SHORTEST_SPAN_S, (missed_ns + BAR_NS) // SECOND_NS)
            ask = AskHistory(
                BACKFILL, instrument, f"{seconds} S", "5 secs", start_ns, regular_hours=False
            )
            self._ask_history(ask)

    # -- what is told --

    def flush(self, now_ns: int) -> None:
        """Tell what has come, after each read of the socket: lines in turn, none too often."""
        dirty, due_ns, tell = self._dirty, self._flush_ns, self._wire.sinks.data
        if not dirty:
            return
        try:
            for number in tuple(dirty):
                if due_ns.get(number, 0) <= now_ns:
                    due_ns[number] = now_ns + self._gap_ns
                    book, market_ns = dirty.pop(number), self._wire.market_ns()
                    for trade in book.take_trades():
                        self.lag_ns = market_ns - trade.time_ns
                        tell(trade)
                    quote = book.take_quote(market_ns)
                    if quote is not None:
                        tell(quote)
        except Exception as error:  # noqa: BLE001 - neither the transport nor a timer would say it
            self._wire.sinks.failed(error)
        if dirty and self._flushing is None:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(self._gap_ns / SECOND_NS, self._later)

    def _later(self) -> None:
        self._flushing = None
        self.flush(self._wire.now_ns())
