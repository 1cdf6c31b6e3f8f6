"""Runs without the garbage collector: when that runs depends on what ran before in this process.

Everything that a run made is young then, and nobody needs it any more once the run has returned:
one look at the youngest generation frees it. With the collector on, each world would be looked at
while it is still needed, grow old by that, and stay in memory for many runs.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def uncollected(run: Callable[[], T]) -> T:
    """Return what ``run`` returns, which must not hold on to what it made."""
    collects = gc.isenabled()
    gc.disable()
    try:
        return run()
    finally:
        gc.collect(0)
        if collects:
            gc.enable()
