"""Requests about orders, and what clients are told of what the venue does with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robotrader.domain import OrderKey, family_of
from robotrader.emulator import contracts, translate
from robotrader.emulator.times import TimeError, parse
from robotrader.tws import reply_fields
from robotrader.venue import (
    Charged,
    Executed,
    OrderState,
    OrderUpdated,
    PositionChanged,
    Refused,
    Warned,
)

if TYPE_CHECKING:
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link
    from robotrader.venue import Execution, VenueEvent

LARGEST_ID: Final = 2**31 - 1


# -- from the client --


def _place(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    order_id = fields["orderId"]
    if not 0 <= order_id <= LARGEST_ID:
        text = (
            f"Error reading request: java.lang.NumberFormatException: For input string: {order_id}"
        )
        link.error(-1, 320, text)
        return
    instrument = contracts.one(gateway, link, fields)
    if instrument is None:
        return
    try:
        order = translate.order(fields, instrument.con_id, gateway.account)
    except translate.Unsupported as error:
        link.error(order_id, error.code, str(error))
        return
    except TimeError as error:
        link.error(order_id, 391, f"The time given is not valid: {error}")
        return
    key = OrderKey(link.client_id, order_id)
    gateway.listen_to(instrument.con_id)
    if fields["whatIf"]:
        _what_if(gateway, link, key, fields)
        return
    known = key in gateway.venue.live or key in gateway.venue.done
    if not known and order_id < gateway.next_ids[link.client_id]:
        link.error(order_id, 103, "Duplicate order id")
        return
    if known or gateway.ibkr_connected:
        before = gateway.asked.get(key)
        gateway.asked[key] = fields
        gateway.next_ids[link.client_id] = max(gateway.next_ids[link.client_id], order_id + 1)
        events = gateway.venue.place(key, order, gateway.timeline.now_ns)
        if any(isinstance(event, Refused) for event in events) and before is not None:
            gateway.asked[key] = before
        gateway.publish(events)
    else:
        gateway.faults.queue_order(link, fields)


def _what_if(gateway: Gateway, link: Link, key: OrderKey, fields: dict[str, Any]) -> None:
    instrument = contracts.one(gateway, link, fields)
    assert instrument is not None, "it was found a moment ago"
    order = translate.order(fields, instrument.con_id, gateway.account)
    if order.account not in gateway.books.accounts:
        text = f"Error validating request:-'bN' : cause - Invalid account code {order.account!r}"
        link.error(key.order_id, 321, text)
        return
    day = gateway.venue.sessions.day_of(gateway.timeline.now_ns)
    shown = {
        **translate.contract(instrument),
        **{name: value for name, value in fields.items() if name != "conditions"},
        **translate.preview(gateway.books.preview(order, day)),
        "orderId": key.order_id,
        "clientId": key.client_id,
        "right": "?",
        "account": order.account,
        "deltaNeutralOrderType": "None",
        "adjustedOrderType": "None",
        "lmtPrice": fields["lmtPrice"] or 0.0,
        "auxPrice": fields["auxPrice"] or 0.0,
        "whatIf": True,
    }
    link.send("openOrder", **_settable(reply_fields("openOrder", shown)))


def _settable(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a client left unset: the reply has its own word for that."""
    return {name: value for name, value in fields.items() if value is not None}


