"""Requests about accounts: values, portfolio, positions, summary, profit and loss."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from robotrader.emulator.times import local
from robotrader.emulator.translate import contract
from robotrader.tws import reply_fields
from robotrader.venue.tags import TAGS, WITHOUT_CURRENCY, values

if TYPE_CHECKING:
    from robotrader.emulator.gateway import Gateway
    from robotrader.emulator.link import Link

REFRESH_S: Final = 180
"""Account values come again at least so often, as from the real gateway."""

SUMMARIES: Final = 2
"""Account summaries that a client may have at once."""

PNL_S: Final = 1.0
ZERO: Final = Decimal(0)


class Reporter:
    """Sends account news to whoever has subscribed."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def position_changed(self, account: str, con_id: int) -> None:
        """Tell of a position that has another quantity."""
        for link in list(self._gateway.clients.values()):
            if "positions" in link.watches:
                send_position(self._gateway, link, account, con_id)
            for name, watch in list(link.watches.items()):
                if name.startswith("positionsMulti ") and watch == account:
                    req_id = int(name.split()[1])
                    send_position(self._gateway, link, account, con_id, req_id=req_id)
            if link.watches.get("account") == account:
                send_portfolio(self._gateway, link, account, con_id)
                send_values(self._gateway, link, account)


def _account(gateway: Gateway, name: str) -> str:
    return name if name in gateway.books.accounts else gateway.account


# -- values and portfolio --


