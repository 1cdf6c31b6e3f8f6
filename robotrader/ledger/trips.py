"""Closed trades: what each of a strategy's round trips put in and brought back.

A trip of a strategy in a contract begins with its first lot and is over when it has no lot of that
contract left, whoever closed it. ``gain / cost`` does not depend on the number of shares or of
executions (F77). It is folded with the lots, so that it survives restarts and takes corrections and
late commissions as they do (F78).
"""

from __future__ import annotations

from decimal import Decimal
from heapq import merge
from typing import TYPE_CHECKING, Final

import msgspec

from robotrader.ledger.money import ZERO

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from robotrader.ledger.history import History

KEPT: Final = 200
"""Closed trades that are kept of a contract: twice what sizing looks back at by default."""


class Trip(msgspec.Struct, frozen=True, gc=False):
    """A strategy's trade in a contract that is still open; money, commissions in ``gain``."""

    cost: Decimal = ZERO
    """What all of its entries were worth, unsigned."""

    gain: Decimal = ZERO
    whole: bool = True
    """False: shares went out by adoption, at no price: what it brought is not known."""


class Closed(msgspec.Struct, frozen=True, gc=False):
    """A trade that is over. ``time_ns`` is when its last execution was."""

    strategy: str
    time_ns: int
    cost: Decimal
    gain: Decimal

    @property
    def ratio(self) -> float:
        """What was won on what was put in: 0.02 is 2 percent."""
        return float(self.gain / self.cost)


def closed_of(strategy: str, trips: Iterable[Trips], newest: int) -> tuple[Closed, ...]:
    """Return the newest trades of a strategy that are over, the oldest of them first (F78)."""
    found = [
        each
        for own in trips
        for each in own.closed
        if each.strategy == strategy or each.strategy.startswith(f"{strategy}/")
    ]
    found.sort(key=lambda each: each.time_ns)
    return tuple(found[-newest:]) if newest > 0 else ()


def losing_streak(over: Iterable[Sequence[Closed]]) -> tuple[int, ...]:
    """Return when the newest trades of all contracts were over, back to the last without a loss.

    Newest first. A trade that brought nothing at all lost nothing: it ends a streak.
    """
    found = []
    newest_first = [reversed(each) for each in over]
    if len(newest_first) == 1:  # of one contract they are in order
        ordered: Iterable[Closed] = newest_first[0]
    else:
        ordered = merge(*newest_first, key=lambda closed: closed.time_ns, reverse=True)
    for each in ordered:
        if each.gain >= 0:
            break
        found.append(each.time_ns)
    return tuple(found)


class Losses:
    """When the newest trades that lost were over; looked up anew only where a trade has ended.

    Args:
        histories: every contract that is or was held, for as long as this is asked.
    """

    def __init__(self, histories: Mapping[int, History]) -> None:
        self._histories = histories
        self._ns: tuple[int, ...] | None = None
        self._traded = set(histories)
        self._closed: dict[int, tuple[Closed, ...]] = {}
        """What was over of each contract when it was looked at last."""

    def traded(self, con_id: int) -> None:
        """Take it that the trades of a contract are other ones."""
        self._traded.add(con_id)

    def ns(self) -> tuple[int, ...]:
        """Return when they were over, newest first, back to the last that did not lose."""
        for con_id in self._traded:
            closed = self._histories[con_id].held.trips.closed
            if closed is not self._closed.get(con_id):  # most trades end none
                self._closed[con_id], self._ns = closed, None
        self._traded.clear()
        if self._ns is None:
            over = map(self._closed.get, self._histories)  # in whose order ties are
            self._ns = losing_streak([each for each in over if each])
        return self._ns


class Trips(msgspec.Struct, frozen=True):
    """The trades of one contract: open ones by strategy, and the last closed ones."""

    open: dict[str, Trip] = {}
    closed: tuple[Closed, ...] = ()

    def opened(self, strategy: str, cost: Decimal) -> Trips:
        """Return them after an entry worth so much."""
        trip = self.open.get(strategy, Trip())
        return self._with(strategy, Trip(trip.cost + abs(cost), trip.gain, trip.whole))

    def gained(self, strategy: str, gain: Decimal | None) -> Trips:
        """Return them after a part was closed; None: it brought nobody knows what."""
        trip = self.open.get(strategy, Trip(whole=False))
        whole = trip.whole and gain is not None
        return self._with(strategy, Trip(trip.cost, trip.gain + (gain or ZERO), whole))

    def ended(self, holding: AbstractSet[str], time_ns: int) -> Trips:
        """Return them with those closed that are of no strategy that still holds something."""
        if self.open.keys() <= holding:
            return self
        over = {name: trip for name, trip in self.open.items() if name not in holding}
        known = [
            Closed(name, time_ns, trip.cost, trip.gain)
            for name, trip in over.items()
            if name and trip.whole and trip.cost > 0
        ]
        left = {name: trip for name, trip in self.open.items() if name in holding}
        return Trips(left, (*self.closed, *known)[-KEPT:])

    def _with(self, strategy: str, trip: Trip) -> Trips:
        return Trips({**self.open, strategy: trip}, self.closed)
