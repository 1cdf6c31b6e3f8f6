"""The tearsheet of a run: one HTML file that needs nothing else, for people and for printing.

What was not measured is shown as a dash. Where prices are from stands first, with the word
synthetic where it applies: nobody may take drawn prices for a market's.
"""

from __future__ import annotations

import math
from html import escape
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from robotrader.backtest.tearsheet.svg import Line, histogram, line_chart
from robotrader.performance import rolling_sharpe, underwater

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.backtest.report import Part, Report

_UNKNOWN: Final = "—"
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

_STYLE: Final = """
:root{--ink:#1b2430;--soft:#5b6675;--paper:#fff;--edge:#dde2e8;--one:#1f6feb;--two:#9a6700;
--good:#1a7f37;--bad:#c62828}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa7b4;--paper:#0f1419;
--edge:#2d3640;--one:#6cb6ff;--two:#e3b341;--good:#57ab5a;--bad:#ff7b72}}
*{box-sizing:border-box}body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);
background:var(--paper);max-width:1040px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:32px 0 8px}
.warn{border-left:4px solid var(--two);padding:8px 12px;margin:16px 0;background:color-mix(in srgb,
var(--two) 10%,transparent)}.soft,figcaption,.none{color:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:16px 0}
.cards div{border:1px solid var(--edge);border-radius:8px;padding:10px 12px}
.cards b{display:block;font-size:20px;font-variant-numeric:tabular-nums}
figure{margin:12px 0}svg{width:100%;height:auto;display:block}
svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
.grid,.zero{stroke:var(--edge);fill:none}.zero{stroke:var(--soft)}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round}.one{stroke:var(--one)}
.two{stroke:var(--two)}.fall{stroke:var(--bad)}.area{stroke:none;opacity:.18}
.area.one{fill:var(--one)}.area.fall{fill:var(--bad)}rect.good{fill:var(--good)}
rect.bad{fill:var(--bad)}rect.even{fill:var(--soft)}
.key{margin-left:14px}.key::before{content:"";display:inline-block;width:18px;height:3px;
margin-right:5px;vertical-align:middle;background:var(--one)}.key.two::before{background:var(--two)}
.key.fall::before{background:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--edge);
font-variant-numeric:tabular-nums;white-space:nowrap}th:first-child,td:first-child{text-align:left}
th{color:var(--soft);font-weight:600}.heat td{border:0;text-align:center}
@media print{body{max-width:none;padding:0}figure,table{break-inside:avoid}}
"""


def tearsheet(made: Report) -> str:
    """Return the page of a run."""
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
        _provenance(made.provenance),
        _cards(made),
        line_chart("equity, USD", track.days, equity, lambda value: f"{value:,.0f}", height=300),
        line_chart("drawdown", track.days, [Line("below the best", "fall", fallen)], _percent,
                   height=160, area=True),
        "<h2>Months</h2>", _heat(made.months),
        line_chart(f"Sharpe ratio of the last {_WINDOW} days", track.days,
                   [Line("annual", "one", sharpe)], lambda value: f"{value:.1f}", height=180),
        histogram("days by return", returns.tolist(), _percent),
        "<h2>Figures</h2>", _table(("", ""), _figures(made)),
        "<h2>Symbols</h2>", _parts(made.symbols),
        "<h2>Strategies</h2>", _parts(made.strategies),
        "<h2>Refused and held back</h2>",
        _table(("reason", "orders"), [*made.refusals.items(), *made.blocked.items()] or
               [("nothing", 0)]),
        _foot(made),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(made.name)}</title><style>{_STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>"
    )


def _head(made: Report) -> str:
    seen = made.summary
    fills = "next bar\u2019s open"
    if made.fill != "open":
        fills = "<b>close of the bar that they answer, which flatters</b>"
    window = f"{seen.first} to {seen.last}, {seen.days} days, {made.bars:,} bars"
    return f'<p class="soft">{window}; orders fill at the {fills}.</p>'


def _foot(made: Report) -> str:
    hashes = f"configuration {escape(made.config_hash)}, limits {escape(made.limits_hash)}"
    return f'<p class="soft">{hashes}</p>'


def _percent(value: float) -> str:
    return f"{value:.1%}"


def _known(value: float | None, form: str) -> str:
    return _UNKNOWN if value is None or not math.isfinite(value) else format(value, form)


def _provenance(lines: Sequence[str]) -> str:
    drawn = any("synthetic" in line for line in lines)
    rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
    head = "Prices are partly synthetic. " if drawn else ""
    return (
        f'<details class="{"warn" if drawn else "soft"}"{" open" if len(lines) < 3 else ""}>'
        f"<summary>{head}Where they are from</summary><ul>{rows}</ul></details>"
    )


