"""What was changed, in the order of changes, so that nobody has to look for it.

Whoever looks from time to time keeps a mark of where the log was: what came since then is behind
it. Who was away for more changes than are remembered looks at everything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

Key = TypeVar("Key", int, str)

REMEMBERED: Final = 100_000
"""Changes: more than come between two orders; they are of one word each."""


class Log(Generic[Key]):
    """Keys of what was changed."""

    __slots__ = ("_begin", "_keys")

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._begin = 0

    def add(self, key: Key) -> None:
        """Say that something is another now."""
        self._keys.append(key)
        if len(self._keys) >= 2 * REMEMBERED:
            del self._keys[:REMEMBERED]
            self._begin += REMEMBERED

    def mark(self) -> Mark[Key]:
        """Return where the log ends."""
        return Mark(self, self._begin + len(self._keys))

    def between(self, place: int, until: int) -> Sequence[Key] | None:
        """Return what was changed between two places; None: forgotten."""
        if place < self._begin:
            return None
        return self._keys[place - self._begin : until - self._begin]


class Mark(msgspec.Struct, Generic[Key], frozen=True, gc=False):
    """Where a log was at one moment."""

    log: Log[Key]
    place: int

    def since(self, before: Mark[Key] | None) -> Sequence[Key] | None:
        """Return what was changed after an earlier mark; None: nobody knows, it can be anything."""
        if before is None or before.log is not self.log:
            return None
        return self.log.between(before.place, self.place)
