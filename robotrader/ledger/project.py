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
    return LedgerView(
        account=account,
        currency=currency,
        cash=cash,
        capital=capital,
        cost=added.cost,
        realized=added.realized,
        commissions=paid,
        positions=rows.positions,
        strategies=rows.strategies,
        value=added.value,
        gross=added.gross,
        unrealized=None if added.value is None else added.value - added.cost,
        equity=equity,
        day="" if day is None else day.day,
        day_equity=_day_equity(day, capital),
        daily=_daily(day, capital, equity),
        realized_today=None if day is None else added.realized - day.realized,
        commissions_today=None if day is None else paid - day.commissions,
        peak=since_peak,
        drawdown=None if since_peak is None or equity is None else since_peak - equity,
        unmatched=unmatched,
        doubts=doubts,
        losses_ns=losses_ns,
        reduced_ns=rows.reduced_ns,
    )


def _day_equity(day: DayMark | None, capital: Decimal | None) -> Decimal | None:
    if day is None or capital is None:
        return None
    return day.equity + capital - day.capital


def _daily(day: DayMark | None, capital: Decimal | None, equity: Decimal | None) -> Decimal | None:
    begun = _day_equity(day, capital)
    return None if begun is None or equity is None else equity - begun


def _peak(equity: Decimal | None, capital: Decimal | None, best: Decimal | None) -> Decimal | None:
    """Return the highest equity, had the capital always been what it is now."""
    if best is None or capital is None:
        return None
    peak = best + capital
    return peak if equity is None else max(peak, equity)
