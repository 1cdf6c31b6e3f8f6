"""Requests for the past: bars, ticks, the first time there is, schedules, histograms."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Bar
from robotrader.emulator import contracts
from robotrader.emulator.market import seconds
from robotrader.emulator.timeline import SECOND_NS
from robotrader.emulator.times import TimeError, bar_time, local, parse
from robotrader.market.durations import DAY_S, DurationError, bar_seconds, duration
from robotrader.market.history import bars as past_bars
from robotrader.market.synthetic import MINUTE_NS

if TYPE_CHECKING:
    from robotrader.domain import Instrument
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

SHOWN: Final = frozenset(
    {"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "SCHEDULE"}
)
MOST_TICKS: Final = 1_000
"""Historical ticks in one answer, as the real gateway."""

_SERVICE: Final = "Historical Market Data Service error message:"
_HALF_SPREAD: Final = {"BID": -0.005, "ASK": 0.005, "BID_ASK": 0.0, "MIDPOINT": 0.0}


class HistoryError(ValueError):
    """A request that cannot be answered; ``code`` is IBKR's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _bars(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    try:
        _answer_bars(gateway, link, fields, instrument)
    except HistoryError as error:
        link.error(fields["reqId"], error.code, str(error))
    except (DurationError, TimeError, ValueError) as error:
        text = f"Error validating request:-'bO' : cause - {error}"
        link.error(fields["reqId"], 321, text)


def _answer_bars(
    gateway: Gateway, link: Link, fields: dict[str, Any], instrument: Instrument
) -> None:
    shown = fields["whatToShow"]
    if shown not in SHOWN:
        msg = f"Invalid whatToShow {shown!r}: use one of {', '.join(sorted(SHOWN))}"
        raise ValueError(msg)
    now_ns = gateway.timeline.now_ns
    end_ns = min(parse(fields["endDateTime"]), now_ns) if fields["endDateTime"] else now_ns
    if shown == "SCHEDULE":
        _answer_schedule(gateway, link, fields, end_ns)
        return
    bar_s = bar_seconds(fields["barSize"])
    _pace(gateway, fields, instrument, bar_s)
    start_ns = _start_ns(gateway, end_ns, duration(fields["duration"]))
    found = past_bars(gateway.market.source, instrument.con_id, start_ns, end_ns, bar_s)
    if not found:
        what = f"{instrument.symbol}@{instrument.exchange} {shown}"
        raise HistoryError(162, f"{_SERVICE}HMDS query returned no data: {what}")
    found = [_as_shown(bar, shown) for bar in found]
    _send_bars(link, fields, found, (start_ns, end_ns), bar_s)
    if fields["keepUpToDate"]:
        _keep(gateway, link, fields, instrument.con_id, bar_s)


def _pace(gateway: Gateway, fields: dict[str, Any], instrument: Instrument, bar_s: int) -> None:
    asked = {key: str(value) for key, value in fields.items() if key != "reqId"}
    broken = gateway.pacing.violation(
        gateway.timeline.now_ns,
        bar_s=bar_s,
        request=tuple(sorted(asked.items())),
        line=(instrument.con_id, fields["exchange"], fields["whatToShow"]),
        weight=2 if fields["whatToShow"] == "BID_ASK" else 1,
    )
    if broken:
        raise HistoryError(162, f"{_SERVICE}Historical data request pacing violation")


def _start_ns(gateway: Gateway, end_ns: int, span: timedelta) -> int:
    """Return where a duration begins: whole days are days of the market, from their opening."""
    if span < timedelta(days=1):
        return end_ns - int(span.total_seconds()) * SECOND_NS
    source = gateway.market.source
    day = local(end_ns - 1).date()
    if source.hours.opening_ns(day) < end_ns and source.trades_on(day):
        span -= timedelta(days=1)
    while span > timedelta(0) or not source.trades_on(day):
        day -= timedelta(days=1)
        span -= timedelta(days=1) if span.days > 1 or source.trades_on(day) else timedelta(0)
    return source.hours.opening_ns(day)


