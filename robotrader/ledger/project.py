"""How the one projection is made: from holdings, cash, the day's start and prices to a view."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from robotrader.ledger.money import ZERO, market_price
from robotrader.ledger.view import DayMark, LedgerView, position_view, strategy_views, total

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from robotrader.ledger.lots import Holding


def project(
    *,
    account: str,
    currency: str,
    cash: Decimal | None,
    capital: Decimal | None,
    holdings: Mapping[int, Holding],
    multipliers: Mapping[int, int],
    commissions: Mapping[str, Decimal],
    day: DayMark | None,
    best: Decimal | None,
    unmatched: tuple[str, ...],
    doubts: tuple[str, ...],
    marks: Mapping[int, float],
    losses_ns: tuple[int, ...] = (),
    reduced_ns: Mapping[int, int] = MappingProxyType({}),
) -> LedgerView:
    """Return the view; see ``LedgerView`` for what its numbers mean."""
    seen = {
        con_id: position_view(con_id, held, multipliers.get(con_id, 1), marks.get(con_id))
        for con_id, held in holdings.items()
    }
    positions = {con_id: each for con_id, each in seen.items() if each is not None}
    units = _units(holdings, multipliers, marks)
    value = total(each.value for each in positions.values())
    cost = sum((each.cost for each in positions.values()), ZERO)
    realized = sum((sum(h.realized.values(), ZERO) for h in holdings.values()), ZERO)
    paid = sum(commissions.values(), ZERO)
    equity = None if doubts else total((cash, value))
    since_peak = _peak(equity, capital, best)
    return LedgerView(
        account=account,
        currency=currency,
        cash=cash,
        capital=capital,
        cost=cost,
        realized=realized,
        commissions=paid,
        positions=positions,
        strategies=strategy_views(holdings, units, commissions),
        value=value,
        gross=total(None if p.value is None else abs(p.value) for p in positions.values()),
        unrealized=None if value is None else value - cost,
        equity=equity,
        day="" if day is None else day.day,
        day_equity=_day_equity(day, capital),
        daily=_daily(day, capital, equity),
        realized_today=None if day is None else realized - day.realized,
        commissions_today=None if day is None else paid - day.commissions,
        peak=since_peak,
        drawdown=None if since_peak is None or equity is None else since_peak - equity,
        unmatched=unmatched,
        doubts=doubts,
        losses_ns=losses_ns,
        reduced_ns=dict(reduced_ns),
    )


def _units(
    holdings: Mapping[int, Holding], multipliers: Mapping[int, int], marks: Mapping[int, float]
) -> dict[int, Decimal | None]:
    found: dict[int, Decimal | None] = {}
    for con_id in holdings:
        mark = market_price(marks.get(con_id))
        found[con_id] = None if mark is None else mark * multipliers.get(con_id, 1)
    return found


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
