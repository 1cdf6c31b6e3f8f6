"""How the commands of ``robotrader data`` look to a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from robotrader.app.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from robotrader.adapters.catalogue import Entry
    from robotrader.app.data_export import Export
    from robotrader.app.data_import import Import
    from robotrader.app.data_looks import Judged, Look
    from robotrader.market.inspection import Inspection


def listed(entries: Sequence[Entry], actions: Mapping[str, int], where: str) -> RenderableType:
    """Return the series, and how many splits and dividends are known."""
    if not entries and not actions:
        return Text(f"{where} is empty: `robotrader data import` takes prices into it")
    rows = [
        (
            each.symbol, each.bar, each.source, f"{each.rows:,}", each.first, each.last,
            _prices(each), f"{each.size_bytes / 1e6:.1f}", each.licence, each.origin,
        )
        for each in entries
    ]  # fmt: skip
    columns = (
        "symbol", "bars", "source", "rows>", "first", "last", "prices", "MB>", "licence", "from",
    )  # fmt: skip
    known = [(symbol, count) for symbol, count in sorted(actions.items())]
    parts = [table("", columns, rows)]
    if known:
        parts.append(table("", ("splits and dividends", "count>"), known))
    return Group(*parts)


def _prices(entry: Entry) -> str:
    made = "SYNTHETIC" if entry.synthetic else "adjusted" if entry.adjusted else "as traded"
    return ", ".join((made, *entry.labels))


def taken(answer: Import) -> RenderableType:
    """Return what an import did."""
    rows = [
        (each.symbol, each.bar, each.source, each.added, each.replaced, each.rows, each.first,
         each.last, "SYNTHETIC" if each.synthetic else "")
        for each in answer.series
    ]  # fmt: skip
    columns = ("symbol", "bars", "source", "new>", "replaced>", "rows>", "first", "last", "")
    parts: list[RenderableType] = [table("", columns, rows)] if rows else []
    if answer.actions:
        known = sorted(answer.actions.items())
        parts.append(table("", ("symbol", "splits and dividends read>"), known))
    parts += [Text(f"not read: {each}") for each in answer.not_read]
    return Group(*parts)


def written(answer: Export) -> RenderableType:
    """Return what was written."""
    return Text(f"{answer.file}: {answer.rows:,} rows of {answer.provenance}")


def looks(answers: Sequence[Look]) -> RenderableType:
    """Return the quality of each series, and the places that are named."""
    rows = [(each.series, each.first, each.last, *_figures(each.found)) for each in answers]
    columns = (
        "series", "first", "last", "rows>", "coverage>", "missing>", "sessions without>",
        "outside>", "closed>", "doubles>", "unordered>", "unusable>", "spikes>", "splits?>",
        "no volume>",
    )  # fmt: skip
    places = [row for each in answers for row in _places(each)]
    parts = [table("", columns, rows)]
    if places:
        parts.append(table("", ("series", "from", "to", "what"), places))
    hidden = sum(each.hidden for each in answers)
    if hidden:
        parts.append(Text(f"and {hidden} places more: -n shows more, --json all of them"))
    return Group(*parts)


def _figures(found: Inspection) -> tuple[Any, ...]:
    coverage = f"{found.coverage:.2%}" if found.coverage is not None else None
    return (
        f"{found.rows:,}", coverage, found.missing, found.missing_sessions, found.outside,
        found.closed, found.duplicates, found.unordered, len(found.unusable), found.spikes,
        found.splits, found.zero_volume,
    )  # fmt: skip


def _places(look: Look) -> list[tuple[str, str, str, str]]:
    return [(look.series, *place) for place in look.places]


def judged(answer: Judged) -> RenderableType:
    """Return what ``verify`` says."""
    rows = [
        (each.series, f"{each.rows:,}", "; ".join(each.wrong) or "as written", ", ".join(each.odd))
        for each in answer.series
    ]
    parts: list[RenderableType] = [table("", ("series", "rows>", "file", "to look at"), rows)]
    parts += [Text(each, style="bold") for each in answer.problems]
    return Group(*parts)
