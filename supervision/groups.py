"""Process groups: named sets of actors, with the semantics of OTP's ``pg``.

An actor may join a group several times and must leave as often. Its end removes all its
memberships, and a group without members is no group any more. ``monitor`` gives the members of the
moment and, from then on, every join and leave in order: the two fit without a gap, because both
happen under the group's lock. Nobody is called while the lock is held, except for an append to
a mailbox.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from supervision import delivery, ending
from supervision.states import DEAD

if TYPE_CHECKING:
    from collections.abc import Hashable

    from supervision.cell import Cell
    from supervision.reasons import ExitReason
    from supervision.ref import ActorRef


@dataclass(frozen=True, slots=True)
class Joined:
    """To a monitor: ``ref`` joined ``group`` once more."""

    group: Hashable
    ref: ActorRef[Any]


@dataclass(frozen=True, slots=True)
class Left:
    """To a monitor: ``ref`` left ``group`` once (its end leaves as often as it had joined)."""

    group: Hashable
    ref: ActorRef[Any]


class Groups:
    """The groups of one scope; actors of any system may join."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._members: dict[Hashable, list[ActorRef[Any]]] = {}
        self._joined: dict[ActorRef[Any], Counter[Hashable]] = {}
        self._monitors: dict[Hashable, list[ActorRef[Any]]] = {}

    def join(self, group: Hashable, ref: ActorRef[Any]) -> None:
        """Make ``ref`` a member once more; an actor that has ended joins nothing."""
        with self._lock:
            if ref.actor_inbox.state == DEAD:
                return
            known = self._joined.get(ref)
            if known is None:
                known = self._joined[ref] = Counter()
            known[group] += 1
            self._members.setdefault(group, []).append(ref)
            self._tell(group, Joined(group, ref))
        ending.watch(ref.actor_inbox, self, self._ended)

    def leave(self, group: Hashable, ref: ActorRef[Any]) -> Literal["ok", "not_joined"]:
        """Take one membership of ``ref`` back."""
        with self._lock:
            known = self._joined.get(ref)
            if known is None or not known[group]:
                return "not_joined"
            self._leave(group, ref, known)
            if not known:
                del self._joined[ref]
                ending.unwatch(ref.actor_inbox, self)
            return "ok"

    def _leave(self, group: Hashable, ref: ActorRef[Any], known: Counter[Hashable]) -> None:
        known[group] -= 1
        if not known[group]:
            del known[group]
        members = self._members[group]
        members.remove(ref)
        if not members:
            del self._members[group]
        self._tell(group, Left(group, ref))

    def members(self, group: Hashable) -> list[ActorRef[Any]]:
        """Return the members, oldest first; one that joined twice is there twice."""
        with self._lock:
            return list(self._members.get(group, ()))

    def groups(self) -> list[Hashable]:
        """Return the groups that have members."""
        with self._lock:
            return list(self._members)

    def monitor(self, group: Hashable, watcher: ActorRef[Any]) -> list[ActorRef[Any]]:
        """Return the members now; from now on ``watcher`` gets ``Joined`` and ``Left``."""
        with self._lock:
            self._monitors.setdefault(group, []).append(watcher)
            return list(self._members.get(group, ()))

    def demonitor(self, group: Hashable, watcher: ActorRef[Any]) -> None:
        """Tell ``watcher`` nothing of ``group`` any more."""
        with self._lock:
            watchers = self._monitors.get(group, [])
            if watcher in watchers:
                watchers.remove(watcher)
            if not watchers:
                self._monitors.pop(group, None)

    def _tell(self, group: Hashable, event: Joined | Left) -> None:
        watchers = self._monitors.get(group)
        if watchers is None:
            return
        watchers[:] = [watcher for watcher in watchers if watcher.is_alive()]
        for watcher in watchers:
            delivery.notice(watcher.actor_inbox, event)
        if not watchers:
            del self._monitors[group]

    def _ended(self, cell: Cell, reason: ExitReason) -> None:  # noqa: ARG002 - any end is the same
        with self._lock:
            known = self._joined.pop(cell.ref, None)
            if known is None:
                return
            for group, times in list(known.items()):
                for _ in range(times):
                    self._leave(group, cell.ref, known)
