"""What ib_async's decoder calls: raw messages, each handed on at once as the domain's words.

This stands where ib_async has its own ``Wrapper``, whose view of orders is not used at all: it
counts a corrected execution twice, drops a commission that comes first, calls live orders cancelled
and forgets everything at a disconnect (docs/gateway.md). Here is no state.

A failure of our own code in a callback must not end in ib_async's log: it is caught at this one
place and told to ``failed``, which crashes the actor (style rule 6). Ticks, which are by far the
most of what comes, do not come here but go from the decoder to their desk.
"""

from __future__ import annotations

from datetime import UTC
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from robotrader.adapters.ib import translate
from robotrader.domain import OrderReport

if TYPE_CHECKING:
    from collections.abc import Callable

    import ib_async

    from robotrader.domain import CommissionReport, ExecutionReport, PositionReport


class Listener(Protocol):
    """Who is told."""

    @property
    def generation(self) -> int: ...  # noqa: D102
    def failed(self, error: Exception) -> None: ...  # noqa: D102
    def accounts(self, names: list[str]) -> None: ...  # noqa: D102
    def next_order_id(self, number: int) -> None: ...  # noqa: D102
    def error(self, req_id: int, code: int, text: str) -> None: ...  # noqa: D102
    def order(self, report: OrderReport) -> None: ...  # noqa: D102
    def margin(self, order_id: int, state: ib_async.OrderState) -> None: ...  # noqa: D102
    def completed(self, report: OrderReport) -> None: ...  # noqa: D102
    def execution(self, req_id: int, report: ExecutionReport) -> None: ...  # noqa: D102
    def commission(self, report: CommissionReport) -> None: ...  # noqa: D102
    def position(self, report: PositionReport) -> None: ...  # noqa: D102
    def value(self, req_id: int, tag: str, value: str, currency: str) -> None: ...  # noqa: D102
    def end(self, step: str, req_id: int | None = None) -> None: ...  # noqa: D102
    def current_time(self, seconds: int) -> None: ...  # noqa: D102
    def contract(self, req_id: int, details: ib_async.ContractDetails) -> None: ...  # noqa: D102
    def contracts_end(self, req_id: int) -> None: ...  # noqa: D102
    def rule(self, number: int, steps: list[ib_async.PriceIncrement]) -> None: ...  # noqa: D102
    def data_type(self, req_id: int, kind: int) -> None: ...  # noqa: D102
    def bar(self, req_id: int, raw: tuple[Any, ...]) -> None: ...  # noqa: D102
    def history_bar(self, req_id: int, raw: ib_async.BarData) -> None: ...  # noqa: D102
    def history_end(self, req_id: int) -> None: ...  # noqa: D102


class RawWrapper:
    """See the module's prose; method names are those that the decoder calls."""

    defaultTimezone = UTC  # noqa: N815 - read by the decoder
    ib = SimpleNamespace(TimezoneTWS="US/Eastern")
    """Read by the decoder for times without a zone, which only servers below 174 send."""

    def __init__(self, listener: Listener) -> None:
        self._to = to = listener
        pass_on = partial(partial, self._deliver)
        self.nextValidId = pass_on(to.next_order_id)
        self.currentTime = pass_on(to.current_time)
        self.contractDetails = self.bondContractDetails = pass_on(to.contract)
        self.contractDetailsEnd = pass_on(to.contracts_end)
        self.marketRule = pass_on(to.rule)
        self.marketDataType = pass_on(to.data_type)
        self.historicalData = pass_on(to.history_bar)

    def _deliver(self, handler: Callable[..., None], *args: Any) -> None:
        try:
            handler(*args)
        except Exception as error:  # noqa: BLE001 - crashes the actor instead of filling a log
            self._to.failed(error)

    # -- the connection --

    def connectAck(self) -> None:
        """The version was negotiated: START_API goes out."""

    def connectionClosed(self) -> None:
        """The connection ended: its own event says so."""

    def setEventsDone(self) -> None:
        """There are no events."""

    def managedAccounts(self, names: str) -> None:
        """The accounts of this login."""
        self._deliver(self._to.accounts, [name for name in names.split(",") if name])

    def error(self, req_id: int, code: int, text: str, _advanced: str) -> None:
        """An error, a warning or a notice."""
        self._deliver(self._to.error, req_id, code, text)

    # -- orders --

    def openOrder(self, order_id: int, contract: ib_async.Contract, order: Any, state: Any) -> None:
        """An order; a what-if is none."""
        if order.whatIf:
            self._deliver(self._to.margin, order_id, state)
        else:
            report = translate.open_order(self._to.generation, contract, order, state.status)
            self._deliver(self._to.order, report)

    def orderStatus(
        self,
        order_id: int,
        word: str,
        filled: float,
        remaining: float,
        price: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        _cap_price: float = 0.0,
    ) -> None:
        """Where an order stands."""
        report = OrderReport(
            order_id=max(order_id, 0),
            client_id=client_id,
            perm_id=perm_id,
            ref="",
            status=translate.status(word),
            generation=self._to.generation,
            filled=translate.decimal(filled),
            remaining=translate.decimal(remaining),
            avg_price=translate.decimal(price),
            why_held=why_held,
        )
        self._deliver(self._to.order, report)

    def openOrderEnd(self) -> None:
        """All open orders were sent."""
        self._deliver(self._to.end, "open_orders")

    def completedOrder(self, contract: ib_async.Contract, order: Any, state: Any) -> None:
        """An order that is over."""
        report = translate.completed_order(self._to.generation, contract, order, state.status)
        self._deliver(self._to.completed, report)

    def completedOrdersEnd(self) -> None:
        """All completed orders were sent."""
        self._deliver(self._to.end, "completed")

    def execDetails(
        self, req_id: int, contract: ib_async.Contract, done: ib_async.Execution
    ) -> None:
        """A fill: live with -1, else the answer to a request."""
        report = translate.execution(self._to.generation, contract, done)
        self._deliver(self._to.execution, req_id, report)

    def execDetailsEnd(self, req_id: int) -> None:
        """All fills of the day were sent."""
        self._deliver(self._to.end, "executions", req_id)

    def commissionReport(self, report: ib_async.CommissionReport) -> None:
        """What a fill cost."""
        self._deliver(self._to.commission, translate.commission(self._to.generation, report))

    # -- the account --

    def position(
        self, account: str, contract: ib_async.Contract, qty: float, avg_cost: float
    ) -> None:
        """A holding."""
        report = translate.position(account, contract, qty, avg_cost)
        self._deliver(self._to.position, report)

    def positionEnd(self) -> None:
        """All holdings were sent."""
        self._deliver(self._to.end, "positions")

    def accountUpdateMulti(
        self, req_id: int, _account: str, _model: str, tag: str, value: str, currency: str
    ) -> None:
        """A value of the account."""
        self._deliver(self._to.value, req_id, tag, value, currency)

    def accountUpdateMultiEnd(self, req_id: int) -> None:
        """All values were sent."""
        self._deliver(self._to.end, "values", req_id)

    # -- data --

    def realtimeBar(self, req_id: int, *raw: Any) -> None:
        """Five seconds: start, open, high, low, close, volume, average price, count."""
        self._deliver(self._to.bar, req_id, raw)

    def historicalDataEnd(self, req_id: int, _start: str, _end: str) -> None:
        """All bars of a request were sent."""
        self._deliver(self._to.history_end, req_id)
