"""Where am I? The runtime and the actor that the calling thread is working for.

One thread-local, read only on slow paths (a blocking wait, an ask, a start): it lets a wait hand
its worker on instead of blocking it, a nested ask inherit the deadline of the request that it
serves, and a start land in the system of the actor that asked for it.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from supervision.cell import Cell
    from supervision.runtime.base import Runtime


class Carrier:
    """A thread while it serves a runtime.

    Attributes:
        runtime: whose turns it runs.
        current: the cell whose turn it is running, None between turns.
        outer: cells whose turn waits on this thread while it starts ``current`` for them.
        abandoned: set from outside when the thread is given up: it ends after its turn.
    """

    __slots__ = ("abandoned", "current", "ident", "outer", "runtime", "thread")

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.current: Cell | None = None
        self.outer: list[Cell] = []
        self.abandoned = False
        self.thread = threading.current_thread()
        self.ident = threading.get_ident()


class _Here(threading.local):
    carrier: Carrier | None = None


_here = _Here()


def enter(carrier: Carrier | None) -> None:
    """Say that the calling thread now is ``carrier`` (None: serves no runtime any more)."""
    _here.carrier = carrier


def carrier() -> Carrier | None:
    """Return what the calling thread serves, if anything."""
    return _here.carrier


def current_runtime() -> Runtime | None:
    """Return the runtime that the calling thread serves, if any."""
    serving = _here.carrier
    return None if serving is None else serving.runtime


def current_cell() -> Cell | None:
    """Return the cell of the actor whose handler is running on the calling thread, if any."""
    serving = _here.carrier
    return None if serving is None else serving.current


def current_deadline_ns() -> int | None:
    """Return the deadline of the request that is being served on the calling thread, if any."""
    cell = current_cell()
    if cell is None or cell.asking is None:
        return None
    return cell.asking.deadline_ns
