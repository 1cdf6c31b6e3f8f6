"""Requests for the past: bars, the first time there is, schedules, histograms."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Bar
from robotrader.emulator import contracts
from robotrader.emulator.market import seconds
from robotrader.emulator.timeline import SECOND_NS
from robotrader.emulator.times import TimeError, bar_time, local, parse
from robotrader.market.durations import DAY_S, DurationError, bar_seconds, duration
from robotrader.market.history import TooFine, has_quotes, so_far, underway
from robotrader.market.history import bars as past_bars
from robotrader.market.hours import day_of

if TYPE_CHECKING:
    from robotrader.domain import Instrument
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

SHOWN: Final = frozenset(
    {"TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "SCHEDULE"}
)
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
    except TooFine as error:
        text = f"{_SERVICE}HMDS query returned no data: {instrument.symbol}: {error}"
        link.error(fields["reqId"], 162, text)
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
    source, con_id = gateway.market.source, instrument.con_id
    span = (_start_ns(gateway, end_ns, fields), end_ns)
    found = past_bars(source, con_id, span, bar_s, shown, regular=fields["useRTH"])
    if not found:
        what = f"{instrument.symbol}@{instrument.exchange} {shown}"
        raise HistoryError(162, f"{_SERVICE}HMDS query returned no data: {what}")
    recording = source.recording(con_id)
    if recording is None or not has_quotes(recording, span):
        found = [_as_shown(bar, shown) for bar in found]
    _send_bars(link, fields, found, span, bar_s)
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


def _start_ns(gateway: Gateway, end_ns: int, fields: dict[str, Any]) -> int:
    """Return where a duration begins: at an opening if it is a day or more.

    Days are market days, the present one included once it has opened; weeks, months and years are
    those of the calendar.
    """
    span = duration(fields["duration"])
    if fields["duration"].endswith("S"):
        return end_ns - int(span.total_seconds()) * SECOND_NS
    hours = gateway.market.source.hours
    session = hours.regular if fields["useRTH"] else hours.extended
    today = local(end_ns - 1).date()
    opened = session(today)
    counted = opened is not None and opened[0] < end_ns
    if fields["duration"].endswith("D"):
        number = hours.number(today) - span.days + (1 if counted or opened is None else 0)
    else:
        before = date.fromordinal(max(1, today.toordinal() - span.days + counted))
        number = hours.number(before) + (1 if session(before) is None else 0)
    begins = session(hours.day(number))
    assert begins is not None, "a numbered day is a market day"
    return min(begins[0], end_ns)


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
        bar = underway(gateway.market.source, con_id, gateway.timeline.now_ns, bar_s)
        if bar is not None:
            shown = _fields_of(_as_shown(bar, fields["whatToShow"]), link, fields, bar_s)
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
    hours = gateway.market.source.hours
    session = hours.regular if fields["useRTH"] else hours.extended
    day, last = local(_start_ns(gateway, end_ns, fields)).date(), local(end_ns).date()
    sessions = []
    while day <= last:
        span = session(day)
        if span is not None:
            begin, end = (f"{local(edge_ns):%Y%m%d-%H:%M:%S}" for edge_ns in span)
            sessions.append({"start": begin, "end": end, "refDate": f"{day:%Y%m%d}"})
        day += timedelta(days=1)
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
    first_ns = gateway.market.source.first_ns(instrument.con_id)
    epoch = fields["formatDate"] == 2
    shown = str(seconds(first_ns)) if epoch else local(first_ns).strftime("%Y%m%d-%H:%M:%S")
    link.send("headTimestamp", reqId=fields["reqId"], ts=shown)


def _cancel_head(_gateway: Gateway, _link: Link, _fields: dict[str, Any]) -> None:
    """Nothing goes on: the answer was sent at once."""


def _histogram(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    now_ns = gateway.timeline.now_ns
    sizes: Counter[float] = Counter()
    for bar in so_far(gateway.market.source, instrument.con_id, day_of(now_ns), now_ns):
        sizes[round(bar.close, 1)] += int(bar.volume)
    rows = [{"price": price, "size": Decimal(size)} for price, size in sorted(sizes.items())]
    link.send("histogramData", reqId=fields["reqId"], rows=rows)


HANDLERS: Final = {
    "reqHistoricalData": _bars,
    "cancelHistoricalData": _cancel_bars,
    "reqHeadTimeStamp": _head,
    "cancelHeadTimeStamp": _cancel_head,
    "reqHistogramData": _histogram,
    "cancelHistogramData": _cancel_head,
}
