"""Faults that last: which of them are in force, and whether they strike.

Each fault draws from its own generator, so that leaving another one out does not change it.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.plan import Fault


class Weather:
    """See the module's prose."""

    def __init__(self, seed: int) -> None:
        self.random = Random(f"{seed}/weather")
        self._seed = seed
        self._on: dict[str, list[tuple[Fault, Random]]] = {}

    def begin(self, fault: Fault) -> None:
        """Put a fault in force."""
        self._on.setdefault(fault.kind, []).append((fault, fault.random(self._seed)))

    def end(self, fault: Fault) -> None:
        """Take it away."""
        left = [each for each in self._on.get(fault.kind, ()) if each[0] is not fault]
        if left:
            self._on[fault.kind] = left
        else:
            self._on.pop(fault.kind, None)

    @property
    def calm(self) -> bool:
        """Whether nothing is in force."""
        return not self._on

    def only(self, kinds: frozenset[str]) -> bool:
        """Whether nothing is in force but these."""
        return not self._on or kinds.issuperset(self._on)

    def lasts(self, kind: str, subject: str = "") -> bool:
        """Say whether a fault of this kind is in force (for this subject, if one is named)."""
        found = self._on.get(kind)
        return bool(found) and (not subject or any(f.subject == subject for f, _ in found or ()))

    def strikes(self, kind: str) -> bool:
        """Draw whether a fault strikes whose amount is a share."""
        found = self._on.get(kind)
        return bool(found) and any(own.random() < each.amount for each, own in found or ())

    def extra_ns(self, kind: str) -> int:
        """Draw a time up to the amount of those in force, which is in seconds."""
        found = self._on.get(kind)
        return sum(int(own.random() * each.amount * 1e9) for each, own in found) if found else 0

    def amount(self, kind: str) -> float:
        """Return the largest amount of those in force, 0 without any."""
        return max((each.amount for each, _ in self._on.get(kind, ())), default=0.0)
