"""Runs one seed at a level: ``core`` (a model broker behind the port) or ``wire`` (real bytes).

A level is a module with two functions: ``plan_of(seed, seconds, aim) -> Plan`` and
``simulate(plan, *, record) -> Outcome``; ``record`` asks for a timeline, which costs time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

from tests.simulation.week import week_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.simulation.outcome import Outcome
    from tests.simulation.plan import Aim, Plan

SECONDS: Final = 120.0
LEVELS: Final = {
    "core": "tests.simulation.core",
    "long": "tests.simulation.long",
    "wire": "tests.simulation.wire",
}


class Level(Protocol):
    """What a level's module has to offer."""

    def plan_of(self, seed: int, seconds: float, aim: Aim | None = None) -> Plan:
        """Draw the faults of a seed, of all kinds or of those that are aimed at."""
        ...

    def simulate(self, plan: Plan, *, record: bool = False) -> Outcome:
        """Run a plan."""
        ...


def level_of(name: str) -> Level:
    """Return a level's module.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in LEVELS:
        msg = f"no level {name!r}: choose {' or '.join(LEVELS)}"
        raise ValueError(msg)
    return cast("Level", import_module(LEVELS[name]))


def length_of(seed: int, level: str) -> float:
    """Return how many seconds a seed's run takes; those of a long one are its week's."""
    return week_of(seed).seconds if level == "long" else SECONDS


def run(
    seed: int,
    level: str = "core",
    seconds: float | None = None,
    only: Collection[int] | None = None,
    *,
    record: bool = False,
) -> Outcome:
    """Run a seed; ``only`` names the faults that it may have, None leaves all.

    A run that breaks an invariant is run again with a timeline: the same seed is the same run.
    """
    module = level_of(level)
    plan = module.plan_of(seed, length_of(seed, level) if seconds is None else seconds)
    if only is not None:
        plan = plan.only(only)
    outcome = module.simulate(plan, record=record)
    if outcome.breaches and not record:
        return module.simulate(plan, record=True)
    return outcome
