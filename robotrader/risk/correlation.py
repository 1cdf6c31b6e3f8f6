"""How contracts move together: correlations of daily returns, as far as there are enough of them.

Prices are aligned by date: a return is from one day that all have to the next one, so that a gap in
one series cannot shift another (F79). What has too few days in common with the rest, or does not
move at all, has no correlation, and is said why. The estimate is shrunk towards no correlation by
the intensity of Ledoit and Wolf, A well-conditioned estimator for large-dimensional covariance
matrices (2004), on standardized returns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Closes: TypeAlias = Mapping[int, Mapping[str, float]]
    """Closing prices of contracts by day, as ``2026-11-23``."""

_NO_MOVE: Final = math.sqrt(np.finfo(float).eps)
"""A deviation of daily returns below this is rounding, not movement."""


@dataclass(frozen=True)
class Aligned:
    """Prices of the days that all of these contracts have: a row a day, a column a contract."""

    con_ids: tuple[int, ...]
    days: tuple[str, ...]
    prices: Floats
    unknown: Mapping[int, str]
    """Why a contract is not among them."""

    @property
    def returns(self) -> Floats:
        """Simple returns from each day to the next: one row fewer than days."""
        found: Floats = self.prices[1:] / self.prices[:-1] - 1
        return found


def aligned(closes: Closes, *, least_days: int, newest: int = 0) -> Aligned:
    """Return the prices of the days that as many contracts as possible have in common.

    Args:
        closes: prices; those that are not finite and above 0 count as missing.
        least_days: returns that are needed; the contract with the fewest days goes first until
            the rest has as many in common.
        newest: use at most so many of the last days; 0: all.
    """
    days = sorted(set().union(*{tuple(series) for series in closes.values()}))[-newest:]
    con_ids = sorted(closes)
    table = _table([closes[con_id] for con_id in con_ids], days)
    known: NDArray[np.bool_] = np.isfinite(table) & (table > 0)
    kept, unknown = _kept(known, con_ids, least_days)
    common: Any = known[:, kept].all(axis=1) if kept else np.zeros(len(days), dtype=bool)
    return Aligned(
        con_ids=tuple(con_ids[column] for column in kept),
        days=tuple(day for day, has in zip(days, common, strict=True) if has),
        prices=table[common][:, kept],
        unknown=unknown,
    )


def _table(every: list[Mapping[str, float]], days: list[str]) -> Floats:
    """Return the prices of these days, a row a day and a column a series; NaN: it has none."""
    rows = {day: row for row, day in enumerate(days)}
    table = np.full((len(every), len(days)), np.nan)
    for at, series in enumerate(every):
        if list(series) == days:  # which is what is nearly always so
            table[at] = list(series.values())
        else:
            known = [(rows[day], price) for day, price in series.items() if day in rows]
            table[at, [row for row, _ in known]] = [price for _, price in known]
    return np.ascontiguousarray(table.T)


def _kept(
    known: NDArray[np.bool_], con_ids: list[int], least_days: int
) -> tuple[list[int], dict[int, str]]:
    """Return the columns that have enough rows in common, and why the others have not."""
    counts = known.sum(axis=0)
    kept, unknown = list(range(len(con_ids))), {}
    while kept and known[:, kept].all(axis=1).sum() <= least_days:
        out = min(kept, key=lambda column: (counts[column], -column))
        kept.remove(out)
        unknown[con_ids[out]] = (
            f"{counts[out]} days of prices, {least_days + 1} are needed in common with the others"
        )
    return kept, unknown


@dataclass(frozen=True)
class Correlations:
    """Correlations at one moment; what is not known is None, and ``why`` says why."""

    places: Mapping[int, int] = field(default_factory=dict)
    rows: tuple[tuple[float, ...], ...] = ()
    days: int = 0
    """Returns that they were computed from."""

    shrinkage: float = 0.0
    """How far they were drawn towards 0: 0 not at all, 1 wholly."""

    unknown: Mapping[int, str] = field(default_factory=dict)
    nearest: tuple[float, ...] = field(default=(), repr=False, compare=False)
    """Of each row, how much at most any other contract moves with it or against it; empty: nobody
    has looked."""

    _near: dict[tuple[int, float], AbstractSet[int]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def _columns(self) -> list[int]:
        return sorted(self.places, key=self.places.__getitem__)

    def of(self, one: int, other: int) -> float | None:
        """Return the correlation of two contracts."""
        row, column = self.places.get(one), self.places.get(other)
        return None if row is None or column is None else self.rows[row][column]

    def why(self, con_id: int) -> str:
        """Return why a contract's are not known; empty if they are."""
        if con_id in self.places:
            return ""
        return self.unknown.get(con_id, "there are no daily prices of it")

    def cluster(self, con_id: int, among: AbstractSet[int], least: float) -> AbstractSet[int]:
        """Return what moves with a contract, directly or through others, itself included.

        Two are linked if their correlation, with or against each other, is at least ``least``, or
        is not known: they could be.
        """
        if con_id not in self.places or among - self.places.keys():
            return among | {con_id}
        return self.linked(con_id, among, least)

    def linked(self, con_id: int, among: AbstractSet[int], least: float) -> AbstractSet[int]:
        """Return the cluster where all correlations are known."""
        found, new = {con_id}, [con_id]
        while new:
            linked = (self.near(new.pop(), least) & among) - found
            found |= linked
            new += linked
        return found

    def near(self, con_id: int, least: float) -> AbstractSet[int]:
        """Return what moves with a contract, or against it, that much: itself is among it.

        It is kept: between two updates of the matrix many intents ask for the same.

        Raises:
            KeyError: the contract's correlations are not known.
        """
        place = self.places[con_id]
        if self.nearest and self.nearest[place] < least <= 1:
            return {con_id}  # nothing else is: most ask about more than any other has
        found = self._near.get((con_id, least))
        if found is None:
            row = self.rows[place]
            far = map(least.__gt__, map(abs, row))  # what is no number is not far
            found = set(compress(self._columns, map(not_, far)))
            self._near[con_id, least] = found
        return found


