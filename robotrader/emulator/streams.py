"""Market data as it streams: quotes, tick-by-tick, five-second bars, depth.

Each tick type has its number in the TWS API. A price tick carries its size and the size comes again
by itself, as the real gateway does it.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from robotrader.emulator import contracts
from robotrader.emulator.market import seconds
from robotrader.emulator.ticker import DAY_FIGURES
from robotrader.emulator.timeline import SECOND_NS

if TYPE_CHECKING:
    from robotrader.domain import Quote
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link
    from robotrader.emulator.ticker import Ticker

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE, OPEN = (
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14,
)  # fmt: skip
LAST_TIME: Final = 45
RT_VOLUME: Final = 48
LENDING: Final = 46
SHARES: Final = 89
PLENTY: Final = Decimal(10_000_000)
"""Shares that are there where nothing limits them."""

DELAYED: Final = {BID: 66, ASK: 67, LAST: 68, BID_SIZE: 69, ASK_SIZE: 70, LAST_SIZE: 71, HIGH: 72,
                  LOW: 73, VOLUME: 74, CLOSE: 75, OPEN: 76, LAST_TIME: 88}  # fmt: skip
"""Tick types of delayed data."""

_FIGURES: Final = {"high": HIGH, "low": LOW, "close": CLOSE, "open": OPEN}
CAN_AUTO_EXECUTE: Final = 1
NO_PRICE: Final = -1.0
FIVE_SECONDS_NS: Final = 5 * SECOND_NS
DEPTH_ROWS: Final = 5
TICK_BY_TICK: Final = {"Last": 1, "AllLast": 2, "BidAsk": 3, "MidPoint": 4}


class Stream(msgspec.Struct):
    """One request that goes on: quotes, ``bars``, ``depth`` or a tick-by-tick kind."""

    link: Any
    req_id: int
    con_id: int
    kind: str
    generic: frozenset[str] = frozenset()
    delayed: bool = False
    bar: list[float] = []
    bar_ns: int = 0
    rows: int = 0


class Streams:
    """Who listens to what."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._by_contract: defaultdict[int, list[Stream]] = defaultdict(list)

    def add(self, stream: Stream) -> bool:
        """Begin a stream; False, with an error sent, if the client has too many or the id twice."""
        link: Link = stream.link
        if stream.req_id in link.streams:
            link.error(stream.req_id, 102, "Duplicate ticker ID.")
            return False
        if len(link.streams) >= self._gateway.limits.lines:
            link.error(stream.req_id, 101, "Max number of tickers has been reached")
            return False
        link.streams[stream.req_id] = stream
        self._by_contract[stream.con_id].append(stream)
        return True

    def remove(self, link: Link, req_id: int) -> bool:
        """End a stream; return whether there was one."""
        stream = link.streams.pop(req_id, None)
        if stream is None:
            return False
        self._by_contract[stream.con_id].remove(stream)
        return True

    def drop(self, link: Link) -> None:
        """End all streams of a connection."""
        for req_id in list(link.streams):
            self.remove(link, req_id)

    def drop_all(self) -> None:
        """End every stream, as a gateway does that lost its data (1101)."""
        for link in list(self._gateway.links.values()):
            self.drop(link)

    def ticked(self, ticker: Ticker) -> None:
        """Send a tick to everybody who listens."""
        for stream in list(self._by_contract.get(ticker.con_id, ())):
            _SENDERS[stream.kind](stream, ticker)

    def lends(self, con_id: int) -> None:
        """Tell everybody who wants to know what can be borrowed of a contract now."""
        for stream in self._by_contract.get(con_id, ()):
            _send_borrow(self._gateway, stream)


def _send_borrow(gateway: Gateway, stream: Stream) -> None:
    """Say how easily shares can be borrowed: 3 is easily, 2 if located, 1 not at all."""
    if stream.kind != "quotes" or "236" not in stream.generic or stream.delayed:
        return
    locates, number = gateway.books.locates, stream.req_id
    shares = locates.limited.get(stream.con_id, PLENTY)
    located = stream.con_id in locates.to_locate
    level = 1.0 if not shares else 2.0 if located else 3.0
    stream.link.tick((number, LENDING), "tickGeneric", reqId=number, tickType=LENDING, value=level)
    stream.link.tick((number, SHARES), "tickSize", reqId=number, tickType=SHARES, size=shares)


