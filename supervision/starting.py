"""What the start of a child gives, and what a supervisor answers.

The contract of a start callable: a ref means the child is up; ``(ref, info)`` the same with a
value for whoever asked; ``IGNORE`` that there is nothing to run; ``StartError(reason)`` or an
exception that it failed; anything else is junk and a failure too (OTP's ``start_link`` returns).

Answers of a supervisor are values, never exceptions: to refuse a request is not to fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

import pykka


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


@dataclass(frozen=True, slots=True)
class FailedToStartChild:
    """The reason of a supervisor that could not start: the child that failed, and why."""

    id: object
    reason: object


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