def correlations(closes: Closes, *, least_days: int, newest: int = 0) -> Correlations:
    """Return the correlations of daily returns; arguments as for ``aligned``."""
    table = aligned(closes, least_days=least_days, newest=newest)
    unknown = dict(table.unknown)
    if not table.con_ids:
        return Correlations(unknown=unknown)
    returns = table.returns
    deviations = returns.std(axis=0)
    moving = deviations > _NO_MOVE
    for con_id, moves in zip(table.con_ids, moving, strict=True):
        if not moves:
            unknown[con_id] = "its price does not move"
    con_ids = [con_id for con_id, moves in zip(table.con_ids, moving, strict=True) if moves]
    standard = (returns[:, moving] - returns[:, moving].mean(axis=0)) / deviations[moving]
    matrix, shrinkage = shrunk(standard)
    return Correlations(
        places={con_id: place for place, con_id in enumerate(con_ids)},
        rows=tuple(map(tuple, matrix.tolist())),
        days=len(returns),
        shrinkage=shrinkage,
        unknown=unknown,
        nearest=_nearest(matrix),
    )


def _nearest(matrix: Floats) -> tuple[float, ...]:
    """Return the largest part of each row, whatever its sign, that is not its own."""
    others = np.abs(matrix)
    np.fill_diagonal(others, 0)
    return tuple(others.max(axis=1, initial=0).tolist())


def shrunk(standard: Floats) -> tuple[Floats, float]:
    """Return the shrunk correlation matrix and its intensity, from 0 to 1.

    Args:
        standard: a row an observation, a column a variable of mean 0 and variance 1.
    """
    count, width = standard.shape
    sample: Any = standard.T @ standard / count
    identity = np.eye(width)
    if width <= 1:
        return identity, 0.0
    apart = float(((sample - identity) ** 2).sum())
    # The sum of all rows' squared distances from the sample's matrix, without making one a row.
    noise = float(((standard**2).sum(axis=1) ** 2).sum() / count - (sample**2).sum()) / count
    intensity = 1.0 if apart <= 0 else min(max(noise, 0.0), apart) / apart
    matrix = (1 - intensity) * sample + intensity * identity
    np.fill_diagonal(matrix, 1)
    return np.clip(matrix, -1, 1), intensity