def _price(stream: Stream, kind: int, price: float, size: float) -> None:
    number = DELAYED[kind] if stream.delayed else kind
    stream.link.tick(
        (stream.req_id, number),
        "tickPrice",
        reqId=stream.req_id,
        tickType=number,
        price=price,
        size=Decimal(int(size)),
        attrMask=CAN_AUTO_EXECUTE if kind in {BID, ASK} else 0,
    )


def _size(stream: Stream, kind: int, size: float) -> None:
    number = DELAYED[kind] if stream.delayed else kind
    stream.link.tick(
        (stream.req_id, number),
        "tickSize",
        reqId=stream.req_id,
        tickType=number,
        size=Decimal(int(size)),
    )


def _text(stream: Stream, number: int, value: str) -> None:
    stream.link.tick(
        (stream.req_id, number), "tickString", reqId=stream.req_id, tickType=number, value=value
    )


def _send_quote(stream: Stream, ticker: Ticker) -> None:
    """Send what is new of trade and quote."""
    if ticker.printed:
        _send_trade(stream, ticker)
    if ticker.quoted:
        _send_sides(stream, ticker.quote)
    if ticker.moved:
        _send_day(stream, ticker, ticker.moved)
    if ticker.printed and "233" in stream.generic:
        _text(stream, RT_VOLUME, _rt_volume(ticker))


def _send_trade(stream: Stream, ticker: Ticker) -> None:
    trade = ticker.trade
    time = str(seconds(trade.time_ns))
    _text(stream, DELAYED[LAST_TIME] if stream.delayed else LAST_TIME, time)
    _price(stream, LAST, trade.price, trade.size)
    _size(stream, LAST_SIZE, trade.size)
    _size(stream, VOLUME, ticker.volume)


def _send_sides(stream: Stream, quote: Quote) -> None:
    """Send bid and ask; -1 is IBKR's price of a side that nobody quotes."""
    _price(stream, BID, quote.bid or NO_PRICE, quote.bid_size)
    _size(stream, BID_SIZE, quote.bid_size)
    _price(stream, ASK, quote.ask or NO_PRICE, quote.ask_size)
    _size(stream, ASK_SIZE, quote.ask_size)


def _rt_volume(ticker: Ticker) -> str:
    trade = ticker.trade
    millis = trade.time_ns // 1_000_000
    return f"{trade.price};{trade.size:.0f};{millis};{ticker.volume:.0f};{trade.price};true"


def _send_day(stream: Stream, ticker: Ticker, figures: tuple[str, ...]) -> None:
    for figure in figures:
        price = getattr(ticker, figure)
        if price:  # before the first trade there is none
            _price(stream, _FIGURES[figure], price, 0)


def _send_bar(stream: Stream, ticker: Ticker) -> None:
    """Collect five seconds, then send them: epoch seconds of their start."""
    if not ticker.printed:
        return
    now_ns, price, size = ticker.trade.time_ns, ticker.trade.price, ticker.trade.size
    start_ns = now_ns - now_ns % FIVE_SECONDS_NS
    if stream.bar and start_ns != stream.bar_ns:
        opened, high, low, close, volume, count, worth = stream.bar
        stream.link.send(
            "realtimeBar",
            reqId=stream.req_id,
            time=seconds(stream.bar_ns),
            open=opened,
            high=high,
            low=low,
            close=close,
            volume=Decimal(int(volume)),
            wap=round(worth / volume, 4) if volume else close,
            count=int(count),
        )
        stream.bar = []
    if not stream.bar:
        stream.bar = [price, price, price, price, 0.0, 0.0, 0.0]
        stream.bar_ns = start_ns
    bar = stream.bar
    bar[1], bar[2], bar[3] = max(bar[1], price), min(bar[2], price), price
    bar[4] += size
    bar[5] += 1
    bar[6] += price * size


def _send_depth(stream: Stream, ticker: Ticker) -> None:
    quote = ticker.quote
    if not (ticker.quoted and quote.bid and quote.ask):
        return
    for side, price, size, step in (
        (1, quote.bid, quote.bid_size, -0.01),
        (0, quote.ask, quote.ask_size, 0.01),
    ):
        for position in range(min(stream.rows, DEPTH_ROWS)):
            stream.link.tick(
                (stream.req_id, side, position),
                "mktDepth",
                reqId=stream.req_id,
                position=position,
                operation=1 if stream.bar_ns else 0,
                side=side,
                price=round(price + step * position, 4),
                size=Decimal(int(size) * (position + 1)),
            )
    stream.bar_ns = 1  # rows are there: from now on they are updated


