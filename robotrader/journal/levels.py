"""How full a disk is, how a map grows, how many requests go into one commit: all decided here.

The numbers are the ones that were measured: one transaction of 128 records costs little more than
one of a single record, and an environment that is grown between transactions never fills up.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from robotrader.journal.errors import InvalidEntry

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

GIB: Final = 1 << 30
MAX_MAP_BYTES: Final = 64 * GIB
GROW_AT: Final = 0.7


class Level(Enum):
    """How much room a disk has."""

    OK = "ok"
    WARN = "warn"
    LOW = "low"


class Watermarks(msgspec.Struct, frozen=True):
    """Below ``warn_bytes`` a person is told; below ``low_bytes`` nothing new is entered."""

    warn_bytes: int = 5 * GIB
    low_bytes: int = 2 * GIB

    def __post_init__(self) -> None:
        """Check the order of the marks."""
        if not 0 <= self.low_bytes <= self.warn_bytes:
            msg = f"watermarks: low {self.low_bytes}, warn {self.warn_bytes}"
            raise InvalidEntry(msg, "use 0 <= low <= warn")

    def level(self, free_bytes: int) -> Level:
        """Return the level at which ``free_bytes`` are free."""
        if free_bytes < self.low_bytes:
            return Level.LOW
        return Level.WARN if free_bytes < self.warn_bytes else Level.OK


def grown_map(map_bytes: int, used_bytes: int, free_bytes: int, *, full: bool = False) -> int:
    """Return how large the map should be: doubled at 70 % use, or if it is ``full``.

    It never exceeds 64 GiB nor half of what is free on the disk, and never shrinks.
    """
    if not full and used_bytes < map_bytes * GROW_AT:
        return map_bytes
    return max(map_bytes, min(map_bytes * 2, MAX_MAP_BYTES, free_bytes // 2))


class GroupCommit(msgspec.Struct, frozen=True):
    """How much goes into one transaction: ``entries_max`` entries or ``drain_ns`` of collecting."""

    entries_max: int = 256
    drain_ns: int = 1_000_000

    def drain(
        self,
        first: T,
        poll: Callable[[], T | None],
        clock_ns: Callable[[], int],
        size: Callable[[T], int],
    ) -> list[T]:
        """Return ``first`` and the requests that wait behind it, in their order.

        ``poll`` gives the next request, or None if none waits; ``size`` is a request's number of
        entries. A request is never split, so the last may go beyond ``entries_max``. Nobody is made
        to wait for requests that have not come: the commit before this one has collected them.
        """
        taken, entries, until_ns = [first], size(first), clock_ns() + self.drain_ns
        while entries < self.entries_max and clock_ns() < until_ns:
            following = poll()
            if following is None:
                break
            taken.append(following)
            entries += size(following)
        return taken
