"""The answer to a caller who asks to pass: a permit or a refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervision.breaker.events import Event
    from supervision.breaker.states import State


class Permit:
    """The right to make one call; hand it back with the result, or unused.

    ``generation`` and ``owner`` say which life of which breaker gave it; ``deadline_ns`` (None
    outside HALF_OPEN) is when it is taken back; ``events`` is what granting it changed. It is spent
    once: of two results that race for one permit, the second is late.
    """

    __slots__ = ("deadline_ns", "events", "generation", "number", "owner", "spent")

    def __init__(self, number: int, generation: int, owner: object) -> None:
        self.number = number
        self.generation = generation
        self.owner = owner
        self.deadline_ns: int | None = None
        self.spent = False
        self.events: tuple[Event, ...] = ()

    def __repr__(self) -> str:
        return f"<Permit {self.number} of generation {self.generation}>"


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that must not be made; ``remaining_ns`` is 0 where no time helps."""

    name: str
    state: State
    remaining_ns: int
    events: tuple[Event, ...] = ()
