"""Between ib_async's objects and the domain's: nothing is guessed, nothing is rounded twice.

ib_async reads numbers as floats; their shortest decimal text is what the broker has sent. What the
broker leaves unset (1.79E308, an empty text) is None or 0, as the domain's field says.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import ib_async

from robotrader.domain import (
    Bar,
    CommissionReport,
    ExecutionReport,
    Instrument,
    Order,
    OrderReport,
    PositionReport,
    ReportedStatus,
    SecType,
    Side,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND_NS: Final = 1_000_000_000
UNSET: Final = 1e300
UNSET_INT: Final = 2**31 - 1
_SIDES: Final = {
    "BUY": Side.BUY,
    "BOT": Side.BUY,
    "SELL": Side.SELL,
    "SLD": Side.SELL,
    "SSHORT": Side.SELL_SHORT,
}
_STATUSES: Final = frozenset(status.value for status in ReportedStatus)


def decimal(value: Any) -> Decimal:
    """Return a number as it was sent; unset is 0."""
    number = float(value or 0)
    if not abs(number) < UNSET:
        return Decimal(0)
    return Decimal(int(number)) if number.is_integer() else Decimal(repr(number))


def status(word: str) -> ReportedStatus:
    """Return the broker's word for where an order stands."""
    return ReportedStatus(word) if word in _STATUSES else ReportedStatus.UNKNOWN


# -- to the broker --


def contract_of(instrument: Instrument) -> ib_async.Contract:
    """Return a contract for requests: its number says which, the exchange where."""
    return ib_async.Contract(
        conId=instrument.con_id,
        symbol=instrument.symbol,
        secType=instrument.sec_type.value,
        exchange=instrument.exchange,
        primaryExchange=instrument.primary_exchange,
        currency=instrument.currency,
    )


def contract_by_number(con_id: int) -> ib_async.Contract:
    """Return a contract of which only the number is known, routed by the broker."""
    return ib_async.Contract(conId=con_id, exchange="SMART")


def order_of(order: Order) -> ib_async.Order:
    """Return an order as ib_async sends it."""
    made = ib_async.Order(
        action=order.side.value,
        totalQuantity=float(order.qty),
        orderType=order.order_type.value,
        tif=order.tif.value,
        account=order.account,
        orderRef=order.order_ref,
        ocaGroup=order.oca_group,
        ocaType=order.oca_type,
        parentId=order.parent_id,
        transmit=order.transmit,
        outsideRth=order.outside_rth,
        allOrNone=order.all_or_none,
        goodAfterTime=time_text(order.good_after_ns),
        goodTillDate=time_text(order.good_till_ns),
    )
    prices = {
        "lmtPrice": order.limit_price,
        "auxPrice": order.aux_price,
        "trailingPercent": order.trail_percent,
        "trailStopPrice": order.trail_stop_price,
        "lmtPriceOffset": order.limit_offset,
    }
    for name, price in prices.items():
        if price is not None:
            setattr(made, name, float(price))
    if order.min_qty is not None:
        made.minQty = int(order.min_qty)
    return made


def contract_texts(contract: ib_async.Contract) -> list[str]:
    """Return the fields of a contract as they stand in requests."""
    return [
        str(contract.conId), contract.symbol, contract.secType,
        contract.lastTradeDateOrContractMonth, str(contract.strike), contract.right,
        contract.multiplier, contract.exchange, contract.primaryExchange, contract.currency,
        contract.localSymbol, contract.tradingClass,
    ]  # fmt: skip


