"""Breakers by name, and a bounded set of breakers by key (one per symbol, one per endpoint).

A name means one breaker: asking again with the same configuration gives the same one, with another
it is an error. By key, the breaker that was used longest ago makes room, but only one that is
CLOSED and has no call under way: an open breaker that is forgotten would be a free retry.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from supervision.breaker.checks import check_count
from supervision.breaker.errors import BreakerError, DuplicateBreaker
from supervision.breaker.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from supervision.breaker.config import BreakerConfig
    from supervision.breaker.guard import Guard


class BreakerRegistry:
    """Named breakers, made by ``make(name, config)`` when first asked for."""

    def __init__(self, make: Callable[[str, BreakerConfig], Guard]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._guards: dict[str, tuple[BreakerConfig, Guard]] = {}

    def get(self, name: str, config: BreakerConfig) -> Guard:
        """Return the breaker of that name, made if there is none.

        Raises:
            DuplicateBreaker: there is one with another configuration.
        """
        with self._lock:
            if name not in self._guards:
                self._guards[name] = config, self._make(name, config)
            known, guard = self._guards[name]
        if known != config:
            msg = f"breaker {name} exists with another configuration; use its own, or another name"
            raise DuplicateBreaker(msg)
        return guard

    def __iter__(self) -> Iterator[Guard]:
        """Iterate over the breakers there are now, oldest first."""
        with self._lock:
            return iter([guard for _, guard in self._guards.values()])


class BreakersByKey:
    """At most ``capacity`` breakers, made by ``make(key)``; the bound is the memory they may take.

    Raises:
        ConfigError: ``capacity`` is below 1.
    """

    def __init__(self, make: Callable[[Hashable], Guard], capacity: int) -> None:
        check_count("capacity", capacity, at_least=1, at_most=1_000_000)
        self._make = make
        self._capacity = capacity
        self._lock = threading.Lock()
        self._guards: OrderedDict[Hashable, Guard] = OrderedDict()

    def get(self, key: Hashable) -> Guard:
        """Return the breaker of ``key``, made if there is none; it is now the last one used.

        Raises:
            BreakerError: it is full, and no breaker is idle: whoever asks must not call unguarded.
        """
        with self._lock:
            if key not in self._guards:
                if len(self._guards) >= self._capacity:
                    self._evict()
                self._guards[key] = self._make(key)
            self._guards.move_to_end(key)
            return self._guards[key]

    def __len__(self) -> int:
        return len(self._guards)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._guards

    def _evict(self) -> None:
        for key, guard in self._guards.items():
            if guard.state is State.CLOSED and not guard.busy:
                del self._guards[key]
                return
        msg = f"all {self._capacity} breakers by key are open or busy; refuse, or raise the bound"
        raise BreakerError(msg)
