"""Between the venue's values and the fields of TWS messages."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import Order, OrderType, SecType, Side, TimeInForce
from robotrader.emulator.times import parse, shown
from robotrader.tws import reply_fields

if TYPE_CHECKING:
    from robotrader.domain import Instrument
    from robotrader.venue import Execution, OrderState, Preview

_TYPES: Final = {kind.value: kind for kind in OrderType} | {
    "STPLMT": OrderType.STOP_LIMIT,
    "TRAILLMT": OrderType.TRAIL_LIMIT,
}
EXCHANGES: Final = ("SMART", "NASDAQ", "NYSE", "ARCA", "IEX")
"""Where a stock can be routed; each has the same market rule."""

NO_ORDER_TYPE: Final = 387
OUT_OF_RANGE: Final = 109
LARGEST: Final = Decimal(10**12)
"""Prices and quantities above this are refused: decimal arithmetic has 28 digits to spend."""
_ECHOED: Final = frozenset(
    {
        "orderRef", "ocaGroup", "openClose", "origin", "outsideRth", "hidden",
        "discretionaryAmt", "goodAfterTime", "goodTillDate", "faGroup", "faMethod",
        "faPercentage", "modelCode", "rule80A", "settlingFirm", "shortSaleSlot",
        "designatedLocation", "exemptCode", "ocaType", "allOrNone", "minQty", "percentOffset",
        "eTradeOnly", "firmQuoteOnly", "nbboPriceCap", "auctionStrategy", "startingPrice",
        "stockRefPrice", "delta", "stockRangeLower", "stockRangeUpper", "displaySize",
        "blockOrder", "sweepToFill", "triggerMethod", "volatility", "volatilityType",
        "continuousUpdate", "referencePriceType", "trailingPercent", "hedgeType",
        "optOutSmartRouting", "clearingAccount", "clearingIntent", "notHeld", "algoStrategy",
        "algoParams", "solicited", "randomizeSize", "randomizePrice", "adjustedOrderType",
        "cashQty", "usePriceMgmtAlgo", "duration", "postToAts", "autoCancelParent", "tif",
        "orderType",
    }
)  # fmt: skip
"""What an open order shows as it was asked for."""


class Unsupported(ValueError):
    """An order that the venue has no way to work; ``code`` is IBKR's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def contract(instrument: Instrument, exchange: str | None = None) -> dict[str, Any]:
    """Return the fields of the ``CONTRACT`` groups."""
    return {
        "conId": instrument.con_id,
        "symbol": instrument.symbol,
        "secType": instrument.sec_type.value,
        "exchange": exchange if exchange is not None else instrument.exchange,
        "primaryExchange": instrument.primary_exchange,
        "currency": instrument.currency,
        "localSymbol": instrument.local_symbol or instrument.symbol,
        "tradingClass": instrument.trading_class or instrument.symbol,
        "multiplier": "" if instrument.sec_type is SecType.STOCK else str(instrument.multiplier),
    }


def order(fields: dict[str, Any], con_id: int, account: str) -> Order:
    """Return the venue's order for the fields of a ``placeOrder``.

    Raises:
        Unsupported: the venue has no such order.
    """
    kind, tif = _TYPES.get(fields["orderType"]), fields["tif"] or "DAY"
    if kind is None or fields["action"] not in set(Side) or tif not in set(TimeInForce):
        what = f"{fields['action']} {fields['orderType']} {tif}"
        raise Unsupported(NO_ORDER_TYPE, f"Unsupported order type for this exchange: {what}")
    if fields["conditions"] or fields["algoStrategy"] or fields.get("comboLegs"):
        raise Unsupported(NO_ORDER_TYPE, "Conditions, algorithms and combinations are not emulated")
    return Order(
        con_id=con_id,
        side=Side(fields["action"]),
        order_type=kind,
        qty=_in_range(fields["totalQuantity"] or Decimal(0)),
        account=fields["account"] or account,
        limit_price=_limit(kind, fields),
        aux_price=_decimal(fields["auxPrice"]) or None,
        trail_percent=_decimal(fields["trailingPercent"]),
        trail_stop_price=_decimal(fields["trailStopPrice"]),
        limit_offset=_decimal(fields["lmtPriceOffset"]),
        tif=TimeInForce(tif),
        outside_rth=fields["outsideRth"],
        good_after_ns=parse(fields["goodAfterTime"]) if fields["goodAfterTime"] else None,
        good_till_ns=parse(fields["goodTillDate"]) if fields["goodTillDate"] else None,
        oca_group=fields["ocaGroup"],
        oca_type=fields["ocaType"],
        parent_id=fields["parentId"],
        transmit=fields["transmit"],
        all_or_none=fields["allOrNone"],
        min_qty=_decimal(fields["minQty"]),
        order_ref=fields["orderRef"],
    )


