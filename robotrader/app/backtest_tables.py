"""How a backtest looks to a person."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING, Any

from rich.text import Text

from robotrader.app.tables import UNKNOWN, clean, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from decimal import Decimal

    from rich.console import RenderableType

    from robotrader.backtest import Part, Report

_MONTHS = tuple(calendar.month_abbr[month] for month in range(1, 13))


def _part(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2%}"


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def _money(value: float | Decimal | None) -> str:
    return UNKNOWN if value is None else f"{value:,.2f}"


def full(made: Report) -> Iterator[RenderableType]:
    """Yield everything that is shown of one run."""
    yield _parts("by symbol", made.symbols)
    if len(made.strategies) > 1:
        yield _parts("by strategy", made.strategies)
    yield _months(made)
    yield table("summary", ("", ""), _summary(made), header=False)
    for line in made.provenance:
        yield Text(clean(f"prices of {line}"))
    if made.standstill is not None:
        yield Text(clean(f"TRADING STOPPED: {made.standstill.text}"), style="bold red")


def _parts(title: str, parts: Sequence[Part]) -> RenderableType:
    rows = [
        (
            each.name, each.trades.count, _part(each.trades.hit_rate),
            _number(each.trades.profit_factor), _money(each.trades.expectancy),
            _money(each.trades.gain), _money(each.trades.fees), each.open_qty,
            _money(each.unrealized),
        )
        for each in parts
    ]  # fmt: skip
    columns = (
        "", "trades>", "won>", "profit factor>", "expectancy USD>", "gain USD>", "fees USD>",
        "open>", "unrealized USD>",
    )  # fmt: skip
    return table(title, columns, rows)


def _months(made: Report) -> RenderableType:
    rows = []
    for year, row in made.months.items():
        whole = 1.0
        for each in row.values():
            whole *= 1 + each
        cells = [f"{row[month]:.1%}" if month in row else "" for month in range(1, 13)]
        rows.append((year, *cells, f"{whole - 1:.1%}"))
    return table("by month", ("", *(f"{each}>" for each in _MONTHS), "year>"), rows)


def _summary(made: Report) -> list[tuple[str, Any]]:
    seen, trades = made.summary, made.trades
    years = seen.days / 252
    need = seen.minimum_track_record
    low, high = _number(seen.sharpe_low), _number(seen.sharpe_high)
    speed = made.bars / made.seconds_run if made.seconds_run else 0
    return [
        ("run", f"{made.name}, configuration {made.config_hash}, limits {made.limits_hash}"),
        ("window", f"{seen.first} to {seen.last}, {seen.days} days ({years:.1f} years)"),
        ("fills", "at the next bar's open" if made.fill == "open" else "AT THE CLOSE of the bar "
                  "that was answered: flattering"),
        ("equity USD", f"{_money(seen.begin_value)} to {_money(seen.end_value)}"),
        ("return", f"{_part(seen.total_return)} in all, {_part(seen.cagr)} a year"),
        ("volatility", f"{_part(seen.volatility)} a year"),
        ("Sharpe", f"{_number(seen.sharpe)}, 95 % between {low} and {high}"),
        ("above zero", (f"probability {_part(seen.probabilistic_sharpe)}; sure at 95 % after "
                       f"{UNKNOWN if need is None else f'{need:,.0f}'} days")),
        ("Sortino, Calmar", f"{_number(seen.sortino)}, {_number(seen.calmar)}"),
        ("drawdown", f"{_part(seen.max_drawdown)}, the longest of {seen.longest_drawdown} days"),
        ("days", (f"{_part(seen.winning_days)} won, best {_part(seen.best_day)}, worst "
                 f"{_part(seen.worst_day)}")),
        ("trades", (f"{trades.count}, {_part(trades.hit_rate)} won, profit factor "
                   f"{_number(trades.profit_factor)}, expectancy {_money(trades.expectancy)} USD")),
        ("costs", (f"commissions {_money(made.commissions)} USD, turnover "
                  f"{_number(made.turnover)} times a year")),
        ("orders", f"{made.orders}, {made.fills} fills; refused: {_counted(made.refusals)}"),
        ("held back", _counted(made.blocked)),
        ("took", (f"{made.seconds_load:.1f} s to load, {made.seconds_run:.1f} s to run "
                 f"({speed:,.0f} bars/s)")),
    ]  # fmt: skip


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "nothing"


def brief(reports: Iterable[Report]) -> RenderableType:
    """Return runs as a list."""
    rows = [
        (
            each.name, each.summary.first, each.summary.last, _part(each.summary.cagr),
            _number(each.summary.sharpe), _part(each.summary.max_drawdown), each.trades.count,
            each.fill, each.config_hash,
        )
        for each in reports
    ]  # fmt: skip
    columns = (
        "run", "from", "to", "a year>", "Sharpe>", "drawdown>", "trades>", "fills at", "config",
    )  # fmt: skip
    return table("", columns, rows)
