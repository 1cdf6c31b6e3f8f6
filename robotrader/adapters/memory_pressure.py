"""Takes a process's memory away, for chaos: nobody in it can allocate more for a while.

The limit of the address space (RLIMIT_AS, setrlimit(2)) is put a little above what is mapped, and
the rest is taken by real allocations until one fails. What a freed object gives back is taken too.
"""

from __future__ import annotations

import contextlib
import resource
import threading
import time
from pathlib import Path
from typing import Final

_SPARE_BYTES: Final = 64 << 20
_BLOCKS_BYTES: Final = (1 << 20, 1 << 16, 1 << 13)
"""The largest first; the least is what a page of messages needs, so that nobody gets one."""

_AGAIN_S: Final = 0.05


class Pressure:
    """At most one such time at once; it ends by itself, or when it is released."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def apply(self, for_s: float) -> None:
        """Take the memory for so many seconds; nothing if it is taken already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._over.clear()
        self._thread = threading.Thread(target=self._hold, args=(for_s,), daemon=True)
        self._thread.start()

    def release(self) -> None:
        """Give it back."""
        self._over.set()

    def _hold(self, for_s: float) -> None:
        before = resource.getrlimit(resource.RLIMIT_AS)
        until = time.monotonic() + for_s
        limit = _mapped_bytes() + _SPARE_BYTES
        hard = before[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
        taken: list[bytearray] = []
        try:
            while time.monotonic() < until:
                _take(taken)
                with contextlib.suppress(MemoryError):  # waiting needs some as well
                    if self._over.wait(_AGAIN_S):
                        break
        finally:
            resource.setrlimit(resource.RLIMIT_AS, before)
            taken.clear()


def _take(taken: list[bytearray]) -> None:
    """Allocate until nothing is left, in ever smaller blocks."""
    for size in _BLOCKS_BYTES:
        with contextlib.suppress(MemoryError):
            while True:
                taken.append(bytearray(size))


def _mapped_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()