def _send_tick_by_tick(stream: Stream, ticker: Ticker) -> None:
    trade, quote, kind = ticker.trade, ticker.quote, TICK_BY_TICK[stream.kind]
    of_quotes = stream.kind in {"BidAsk", "MidPoint"}
    if not (ticker.quoted and quote.bid and quote.ask if of_quotes else ticker.printed):
        return
    time = seconds(quote.time_ns if of_quotes else trade.time_ns)
    fields: dict[str, Any] = {"time": time, "tickType": kind, "mask": 0}
    if stream.kind == "BidAsk":
        fields |= {"bid": quote.bid, "ask": quote.ask}
        fields |= {"bidSize": Decimal(int(quote.bid_size)), "askSize": Decimal(int(quote.ask_size))}
    elif stream.kind == "MidPoint":
        fields = {"time": fields["time"], "tickType": kind, "mid": (quote.bid + quote.ask) / 2}
    else:
        fields |= {"price": trade.price, "size": Decimal(int(trade.size))}
        fields |= {"exchange": trade.exchange or "NASDAQ", "conditions": ""}
    stream.link.send("tickByTick", reqId=stream.req_id, **fields)


_SENDERS: Final = {
    "quotes": _send_quote,
    "bars": _send_bar,
    "depth": _send_depth,
    **dict.fromkeys(TICK_BY_TICK, _send_tick_by_tick),
}


# -- requests --


def _quotes(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    req_id = fields["reqId"]
    delayed = link.market_data_type in {3, 4}
    generic = frozenset(fields["genericTicks"].split(","))
    stream = Stream(link, req_id, instrument.con_id, "quotes", generic, delayed)
    ticker = gateway.listen_to(instrument.con_id)
    if not gateway.streams.add(stream):
        return
    ticker = ticker.known()
    if delayed:
        text = "Requested market data is not subscribed. Displaying delayed market data."
        link.error(req_id, 10167, text)
    link.send("marketDataType", reqId=req_id, type=link.market_data_type)
    tick = float(instrument.tick_table[-1][1])
    link.send(
        "tickReqParams", reqId=req_id, minTick=tick, bboExchange="9c0001", snapshotPermissions=3
    )
    _send_quote(stream, ticker)
    _send_day(stream, ticker, DAY_FIGURES)
    _send_borrow(gateway, stream)
    if fields["snapshot"] or fields["regulatorySnapshot"]:
        gateway.streams.remove(link, req_id)
        link.send("tickSnapshotEnd", reqId=req_id)


def _data_type(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    link.market_data_type = fields["type"]


def _begin(kind: str) -> Any:
    """Return the handler that begins a stream of ``kind`` (empty: the request names it)."""

    def begin(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
        instrument = contracts.one(gateway, link, fields)
        if instrument is None:
            return
        wanted = kind or fields["tickType"]
        if wanted not in _SENDERS:
            text = f"Error validating request:-'cz' : cause - Invalid tick type: {wanted}"
            link.error(fields["reqId"], 321, text)
            return
        stream = Stream(link, fields["reqId"], instrument.con_id, wanted)
        stream.rows = fields.get("numRows", 0)
        ticker = gateway.listen_to(instrument.con_id)
        if gateway.streams.add(stream) and wanted != "bars":
            _SENDERS[wanted](stream, ticker.known())

    return begin


def _end(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    req_id = fields["reqId"]
    if not gateway.streams.remove(link, req_id):
        link.error(req_id, 300, f"Can't find EId with tickerId:{req_id}")


HANDLERS: Final = {
    "reqMktData": _quotes,
    "cancelMktData": _end,
    "reqMarketDataType": _data_type,
    "reqRealTimeBars": _begin("bars"),
    "cancelRealTimeBars": _end,
    "reqMktDepth": _begin("depth"),
    "cancelMktDepth": _end,
    "reqTickByTickData": _begin(""),
    "cancelTickByTickData": _end,
}
