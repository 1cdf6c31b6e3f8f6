"""Requests for the ticks of the past: recorded ones as they were, drawn ones a minute apart."""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Quote, Trade
from robotrader.emulator import contracts
from robotrader.emulator.market import seconds
from robotrader.emulator.times import TimeError, parse
from robotrader.market.hours import MINUTE_NS, day_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link
    from robotrader.market.recording import Recording

MOST_TICKS: Final = 1_000
"""Historical ticks in one answer, as the real gateway."""

_DRAWN_SIZE: Final = 100
_HALF_SPREAD: Final = 0.01


def _ticks(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    try:
        found = _found(gateway, instrument.con_id, fields)
    except TimeError as error:
        text = f"Error validating request:-'cz' : cause - {error}"
        link.error(fields["reqId"], 321, text)
        return
    _SENDERS.get(fields["whatToShow"], _send_trades)(link, fields["reqId"], found)


def _found(gateway: Gateway, con_id: int, fields: dict[str, Any]) -> list[Trade | Quote]:
    """Return the ticks after the start, or those before the end, that are known now."""
    recording = gateway.market.source.recording(con_id)
    if recording is None:
        drawn = _drawn(gateway, con_id, _minutes(gateway, fields))
        return [_around(each) for each in drawn] if _of_quotes(fields) else list(drawn)
    now_ns, count = gateway.timeline.now_ns, min(fields["numberOfTicks"], MOST_TICKS)
    if fields["startDateTime"]:
        first_ns = parse(fields["startDateTime"])
        return list(islice(_after(recording, first_ns, now_ns, fields), count))
    end_ns = min(parse(fields["endDateTime"]), now_ns) if fields["endDateTime"] else now_ns
    return list(islice(_before(recording, end_ns, fields), count))[::-1]


def _of_quotes(fields: dict[str, Any]) -> bool:
    return fields["whatToShow"] in {"BID_ASK", "MIDPOINT"}


def _after(
    recording: Recording, first_ns: int, now_ns: int, fields: dict[str, Any]
) -> Iterator[Trade | Quote]:
    first, last = day_of(first_ns), day_of(now_ns)
    for day in (day for day in recording.days if first <= day <= last):
        for tick in _of_day(recording, day, fields):
            if first_ns <= tick.time_ns <= now_ns:
                yield tick


def _before(recording: Recording, end_ns: int, fields: dict[str, Any]) -> Iterator[Trade | Quote]:
    day = day_of(end_ns)
    for each in (day, *recording.days_back(day)):
        for tick in reversed(_of_day(recording, each, fields)):
            if tick.time_ns <= end_ns:
                yield tick


def _of_day(recording: Recording, day: date, fields: dict[str, Any]) -> list[Trade | Quote]:
    """Return a day's quotes or trades; of a day without quotes, such round its trades."""
    if not _of_quotes(fields):
        return list(recording.trades(day))
    quotes = [quote for quote in recording.quotes(day) if quote.bid and quote.ask]
    return list(quotes) or [_around(trade) for trade in recording.trades(day)]


def _around(trade: Trade) -> Quote:
    bid, ask = round(trade.price - _HALF_SPREAD, 4), round(trade.price + _HALF_SPREAD, 4)
    return Quote(trade.con_id, trade.time_ns, bid, ask, _DRAWN_SIZE, _DRAWN_SIZE)


def _drawn(gateway: Gateway, con_id: int, times: Iterable[int]) -> Iterator[Trade]:
    source = gateway.market.source
    for at_ns in times:
        for price in source.ticks(con_id, at_ns, 60)[:1]:
            yield Trade(con_id, at_ns, price, _DRAWN_SIZE)


def _minutes(gateway: Gateway, fields: dict[str, Any]) -> list[int]:
    """Return the minutes whose first prices are the ticks that are asked for."""
    count = min(fields["numberOfTicks"], MOST_TICKS)
    if fields["startDateTime"]:
        first_ns = parse(fields["startDateTime"]) // MINUTE_NS * MINUTE_NS
    else:
        end_ns = parse(fields["endDateTime"]) if fields["endDateTime"] else gateway.timeline.now_ns
        first_ns = (min(end_ns, gateway.timeline.now_ns) // MINUTE_NS - count) * MINUTE_NS
    times = (first_ns + minute * MINUTE_NS for minute in range(count))
    return [at_ns for at_ns in times if at_ns <= gateway.timeline.now_ns]


def _send_quotes(link: Link, req_id: int, found: list[Any]) -> None:
    ticks: list[dict[str, Any]] = [
        {
            "time": seconds(each.time_ns), "mask": 0, "bid": each.bid, "ask": each.ask,
            "bidSize": Decimal(int(each.bid_size)), "askSize": Decimal(int(each.ask_size)),
        }
        for each in found
    ]  # fmt: skip
    link.send("historicalTicksBidAsk", reqId=req_id, ticks=ticks, done=True)


def _send_middles(link: Link, req_id: int, found: list[Any]) -> None:
    ticks = [
        {
            "time": seconds(each.time_ns), "x": 0,
            "price": round((each.bid + each.ask) / 2, 6), "size": Decimal(0),
        }
        for each in found
    ]  # fmt: skip
    link.send("historicalTicks", reqId=req_id, ticks=ticks, done=True)


def _send_trades(link: Link, req_id: int, found: list[Any]) -> None:
    ticks = [
        {
            "time": seconds(each.time_ns), "mask": 0, "price": each.price,
            "size": Decimal(int(each.size)), "exchange": each.exchange or "NASDAQ",
            "conditions": "",
        }
        for each in found
    ]  # fmt: skip
    link.send("historicalTicksLast", reqId=req_id, ticks=ticks, done=True)


_SENDERS: Final = {"BID_ASK": _send_quotes, "MIDPOINT": _send_middles}

HANDLERS: Final = {"reqHistoricalTicks": _ticks}