def _as_shown(bar: Bar, shown: str) -> Bar:
    """Return a bar of bids, asks or mid-points for one of trades: these have no volume."""
    if shown not in _HALF_SPREAD:
        return bar
    off = _HALF_SPREAD[shown]
    low = bar.low - 0.005 if shown == "BID_ASK" else bar.low + off
    high = bar.high + 0.005 if shown == "BID_ASK" else bar.high + off
    return Bar(
        bar.con_id,
        bar.start_ns,
        bar.end_ns,
        bar.open + off,
        high,
        low,
        bar.close + off,
        0.0,
        0.0,
        0,
    )


def _fields_of(bar: Bar, link: Link, asked: dict[str, Any], bar_s: int) -> dict[str, Any]:
    epoch = asked["formatDate"] == 2
    return {
        "date": bar_time(bar.start_ns, link.version, daily=bar_s >= DAY_S, epoch=epoch),
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": Decimal(int(bar.volume)),
        "wap": bar.wap,
        "barCount": bar.count,
    }


def _send_bars(
    link: Link, asked: dict[str, Any], found: list[Bar], span: tuple[int, int], bar_s: int
) -> None:
    req_id = asked["reqId"]
    start, end = (local(edge_ns).strftime("%Y%m%d  %H:%M:%S") for edge_ns in span)
    rows = [_fields_of(bar, link, asked, bar_s) for bar in found]
    link.send("historicalData", reqId=req_id, start=start, end=end, bars=rows)
    if link.version >= 196:
        link.send("historicalDataEnd", reqId=req_id, start=start, end=end)


def _keep(gateway: Gateway, link: Link, fields: dict[str, Any], con_id: int, bar_s: int) -> None:
    """Send the bar under way after every tick until the request is cancelled."""
    req_id = fields["reqId"]
    gateway.listen_to(con_id)
    link.watches[f"bars {req_id}"] = True

    def update() -> None:
        if not link.started or f"bars {req_id}" not in link.watches:
            return
        now_ns = gateway.timeline.now_ns
        start_ns = now_ns - bar_s * SECOND_NS
        if bar_s < DAY_S:  # yesterday's last bar is not under way today
            start_ns = max(start_ns, _start_ns(gateway, now_ns, timedelta(days=1)))
        last = past_bars(gateway.market.source, con_id, start_ns, now_ns, bar_s)
        if last:
            bar = last[-1]
            shown = {**_fields_of(bar, link, fields, bar_s), "barCount": bar.count}
            link.send("historicalDataUpdate", reqId=req_id, **shown)
        gateway.timeline.after(5, update)

    gateway.timeline.after(5, update)


