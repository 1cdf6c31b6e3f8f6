"""How the one projection is made: from rows of contracts, cash and the day's start to a view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.ledger.view import DayMark, LedgerView, total

if TYPE_CHECKING:
    from decimal import Decimal

    from robotrader.ledger.rows import Rows


def project(
    *,
    account: str,
    currency: str,
    cash: Decimal | None,
    granted: Decimal | None,
    rows: Rows,
    paid: Decimal,
    day: DayMark | None,
    best: Decimal | None,
    unmatched: tuple[str, ...],
    doubts: tuple[str, ...],
    losses_ns: tuple[int, ...],
) -> LedgerView:
    """Return the view; see ``LedgerView`` for what its numbers mean.

    Its positions, strategies and times of reductions are those of the rows, not copies.
    """
    added = rows.sum
    capital = None if granted is None else granted + added.adopted
    equity = None if doubts else total((cash, added.value))
    since_peak = _peak(equity, capital, best)
    day_equity = _day_equity(day, capital)
    value, cost, realized = added.value, added.cost, added.realized
    return LedgerView(
        # By place: each name more than a dozen costs as much as all of this.
        account,
        currency,
        cash,
        capital,
        cost,
        realized,
        paid,
        rows.positions,
        rows.strategies,
        value,
        added.gross,
        None if value is None else value - cost,
        equity,
        "" if day is None else day.day,
        day_equity,
        None if day_equity is None or equity is None else equity - day_equity,
        None if day is None else realized - day.realized,
        None if day is None else paid - day.commissions,
        since_peak,
        None if since_peak is None or equity is None else since_peak - equity,
        unmatched,
        doubts,
        losses_ns,
        rows.reduced_ns,
    )


def _day_equity(day: DayMark | None, capital: Decimal | None) -> Decimal | None:
    if day is None or capital is None:
        return None
    return day.equity + capital - day.capital


def _peak(equity: Decimal | None, capital: Decimal | None, best: Decimal | None) -> Decimal | None:
    """Return the highest equity, had the capital always been what it is now."""
    if best is None or capital is None:
        return None
    peak = best + capital
    return peak if equity is None else max(peak, equity)
