"""Who makes no progress: in one message, or with messages that wait, for longer than is allowed.

An idle actor is never hung. One that is starting is not either: its start has a limit of its own.
A look that comes late says that we ourselves were stopped (a suspended machine): then nobody is
judged, all are given their time anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from supervision.states import STARTING, STOPPING

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from supervision import Registry
    from supervision.cell import Cell


@dataclass(slots=True)
class _Seen:
    """What an incarnation had handled, and since when it did not go on; monotonic time."""

    cell: Cell
    handled: int
    since_ns: int


class Progress:
    """Looks at the players of roles, whoever they are at the moment.

    Args:
        registry: where they are found.
        watched: for each role its name for people and the scope that it stands for.
    """

    def __init__(self, registry: Registry, watched: Mapping[Hashable, tuple[str, str]]) -> None:
        self._registry, self._watched = registry, dict(watched)
        self._seen: dict[Hashable, _Seen] = {}
        self._looked_ns: int | None = None

    def hung(self, now_ns: int, allowed_ns: int) -> tuple[tuple[str, str], ...]:
        """Return name and scope of those that make no progress for longer than is allowed."""
        late = self._looked_ns is not None and now_ns - self._looked_ns > allowed_ns
        self._looked_ns = now_ns
        if late:
            self._seen.clear()
        found: list[tuple[str, str]] = []
        for role, told in self._watched.items():
            seen = self._seen.get(role)
            if seen is None or seen.cell.state >= STOPPING:  # who lives keeps the role
                self._find(role, now_ns)
                continue
            cell = seen.cell
            if (
                cell.handled != seen.handled
                or not (cell.running or cell.queue)
                or cell.state == STARTING
            ):
                seen.handled, seen.since_ns = cell.handled, now_ns
            elif now_ns - seen.since_ns > allowed_ns:
                found.append(told)
        return tuple(found)

    def _find(self, role: Hashable, now_ns: int) -> None:
        """See who plays a role now; its time begins."""
        ref = self._registry.whereis(role)
        if ref is None:
            self._seen.pop(role, None)
        else:
            cell = ref.actor_inbox
            self._seen[role] = _Seen(cell, cell.handled, now_ns)