def _cards(made: Report) -> str:
    seen = made.summary
    cards = (
        ("return a year", _known(seen.cagr, ".2%")),
        ("Sharpe, 95 %", f"{_known(seen.sharpe, '.2f')}"),
        ("between", f"{_known(seen.sharpe_low, '.2f')} and {_known(seen.sharpe_high, '.2f')}"),
        ("deepest drawdown", _known(seen.max_drawdown, ".2%")),
        ("volatility", _known(seen.volatility, ".2%")),
        ("trades won", _known(made.trades.hit_rate, ".1%")),
        ("commissions", f"{made.commissions:,.2f}"),
    )
    return "".join(
        ('<div class="cards">', *(f"<div>{name}<b>{shown}</b></div>" for name, shown in cards),
         "</div>")
    )  # fmt: skip


def _figures(made: Report) -> list[tuple[str, str]]:
    seen, trades, against = made.summary, made.trades, made.summary.against
    rows = [
        ("begin and end", f"{seen.begin_value:,.2f} to {seen.end_value:,.2f} USD"),
        ("return in all", _known(seen.total_return, ".2%")),
        ("Sortino", _known(seen.sortino, ".2f")),
        ("Calmar", _known(seen.calmar, ".2f")),
        ("longest drawdown", f"{seen.longest_drawdown} days"),
        ("ulcer index", _known(seen.ulcer, ".2%")),
        ("skewness, kurtosis", f"{_known(seen.skew, '.2f')}, {_known(seen.kurtosis, '.2f')}"),
        ("probability that the Sharpe ratio is above 0", _known(seen.probabilistic_sharpe, ".1%")),
        ("days to be sure of it at 95 %", _known(seen.minimum_track_record, ",.0f")),
        ("best and worst day", f"{seen.best_day:.2%}, {seen.worst_day:.2%}"),
        *((f"value at risk and shortfall, {each.method}, 95 %",
           f"{_known(each.var, '.2%')}, {_known(each.es, '.2%')} {each.why}")
          for each in seen.tails),
        ("trades, won, lost", f"{trades.count}, {trades.wins}, {trades.losses}"),
        ("profit factor", _known(trades.profit_factor, ".2f")),
        ("expectancy", f"{_known(trades.expectancy, ',.2f')} USD"),
        ("mean win", f"{_known(trades.mean_win, ',.2f')} USD"),
        ("mean loss", f"{_known(trades.mean_loss, ',.2f')} USD"),
        ("turnover", f"{_known(made.turnover, '.2f')} times a year"),
    ]  # fmt: skip
    if against is not None:
        rows += [
            (f"beta to {made.benchmark_name}", _known(against.beta, ".2f")),
            ("alpha a year", _known(against.alpha, ".2%")),
            ("information ratio", _known(against.information_ratio, ".2f")),
            ("its return a year", _known(against.cagr, ".2%")),
            ("its Sharpe ratio", _known(against.sharpe, ".2f")),
            ("its deepest drawdown", _known(against.max_drawdown, ".2%")),
        ]
    return rows


def _parts(parts: Sequence[Part]) -> str:
    rows = [
        (
            each.name, each.trades.count, _known(each.trades.hit_rate, ".1%"),
            _known(each.trades.profit_factor, ".2f"), f"{each.trades.gain:,.2f}",
            f"{each.trades.fees:,.2f}", each.open_qty,
            _UNKNOWN if each.unrealized is None else f"{each.unrealized:,.2f}",
        )
        for each in parts
    ]  # fmt: skip
    head = ("", "trades", "won", "profit factor", "gain", "fees", "open", "unrealized")
    return _table(head, rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _heat(table: dict[int, dict[int, float]]) -> str:
    """Return months as a table whose colours deepen up to the largest of them."""
    largest = max((abs(each) for row in table.values() for each in row.values()), default=0) or 1
    body = []
    for year, row in table.items():
        whole = math.prod(1 + each for each in row.values()) - 1
        cells = "".join(_warm(row.get(month), largest) for month in range(1, 13))
        body.append(f"<tr><td>{year}</td>{cells}<td><b>{whole:.1%}</b></td></tr>")
    top = "".join(f"<th>{month}</th>" for month in ("", *_MONTHS, "year"))
    return f'<div class="wide"><table class="heat"><tr>{top}</tr>{"".join(body)}</table></div>'


def _warm(value: float | None, largest: float) -> str:
    if value is None:
        return "<td></td>"
    depth, name = round(70 * abs(value) / largest), "good" if value > 0 else "bad"
    colour = f"color-mix(in srgb,var(--{name}) {depth}%,transparent)"
    return f'<td style="background:{colour}">{value:.1%}</td>'
