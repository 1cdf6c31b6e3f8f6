"""Pages of sweeps, walk-forwards and Monte Carlo: one HTML file each, without scripts.

The best of a sweep stands beside the number of trials and its deflated Sharpe ratio, here as
everywhere.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, Final

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
from robotrader.performance import underwater
from robotrader.research.montecarlo import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from robotrader.research.heat import Map
    from robotrader.research.montecarlo import Paths
    from robotrader.research.ranking import Best
    from robotrader.research.report import SweepReport
    from robotrader.research.trial import Trial
    from robotrader.research.walk import WalkForward, Window

MONEY: Final = ("end value",)
"""Figures of paths that are money; the others are parts of 1."""


def sweep_page(made: SweepReport) -> str:
    """Return the page of a sweep."""
    failed = [(error, count) for error, count in made.failures.items()]
    parts = [
        f"<h1>{escape(made.name)}</h1>",
        (f'<p class="soft">{made.done} of {made.planned} trials, {escape(made.method)}, seed '
        f"{made.seed}, sought: {escape(made.metric)}; {escape(made.window)}.</p>"),
        provenance(made.provenance),
        _best(made.best),
        "<h2>Map</h2>", heat_table(made.heat) if made.heat else _none("one parameter has no map"),
        "<h2>Best trials</h2>", _trials(made.top),
        "<h2>Failed</h2>", table(("why", "trials"), failed or [("nothing", 0)]),
        f'<p class="soft">configuration {escape(made.config_hash)}</p>',
    ]  # fmt: skip
    return document(made.name, parts)


def _none(why: str) -> str:
    return f'<p class="none">{escape(why)}</p>'


def said(params: Mapping[str, Any]) -> str:
    """Return a point as people write it."""
    return " ".join(f"{name}={value}" for name, value in params.items())


def _best(best: Best | None) -> str:
    if best is None:
        return _none("no trial has this figure: nothing can be called the best")
    figures = best.trial.figures
    assert figures is not None, "the best has figures"
    cards = (
        ("best", escape(said(best.trial.params))),
        (escape(best.metric), known(best.value, ".2f")),
        ("of trials", f"{best.trials}"),
        ("deflated Sharpe", known(best.deflated, ".1%")),
        ("Sharpe of pure luck", known(best.luck, ".2f")),
        ("overfitting", known(best.overfitting, ".1%")),
        ("return a year", known(figures.cagr, ".2%")),
        ("deepest drawdown", known(figures.max_drawdown, ".2%")),
    )
    words = (
        f'<p class="soft">The deflated Sharpe ratio is the probability that the best of '
        f"{best.trials} trials is better than the best of as many worthless ones; overfitting is "
        "the probability that the best of one half of the days is in the lower half of the "
        "others.</p>"
    )
    return cards_of(cards) + words


def heat_table(heat: Map) -> str:
    """Return a map as a table whose colours deepen up to the largest value."""
    values = [abs(each) for row in heat.cells for each in row if each is not None]
    largest = max(values, default=0) or 1
    top = "".join(f"<th>{escape(each)}</th>" for each in heat.columns)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        f"{''.join(warm(each, largest, lambda value: f'{value:.2f}') for each in row)}</tr>"
        for name, row in zip(heat.rows, heat.cells, strict=True)
    )
    corner = f"{escape(heat.row_name)} \\ {escape(heat.column_name)}"
    return (
        f'<div class="wide"><table class="heat"><tr><th>{corner}</th>{top}</tr>{rows}</table>'
        f'</div><p class="soft">{escape(heat.metric)}; the median where other parameters vary '
        "too.</p>"
    )


def _trials(trials: Sequence[Trial]) -> str:
    rows = [
        (
            each.number, said(each.params), known(it.sharpe, ".2f"), known(it.cagr, ".2%"),
            known(it.max_drawdown, ".2%"), it.trades, f"{it.commissions:,.2f}",
        )
        for each in trials
        if (it := each.figures) is not None
    ]  # fmt: skip
    head = ("trial", "parameters", "Sharpe", "return a year", "drawdown", "trades", "commissions")
    return table(head, rows)


def walk_page(made: WalkForward) -> str:
    """Return the page of a walk-forward: what was chosen inside, and what it did outside."""
    parts = [
        f"<h1>{escape(made.name)}</h1>",
        (f'<p class="soft">{escape(made.scheme)}; chosen by {escape(made.metric)} on some days, '
        "judged on others.</p>"),
        provenance(made.provenance),
        _walk_cards(made),
        *_outside(made),
        "<h2>Inside and outside</h2>", _windows(made.windows),
        "<h2>Left out</h2>",
        table(("window", "why"), [(each.number, each.why) for each in made.skipped]
              or [("none", "")]),
        (f'<p class="soft">configuration {escape(made.config_hash)}; {made.failed} trials '
        "failed</p>"),
    ]  # fmt: skip
    return document(made.name, parts)


def _walk_cards(made: WalkForward) -> str:
    seen = made.summary
    return cards_of(
        (
            ("Sharpe outside", known(seen.sharpe, ".2f") if seen else UNKNOWN),
            ("return a year outside", known(seen.cagr, ".2%") if seen else UNKNOWN),
            ("above zero", known(seen.probabilistic_sharpe, ".1%") if seen else UNKNOWN),
            ("efficiency", known(made.efficiency, ".0%")),
            ("Sharpe lost outside", known(made.decay, ".2f")),
            ("windows that gained", known(made.held_up, ".0%")),
        )
    )


def _outside(made: WalkForward) -> list[str]:
    parts = []
    track = made.track
    if track is not None:
        fallen = tuple(-each for each in underwater(track.returns).tolist())
        parts = [
            line_chart("outside, USD", track.days, [Line("account", "one", track.values)],
                       dollars),
            line_chart("drawdown", track.days, [Line("below the best", "fall", fallen)], percent,
                       height=140, area=True),
        ]  # fmt: skip
    if made.ratios:
        parts.append(histogram("paths by Sharpe ratio", made.ratios, lambda it: f"{it:.2f}"))
    return parts


def _windows(windows: Sequence[Window]) -> str:
    rows = [
        (
            each.number, f"{each.inside.first} to {each.inside.last}",
            f"{each.outside.first} to {each.outside.last}", said(each.best.trial.params),
            each.best.trials, known(each.best.deflated, ".1%"),
            known(each.inside.sharpe, ".2f"), known(each.outside.sharpe, ".2f"),
            known(each.inside.cagr, ".2%"), known(each.outside.cagr, ".2%"),
        )
        for each in windows
    ]  # fmt: skip
    head = (
        "window", "chosen on", "judged on", "parameters", "trials", "deflated", "Sharpe inside",
        "outside", "a year inside", "outside",
    )  # fmt: skip
    return table(head, rows)


def montecarlo_page(made: Paths, name: str, sources: Sequence[str]) -> str:
    """Return the page of many paths."""
    kinds = ("fall", "faint", "two", "faint", "fall")
    lines = [
        Line(f"{level:.0%}", kind, values)
        for level, kind, values in zip(LEVELS, kinds, made.fan, strict=True)
    ]
    lines.append(Line("what happened", "one", made.real))
    block = "" if made.block is None else f" in blocks of {made.block:.1f} on average"
    unit = "trades" if made.block is None else "days"
    parts = [
        f"<h1>{escape(name)}</h1>",
        (
            f'<p class="soft">{made.count} paths of {made.steps} {unit}, {escape(made.method)}'
            f"{block}, seed {made.seed}.</p>"
        ),
        provenance(sources),
        cards_of((("end below the beginning", f"{made.loss:.1%}"),
                  *((f"fall by over {part}", f"{share:.1%}")
                    for part, share in made.deeper.items()))),
        line_chart(f"USD after so many {unit}", [each + 1 for each in made.at], lines,
                   dollars, height=320),
        "<h2>Figures</h2>", spread_table(made),
    ]  # fmt: skip
    return document(name, parts)


def spread_table(made: Paths) -> str:
    """Return the figures of all paths as a table."""
    head = ("", *(f"{level:.0%} below" for level in LEVELS), "what happened", "rank of it")
    rows = [
        (
            each.name,
            *(_figure(each.name, value) for value in each.values),
            _figure(each.name, each.real),
            f"{each.rank:.1%}",
        )
        for each in made.spreads
    ]
    return table(head, rows)


def _figure(name: str, value: float) -> str:
    return f"{value:,.2f}" if name in MONEY else f"{value:.2%}"
