"""What a supervisor reports, and the plain integers that it counts.

Reports go to the system's observer as ``report(kind, facts)``, with OTP's kinds: ``progress`` for a
start, ``start_error``, ``child_terminated``, ``shutdown_error`` and ``shutdown``. Facts are strings
cut to a bound, so a report can be logged or sent whatever a child's reason holds; the start's
arguments are never part of it. Without an observer nothing is formatted.
"""

from __future__ import annotations

from collections import Counter
from reprlib import Repr
from typing import TYPE_CHECKING, Final

from supervision.reasons import Crash

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.children import Child

MOST_CHARACTERS: Final = 400  # a line that a terminal and a log collector still take whole
MOST_DEPTH: Final = 4
MOST_SERIES: Final = 1000  # children with counters of their own; the rest is counted together

_repr = Repr()
_repr.maxlevel = MOST_DEPTH
_repr.maxstring = _repr.maxother = MOST_CHARACTERS


def short(value: object) -> str:
    """Return ``repr(value)``, cut in depth and length."""
    text = _repr.repr(value.cause if isinstance(value, Crash) else value)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - 3] + "..."


class Reports:
    """The reports and counters of one supervisor."""

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self.restarts: Counter[tuple[object, str]] = Counter()
        self.escalations = 0

    def restarted(self, child: Child, reason: object) -> None:
        """Count one restart attempt of ``child``; ``reason`` None is the retry of a failed one."""
        why = "Retry" if reason is None else type(reason).__name__
        key = (child.spec.id, why)
        if key not in self.restarts and len(self.restarts) >= MOST_SERIES:
            key = ("other", why)
        self.restarts[key] += 1

    def gave_up(self, child: Child, reason: object) -> None:
        """Count and report that the restart budget is used up."""
        self.escalations += 1
        self.tell("shutdown", "reached_max_restart_intensity", reason, child)

    def tell(self, kind: str, context: str, reason: object, child: Child) -> None:
        """Report ``kind``, if anybody listens."""
        observer = self._cell.system.observer
        if observer is None:
            return
        facts: dict[str, object] = {
            "supervisor": str(self._cell.ref),
            "context": context,
            "reason": short(reason),
            "id": short(child.spec.id),
            "ref": str(child.ref),
            "restart": child.spec.restart,
            "type": child.spec.type,
            "shutdown": child.spec.shutdown_ms,
        }
        observer.report(kind, facts)
