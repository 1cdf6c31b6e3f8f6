"""The decisions of a supervisor as pure functions over plain values.

Nothing here knows an actor, a thread or a clock: a supervisor collects the facts, asks here what
they mean and carries it out. The rules are those of OTP's ``supervisor``; ``docs/supervision.md``
lists them point by point.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from supervision.starting import OK, Done, Refused

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence

    from supervision.reasons import ExitReason
    from supervision.spec import AutoShutdown, ChildType, Restart, Strategy


class State(Enum):
    """Where a child stands; ``RESTARTING`` waits for the retry of a restart that failed."""

    RUNNING = "running"
    RESTARTING = "restarting"
    UNDEFINED = "undefined"


class Fate(Enum):
    """What becomes of a child that ended by itself."""

    RESTART = "restart"
    KEEP = "keep"
    FORGET = "forget"


_TABLE: Final[dict[tuple[str, bool], Fate]] = {
    ("permanent", True): Fate.RESTART,
    ("permanent", False): Fate.RESTART,
    ("transient", True): Fate.KEEP,
    ("transient", False): Fate.RESTART,
    ("temporary", True): Fate.FORGET,
    ("temporary", False): Fate.FORGET,
}


def fate(restart: Restart, reason: ExitReason) -> Fate:
    """Decide by restart type and by whether the exit was an ordinary one."""
    return _TABLE[restart, reason.ordinary]


@dataclass(frozen=True, slots=True)
class ChildFacts:
    """What the decisions need to know of one child; ``key`` is ``spec.id_key`` of its id."""

    key: Hashable
    restart: Restart = "permanent"
    state: State = State.RUNNING
    significant: bool = False
    type: ChildType = "worker"


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """Keys to stop (in this order), to forget, and then to start (in this order)."""

    stop: tuple[Hashable, ...]
    forget: tuple[Hashable, ...]
    start: tuple[Hashable, ...]


def affected(
    strategy: Strategy, children: Sequence[ChildFacts], index: int
) -> Sequence[ChildFacts]:
    """Return the children, in start order, that a restart of ``children[index]`` concerns."""
    if strategy == "one_for_all":
        return children
    if strategy == "rest_for_one":
        return children[index:]
    return children[index : index + 1]


def plan_restart(strategy: Strategy, children: Sequence[ChildFacts], index: int) -> GroupPlan:
    """Plan the restart of ``children[index]``, given all children in start order.

    The same plan serves the retry after a start in the group failed: ``index`` is then the child
    that failed to start, so ``rest_for_one`` leaves alone what came up before it, while
    ``one_for_all`` stops everything again. Temporary children are stopped and forgotten; a
    sibling that is ``UNDEFINED`` is started with the others.
    """
    group = affected(strategy, children, index)
    running = [child for child in group if child.state is State.RUNNING]
    return GroupPlan(
        stop=tuple(child.key for child in reversed(running)),
        forget=tuple(child.key for child in group if child.restart == "temporary"),
        start=tuple(child.key for child in group if child.restart != "temporary"),
    )


def plan_stop(children: Sequence[ChildFacts]) -> tuple[Hashable, ...]:
    """Return the keys to stop when the supervisor ends: reverse start order, one by one."""
    return tuple(child.key for child in reversed(children) if child.state is State.RUNNING)


def shuts_down(mode: AutoShutdown, ended: ChildFacts, siblings: Iterable[ChildFacts]) -> bool:
    """Say whether the end of ``ended`` ends its supervisor.

    Ask only for a child that ended by itself and will not be restarted: neither a request to
    stop it nor a group restart triggers an automatic shutdown. A sibling that waits for its
    retry still counts as running.
    """
    if not ended.significant or mode == "never":
        return False
    if mode == "any_significant":
        return True
    return not any(
        child.significant and child.state is not State.UNDEFINED and child.key != ended.key
        for child in siblings
    )


@dataclass(frozen=True, slots=True)
class ChildCounts:
    """How many children are specified, are running, are supervisors and are workers."""

    specs: int
    active: int
    supervisors: int
    workers: int


def count_children(children: Iterable[tuple[ChildType, bool]]) -> ChildCounts:
    """Count by type; only children that live at this moment are active."""
    specs = active = supervisors = 0
    for kind, alive in children:
        specs += 1
        active += alive
        supervisors += kind == "supervisor"
    return ChildCounts(specs, active, supervisors, specs - supervisors)


def may_start(state: State | None, ref: object) -> Done | Refused:
    """Judge ``start_child`` by the child that has the id already (``None``: nobody has it)."""
    if state is None:
        return OK
    if state is State.RUNNING:
        return Refused("already_started", ref)
    return Refused("already_present")


def may_change(state: State | None) -> Done | Refused:
    """Judge ``restart_child`` and ``delete_child``, which want a child that is stopped."""
    if state is None:
        return Refused("not_found")
    if state is State.RUNNING:
        return Refused("running")
    if state is State.RESTARTING:
        return Refused("restarting")
    return OK
