"""What callers and operators of a breaker can run into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervision.clock import NANOSECONDS
from supervision.errors import SupervisionError

if TYPE_CHECKING:
    from supervision.breaker.states import State


class BreakerError(SupervisionError):
    """Base of what a breaker raises by itself."""


class CircuitOpen(BreakerError):
    """The call was refused and the function was not called; retry after ``remaining_ns``.

    With a ``__cause__`` it was the call that tripped the breaker, and the cause is its own error.
    """

    def __init__(self, name: str, state: State, remaining_ns: int) -> None:
        self.name = name
        self.state = state
        self.remaining_ns = remaining_ns
        wait_s = remaining_ns / NANOSECONDS
        super().__init__(f"breaker {name} is {state.value}: call refused, {wait_s:.3f} s remain")


class CallTimeout(BreakerError, TimeoutError):
    """The call did not end by its deadline: whether it took effect is unknown.

    Not a failure of the call: whoever cares (an order!) finds out, nobody retries blindly.
    """

    def __init__(self, name: str, timeout_ns: int, elapsed_ns: int) -> None:
        self.name = name
        self.timeout_ns = timeout_ns
        self.elapsed_ns = elapsed_ns
        limit_s, elapsed_s = timeout_ns / NANOSECONDS, elapsed_ns / NANOSECONDS
        super().__init__(
            f"breaker {name}: no result after {elapsed_s:.3f} s (limit {limit_s:.3f} s); "
            "its effect is unknown: look it up before you try again"
        )


class IllegalMove(BreakerError):
    """The state cannot be left in that direction; it stays as it is."""

    def __init__(self, name: str, source: State, target: State) -> None:
        self.name, self.source, self.target = name, source, target
        super().__init__(
            f"breaker {name} cannot go from {source.value} to {target.value}: "
            "take a move that the table of states has"
        )


class NotAllowed(BreakerError):
    """The operator's role may not change the breaker; it stays as it is."""


class DuplicateBreaker(BreakerError):
    """The registry has a breaker of that name with another configuration."""
