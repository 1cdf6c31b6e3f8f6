"""How walk-forward and Monte Carlo look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from robotrader.app.sweep_tables import number, part, point
from robotrader.app.tables import clean, table
from robotrader.research import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from robotrader.research import Paths, WalkForward


def full(made: WalkForward) -> Iterator[RenderableType]:
    """Yield everything that is shown of a walk-forward."""
    rows = [
        (
            each.number, f"{each.inside.first} to {each.inside.last}",
            f"{each.outside.first} to {each.outside.last}", point(each.best.trial.params),
            each.best.trials, part(each.best.deflated), number(each.inside.sharpe),
            number(each.outside.sharpe), part(each.inside.cagr), part(each.outside.cagr),
        )
        for each in made.windows
    ]  # fmt: skip
    columns = (
        "window>", "chosen on", "judged on", "parameters", "trials>", "deflated>",
        "Sharpe inside>", "outside>", "a year inside>", "outside>",
    )  # fmt: skip
    yield table("inside and outside", columns, rows)
    yield table("summary", ("", ""), _summary(made), header=False)
    for line in made.provenance:
        yield Text(clean(f"prices of {line}"))


def _summary(made: WalkForward) -> list[tuple[str, str]]:
    seen = made.summary
    rows = [("walk-forward", f"{made.name}, {made.scheme}; sought: {made.metric}")]
    if seen is not None:
        low, high = number(seen.sharpe_low), number(seen.sharpe_high)
        rows += [
            ("days outside", f"{seen.days}, {seen.first} to {seen.last}"),
            ("Sharpe outside", f"{number(seen.sharpe)}, 95 % between {low} and {high}"),
            ("above zero", f"probability {part(seen.probabilistic_sharpe)}"),
            ("return outside", f"{part(seen.total_return)} in all, {part(seen.cagr)} a year"),
            ("drawdown outside", part(seen.max_drawdown)),
        ]
    if made.ratios:
        ordered = sorted(made.ratios)
        shown = f"{number(ordered[0])} to {number(ordered[-1])}"
        middle = number(ordered[len(ordered) // 2])
        rows.append(("paths", f"{len(ordered)}: Sharpe ratios {shown}, the middle one {middle}"))
    rows += [
        ("efficiency", f"{part(made.efficiency)}: growth outside for growth inside"),
        ("Sharpe lost outside", number(made.decay)),
        ("windows that gained", part(made.held_up)),
        ("failed", f"{made.failed} trials"),
        *((f"window {each.number}", f"left out: {each.why}") for each in made.skipped),
    ]
    return rows


def of_paths(made: Paths, name: str, sources: Sequence[str]) -> Iterator[RenderableType]:
    """Yield everything that is shown of many paths."""
    unit = "trades" if made.block is None else "days"
    block = "" if made.block is None else f", blocks of {made.block:.1f} days on average"
    title = f"{name}: {made.count} paths of {made.steps} {unit}, {made.method}{block}"
    columns = ("", *(f"{level:.0%} below>" for level in LEVELS), "happened>", "rank of it>")
    rows = [
        (
            each.name,
            *(_figure(each.name, value) for value in each.values),
            _figure(each.name, each.real),
            part(each.rank),
        )
        for each in made.spreads
    ]
    yield table(title, columns, rows)
    falls = ", ".join(f"over {level} {share:.1%}" for level, share in made.deeper.items())
    summary = [("end below the beginning", f"{made.loss:.1%}"), ("fall", falls)]
    yield table("of all paths", ("", ""), summary, header=False)
    for line in sources:
        yield Text(clean(f"prices of {line}"))


def _figure(name: str, value: float) -> str:
    return f"{value:,.2f}" if name == "end value" else f"{value:.2%}"
