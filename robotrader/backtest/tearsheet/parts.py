"""What the pages of reports are made of: one style, tables, cards, and the whole around them."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_MANY: Final = 1e7

UNKNOWN: Final = "—"

STYLE: Final = """
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
.two{stroke:var(--two)}.faint{stroke:var(--soft);
stroke-dasharray:4 3}.fall{stroke:var(--bad)}.area{stroke:none;opacity:.18}
.area.one{fill:var(--one)}.area.fall{fill:var(--bad)}rect.good{fill:var(--good)}
rect.bad{fill:var(--bad)}rect.even{fill:var(--soft)}
.candle{stroke-width:1}.candle.up{stroke:var(--good);fill:var(--good);fill-opacity:.35}
.candle.down{stroke:var(--bad);fill:var(--bad);fill-opacity:.75}
.mark{stroke:var(--paper);stroke-width:.8}.mark.bought{fill:var(--one)}.mark.sold{fill:var(--two)}
.trip{stroke-width:1.6;stroke-dasharray:5 3;fill:none}.trip.good{stroke:var(--good)}
.trip.bad{stroke:var(--bad)}
.key{margin-left:14px}.key::before{content:"";display:inline-block;width:18px;height:3px;
margin-right:5px;vertical-align:middle;background:var(--one)}.key.two::before{background:var(--two)}
.key.faint::before{background:var(--soft)}
.key.fall::before{background:var(--bad)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:14px}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--edge);
font-variant-numeric:tabular-nums;white-space:nowrap}th:first-child,td:first-child{text-align:left}
th{color:var(--soft);font-weight:600}.heat td{border:0;text-align:center}
@media print{body{max-width:none;padding:0}figure,table{break-inside:avoid}}
"""


def document(title: str, parts: Iterable[str]) -> str:
    """Return a page of parts that are HTML."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        f'content="width=device-width"><title>{escape(title)}</title><style>{STYLE}</style>'
        f"</head><body>{''.join(parts)}</body></html>"
    )


def cards_of(cards: Iterable[tuple[str, str]]) -> str:
    """Return figures that stand out, each below its name; both are HTML."""
    return "".join(
        ('<div class="cards">', *(f"<div>{name}<b>{shown}</b></div>" for name, shown in cards),
         "</div>")
    )  # fmt: skip


def percent(value: float) -> str:
    """Return a part of 1 as percent."""
    return f"{value:.1%}"


def dollars(value: float) -> str:
    """Return dollars as there is room for them beside a chart: many millions as such."""
    return f"{value:,.0f}" if abs(value) < _MANY else f"{value / 1e6:,g} M"


def known(value: float | None, form: str) -> str:
    """Return a figure, or the sign for what is not defined."""
    return UNKNOWN if value is None or not math.isfinite(value) else format(value, form)


def provenance(lines: Sequence[str]) -> str:
    """Return where prices are from, with a warning if some are not of a market."""
    drawn = any("synthetic" in line for line in lines)
    rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
    head = "Prices are partly synthetic. Where they are" if drawn else "Where prices are"
    return (
        f'<details class="{"warn" if drawn else "soft"}"{" open" if len(lines) < 3 else ""}>'
        f"<summary>{head} from</summary><ul>{rows}</ul></details>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; every cell is text."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def warm(
    value: float | None, largest: float, shown: Callable[[float], str] = lambda it: f"{it:.1%}"
) -> str:
    """Return a cell that is the deeper in colour the nearer its value is to ``largest``."""
    if value is None:
        return "<td></td>"
    depth, name = round(70 * abs(value) / largest), "good" if value > 0 else "bad"
    colour = f"color-mix(in srgb,var(--{name}) {depth}%,transparent)"
    return f'<td style="background:{colour}">{shown(value)}</td>'
