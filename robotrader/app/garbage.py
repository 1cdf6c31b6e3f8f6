"""When the core process looks for garbage: what only the collector can free.

A full collection stops every thread for as long as it takes to walk through all that is there. So
what has been there since the start is left alone, and the young are looked at seldom: between an
order and the next most is freed as its last reference goes. But an actor that has ended leads to
itself, by its handlers, as a connection does by its callbacks. Its whole order book or ledger
would wait for a collection that does not come for days. So who ended is counted, and once the
successors have had their time, everything is looked at, in a moment of its own.
"""

from __future__ import annotations

import gc
import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from actors import Trader
    from supervision import ActorSystem

_LOG: Final = logging.getLogger(__name__)

YOUNG: Final = 10_000
"""Objects between two looks at young ones: an order's way makes hundreds, in few cycles."""

CALM_S: Final = 3.0
"""A restart, with the comparing that follows it, takes less; it is not to be held up."""

LONGEST_S: Final = 30.0
"""How long ends that follow each other put a sweep off."""

EVERY_S: Final = 3_600.0
"""What is left by anything else, a closed control connection for example, is little."""


def settle_memory() -> None:
    """Let the garbage collector leave alone what is there now, and look seldom at what follows.

    What is there are the modules, for the most part. Without it each full collection, which stops
    every thread, walks through them. To be called before actors start: what they have is to be
    found once they have ended.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 50)


def ended(system: ActorSystem, trader: Trader) -> int:
    """Return how much has ended so far that leaves garbage: actors, and connections."""
    actors = (each.stopped + each.crashed for each in list(system.classes.values()))
    return sum(actors) + trader.memory.generations.newest


class Sweeper:
    """Sweeps once what has ended has been replaced; looked at a few times a second.

    Args:
        ended: how much has ended so far that leaves garbage: actors, connections.
        now_s: a clock that nobody sets.
        sweep: frees all garbage; returns how many objects it was.
    """

    def __init__(
        self,
        ended: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
        sweep: Callable[[], int] = gc.collect,
    ) -> None:
        self._ended, self._now_s, self._sweep = ended, now_s, sweep
        self._seen = ended()
        self._first_s: float | None = None
        """When the first end was seen that was not swept up after."""

        self._due_s = now_s() + EVERY_S

    def look(self) -> None:
        """Sweep, if it is time to."""
        now_s, ended = self._now_s(), self._ended()
        if ended != self._seen:
            self._seen = ended
            self._first_s = now_s if self._first_s is None else self._first_s
            self._due_s = min(now_s + CALM_S, self._first_s + LONGEST_S)
        if now_s >= self._due_s:
            found = self._sweep()
            _LOG.info("%s objects of garbage freed in %.3f s", found, self._now_s() - now_s)
            self._first_s, self._due_s = None, self._now_s() + EVERY_S
