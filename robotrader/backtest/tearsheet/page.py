"""The tearsheet of a run: one HTML file that needs nothing else, for people and for printing.

What was not measured is shown as a dash. Where prices are from stands first, with the word
synthetic where it applies: nobody may take drawn prices for a market's.
"""

from __future__ import annotations

import math
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from robotrader.backtest.tearsheet.candles import candle_charts
from robotrader.backtest.tearsheet.parts import (
    UNKNOWN,
    cards_of,
    document,
    dollars,
    known,
    percent,
    provenance,
    table,
    warm,
)
from robotrader.backtest.tearsheet.svg import Line, histogram, line_chart
from robotrader.performance import rolling_sharpe, underwater

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from robotrader.backtest.candles import Charts
    from robotrader.backtest.report import Part, Report
    from robotrader.backtest.rows import DayRow

_WINDOW: Final = 126
_MONTHS: Final = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]


def tearsheet(made: Report, charts: Charts | None = None, days: Sequence[DayRow] = ()) -> str:
    """Return the page of a run.

    Args:
        made: its report.
        charts: candles with its trades; None: they are not known.
        days: what was held and paid each day; empty: that is not known.
    """
    track = made.track
    returns = track.returns
    equity = [Line("account", "one", tuple(track.values))]
    if made.benchmark:
        grown = accumulate(
            made.benchmark, lambda worth, each: worth * (1 + each), initial=track.base
        )
        equity.append(Line(made.benchmark_name, "two", tuple(grown)[1:]))
    fallen = tuple(-each for each in underwater(returns).tolist())
    sharpe = tuple(rolling_sharpe(returns, _WINDOW).tolist())
    parts = [
        f"<h1>{escape(made.name)}</h1>",
        _head(made),
        provenance(made.provenance),
        _standstill(made),
        _cards(made),
        line_chart("equity, USD", track.days, equity, dollars, height=300),
        line_chart("drawdown", track.days, [Line("below the best", "fall", fallen)], percent,
                   height=160, area=True),
        *_held(days),
        *(("<h2>Trades</h2>", *candle_charts(charts)) if charts is not None else ()),
        "<h2>Months</h2>", _heat(made.months),
        line_chart(f"Sharpe ratio of the last {_WINDOW} days", track.days,
                   [Line("annual", "one", sharpe)], lambda value: f"{value:.1f}", height=180),
        histogram("days by return", returns.tolist(), percent),
        "<h2>Figures</h2>", table(("", ""), _figures(made)),
        "<h2>Symbols</h2>", _parts(made.symbols),
        "<h2>Strategies</h2>", _parts(made.strategies),
        "<h2>Refused and held back</h2>",
        table(("reason", "orders"), [*made.refusals.items(), *made.blocked.items()] or
               [("nothing", 0)]),
        _foot(made),
    ]  # fmt: skip
    return document(made.name, parts)


def _held(days: Sequence[DayRow]) -> Iterator[str]:
    """Yield what was held, as a part of the account, and what all of it cost until then."""
    if not days:
        return
    long, short = tuple(each.long for each in days), tuple(-each.short for each in days)
    lines = [Line("long", "one", long)]
    if any(short):
        lines.append(Line("short", "two", short))
    dates = [each.day for each in days]
    yield line_chart("held at the end of the day", dates, lines, percent, height=160, area=True)
    paid = tuple(float(each) for each in accumulate(each.commissions for each in days))
    costs = [Line("commissions", "fall", paid)]
    yield line_chart("paid until then, USD", dates, costs, dollars, height=140)


def _head(made: Report) -> str:
    seen = made.summary
    fills = "next bar\u2019s open"
    if made.fill != "open":
        fills = "<b>close of the bar that they answer, which flatters</b>"
    window = f"{seen.first} to {seen.last}, {seen.days} days, {made.bars:,} bars"
    return f'<p class="soft">{window}; orders fill at the {fills}.</p>'


def _standstill(made: Report) -> str:
    """Say first what makes every figure one of the time before."""
    if made.standstill is None:
        return ""
    return f"<p><b>Trading stopped:</b> {escape(made.standstill.text)}.</p>"