def _cancel_bars(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    req_id = fields["reqId"]
    if link.watches.pop(f"bars {req_id}", None) is None:
        link.error(req_id, 366, f"No historical data query found for ticker id:{req_id}")
        return
    link.error(req_id, 162, f"{_SERVICE}API historical data query cancelled: {req_id}")


def _answer_schedule(gateway: Gateway, link: Link, fields: dict[str, Any], end_ns: int) -> None:
    source, days = gateway.market.source, duration(fields["duration"]).days or 1
    sessions = []
    for offset in range(days - 1, -1, -1):
        day = local(end_ns).date() - timedelta(days=offset)
        if source.trades_on(day):
            begin = local(source.hours.opening_ns(day))
            close = begin + timedelta(minutes=source.hours.minutes)
            row = {"start": begin, "end": close}
            shown = {key: value.strftime("%Y%m%d-%H:%M:%S") for key, value in row.items()}
            sessions.append({**shown, "refDate": day.strftime("%Y%m%d")})
    link.send(
        "historicalSchedule",
        reqId=fields["reqId"],
        start=sessions[0]["start"] if sessions else "",
        end=sessions[-1]["end"] if sessions else "",
        tz="US/Eastern",
        sessions=sessions,
    )


def _head(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    source = gateway.market.source
    day = local(gateway.timeline.now_ns).date()
    while source.daily(instrument.con_id, day - timedelta(days=_STRIDE)) is not None:
        day -= timedelta(days=_STRIDE)
    first_ns = source.hours.opening_ns(day)
    epoch = fields["formatDate"] == 2
    shown = str(seconds(first_ns)) if epoch else local(first_ns).strftime("%Y%m%d-%H:%M:%S")
    link.send("headTimestamp", reqId=fields["reqId"], ts=shown)


_STRIDE: Final = 7
"""The first day is found to the week: both ends fall on the same weekday."""


def _cancel_head(_gateway: Gateway, _link: Link, _fields: dict[str, Any]) -> None:
    """Nothing goes on: the answer was sent at once."""


def _histogram(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    day = local(gateway.timeline.now_ns).date()
    sizes: Counter[float] = Counter()
    for bar in gateway.market.source.minute_bars(instrument.con_id, day):
        if bar.end_ns <= gateway.timeline.now_ns:
            sizes[round(bar.close, 1)] += int(bar.volume)
    rows = [{"price": price, "size": Decimal(size)} for price, size in sorted(sizes.items())]
    link.send("histogramData", reqId=fields["reqId"], rows=rows)


def _ticks(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    try:
        times = _tick_times(gateway, fields)
    except TimeError as error:
        text = f"Error validating request:-'cz' : cause - {error}"
        link.error(fields["reqId"], 321, text)
        return
    rows = [
        (seconds(at_ns), price)
        for at_ns in times
        for price in gateway.market.source.ticks(instrument.con_id, at_ns, 60)[:1]
    ]
    _send_ticks(link, fields, rows)


def _tick_times(gateway: Gateway, fields: dict[str, Any]) -> list[int]:
    """Return the minutes whose first prices are the ticks that are asked for."""
    count = min(fields["numberOfTicks"], MOST_TICKS)
    if fields["startDateTime"]:
        first_ns = parse(fields["startDateTime"]) // MINUTE_NS * MINUTE_NS
    else:
        end_ns = parse(fields["endDateTime"]) if fields["endDateTime"] else gateway.timeline.now_ns
        first_ns = (min(end_ns, gateway.timeline.now_ns) // MINUTE_NS - count) * MINUTE_NS
    times = (first_ns + minute * MINUTE_NS for minute in range(count))
    return [at_ns for at_ns in times if at_ns <= gateway.timeline.now_ns]


def _send_ticks(link: Link, fields: dict[str, Any], rows: list[tuple[int, float]]) -> None:
    shown, size = fields["whatToShow"], Decimal(100)
    req_id = fields["reqId"]
    if shown == "BID_ASK":
        ticks: list[dict[str, Any]] = [
            {
                "time": at, "mask": 0, "bid": round(price - 0.01, 4), "ask": round(price + 0.01, 4),
                "bidSize": size, "askSize": size,
            }
            for at, price in rows
        ]  # fmt: skip
        link.send("historicalTicksBidAsk", reqId=req_id, ticks=ticks, done=True)
    elif shown == "MIDPOINT":
        ticks = [{"time": at, "x": 0, "price": price, "size": Decimal(0)} for at, price in rows]
        link.send("historicalTicks", reqId=req_id, ticks=ticks, done=True)
    else:
        ticks = [
            {
                "time": at, "mask": 0, "price": price, "size": size, "exchange": "NASDAQ",
                "conditions": "",
            }
            for at, price in rows
        ]  # fmt: skip
        link.send("historicalTicksLast", reqId=req_id, ticks=ticks, done=True)


HANDLERS: Final = {
    "reqHistoricalData": _bars,
    "cancelHistoricalData": _cancel_bars,
    "reqHeadTimeStamp": _head,
    "cancelHeadTimeStamp": _cancel_head,
    "reqHistogramData": _histogram,
    "cancelHistogramData": _cancel_head,
    "reqHistoricalTicks": _ticks,
}
