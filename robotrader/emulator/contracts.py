"""Requests about contracts: details, search, market rules, option chains."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import SecType
from robotrader.emulator.times import local
from robotrader.emulator.translate import EXCHANGES, contract
from robotrader.tws import reply_fields

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from robotrader.domain import Instrument
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link
    from robotrader.market.hours import Span

NOT_FOUND: Final = (200, "No security definition has been found for the request")
STOCK_RULE: Final = 26
"""The market rule of US stocks: a cent from one dollar on."""

MOST_MATCHES: Final = 16
"""What a symbol search returns at most, as the real one."""

_ORDER_TYPES: Final = "LIT,LMT,LOC,MIT,MKT,MOC,OPG,REL,STP,STPLMT,TRAIL,TRAILLIMIT,WHATIF"
_DAYS_SHOWN: Final = 5


def find(gateway: Gateway, fields: dict[str, Any]) -> list[Instrument]:
    """Return the instruments that the contract fields of a request may mean."""
    con_id = fields["conId"]
    if con_id:
        known = gateway.instruments.get(con_id)
        return [known] if known is not None else []
    wanted = fields["symbol"].upper() or fields["localSymbol"].upper()
    return [
        each
        for each in gateway.instruments.values()
        if each.symbol == wanted
        and fields["secType"] in {"", each.sec_type.value}
        and fields["currency"] in {"", each.currency}
        and fields["exchange"] in _exchanges(each)
        and fields["primaryExchange"] in {"", each.primary_exchange}
    ]


def _exchanges(instrument: Instrument) -> tuple[str, ...]:
    if instrument.sec_type is SecType.INDEX:
        return ("", instrument.exchange)
    return ("", instrument.primary_exchange, *EXCHANGES)


def one(gateway: Gateway, link: Link, fields: dict[str, Any]) -> Instrument | None:
    """Return the one instrument that a request means, or send its error."""
    found = find(gateway, fields)
    if len(found) == 1:
        return found[0]
    link.error(fields.get("reqId", fields.get("orderId", -1)), *NOT_FOUND)
    return None


def _details(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    found = find(gateway, fields)
    req_id = fields["reqId"]
    if not found:
        link.error(req_id, *NOT_FOUND)
        return
    for instrument in found:
        link.send("contractDetails", **details(gateway, instrument, req_id))
    link.send("contractDetailsEnd", reqId=req_id)


def details(gateway: Gateway, instrument: Instrument, req_id: int) -> dict[str, Any]:
    """Return the fields of a ``contractDetails``."""
    stock = instrument.sec_type is SecType.STOCK
    exchanges = EXCHANGES if stock else (instrument.exchange,)
    hours = gateway.market.source.hours
    fields = {
        **contract(instrument),
        "reqId": req_id,
        "marketName": instrument.trading_class or instrument.symbol,
        "minTick": float(instrument.tick_table[-1][1]),
        "mdSizeMultiplier": 1,
        "orderTypes": _ORDER_TYPES if stock else "",
        "validExchanges": ",".join(exchanges),
        "priceMagnifier": 1,
        "longName": instrument.name,
        "industry": instrument.industry,
        "category": instrument.category,
        "subcategory": instrument.subcategory,
        "timeZoneId": instrument.time_zone,
        "tradingHours": trading_hours(gateway, hours.extended),
        "liquidHours": trading_hours(gateway, hours.regular),
        "secIdList": [{"tag": "ISIN", "value": instrument.isin}] if instrument.isin else [],
        "aggGroup": 1,
        "marketRuleIds": ",".join(str(STOCK_RULE) for _ in exchanges),
        "stockType": "COMMON" if stock else "",
        "sizeMinTick": instrument.size_step,
        "minSize": instrument.size_step,
        "sizeIncrement": instrument.size_step,
        "suggestedSizeIncrement": instrument.size_step * 100,
    }
    return reply_fields("contractDetails", fields)


def trading_hours(gateway: Gateway, session: Callable[[date], Span | None]) -> str:
    """Return the next days' sessions: ``20251222:0930-20251222:1600;20251227:CLOSED``."""
    shown, today = [], local(gateway.timeline.now_ns).date()
    for offset in range(_DAYS_SHOWN):
        day = today + timedelta(days=offset)
        span = session(day)
        if span is None:
            shown.append(f"{day:%Y%m%d}:CLOSED")
        else:
            shown.append("-".join(f"{local(edge_ns):%Y%m%d:%H%M}" for edge_ns in span))
    return ";".join(shown)


def _search(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    wanted = fields["pattern"].upper()
    found = [
        each
        for each in gateway.instruments.values()
        if wanted and (each.symbol.startswith(wanted) or wanted in each.name)
    ]
    samples: list[dict[str, Any]] = [
        {
            "conId": each.con_id,
            "symbol": each.symbol,
            "secType": each.sec_type.value,
            "primaryExchange": each.primary_exchange,
            "currency": each.currency,
            "derivatives": [],
            "description": each.name,
        }
        for each in found[:MOST_MATCHES]
    ]
    link.send("symbolSamples", reqId=fields["reqId"], samples=samples)


def _rule(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    number = fields["marketRuleId"]
    if number != STOCK_RULE:
        link.error(-1, 321, f"Error validating request:-'cd' : cause - Invalid rule id: {number}")
        return
    table = next(iter(gateway.instruments.values())).tick_table
    rows = [{"lowEdge": float(edge), "increment": float(step)} for edge, step in table]
    link.send("marketRule", marketRuleId=number, rows=rows)


def _chains(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    """No options are emulated: a known underlying has none, an unknown one is an error."""
    if fields["underlyingConId"] not in gateway.instruments:
        link.error(fields["reqId"], *NOT_FOUND)
        return
    link.send("secDefOptParamEnd", reqId=fields["reqId"])


def _components(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    rows = [
        {"bit": bit, "exchange": name, "letter": name[0]} for bit, name in enumerate(EXCHANGES[1:])
    ]
    link.send("smartComponents", reqId=fields["reqId"], rows=rows)


def _depth_exchanges(_gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    rows = [
        {"exchange": name, "secType": "STK", "serviceDataType": "Deep", "aggGroup": 1}
        for name in EXCHANGES[1:]
    ]
    link.send("mktDepthExchanges", rows=rows)


HANDLERS: Final = {
    "reqContractDetails": _details,
    "reqMatchingSymbols": _search,
    "reqMarketRule": _rule,
    "reqSecDefOptParams": _chains,
    "reqSmartComponents": _components,
    "reqMktDepthExchanges": _depth_exchanges,
}