def _cancel(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    key = OrderKey(link.client_id, fields["orderId"])
    gateway.publish(gateway.venue.cancel(key, gateway.timeline.now_ns))


def _cancel_all(gateway: Gateway, _link: Link, _fields: dict[str, Any]) -> None:
    gateway.publish(gateway.venue.cancel_all(gateway.timeline.now_ns))


def _open_own(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    _send_open(gateway, link, own=True)


def _open_all(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    _send_open(gateway, link, own=False)


def _open_auto(_gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    """Bind manual orders to this client: only client 0 may, and its own come to it anyway."""
    if link.client_id != 0:
        text = (
            "Error validating request:-'bY' : cause - Only the default client (i.e 0) can auto bind"
        )
        link.error(-1, 321, text)


def _send_open(gateway: Gateway, link: Link, *, own: bool) -> None:
    for key, order in list(gateway.venue.live.items()):
        if not own or key.client_id == link.client_id:
            _show(gateway, link, order.state())
    link.send("openOrderEnd")


def _show(gateway: Gateway, link: Link, state: OrderState) -> None:
    instrument = gateway.instruments[state.order.con_id]
    asked = gateway.asked.get(state.key, {})
    link.send("openOrder", **_settable(translate.open_order(state, instrument, asked)))
    link.send("orderStatus", **translate.order_status(state))


def _completed(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    for order in list(gateway.venue.done.values()):
        state = order.state()
        instrument = gateway.instruments[state.order.con_id]
        asked = gateway.asked.get(state.key, {})
        shown = translate.completed_order(state, instrument, asked, link.version)
        link.send("completedOrder", **_settable(shown))
    link.send("completedOrdersEnd")


def _executions(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    req_id = fields["reqId"]
    try:
        since_ns = parse(fields["time"]) if fields["time"] else 0
    except TimeError as error:
        link.error(req_id, 321, f"Error validating request:-'bS' : cause - {error}")
        return
    found = [
        done
        for done in gateway.venue.executions
        if done.time_ns >= since_ns
        and link.client_id in {0, done.key.client_id}
        and _matches(gateway, done, fields)
    ]
    for done in found:
        _send_execution(gateway, link, done, req_id)
    link.send("execDetailsEnd", reqId=req_id)
    for done in found:
        charged = gateway.charges.get(family_of(done.exec_id))
        if charged is not None:
            _send_charge(link, charged, done.exec_id)


def _matches(gateway: Gateway, done: Execution, fields: dict[str, Any]) -> bool:
    instrument = gateway.instruments[done.con_id]
    side = {"BUY": True, "BOT": True, "SELL": False, "SLD": False}.get(fields["side"])
    return (
        fields["acctCode"] in {"", done.account}
        and fields["symbol"] in {"", instrument.symbol}
        and fields["secType"] in {"", instrument.sec_type.value}
        and fields["exchange"] in {"", "SMART", done.exchange}
        and side in {None, done.bought}
        and fields["clientId"] in {0, done.key.client_id}
    )


def _send_execution(gateway: Gateway, link: Link, done: Execution, req_id: int) -> None:
    instrument = gateway.instruments[done.con_id]
    link.send("execDetails", **translate.execution(done, instrument, link.version, req_id))


def _send_charge(link: Link, charged: Charged, exec_id: str) -> None:
    """Say what an execution cost; of one that was corrected since, under its new id."""
    link.send(
        "commissionReport",
        execId=exec_id,
        commission=float(charged.commission),
        currency=charged.currency,
        realizedPNL=None if charged.realized is None else float(charged.realized),
        **{"yield": None, "yieldRedemptionDate": ""},
    )


# -- to the client --


def tell(gateway: Gateway, event: VenueEvent) -> None:
    """Tell the client that an event concerns, if it is connected."""
    if isinstance(event, PositionChanged):
        gateway.accounts.position_changed(event.account, event.con_id)
        return
    if isinstance(event, Charged):
        gateway.charges[family_of(event.exec_id)] = event
    key = event.execution.key if isinstance(event, Executed) else _key(event)
    link = gateway.clients.get(key.client_id)
    if link is None:
        return
    if isinstance(event, OrderUpdated):
        _show(gateway, link, event.state)
    elif isinstance(event, Executed):
        _send_execution(gateway, link, event.execution, -1)
    elif isinstance(event, Charged):
        _send_charge(link, event, event.exec_id)
    elif isinstance(event, (Refused, Warned)):
        link.error(key.order_id, event.code, event.text)


def _key(event: OrderUpdated | Charged | Refused | Warned) -> OrderKey:
    return event.state.key if isinstance(event, OrderUpdated) else event.key


HANDLERS: Final = {
    "placeOrder": _place,
    "cancelOrder": _cancel,
    "reqGlobalCancel": _cancel_all,
    "reqOpenOrders": _open_own,
    "reqAllOpenOrders": _open_all,
    "reqAutoOpenOrders": _open_auto,
    "reqCompletedOrders": _completed,
    "reqExecutions": _executions,
}
