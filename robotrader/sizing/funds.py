"""What a size is made of, read from the account and the trades that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain import Funds

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.ledger import Closed, LedgerView


def funds_of(view: LedgerView, closed: Iterable[Closed]) -> Funds:
    """Return equity, the part of the peak that is lost, and what each trade won on its cost."""
    fall = None
    if view.drawdown is not None and view.peak is not None and view.peak > 0:
        fall = float(view.drawdown / view.peak)
    return Funds(equity=view.equity, drawdown=fall, trades=tuple(each.ratio for each in closed))
