"""What the broker answers a backtest that asks for everything: at its begin, and when in doubt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import BrokerSnapshot
from robotrader.venue import position_reports
from robotrader.venue.reports import execution_report, order_report

if TYPE_CHECKING:
    from robotrader.venue import Books, Venue


def everything(
    venue: Venue, books: Books, account: str, request: int, generation: int
) -> BrokerSnapshot:
    """Return what works, and what was done since the exchange day began, as the broker's lists do.

    Commissions are left out: whoever asks has heard each at its time.
    """
    live, done = venue.live.values(), venue.done.values()
    return BrokerSnapshot(
        request=request,
        generation=generation,
        at_ns=venue.now_ns,
        open_orders=tuple(order_report(each.state(), generation) for each in live),
        completed=tuple(order_report(each.state(), generation, completed=True) for each in done),
        executions=tuple(execution_report(each, generation) for each in venue.executions),
        commissions=(),
        positions=position_reports(books, account),
        values={"TotalCashValue": books.accounts[account].cash},
    )
