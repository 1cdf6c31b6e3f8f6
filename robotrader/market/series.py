"""Daily prices of one instrument, and where they come from.

Nothing that was made up can be taken for real: whoever gets prices gets their ``Provenance`` with
them, and everything that is expanded from daily prices carries the label ``SYNTHETIC``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import date
from operator import attrgetter
from typing import Final, overload

import msgspec

from robotrader.domain import Instrument

SYNTHETIC = "synthetic intraday prices"
_BY_DAY: Final = attrgetter("day")


class Provenance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where prices come from, under which terms, and what was done to them."""

    source: str
    licence: str
    first: date
    last: date
    labels: tuple[str, ...] = ()

    def labelled(self, label: str) -> Provenance:
        """Return the same with one more label."""
        return msgspec.structs.replace(self, labels=(*self.labels, label))

    def __str__(self) -> str:
        said = ", ".join((f"{self.first} to {self.last}", *self.labels))
        return f"{self.source} ({self.licence}): {said}"


class Daily(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """One day's prices in the instrument's currency, and its volume in shares."""

    day: date
    open: float
    high: float
    low: float
    close: float
    volume: float


class LateDays(Sequence[Daily]):
    """``count`` days, each of which is made by its place when somebody first looks at it.

    Of thirty years, a replay looks at a few days; ``make`` has to give the same day every time.
    """

    def __init__(self, count: int, make: Callable[[int], Daily]) -> None:
        self._places = range(count)
        self._make = make
        self._made: dict[int, Daily] = {}

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, place: int) -> Daily: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Daily, ...]: ...

    def __getitem__(self, place: int | slice) -> Daily | tuple[Daily, ...]:
        if isinstance(place, slice):
            return tuple(map(self._at, self._places[place]))
        return self._at(self._places[place])

    def _at(self, place: int) -> Daily:
        found = self._made.get(place)
        if found is None:
            found = self._made[place] = self._make(place)
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(map(Daily.__eq__, self, other))

    __hash__ = None  # type: ignore[assignment]  # as of a list: not all of it is there yet


class Series(msgspec.Struct, frozen=True):
    """An instrument's days in order, none twice."""

    instrument: Instrument
    days: Sequence[Daily]
    provenance: Provenance

    def between(self, first: date, last: date) -> Sequence[Daily]:
        """Return the days from ``first`` to ``last``, both included."""
        begin = bisect_left(self.days, first, key=_BY_DAY)
        return self.days[begin : bisect_right(self.days, last, key=_BY_DAY)]
