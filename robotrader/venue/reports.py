"""What the venue says, in the words in which a broker's gateway reports it to the trader.

The emulated gateway says the same over a socket, in TWS' own format. Here nothing is between: a
backtest hears the venue at once, a simulation decides what comes late, twice or never.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from robotrader.domain import (
    CommissionReport,
    ExecutionReport,
    OrderFailed,
    OrderReport,
    PositionReport,
    ReportedStatus,
    Side,
)
from robotrader.venue.events import (
    Charged,
    Executed,
    Execution,
    OrderState,
    OrderUpdated,
    PositionChanged,
    Status,
    VenueEvent,
)

if TYPE_CHECKING:
    from robotrader.venue.books import Books

Report: TypeAlias = OrderReport | OrderFailed | ExecutionReport | CommissionReport
ZERO: Final = Decimal(0)
_STATUSES: Final = {each: ReportedStatus(each.value) for each in Status}
_BUY, _SELL = Side.BUY, Side.SELL  # a member of an enum takes fifty times as long to look up


def report_of(event: VenueEvent, generation: int) -> Report | None:
    """Return an event as it is reported; None for one that is not (a position's change)."""
    told: Any = event
    kind = type(told)
    if kind is OrderUpdated:
        return order_report(told.state, generation)
    if kind is PositionChanged:
        return None
    if kind is Executed:
        return execution_report(told.execution, generation)
    if kind is Charged:
        return commission_report(told, generation)
    return OrderFailed(told.key.order_id, told.code, told.text, generation)


def order_report(state: OrderState, generation: int, *, completed: bool = False) -> OrderReport:
    """Return how an order stands; a completed one has no number and no rest, as IBKR's has.

    Client 0 stands for a person at the broker's own program, whose orders have no number.
    """
    order = state.order
    numbered = not completed and state.key.client_id
    return OrderReport(  # more than fifteen names would be passed as a dictionary
        state.key.order_id if numbered else 0,
        state.key.client_id if numbered else 0,
        state.perm_id,
        order.order_ref,
        _STATUSES[state.status],
        generation,
        con_id=order.con_id,
        account=order.account,
        side=order.side,
        qty=ZERO if completed else order.qty,
        filled=state.filled,
        remaining=ZERO if completed else state.remaining,
        avg_price=state.avg_price,
        why_held=state.why_held,
        completed=completed,
        limit_price=order.limit_price,
        aux_price=order.aux_price,
    )


def execution_report(execution: Execution, generation: int) -> ExecutionReport:
    """Return a fill as it is reported."""
    return ExecutionReport(
        exec_id=execution.exec_id,
        order_id=execution.key.order_id if execution.key.client_id else 0,
        client_id=execution.key.client_id,
        perm_id=execution.perm_id,
        ref=execution.order_ref,
        con_id=execution.con_id,
        account=execution.account,
        side=_BUY if execution.bought else _SELL,
        qty=execution.qty,
        price=execution.price,
        time_ns=execution.time_ns,
        cum_qty=execution.cum_qty,
        generation=generation,
    )


def commission_report(charged: Charged, generation: int) -> CommissionReport:
    """Return what a fill cost as it is reported."""
    return CommissionReport(
        charged.exec_id, charged.commission, charged.currency, charged.realized, generation
    )


def position_reports(books: Books, account: str) -> tuple[PositionReport, ...]:
    """Return what an account holds, as it is reported."""
    return tuple(
        PositionReport(account, con_id, held.qty, held.average_cost())
        for con_id, held in books.positions(account).items()
    )