def _foot(made: Report) -> str:
    hashes = f"configuration {escape(made.config_hash)}, limits {escape(made.limits_hash)}"
    return f'<p class="soft">{hashes}</p>'


def _cards(made: Report) -> str:
    seen = made.summary
    cards = (
        ("return a year", known(seen.cagr, ".2%")),
        ("Sharpe, 95 %", f"{known(seen.sharpe, '.2f')}"),
        ("between", f"{known(seen.sharpe_low, '.2f')} and {known(seen.sharpe_high, '.2f')}"),
        ("deepest drawdown", known(seen.max_drawdown, ".2%")),
        ("volatility", known(seen.volatility, ".2%")),
        ("trades won", known(made.trades.hit_rate, ".1%")),
        ("commissions", f"{made.commissions:,.2f}"),
    )
    return cards_of(cards)


def _figures(made: Report) -> list[tuple[str, str]]:
    seen, trades, against = made.summary, made.trades, made.summary.against
    rows = [
        ("begin and end", f"{seen.begin_value:,.2f} to {seen.end_value:,.2f} USD"),
        ("return in all", known(seen.total_return, ".2%")),
        ("Sortino", known(seen.sortino, ".2f")),
        ("Calmar", known(seen.calmar, ".2f")),
        ("longest drawdown", f"{seen.longest_drawdown} days"),
        ("ulcer index", known(seen.ulcer, ".2%")),
        ("skewness, kurtosis", f"{known(seen.skew, '.2f')}, {known(seen.kurtosis, '.2f')}"),
        ("probability that the Sharpe ratio is above 0", known(seen.probabilistic_sharpe, ".1%")),
        ("days to be sure of it at 95 %", known(seen.minimum_track_record, ",.0f")),
        ("best and worst day", f"{seen.best_day:.2%}, {seen.worst_day:.2%}"),
        *((f"value at risk and shortfall, {each.method}, 95 %",
           f"{known(each.var, '.2%')}, {known(each.es, '.2%')} {each.why}")
          for each in seen.tails),
        ("trades, won, lost", f"{trades.count}, {trades.wins}, {trades.losses}"),
        ("profit factor", known(trades.profit_factor, ".2f")),
        ("expectancy", f"{known(trades.expectancy, ',.2f')} USD"),
        ("mean win", f"{known(trades.mean_win, ',.2f')} USD"),
        ("mean loss", f"{known(trades.mean_loss, ',.2f')} USD"),
        ("turnover", f"{known(made.turnover, '.2f')} times a year"),
    ]  # fmt: skip
    if against is not None:
        rows += [
            (f"beta to {made.benchmark_name}", known(against.beta, ".2f")),
            ("alpha a year", known(against.alpha, ".2%")),
            ("information ratio", known(against.information_ratio, ".2f")),
            ("its return a year", known(against.cagr, ".2%")),
            ("its Sharpe ratio", known(against.sharpe, ".2f")),
            ("its deepest drawdown", known(against.max_drawdown, ".2%")),
        ]
    return rows


def _parts(parts: Sequence[Part]) -> str:
    rows = [
        (
            each.name, each.trades.count, known(each.trades.hit_rate, ".1%"),
            known(each.trades.profit_factor, ".2f"), f"{each.trades.gain:,.2f}",
            f"{each.trades.fees:,.2f}", each.open_qty,
            UNKNOWN if each.unrealized is None else f"{each.unrealized:,.2f}",
        )
        for each in parts
    ]  # fmt: skip
    head = ("", "trades", "won", "profit factor", "gain", "fees", "open", "unrealized")
    return table(head, rows)


def _heat(table: dict[int, dict[int, float]]) -> str:
    """Return months as a table whose colours deepen up to the largest of them."""
    largest = max((abs(each) for row in table.values() for each in row.values()), default=0) or 1
    body = []
    for year, row in table.items():
        whole = math.prod(1 + each for each in row.values()) - 1
        cells = "".join(warm(row.get(month), largest) for month in range(1, 13))
        body.append(f"<tr><td>{year}</td>{cells}<td><b>{whole:.1%}</b></td></tr>")
    top = "".join(f"<th>{month}</th>" for month in ("", *_MONTHS, "year"))
    return f'<div class="wide"><table class="heat"><tr>{top}</tr>{"".join(body)}</table></div>'