def _updates(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    name = _account(gateway, fields["account"])
    if not fields["subscribe"]:
        link.watches.pop("account", None)
        return
    link.watches["account"] = name
    _send_account(gateway, link, name)
    link.send("accountDownloadEnd", account=name)

    def refresh() -> None:
        if link.started and link.watches.get("account") == name:
            _send_account(gateway, link, name)
            gateway.timeline.after(REFRESH_S, refresh)

    gateway.timeline.after(REFRESH_S, refresh)


def _send_account(gateway: Gateway, link: Link, name: str) -> None:
    send_values(gateway, link, name)
    for con_id in list(gateway.books.positions(name)):
        send_portfolio(gateway, link, name, con_id)
    link.send("accountTime", time=local(gateway.timeline.now_ns).strftime("%H:%M"))


def send_values(gateway: Gateway, link: Link, name: str) -> None:
    """Send every account value."""
    for key, value, currency in _values(gateway, name):
        link.send("accountValue", key=key, value=value, currency=currency, account=name)


def _values(gateway: Gateway, name: str) -> list[tuple[str, str, str]]:
    """Return key, value and currency of the tags and of the ledger."""
    account = gateway.books.accounts[name]
    currency = account.setup.currency
    shown = [("AccountCode", name, ""), ("AccountReady", "true", "")]
    shown += [
        (tag, value, "" if tag in WITHOUT_CURRENCY else currency)
        for tag, value in values(gateway.books, name).items()
    ]
    pnl = gateway.books.pnl(name)
    ledger = {
        "CashBalance": account.cash,
        "TotalCashBalance": account.cash,
        "StockMarketValue": gateway.books.equity(name) - account.cash,
        "NetLiquidationByCurrency": gateway.books.equity(name),
        "UnrealizedPnL": pnl.unrealized,
        "RealizedPnL": pnl.realized,
    }
    for base in (currency, "BASE"):
        shown += [(key, f"{value:.2f}", base) for key, value in ledger.items()]
        shown += [("ExchangeRate", "1.00", base), ("Currency", base, base)]
    return shown


def send_portfolio(gateway: Gateway, link: Link, name: str, con_id: int) -> None:
    """Send one line of the portfolio."""
    held = gateway.books.accounts[name].position(con_id)
    price = gateway.books.prices.get(con_id, 0.0)
    worth = held.value(price, gateway.books.multipliers[con_id])
    fields = {
        **contract(gateway.instruments[con_id]),
        "position": held.qty,
        "marketPrice": price,
        "marketValue": float(worth),
        "averageCost": float(held.average_cost()),
        "unrealizedPNL": float(worth - held.cost) if held.qty else 0.0,
        "realizedPNL": float(held.realized - held.realized_before),
        "account": name,
    }
    link.send("portfolioValue", **reply_fields("portfolioValue", fields))


def _updates_multi(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    name, req_id = _account(gateway, fields["account"]), fields["reqId"]
    for key, value, currency in _values(gateway, name):
        link.send(
            "accountUpdateMulti",
            reqId=req_id,
            account=name,
            modelCode=fields["modelCode"],
            key=key,
            value=value,
            currency=currency,
        )
    link.send("accountUpdateMultiEnd", reqId=req_id)


# -- summary --


def _summary(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    req_id = fields["reqId"]
    if sum(name.startswith("summary ") for name in link.watches) >= SUMMARIES:
        link.error(req_id, 322, "Maximum number of account summary requests exceeded")
        return
    link.watches[f"summary {req_id}"] = True
    wanted = {tag for tag in fields["tags"].split(",") if tag}
    ledger = any(tag.startswith("$LEDGER") for tag in wanted)

    def send() -> None:
        if not link.started or f"summary {req_id}" not in link.watches:
            return
        for name in gateway.books.accounts:
            for key, value, currency in _values(gateway, name):
                if key in wanted or (ledger and key not in TAGS):
                    link.send(
                        "accountSummary",
                        reqId=req_id,
                        account=name,
                        tag=key,
                        value=value,
                        currency=currency,
                    )
        link.send("accountSummaryEnd", reqId=req_id)
        gateway.timeline.after(REFRESH_S, send)

    send()


def _cancel(prefix: str) -> Any:
    """Return the handler that ends a watch."""

    def cancel(_gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
        link.watches.pop(f"{prefix} {fields['reqId']}", None)

    return cancel


# -- positions --


def _positions(gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.watches["positions"] = True
    for name, account in gateway.books.accounts.items():
        for con_id, held in list(account.positions.items()):
            if held.qty:
                send_position(gateway, link, name, con_id)
    link.send("positionEnd")


def _no_positions(_gateway: Gateway, link: Link, _fields: dict[str, Any]) -> None:
    link.watches.pop("positions", None)


def send_position(
    gateway: Gateway, link: Link, name: str, con_id: int, *, req_id: int | None = None
) -> None:
    """Send a position; its exchange is the primary listing."""
    instrument = gateway.instruments[con_id]
    held = gateway.books.accounts[name].position(con_id)
    fields = {
        **contract(instrument, instrument.primary_exchange),
        "account": name,
        "position": held.qty,
        "avgCost": float(held.average_cost()),
    }
    if req_id is None:
        link.send("position", **reply_fields("position", fields))
    else:
        link.send("positionMulti", **reply_fields("positionMulti", {**fields, "reqId": req_id}))


def _positions_multi(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    name, req_id = _account(gateway, fields["account"]), fields["reqId"]
    link.watches[f"positionsMulti {req_id}"] = name
    for con_id, held in list(gateway.books.positions(name).items()):
        if held.qty:
            send_position(gateway, link, name, con_id, req_id=req_id)
    link.send("positionMultiEnd", reqId=req_id)


# -- profit and loss --


def _pnl(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    name, req_id = _account(gateway, fields["account"]), fields["reqId"]
    link.watches[f"pnl {req_id}"] = name

    def send() -> None:
        if link.started and f"pnl {req_id}" in link.watches:
            pnl = gateway.books.pnl(name)
            link.send(
                "pnl",
                reqId=req_id,
                daily=float(pnl.daily),
                unrealized=float(pnl.unrealized),
                realized=float(pnl.realized),
            )
            gateway.timeline.after(PNL_S, send)

    send()


def _pnl_single(gateway: Gateway, link: Link, fields: dict[str, Any]) -> None:
    name, req_id, con_id = _account(gateway, fields["account"]), fields["reqId"], fields["conId"]
    if con_id not in gateway.instruments:
        link.error(req_id, 321, "Error validating request:-'dc' : cause - Invalid contract id")
        return
    link.watches[f"pnl {req_id}"] = name

    def send() -> None:
        if link.started and f"pnl {req_id}" in link.watches:
            pnl = gateway.books.pnl(name, con_id)
            held = gateway.books.accounts[name].position(con_id)
            price = gateway.books.prices.get(con_id)
            link.send(
                "pnlSingle",
                reqId=req_id,
                pos=held.qty,
                daily=float(pnl.daily),
                unrealized=float(pnl.unrealized) if held.qty else None,
                realized=float(pnl.realized) if held.realized else None,
                value=float(held.value(price, gateway.books.multipliers[con_id])),
            )
            gateway.timeline.after(PNL_S, send)

    send()


HANDLERS: Final = {
    "reqAccountUpdates": _updates,
    "reqAccountUpdatesMulti": _updates_multi,
    "cancelAccountUpdatesMulti": _cancel("accountMulti"),
    "reqAccountSummary": _summary,
    "cancelAccountSummary": _cancel("summary"),
    "reqPositions": _positions,
    "cancelPositions": _no_positions,
    "reqPositionsMulti": _positions_multi,
    "cancelPositionsMulti": _cancel("positionsMulti"),
    "reqPnL": _pnl,
    "cancelPnL": _cancel("pnl"),
    "reqPnLSingle": _pnl_single,
    "cancelPnLSingle": _cancel("pnl"),
}
