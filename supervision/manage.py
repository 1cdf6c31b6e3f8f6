"""The requests that a supervisor serves, and functions that send them (OTP's ``supervisor`` API).

All requests go through the supervisor's mailbox, one after another. Answers are values: ``OK``,
``Started`` or ``Refused``; a dead supervisor raises ``pykka.ActorDeadError`` at once. A request
waits behind a stop or start of children that is under way, so its time limit is longer than that
of an ordinary ``ask``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from supervision.children import ChildInfo
    from supervision.decide import ChildCounts
    from supervision.ref import ActorRef
    from supervision.spec import ChildSpec, SupervisorFlags
    from supervision.starting import Done, Refused, Started

TIMEOUT_S: Final = 60.0
"""Longest wait for an answer: as long as a start may take by default."""


@dataclass(frozen=True, slots=True)
class StartChild:
    """Add a child (static supervisor: ``spec``) or one more of the template (``args``)."""

    spec: object = None
    args: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class TerminateChild:
    """Stop a child; by id, under a dynamic supervisor by ref."""

    child: object


@dataclass(frozen=True, slots=True)
class RestartChild:
    """Start a stopped child again."""

    id: object


@dataclass(frozen=True, slots=True)
class DeleteChild:
    """Forget a stopped child."""

    id: object


@dataclass(frozen=True, slots=True)
class WhichChildren:
    """List all children, newest first."""


@dataclass(frozen=True, slots=True)
class WhichChild:
    """Show one child."""

    child: object


@dataclass(frozen=True, slots=True)
class CountChildren:
    """Count the children."""


@dataclass(frozen=True, slots=True)
class GetChildSpec:
    """Show the spec of one child, without the start's arguments."""

    child: object


@dataclass(frozen=True, slots=True)
class ChangeFlags:
    """Replace the flags of a running supervisor."""

    flags: SupervisorFlags


def start_child(
    sup: ActorRef[Any],
    spec: ChildSpec | Mapping[str, object] | None = None,
    *,
    args: Sequence[Any] = (),
    timeout: float = TIMEOUT_S,
) -> Started | Refused:
    """Start a child: of ``spec``, or of a dynamic supervisor's template with ``args``.

    Returns ``Started(ref, info)`` (``ref`` None: its start said ``IGNORE``) or ``Refused`` with
    ``already_started``, ``already_present``, ``max_children``, ``bad_spec`` or ``start_failed``.
    """
    answer: Started | Refused = sup.ask(StartChild(spec, tuple(args)), timeout=timeout)
    return answer


def terminate_child(
    sup: ActorRef[Any], child: object, *, timeout: float = TIMEOUT_S
) -> Done | Refused:
    """Stop a child and keep its spec (a temporary child is forgotten).

    Returns ``OK``, also when it was stopped already, or ``Refused`` with ``not_found``.
    """
    answer: Done | Refused = sup.ask(TerminateChild(child), timeout=timeout)
    return answer


def restart_child(
    sup: ActorRef[Any], child_id: object, *, timeout: float = TIMEOUT_S
) -> Started | Refused:
    """Start a child that is stopped.

    Refused with ``running``, ``restarting``, ``not_found`` or the error of its start.
    """
    answer: Started | Refused = sup.ask(RestartChild(child_id), timeout=timeout)
    return answer


def delete_child(
    sup: ActorRef[Any], child_id: object, *, timeout: float = TIMEOUT_S
) -> Done | Refused:
    """Forget a stopped child; refused with ``running``, ``restarting`` or ``not_found``."""
    answer: Done | Refused = sup.ask(DeleteChild(child_id), timeout=timeout)
    return answer


def which_children(sup: ActorRef[Any], *, timeout: float = TIMEOUT_S) -> list[ChildInfo]:
    """Return a line for every child, newest first."""
    answer: list[ChildInfo] = sup.ask(WhichChildren(), timeout=timeout)
    return answer


def which_child(
    sup: ActorRef[Any], child: object, *, timeout: float = TIMEOUT_S
) -> ChildInfo | Refused:
    """Return the line of one child, or ``Refused`` with ``not_found``."""
    answer: ChildInfo | Refused = sup.ask(WhichChild(child), timeout=timeout)
    return answer


def count_children(sup: ActorRef[Any], *, timeout: float = TIMEOUT_S) -> ChildCounts:
    """Count specs, running children, supervisors and workers."""
    answer: ChildCounts = sup.ask(CountChildren(), timeout=timeout)
    return answer


def get_childspec(
    sup: ActorRef[Any], child: object, *, timeout: float = TIMEOUT_S
) -> dict[str, object] | Refused:
    """Return all fields of a child's spec, defaults filled in, arguments hidden."""
    answer: dict[str, object] | Refused = sup.ask(GetChildSpec(child), timeout=timeout)
    return answer


def change_flags(sup: ActorRef[Any], flags: SupervisorFlags, *, timeout: float = TIMEOUT_S) -> Done:
    """Give a running supervisor other flags; attempts made so far still count."""
    answer: Done = sup.ask(ChangeFlags(flags), timeout=timeout)
    return answer
