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


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """How many combinations were computed how."""

    asked: bool = False
    """Whether signals were to be used."""

    looped: int = 0
    """By the compiled loop."""

    failed: int = 0
    """By nobody: they failed before their first bar."""

    followed: int = 0
    """Whose callbacks were called without the engine."""

    engine: dict[str, int] = {}
    """By the engine, by why."""

    checked: tuple[int, ...] = ()
    """Trials without the engine that it has run, too, with the same result."""

    seconds: dict[str, float] = {}
    """Of the processor, by what took them."""

    def plus(self, later: Ways) -> Ways:
        """Return both together; ``later`` went on where this one ended."""
        engine, seconds = Counter(self.engine), dict(self.seconds)
        engine.update(later.engine)
        for name, each in later.seconds.items():
            seconds[name] = round(seconds.get(name, 0.0) + each, 3)
        return Ways(
            asked=later.asked,
            looped=self.looped + later.looped,
            failed=self.failed + later.failed,
            followed=self.followed + later.followed,
            engine=dict(engine),
            checked=later.checked or self.checked,
            seconds=seconds,
        )


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

    ways: Ways | None = None
    """How they were computed; None: that was not kept."""


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
    ways: Ways | None = None,
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
        ways=ways,
    )


def _failures(errors: Sequence[str]) -> dict[str, int]:
    """Return how often each error was, the first for all that differ in numbers."""
    kinds = [_NUMBER.sub("0", each) for each in errors]
    first = dict(zip(reversed(kinds), reversed(errors), strict=True))
    return {first[kind]: count for kind, count in Counter(kinds).most_common()}
