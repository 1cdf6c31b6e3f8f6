"""What the broker says of an account when a run connects: there are no orders yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import BrokerSnapshot
from robotrader.venue import position_reports

if TYPE_CHECKING:
    from robotrader.venue import Books


def opening(
    books: Books, account: str, request: int, generation: int, now_ns: int
) -> BrokerSnapshot:
    """Return the answer to a request for everything; ``now_ns`` UTC."""
    return BrokerSnapshot(
        request=request,
        generation=generation,
        at_ns=now_ns,
        open_orders=(),
        completed=(),
        executions=(),
        commissions=(),
        positions=position_reports(books, account),
        values={"TotalCashValue": books.accounts[account].cash},
    )
