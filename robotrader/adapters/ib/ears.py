"""What one connection says, sent to whom it concerns.

Made anew for every connection, so that nothing of an older one is left: what comes late finds the
number of no request, is counted and changes nothing (F06, D7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from robotrader.adapters.ib.wire import FIRST_REQUEST
from robotrader.gateway import GatewayAlert
from robotrader.gateway.codes import ABOUT_LINK, LinkNews, farm

if TYPE_CHECKING:
    import ib_async

    from robotrader.adapters.ib.port import IbPort
    from robotrader.domain import (
        CommissionReport,
        ExecutionReport,
        OrderReport,
        PositionReport,
    )

SECOND_NS: Final = 1_000_000_000
QUOTE_FARMS: Final = frozenset({2103, 2104})
"""Notices about farms of streams; those of history say what a request for it will find anyway."""


class Ears:
    """Listens to one connection (``wrapper.Listener``)."""

    def __init__(self, port: IbPort) -> None:
        self._port = port
        self._accounts: list[str] = []
        self._first_id: int | None = None

    @property
    def generation(self) -> int:
        """The connection's number."""
        return self._port.generation

    def failed(self, error: Exception) -> None:
        """Our own code has failed in a callback."""
        self._port.failed(error)

    # -- the connection --

    def accounts(self, names: list[str]) -> None:
        """The accounts of the login."""
        self._accounts = names
        self._greet()

    def next_order_id(self, number: int) -> None:
        """The first order id that is free at the broker; later ones only confirm it."""
        if self._first_id is None:
            self._first_id = max(1, number)  # an order id of 0 is no id of a client
        self._greet()

    def _greet(self) -> None:
        if not self._accounts or self._first_id is None:
            return
        wanted = self._port.settings.account
        if wanted and wanted not in self._accounts:
            self._refuse(wanted)
        else:
            self._port.greeted(self._accounts, self._first_id)

    def _refuse(self, wanted: str) -> None:
        """End a connection on which nothing may be traded: the account is not the login's."""
        port = self._port
        text = (
            f"account {wanted} is not this login's, which has {', '.join(self._accounts)}: "
            "correct the key account, or log in to the gateway with the right user"
        )
        port.sinks.alert(GatewayAlert(port.now_ns(), text, "account"))
        port.do(port.link.broken(port.now_ns(), text))

    def current_time(self, seconds: int) -> None:
        """The answer to a probe."""
        self._port.clocks.told(seconds)
        self._port.alive()

    def error(self, number: int, code: int, text: str) -> None:
        """An error, a warning or a notice: about a request, an order or the connection."""
        self._port.counts[f"code {code}"] += 1
        if number <= 0:
            self._notice(code, text)
        elif number >= FIRST_REQUEST:
            self._request_failed(number, code, text)
        elif not self._port.margins.failed(number, code, text):
            self._port.orders.failed(number, code, text)

    def _notice(self, code: int, text: str) -> None:
        port, news = self._port, ABOUT_LINK.get(code)
        if news not in {LinkNews.FARM_BROKEN, LinkNews.FARM_OK}:
            port.do(port.link.error(port.now_ns(), code, text))
        elif code in QUOTE_FARMS:
            broken = news is LinkNews.FARM_BROKEN
            port.data.do(port.data.lines.farm(farm(text), port.now_ns(), broken=broken))

    def _request_failed(self, number: int, code: int, text: str) -> None:
        port = self._port
        if port.history.error(number, code, text) or port.contracts.error(number, code, text):
            return
        effects = port.data.lines.error(number, code, text, port.now_ns())
        port.counts["late errors"] += effects is None
        port.data.do(effects or ())

    # -- orders and the account --

    def order(self, report: OrderReport) -> None:
        """An order or its status."""
        if report.client_id == self._port.settings.client_id:
            self._port.orders.shown(report.order_id)
        self._port.sync.order(report)
        self._port.sinks.broker(report)

    def margin(self, order_id: int, state: ib_async.OrderState) -> None:
        """The answer to a what-if."""
        self._port.margins.told(order_id, state)

    def completed(self, report: OrderReport) -> None:
        """An order that is over, as an answer."""
        self._port.sync.completed(report)

    def execution(self, number: int, report: ExecutionReport) -> None:
        """A fill."""
        if not self._port.sync.execution(number, report):
            self._port.sinks.broker(report)

    def commission(self, report: CommissionReport) -> None:
        """What a fill cost; it may come before the fill (O5)."""
        self._port.sync.commission(report)
        self._port.sinks.broker(report)

    def position(self, report: PositionReport) -> None:
        """A holding."""
        self._port.sync.position(report)

    def value(self, number: int, tag: str, value: str, currency: str) -> None:
        """A value of the account."""
        self._port.sync.value(number, tag, value, currency)

    def end(self, step: str, number: int | None = None) -> None:
        """An answer of a snapshot is complete."""
        self._port.sync.end(step, number)

    # -- contracts, data --

    def contract(self, number: int, details: ib_async.ContractDetails) -> None:
        """A contract that fits a search."""
        self._port.contracts.details(number, details)

    def contracts_end(self, number: int) -> None:
        """All contracts of a search were sent."""
        self._port.contracts.end(number)

    def rule(self, number: int, steps: list[ib_async.PriceIncrement]) -> None:
        """The price steps of a market rule."""
        self._port.contracts.rule(number, steps)

    def data_type(self, number: int, kind: int) -> None:
        """What a line's prices are."""
        self._port.data.data_type(number, kind)

    def bar(self, number: int, raw: tuple[Any, ...]) -> None:
        """Five seconds of a line."""
        self._port.data.bar(number, raw)

    def history_bar(self, number: int, raw: ib_async.BarData) -> None:
        """One bar of the past."""
        self._port.history.bar(number, raw)

    def history_end(self, number: int) -> None:
        """All bars of a request were sent."""
        self._port.history.end(number)
