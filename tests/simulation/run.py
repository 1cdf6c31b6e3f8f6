"""Runs one seed at a level: ``core`` (a model broker behind the port) or ``wire`` (real bytes).

A level is a module with two functions: ``plan_of(seed, seconds) -> Plan`` and
``simulate(plan, *, record) -> Outcome``; ``record`` asks for a timeline, which costs time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Collection

    from tests.simulation.outcome import Outcome
    from tests.simulation.plan import Plan

SECONDS: Final = 120.0
LEVELS: Final = {"core": "tests.simulation.core", "wire": "tests.simulation.wire"}


class Level(Protocol):
    """What a level's module has to offer."""

    def plan_of(self, seed: int, seconds: float) -> Plan:
        """Draw the faults of a seed."""
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


def run(
    seed: int,
    level: str = "core",
    seconds: float = SECONDS,
    only: Collection[int] | None = None,
    *,
    record: bool = False,
) -> Outcome:
    """Run a seed; ``only`` names the faults that it may have, None leaves all.

    A run that breaks an invariant is run again with a timeline: the same seed is the same run.
    """
    module = level_of(level)
    plan = module.plan_of(seed, seconds)
    if only is not None:
        plan = plan.only(only)
    outcome = module.simulate(plan, record=record)
    if outcome.breaches and not record:
        return module.simulate(plan, record=True)
    return outcome
