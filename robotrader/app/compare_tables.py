"""How two or more runs look beside each other."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from robotrader.app.sweep_tables import number, part
from robotrader.app.tables import UNKNOWN, table
from robotrader.research import compared

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from robotrader.backtest import Report


def beside(reports: Sequence[Report]) -> Iterator[RenderableType]:
    """Yield runs beside each other, and whether each is better than the one before it."""
    rows = [(name, *cells) for name, cells in _rows(reports)]
    yield table("", ("", *(f"{each.name}>" for each in reports)), rows)
    for one, other in pairwise(reports):
        found = compared(one.track, other.track)
        says = [
            ("days in both", f"{found.days}"),
            ("correlation", number(found.correlation)),
            ("Sharpe there", f"{number(found.first)}, {number(found.second)}"),
            ("better", f"{part(found.better)}: the probability that the second one's is greater"),
        ]
        yield table(f"{one.name}, {other.name}", ("", ""), says, header=False)


def _rows(reports: Sequence[Report]) -> Iterator[tuple[str, list[str]]]:
    seen = [each.summary for each in reports]
    yield "window", [f"{each.first} to {each.last}" for each in seen]
    yield "configuration", [each.config_hash[:12] for each in reports]
    yield "limits", [each.limits_hash[:12] for each in reports]
    yield "fills at", [each.fill for each in reports]
    yield "equity at the end", [f"{each.end_value:,.2f}" for each in seen]
    yield "return a year", [part(each.cagr) for each in seen]
    yield "volatility", [part(each.volatility) for each in seen]
    yield "Sharpe", [number(each.sharpe) for each in seen]
    yield "95 % between", [f"{number(s.sharpe_low)} and {number(s.sharpe_high)}" for s in seen]
    yield "above zero", [part(each.probabilistic_sharpe) for each in seen]
    yield "Sortino", [number(each.sortino) for each in seen]
    yield "Calmar", [number(each.calmar) for each in seen]
    yield "drawdown", [part(each.max_drawdown) for each in seen]
    yield "trades", [f"{each.trades.count}" for each in reports]
    yield "won", [part(each.trades.hit_rate) for each in reports]
    yield "profit factor", [number(each.trades.profit_factor) for each in reports]
    yield "commissions", [f"{each.commissions:,.2f}" for each in reports]
    yield "turnover a year", [number(each.turnover) for each in reports]
    refused = [sum(each.refusals.values()) for each in reports]
    yield "refused", [f"{each}" if each else UNKNOWN for each in refused]
