"""What of a breaker survives a restart: plain values that fit a journal.

Times are remaining or past durations, never instants: a monotonic clock means nothing to the next
process. Whoever restores passes how much time has surely gone by since the snapshot, or nothing,
which is the safe side: a crash never makes an open period shorter.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from supervision.breaker.states import State
from supervision.breaker.verdict import Operator


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A breaker's state; ``remaining_ns`` of an OPEN one, ``closed_for_ns`` of a CLOSED one."""

    name: str
    state: State
    generation: int
    attempt: int
    consecutive_failures: int = 0
    remaining_ns: int | None = None
    closed_for_ns: int = 0
    by: Operator | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return it as numbers, texts and dicts."""
        return {**asdict(self), "state": self.state.value}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Snapshot:
        """Return what ``to_plain`` was made of.

        Raises:
            ValueError, TypeError: the data is not of a snapshot.
        """
        by = plain.get("by")
        operator = None if by is None else Operator(**by)
        return cls(**{**plain, "state": State(plain["state"]), "by": operator})


class BreakerJournal(Protocol):
    """Where snapshots are kept. What ``append`` has acknowledged must outlive ``kill -9``."""

    def append(self, snapshot: Snapshot) -> None:
        """Keep the snapshot durably, then return; raise if that failed."""
        ...

    def load(self, name: str) -> Snapshot | None:
        """Return the last snapshot kept under ``name``, None if there is none."""
        ...
