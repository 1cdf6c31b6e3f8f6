"""How sweeps look to a person: while they run, and when they have ended.

The best is shown through ``Best`` alone, which has the number of trials and the deflated Sharpe
ratio: there is no other line for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from robotrader.app.tables import UNKNOWN, age, clean, table
from robotrader.research import best_of, ranked_by

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from robotrader.research import Best, Map, SweepReport, Trial, Value, Ways

_SHOWN_LIVE: Final = 8
_ROWS: Final = 20


def number(value: float | None) -> str:
    """Return a figure with two decimals."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def part(value: float | None) -> str:
    """Return a part of 1 as percent."""
    return UNKNOWN if value is None else f"{value:.2%}"


def point(params: dict[str, Value]) -> str:
    """Return a point as people write it."""
    return " ".join(f"{name}={value}" for name, value in params.items())


def full(made: SweepReport) -> Iterator[RenderableType]:
    """Yield everything that is shown of a sweep."""
    yield table(
        f"best of {made.done} trials by {made.metric}", ("", ""), best_rows(made.best), header=False
    )
    yield trials_table("", made.top)
    if made.heat is not None:
        yield heat(made.heat)
    yield table("summary", ("", ""), _summary(made), header=False)
    for line in made.provenance:
        yield Text(clean(f"prices of {line}"))


def trials_table(title: str, trials: Iterable[Trial]) -> RenderableType:
    """Return trials with their figures."""
    rows = [
        (
            each.number, point(each.params), number(it.sharpe), part(it.cagr),
            part(it.max_drawdown), it.trades, part(it.hit_rate), number(it.profit_factor),
            f"{it.commissions:,.2f}",
        )
        for each in trials
        if (it := each.figures) is not None
    ]  # fmt: skip
    columns = (
        "trial>", "parameters", "Sharpe>", "a year>", "drawdown>", "trades>", "won>",
        "profit factor>", "commissions>",
    )  # fmt: skip
    return table(title, columns, rows)


def _summary(made: SweepReport) -> list[tuple[str, str]]:
    failed = sum(made.failures.values())
    rows = [
        ("sweep", f"{made.name}, {made.method}, seed {made.seed}"),
        ("window", made.window),
        ("trials", f"{made.done} of {made.planned}, {failed} failed"),
        *_ways(made.ways),
        *(("failed", f"{count} times, as: {error}") for error, count in made.failures.items()),
    ]
    return rows[:_ROWS]


def _ways(ways: Ways | None) -> list[tuple[str, str]]:
    """Return how the trials were computed."""
    if ways is None:
        return []
    rows = []
    if ways.looped:
        spent = ", ".join(f"{name} {each:.2f} s" for name, each in ways.seconds.items())
        rows.append(("loop", f"{ways.looped} by the compiled loop (of the processor: {spent})"))
    if ways.followed:
        spent = f"{ways.seconds.get('callbacks', 0.0):.2f} s of the processor"
        rows.append(("callbacks", f"{ways.followed} followed without the engine ({spent})"))
    rows += [("engine", f"{count} by the engine: {why}") for why, count in ways.engine.items()]
    if ways.checked:
        same = ", ".join(str(each) for each in ways.checked)
        rows.append(("checked", f"trials {same} by the engine, too: every figure is the same"))
    return rows


def best_rows(best: Best | None) -> list[tuple[str, str]]:
    """Return the best, with what makes it doubtful."""
    if best is None:
        return [("best", "no trial that traded has this figure: nothing can be called the best")]
    return [
        ("best", f"{point(best.trial.params)}: {best.metric} {number(best.value)}"),
        ("deflated Sharpe", (f"{part(best.deflated)}: the probability that it is better than the "
                            f"best of {best.trials} worthless trials, whose Sharpe ratio would be "
                            f"{number(best.luck)}")),
        ("overfitting", (f"{part(best.overfitting)}: the probability that the best of one half of "
                        "the days is in the lower half of the others")),
    ]  # fmt: skip


def heat(made: Map) -> RenderableType:
    """Return a map of two parameters, the deeper in colour the larger a value is."""
    values = [abs(each) for row in made.cells for each in row if each is not None]
    largest = max(values, default=0) or 1
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column(f"{made.row_name} \\ {made.column_name}", style="bold")
    for name in made.columns:
        shown.add_column(clean(name), justify="right")
    for name, row in zip(made.rows, made.cells, strict=True):
        shown.add_row(clean(name), *(_cell(each, largest) for each in row))
    return Group(Text(f"map of {made.metric}", style="bold"), shown)


def _cell(value: float | None, largest: float) -> Text:
    if value is None:
        return Text(UNKNOWN, style="dim")
    depth = round(160 * abs(value) / largest)
    red, green = (0, 40 + depth) if value > 0 else (40 + depth, 0)
    return Text(f"{value:.2f}", style=f"rgb(255,255,255) on rgb({red},{green},20)")


def live(trials: Sequence[Trial], planned: int, metric: str, seconds: float, new: int) -> Group:
    """Return what is shown while a sweep runs; ``new`` trials are of the last ``seconds``."""
    best = best_of(trials, metric, overfit=False)
    failed = sum(1 for each in trials if each.error)
    left = (planned - len(trials)) / new * seconds if new else None
    line = (
        f"{len(trials)} of {planned} trials, {failed} failed, {new / max(seconds, 1e-9):.1f} "
        f"a second, {age(left)} left"
    )
    top = [trial for trial, _ in ranked_by(trials, metric)[:_SHOWN_LIVE]]
    doubts = [Text(clean(f"{name}: {said}")) for name, said in best_rows(best)[:2]]
    return Group(trials_table(f"best so far by {metric}", top), Text(line, style="bold"), *doubts)


def brief(reports: Iterable[SweepReport]) -> RenderableType:
    """Return sweeps as a list."""
    rows = [
        (
            each.name, each.method, f"{each.done} of {each.planned}",
            sum(each.failures.values()), each.metric,
            *(
                (UNKNOWN, UNKNOWN, UNKNOWN)
                if each.best is None
                else (number(each.best.value), part(each.best.deflated),
                      point(each.best.trial.params))
            ),
        )
        for each in reports
    ]  # fmt: skip
    columns = (
        "sweep", "method", "trials>", "failed>", "sought", "best>", "deflated Sharpe>", "with",
    )  # fmt: skip
    return table("", columns, rows)