def time_text(at_ns: int | None) -> str:
    """Write a time in UTC as TWS reads it, with the dash that says so."""
    if at_ns is None:
        return ""
    return datetime.fromtimestamp(at_ns // SECOND_NS, UTC).strftime("%Y%m%d-%H:%M:%S")


# -- from the broker --


def open_order(
    generation: int, contract: ib_async.Contract, order: ib_async.Order, word: str
) -> OrderReport:
    """Return an order as openOrder shows it."""
    qty, stands = decimal(order.totalQuantity), status(word)
    filled = qty if stands is ReportedStatus.FILLED else Decimal(0)
    return OrderReport(
        order_id=order.orderId if 0 < order.orderId < UNSET_INT else 0,
        client_id=order.clientId,
        perm_id=order.permId,
        ref=order.orderRef,
        status=stands,
        generation=generation,
        con_id=contract.conId,
        account=order.account,
        side=_SIDES.get(order.action),
        qty=qty,
        filled=filled,
        remaining=qty - filled,
        limit_price=_price(order.lmtPrice),
        aux_price=_price(order.auxPrice),
        trail_stop_price=_price(order.trailStopPrice),
    )


def _price(said: Any) -> Decimal | None:
    """Return a price that was said; 0 and "unset" are none."""
    return decimal(said) if said and abs(said) < UNSET else None


def completed_order(
    generation: int, contract: ib_async.Contract, order: ib_async.Order, word: str
) -> OrderReport:
    """Return an order that is over: it has no id, and its quantity is what was filled (O22)."""
    filled = decimal(order.filledQuantity)
    return OrderReport(
        order_id=0,
        client_id=order.clientId,
        perm_id=order.permId,
        ref=order.orderRef,
        status=status(word),
        generation=generation,
        con_id=contract.conId,
        account=order.account,
        side=_SIDES.get(order.action),
        qty=decimal(order.totalQuantity) or filled,
        filled=filled,
        completed=True,
    )


def execution(
    generation: int, contract: ib_async.Contract, done: ib_async.Execution
) -> ExecutionReport:
    """Return a fill.

    Raises:
        KeyError: the side is none that is known.
    """
    return ExecutionReport(
        exec_id=done.execId,
        order_id=done.orderId if 0 < done.orderId < UNSET_INT else 0,
        client_id=done.clientId,
        perm_id=done.permId,
        ref=done.orderRef,
        con_id=contract.conId,
        account=done.acctNumber,
        side=_SIDES[done.side],
        qty=decimal(done.shares),
        price=decimal(done.price),
        time_ns=nanoseconds(done.time),
        cum_qty=decimal(done.cumQty),
        generation=generation,
    )


def commission(generation: int, report: ib_async.CommissionReport) -> CommissionReport:
    """Return what a fill cost; the broker's profit only where it is said."""
    said = report.realizedPNL
    realized = decimal(said) if abs(said) < UNSET else None
    cost = decimal(report.commission)
    return CommissionReport(report.execId, cost, report.currency, realized, generation)


def position(
    account: str, contract: ib_async.Contract, qty: float, avg_cost: float
) -> PositionReport:
    """Return a holding; the broker's cost of a future or option includes the multiplier."""
    multiplier = Decimal(contract.multiplier or 1)
    return PositionReport(
        account, contract.conId, decimal(qty), decimal(avg_cost) / (multiplier or 1)
    )


def instrument(
    details: ib_async.ContractDetails, steps: Iterable[ib_async.PriceIncrement]
) -> Instrument:
    """Return a contract with its price steps.

    Raises:
        ValueError: the broker's answer has no contract, or a type of security that is not traded.
    """
    contract = details.contract
    if contract is None:
        msg = "the broker's answer has no contract"
        raise ValueError(msg)
    isin = next((pair.value for pair in details.secIdList if pair.tag == "ISIN"), "")
    table = tuple((decimal(step.lowEdge), decimal(step.increment)) for step in steps)
    return Instrument(
        con_id=contract.conId,
        symbol=contract.symbol,
        sec_type=SecType(contract.secType),
        exchange=contract.exchange or "SMART",
        primary_exchange=contract.primaryExchange,
        currency=contract.currency,
        local_symbol=contract.localSymbol,
        trading_class=contract.tradingClass,
        name=details.longName,
        isin=isin,
        industry=details.industry,
        category=details.category,
        subcategory=details.subcategory,
        multiplier=int(float(contract.multiplier or 1)),
        time_zone=details.timeZoneId,
        tick_table=table or ((Decimal(0), decimal(details.minTick)),),
        size_step=decimal(details.sizeIncrement) or Decimal(1),
    )


def bar(con_id: int, raw: ib_async.BarData, seconds: int) -> Bar:
    """Return a historical bar (asked for with ``formatDate`` 2).

    Raises:
        ValueError: its date is neither epoch seconds nor a day.
    """
    start_ns = _bar_start(str(raw.date))
    return Bar(
        con_id,
        start_ns,
        start_ns + seconds * SECOND_NS,
        raw.open,
        raw.high,
        raw.low,
        raw.close,
        max(float(raw.volume), 0.0),
        max(float(raw.average), 0.0),
        max(raw.barCount, 0),
    )


def _bar_start(text: str) -> int:
    if len(text) == 8:  # a day; it begins at midnight UTC: the exchange's hours are the calendar's
        # Not strptime: a history is a thousand of them, and it takes ten times as long.
        day = datetime(int(text[:4]), int(text[4:6]), int(text[6:]), tzinfo=UTC)
        return int(day.timestamp()) * SECOND_NS
    return int(text) * SECOND_NS


def nanoseconds(moment: datetime) -> int:
    """Return a time with a zone, to the second, as TWS gives it."""
    return int(moment.timestamp()) * SECOND_NS
