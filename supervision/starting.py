"""What the start of a child gives, and what a supervisor answers.

The contract of a start callable: a ref means the child is up; ``(ref, info)`` the same with a
value for whoever asked; ``IGNORE`` that there is nothing to run; ``StartError(reason)`` or an
exception that it failed; anything else is junk and a failure too (OTP's ``start_link`` returns).
A callable may also return an actor that was made but not started: the supervisor starts it, and
does not block meanwhile. The ``on_start`` of a child may return None, ``Info(value)``, ``IGNORE``
or ``StartError``.

Answers of a supervisor are values, never exceptions: to refuse a request is not to fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

import pykka

from supervision.errors import SupervisionError


class Ignore(Enum):
    """The type of ``IGNORE``: the child has nothing to do; its spec is kept without an actor."""

    IGNORE = "ignore"


IGNORE: Final = Ignore.IGNORE


@dataclass(frozen=True, slots=True)
class StartError:
    """Returned by a start callable: the child could not start, for ``reason``."""

    reason: object


@dataclass(frozen=True, slots=True)
class BadReturn:
    """The reason of a start that returned what no start may return."""

    value: object


@dataclass(frozen=True, slots=True)
class StartTimeout:
    """The reason of a start that did not end within its bound; what it began is fenced off."""

    timeout_s: float


class ChildStartFailed(SupervisionError):
    """A supervisor could not start, because its child ``child_id`` did not, for ``reason``."""

    def __init__(self, child_id: object, reason: object) -> None:
        super().__init__(f"child {child_id!r} did not start: {reason!r}; it was not retried")
        self.child_id = child_id
        self.reason = reason


class Escalate(SupervisionError):
    """Raised by a child: its supervisor is to fail with ``error`` instead of restarting it."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"escalated: {error!r}")
        self.error = error


@dataclass(frozen=True, slots=True)
class Info:
    """Returned by ``on_start``: the child is up, and ``value`` is for whoever asked."""

    value: object


@dataclass(frozen=True, slots=True)
class Started:
    """A child is up; ``ref`` None means that its start said ``IGNORE``."""

    ref: pykka.ActorRef[Any] | None
    info: object = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A child did not start: an exception, a ``BadReturn``, a ``StartTimeout`` or its own word."""

    reason: object


Refusal = Literal[
    "already_started",
    "already_present",
    "running",
    "restarting",
    "not_found",
    "max_children",
    "simple_one_for_one",
    "start_failed",
    "bad_spec",
]


@dataclass(frozen=True, slots=True)
class Refused:
    """A request was refused; ``detail`` is the running ref, the failure or the wrong spec."""

    error: Refusal
    detail: object = None


class Done(Enum):
    """The type of ``OK``."""

    OK = "ok"


OK: Final = Done.OK


def outcome_of(value: object) -> Started | Failed:
    """Read what a start callable returned."""
    if isinstance(value, pykka.ActorRef):
        return Started(value)
    if isinstance(value, Ignore):
        return Started(None)
    if isinstance(value, StartError):
        return Failed(value.reason)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], pykka.ActorRef):
        return Started(*value)
    return Failed(BadReturn(value))


def outcome_of_on_start(ref: pykka.ActorRef[Any], value: object) -> Started | Failed:
    """Read what the ``on_start`` of the actor behind ``ref`` returned."""
    if value is None:
        return Started(ref)
    if isinstance(value, Info):
        return Started(ref, value.value)
    return Failed(BadReturn(value)) if isinstance(value, pykka.ActorRef) else outcome_of(value)


def refusal_of(failed: Failed) -> Refused:
    """Return the answer to a request whose start failed; a start's own refusal is passed on."""
    reason = failed.reason
    return reason if isinstance(reason, Refused) else Refused("start_failed", reason)
