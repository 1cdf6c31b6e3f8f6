"""What a sweep comes to, as one value: shown, printed as JSON, made into a page."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.research.heat import Map, heat_map
from robotrader.research.ranking import Best, best_of, ranked_by
from robotrader.research.space import Axis
from robotrader.research.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Sequence

TOP: Final = 10
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


class SweepReport(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep, finished or not; ``best`` is None if nothing was worth anything."""

    name: str
    method: str
    metric: str
    seed: int
    axes: tuple[Axis, ...]
    config_hash: str
    provenance: tuple[str, ...]
    window: str
    planned: int
    done: int
    best: Best | None
    top: tuple[Trial, ...]
    heat: Map | None
    failures: dict[str, int]
    """How many trials failed, by their error; one stands for those that differ in numbers."""


def sweep_report(
    trials: Sequence[Trial],
    *,
    name: str,
    method: str,
    metric: str,
    seed: int,
    axes: tuple[Axis, ...],
    config_hash: str,
    provenance: tuple[str, ...],
    window: str,
    planned: int,
    top: int = TOP,
) -> SweepReport:
    """Return the report of trials; the arguments are its fields."""
    return SweepReport(
        name=name,
        method=method,
        metric=metric,
        seed=seed,
        axes=axes,
        config_hash=config_hash,
        provenance=provenance,
        window=window,
        planned=planned,
        done=len(trials),
        best=best_of(trials, metric),
        top=tuple(trial for trial, _ in ranked_by(trials, metric)[:top]),
        heat=heat_map(trials, axes, metric),
        failures=_failures([each.error for each in trials if each.error]),
    )


def _failures(errors: Sequence[str]) -> dict[str, int]:
    """Return how often each error was, the first for all that differ in numbers."""
    kinds = [_NUMBER.sub("0", each) for each in errors]
    first = dict(zip(reversed(kinds), reversed(errors), strict=True))
    return {first[kind]: count for kind, count in Counter(kinds).most_common()}
