"""What happened to a breaker: frozen values with its name and the monotonic time, in nanoseconds.

Transitions and resets are kept for ever (journal, listeners); the others are per call and may be
dropped by a listener's queue that is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervision.breaker.states import Cause, State
    from supervision.breaker.verdict import Operator, Outcome
    from supervision.breaker.window import Counts


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all: which breaker, and when."""

    name: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class CallStarted(Event):
    """A call was let through and is about to begin (only the in-process guard tells)."""


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """A result was taken in; an ignored or released one returned its permit and nothing more."""

    outcome: Outcome
    duration_ns: int
    slow: bool = False
    alert: bool = False


@dataclass(frozen=True, slots=True)
class CallTimedOut(Event):
    """A call reached its deadline; its failure has an event of its own."""

    elapsed_ns: int


@dataclass(frozen=True, slots=True)
class CallRefused(Event):
    """A call was refused; ``remaining_ns`` is 0 where no time helps (no permit left)."""

    state: State
    remaining_ns: int


@dataclass(frozen=True, slots=True)
class LateResult(Event):
    """A result of an earlier generation, or the second of one permit: counted, else ignored."""

    outcome: Outcome
    duration_ns: int


@dataclass(frozen=True, slots=True)
class PermitExpired(Event):
    """A half-open permit was not used in time and was taken back."""


@dataclass(frozen=True, slots=True)
class Exceeded(Event):
    """A trip rule holds; published before the transition that follows from it."""

    rule: Cause
    value: float
    limit: float


@dataclass(frozen=True, slots=True)
class Transition(Event):
    """The state changed; ``counts`` is the window that caused it, ``open_ns`` the coming period."""

    source: State
    target: State
    cause: Cause
    generation: int
    attempt: int
    counts: Counts
    open_ns: int | None = None
    by: Operator | None = None


@dataclass(frozen=True, slots=True)
class OpenExtended(Event):
    """An operator gave an open breaker a new period."""

    open_ns: int
    by: Operator


@dataclass(frozen=True, slots=True)
class WasReset(Event):
    """An operator closed the breaker and emptied its counts."""

    by: Operator


@dataclass(frozen=True, slots=True)
class RolledOver(Event):
    """A closed breaker's counts started anew at a fixed interval."""

    generation: int


LASTING = (Transition, OpenExtended, WasReset)
"""Events that change what a journal must hold; they are never dropped."""
