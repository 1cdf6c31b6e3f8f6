"""An account's value at the end of each exchange day, and the returns that follow from it.

A day's return is what was earned on the value of the day before: money that was paid in or out
during a day moves at its end and earns nothing on it (time-weighted, as GIPS asks). A day is one of
the exchange's, never of UTC: evening trades belong to the session in which they settle.
"""

from __future__ import annotations

import math
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Floats: TypeAlias = NDArray[np.float64]

DAYS_A_YEAR = 252.0
"""Sessions of a year, as the field counts them."""


class Track(msgspec.Struct, frozen=True):
    """Days in order, the value at the end of each, and ``base``, the value before the first.

    Raises:
        ValueError: days are not in order, lengths differ, or a value is not a number above 0: a
            return on nothing is not defined.
    """

    base: float
    days: tuple[date, ...]
    values: tuple[float, ...]
    flows: tuple[float, ...] = ()
    """Money paid in, less money paid out, of each day; empty: none ever."""

    def __post_init__(self) -> None:
        if len(self.values) != len(self.days) or len(self.flows) not in {0, len(self.days)}:
            sizes = f"{len(self.days)} days, {len(self.values)} values, {len(self.flows)} flows"
            msg = f"{sizes}: give one of each"
            raise ValueError(msg)
        if not (math.isfinite(self.base) and self.base > 0):
            msg = f"a base of {self.base}: give the value before the first day, above 0"
            raise ValueError(msg)
        for before, after in pairwise(self.days):
            if before >= after:
                msg = f"{after} comes after {before}: give every day once, in order"
                raise ValueError(msg)
        for day, value in zip(self.days, self.values, strict=True):
            if not (math.isfinite(value) and value > 0):
                msg = f"a value of {value} on {day}: a track ends before an account is empty"
                raise ValueError(msg)
        for day, flow in zip(self.days, self.flows, strict=False):
            if not math.isfinite(flow):
                msg = f"a flow of {flow} on {day}: give the money that was paid in, or 0"
                raise ValueError(msg)

    @property
    def returns(self) -> Floats:
        """One simple return a day: 0.01 is one percent."""
        values = np.array((self.base, *self.values))
        earned = values[1:] - np.array(self.flows) if self.flows else values[1:]
        return np.asarray(earned / values[:-1] - 1.0, dtype=np.float64)


def by_day(
    base: float, points: Iterable[tuple[int, float]], day_of: Callable[[int], date]
) -> Track:
    """Return the track of values (nanoseconds since 1970, money) in the order of their times.

    The last value of a day counts. ``day_of`` says which exchange day a time belongs to. Raises as
    ``Track``.
    """
    last: dict[date, float] = {}
    for time_ns, value in points:
        last[day_of(time_ns)] = value
    return Track(base, tuple(last), tuple(last.values()))


def growth(returns: Sequence[float] | Floats) -> Floats:
    """Return what 1 has become after each period: cumulative products of 1 + return."""
    found: Floats = np.cumprod(1.0 + np.asarray(returns, dtype=np.float64), dtype=np.float64)
    return found


def finite(returns: Sequence[float] | Floats, name: str = "returns") -> Floats:
    """Return them as an array of one axis.

    Raises:
        ValueError: one is not a number, or below -1: nobody loses more than there was.
    """
    found: Floats = np.asarray(returns, dtype=float)
    if found.ndim != 1:
        msg = f"{name} of {found.ndim} axes: give one number a period"
        raise ValueError(msg)
    bad = np.flatnonzero(~np.isfinite(found) | (found < -1.0))
    if bad.size:
        at = int(bad[0])
        msg = f"{name}[{at}] is {found[at]}: leave out periods without a price"
        raise ValueError(msg)
    return found


def alike(
    returns: Sequence[float] | Floats, other: Sequence[float] | Floats
) -> tuple[Floats, Floats]:
    """Return both as arrays of the same length. Raises ValueError if they are not."""
    ours, theirs = finite(returns), finite(other, "benchmark")
    if ours.size != theirs.size:
        msg = f"{ours.size} returns and {theirs.size} of the benchmark: give those of the same days"
        raise ValueError(msg)
    return ours, theirs
