"""A sweep over two parameters as a map: what each pair of values is worth.

Where other parameters vary too, a cell is the median of its trials: a neighbourhood that is good on
the whole is worth more than one cell that shines.
"""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Final, cast

import msgspec

from robotrader.research.trial import worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.research.space import Axis, Value
    from robotrader.research.trial import Trial

MOST: Final = 24
"""Values of an axis that are told apart: more do not fit a terminal."""


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """Rows and columns in order; a cell is None where no trial is worth anything."""

    metric: str
    row_name: str
    column_name: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[float | None, ...], ...]


def heat_map(trials: Iterable[Trial], axes: Sequence[Axis], metric: str) -> Map | None:
    """Return the map of the first two axes; None if there are fewer than two."""
    if len(axes) < 2:
        return None
    ran = [each for each in trials if each.figures is not None]
    row, column = (_bins([t.params[axis.name] for t in ran], axis) for axis in axes[:2])
    found: dict[tuple[str, str], list[float]] = {}
    for each in ran:
        value = worth(each, metric)
        if value is not None:
            key = (row[each.params[axes[0].name]], column[each.params[axes[1].name]])
            found.setdefault(key, []).append(value)
    rows, columns = tuple(dict.fromkeys(row.values())), tuple(dict.fromkeys(column.values()))
    return Map(
        metric=metric,
        row_name=axes[0].name,
        column_name=axes[1].name,
        rows=rows,
        columns=columns,
        cells=tuple(
            tuple(median(own) if (own := found.get((r, c))) else None for c in columns)
            for r in rows
        ),
    )


def _bins(values: Iterable[Value], axis: Axis) -> dict[Value, str]:
    """Return the name of the row of each value, in order: of many numbers the range it is in."""
    seen = set(values)
    if not axis.numeric:
        return {each: str(each) for each in axis.values if each in seen}
    numbers = sorted(cast("set[float]", seen))
    if len(numbers) <= MOST:
        return {each: f"{each:g}" for each in numbers}
    size = -(-len(numbers) // MOST)
    parts = [numbers[at : at + size] for at in range(0, len(numbers), size)]
    return {each: f"{part[0]:g} to {part[-1]:g}" for part in parts for each in part}