def _limit(kind: OrderType, fields: dict[str, Any]) -> Decimal | None:
    """Return the limit price of types that have one; clients send 0 where they mean none."""
    if kind in {OrderType.MARKET, OrderType.STOP, OrderType.TRAIL, OrderType.MARKET_IF_TOUCHED}:
        return None
    price = _decimal(fields["lmtPrice"])
    if not price and kind in {OrderType.RELATIVE, OrderType.TRAIL_LIMIT}:
        return None
    return price


def _decimal(value: float | None) -> Decimal | None:
    return None if value is None else _in_range(Decimal(repr(value)))


def _in_range(value: Decimal) -> Decimal:
    if abs(value) > LARGEST:
        raise Unsupported(OUT_OF_RANGE, f"Price or quantity out of range: {value}")
    return value


def open_order(state: OrderState, instrument: Instrument, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an ``openOrder``."""
    wanted = state.order
    fields = {
        **{name: value for name, value in asked.items() if name in _ECHOED},
        **contract(instrument, asked.get("exchange") or None),
        "right": "?",
        "orderId": state.key.order_id,
        "clientId": state.key.client_id,
        "permId": state.perm_id,
        "action": wanted.side.value,
        "totalQuantity": wanted.qty,
        "orderType": asked.get("orderType", wanted.order_type.value),
        "tif": asked.get("tif") or wanted.tif.value,
        "lmtPrice": _shown(wanted.limit_price),
        "auxPrice": _shown(wanted.aux_price),
        "trailStopPrice": state.stop_price,
        "trailStopPrice2": state.stop_price,
        "account": wanted.account,
        "parentId": wanted.parent_id,
        "status": state.status.value,
        "deltaNeutralOrderType": "None",
        "adjustedOrderType": "None",
        "usePriceMgmtAlgo": bool(asked.get("usePriceMgmtAlgo")),
    }
    return reply_fields("openOrder", fields)


def _shown(price: Decimal | None) -> float:
    return 0.0 if price is None else float(price)


def order_status(state: OrderState) -> dict[str, Any]:
    """Return the fields of an ``orderStatus``."""
    return {
        "orderId": state.key.order_id,
        "status": state.status.value,
        "filled": state.filled,
        "remaining": state.remaining,
        "avgFillPrice": float(state.avg_price),
        "permId": state.perm_id,
        "parentId": state.order.parent_id,
        "lastFillPrice": float(state.last_price),
        "clientId": state.key.client_id,
        "whyHeld": state.why_held,
        "mktCapPrice": 0.0,
    }


def completed_order(
    state: OrderState, instrument: Instrument, asked: dict[str, Any], version: int
) -> dict[str, Any]:
    """Return the fields of a ``completedOrder``: no order id, and no quantity of filled ones."""
    fields = {
        **open_order(state, instrument, asked),
        "totalQuantity": Decimal(0) if state.filled else state.order.qty,
        "filledQuantity": state.filled,
        "completedTime": shown(state.done_ns, version),
        "completedStatus": state.done_text,
    }
    return reply_fields("completedOrder", fields)


def execution(done: Execution, instrument: Instrument, version: int, req_id: int) -> dict[str, Any]:
    """Return the fields of an ``execDetails``; ``req_id`` -1 for a live one."""
    fields = {
        **contract(instrument, done.exchange),
        "reqId": req_id,
        "orderId": done.key.order_id,
        "execId": done.exec_id,
        "time": shown(done.time_ns, version),
        "account": done.account,
        "execExchange": done.exchange,
        "side": "BOT" if done.bought else "SLD",
        "shares": done.qty,
        "price": float(done.price),
        "permId": done.perm_id,
        "clientId": done.key.client_id,
        "cumQty": done.cum_qty,
        "avgPrice": float(done.avg_price),
        "orderRef": done.order_ref,
        "lastLiquidity": 2 if done.took_liquidity else 1,
    }
    return reply_fields("execDetails", fields)


def preview(what: Preview) -> dict[str, Any]:
    """Return the margin fields of an ``openOrder`` that answers a what-if."""
    change = what.after.initial - what.before.initial
    kept = what.after.maintenance - what.before.maintenance
    return {
        "status": "PreSubmitted",
        "initMarginBefore": f"{what.before.initial:.2f}",
        "maintMarginBefore": f"{what.before.maintenance:.2f}",
        "equityWithLoanBefore": f"{what.equity_before:.2f}",
        "initMarginChange": f"{change:.2f}",
        "maintMarginChange": f"{kept:.2f}",
        "equityWithLoanChange": f"{what.equity_after - what.equity_before:.2f}",
        "initMarginAfter": f"{what.after.initial:.2f}",
        "maintMarginAfter": f"{what.after.maintenance:.2f}",
        "equityWithLoanAfter": f"{what.equity_after:.2f}",
        "commission": float(what.commission),
        "minCommission": None,
        "maxCommission": None,
        "commissionCurrency": what.currency,
        "warningText": what.warning,
    }
