"""Makes a failing run small: classes of faults off, then faults, then time (simulation.md 5.4).

A smaller run counts if the same invariant breaks in it. What a fault draws is its own, so leaving
others out leaves it as it is, as far as the run goes the same way until it comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from tests.simulation.plan import S

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.plan import Plan

T = TypeVar("T")

MOST_RUNS: Final = 400
"""Runs that one shrinking may take: a few minutes at core level."""


def shrink(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """Return a smaller plan that still fails; ``fails`` runs one and says whether it does."""
    judge = _Counted(fails)
    for cls in plan.classes:
        without = plan.without(cls)
        if judge(without):
            plan = without
    kept = ddmin([each.id for each in plan.faults], lambda ids: judge(plan.only(set(ids))))
    plan = plan.only(set(kept))
    return _cut(plan, judge)


def _cut(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """End the time of faults right after the last of them, if that still fails."""
    last_ns = max((each.until_ns for each in plan.faults), default=0)
    shorter = plan.until(min(plan.seconds, last_ns / S + 1.0))
    return shorter if fails(shorter) else plan


class _Counted:
    """Asks no more often than ``MOST_RUNS``; then nothing smaller is found."""

    def __init__(self, fails: Callable[[Plan], bool]) -> None:
        self._fails, self._left = fails, MOST_RUNS

    def __call__(self, plan: Plan) -> bool:
        self._left -= 1
        return self._left >= 0 and self._fails(plan)


def ddmin(items: Sequence[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Return a part of ``items`` that fails and from which no single one can be left out.

    Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (2002). ``items``
    as a whole has to fail.
    """
    kept, parts = list(items), 2
    if fails([]):
        return []
    while len(kept) >= 2:
        size = -(-len(kept) // parts)
        chunks = [kept[at : at + size] for at in range(0, len(kept), size)]
        smaller = _smaller(kept, chunks, fails)
        if smaller is not None:
            parts = max(parts - 1, 2) if len(smaller) > size else 2
            kept = smaller
        elif parts >= len(kept):
            break
        else:
            parts = min(len(kept), parts * 2)
    return kept


def _smaller(
    kept: list[T], chunks: list[list[T]], fails: Callable[[list[T]], bool]
) -> list[T] | None:
    """Return a chunk that fails, or all but one chunk."""
    for chunk in chunks:
        if len(chunk) < len(kept) and fails(chunk):
            return chunk
    for number in range(len(chunks)):
        rest = [each for n, chunk in enumerate(chunks) if n != number for each in chunk]
        if len(rest) < len(kept) and fails(rest):
            return rest
    return None
