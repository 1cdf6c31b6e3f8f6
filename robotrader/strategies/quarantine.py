"""Messages that crash their receiver again and again are set aside, and the rest goes on.

A message is blamed by its key, which is the same at every telling. Crashes of one key are counted
until they are ``limit``; then a record says so, and from then on, also after a restart, the message
is not told any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from robotrader.domain.records import MessageQuarantined

if TYPE_CHECKING:
    from collections.abc import Iterable


class Quarantine:
    """One receiver's quarantine.

    Args:
        actor: the receiver's name in the journal.
        limit: how many crashes set a message aside.
        suspects: of how many messages crashes are counted: the latest.
    """

    def __init__(self, actor: str, limit: int = 3, suspects: int = 100) -> None:
        if limit < 1 or suspects < 1:
            msg = f"quarantine of {actor}: give a limit and a number of suspects of at least 1"
            raise ValueError(msg)
        self.actor = actor
        self.limit = limit
        self._most_suspects = suspects
        self._crashes: dict[str, int] = {}
        self._held: set[str] = set()
        self.any = False
        """Whether any message is set aside."""

    def holds(self, key: str) -> bool:
        """Say whether a message is set aside."""
        return key in self._held

    def held(self) -> frozenset[str]:
        """Return the keys of what is set aside."""
        return frozenset(self._held)

    def replay(self, keys: Iterable[str]) -> None:
        """Take back what was set aside before a restart."""
        self._held.update(keys)
        self.any = bool(self._held)

    def crashed(self, key: str, error: str, wall_ns: int) -> MessageQuarantined | None:
        """Count a crash; return the record, to be journalled, that sets the message aside."""
        if key in self._held:
            return None
        crashes = self._crashes.pop(key, 0) + 1
        if crashes < self.limit:
            self._crashes[key] = crashes
            if len(self._crashes) > self._most_suspects:
                del self._crashes[next(iter(self._crashes))]
            return None
        self._held.add(key)
        self.any = True
        return MessageQuarantined(
            actor=self.actor, message=key, crashes=crashes, error=error, wall_ns=wall_ns
        )
