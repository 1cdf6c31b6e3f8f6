"""What a result says about the guarded service, and who may operate a breaker by hand.

A verdict is all that the machine hears about a call: user values and exceptions stay outside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from supervision.breaker.checks import refuse


class Outcome(Enum):
    """What a call counts as; the value is the label used in metrics."""

    SUCCESS = "success"
    FAILURE = "failure"
    IGNORED = "ignored"
    """Judged to say nothing about the service's health (a business reject): not counted."""
    RELEASED = "released"
    """The caller gave up or the interpreter failed: nothing is known about the service."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, and what it asks for on top.

    ``open_for_ns`` (a duration) or ``open_until_ns`` (an instant of the breaker's clock) opens a
    closed breaker at once, whatever the rates are. ``alert`` is passed on to listeners.

    Raises:
        ConfigError: both are given, a duration is not positive, or the outcome is no failure.
    """

    outcome: Outcome
    open_for_ns: int | None = None
    open_until_ns: int | None = None
    alert: bool = False

    def __post_init__(self) -> None:
        if self.open_for_ns is not None and self.open_until_ns is not None:
            raise refuse("open_until_ns", self.open_until_ns, "it or open_for_ns, not both")
        if self.open_for_ns is not None and self.open_for_ns <= 0:
            raise refuse("open_for_ns", self.open_for_ns, "nanoseconds above 0")
        if self.asks_to_open and self.outcome is not Outcome.FAILURE:
            raise refuse("outcome", self.outcome, "FAILURE when the result asks to open")

    @property
    def asks_to_open(self) -> bool:
        """Say whether the result asks for the breaker to open at once."""
        return self.open_for_ns is not None or self.open_until_ns is not None

    def open_ns(self, now_ns: int) -> int:
        """Return how long to stay open from ``now_ns``; an instant gone by gives the least, 1."""
        if self.open_for_ns is not None:
            return self.open_for_ns
        return max(1, (self.open_until_ns or 0) - now_ns)


SUCCESS: Final = Verdict(Outcome.SUCCESS)
FAILURE: Final = Verdict(Outcome.FAILURE)
IGNORED: Final = Verdict(Outcome.IGNORED)
RELEASED: Final = Verdict(Outcome.RELEASED)


@dataclass(frozen=True, slots=True)
class Operator:
    """Who changes a breaker by hand, in which role, and why; the change itself has the time.

    Raises:
        ConfigError: ``who`` or ``why`` is empty: a change that nobody answers for is refused.
    """

    who: str
    role: str
    why: str

    def __post_init__(self) -> None:
        for field in ("who", "role", "why"):
            if not getattr(self, field).strip():
                raise refuse(f"operator.{field}", getattr(self, field), "a text that is not empty")
