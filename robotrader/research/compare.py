"""Two track records over the same days, and whether one is better or only luckier.

The difference of two Sharpe ratios has an error of its own, which is smaller the more alike the two
are: Jobson and Korkie (1981), as Memmel corrected it, Performance Hypothesis Testing with the
Sharpe Ratio (2003). It is that of normal returns of days that do not depend on each other.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import msgspec

from robotrader.performance import DAYS_A_YEAR, Track, correlation, sharpe

if TYPE_CHECKING:
    from datetime import date

    from robotrader.performance.track import Floats


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """How the second of two compares with the first, over the ``days`` that both have."""

    days: int
    correlation: float | None
    first: float | None
    """Annual Sharpe ratio over these days."""

    second: float | None
    better: float | None
    """Probability that the true Sharpe ratio of the second is the greater one."""


def sharpe_difference_error(first: float, second: float, correlation: float, days: int) -> float:
    """Return the standard error of the difference of two Sharpe ratios of one day (Memmel 2003).

    Raises:
        ValueError: no days, or a correlation that is none.
    """
    if days < 1 or not -1 <= correlation <= 1:
        msg = f"{days} days with a correlation of {correlation}: give 1 or more, and -1 to 1"
        raise ValueError(msg)
    curve = (first**2 + second**2 - 2 * first * second * correlation**2) / 2
    return math.sqrt(max(2 - 2 * correlation + curve, 0.0) / days)


def compared(first: Track, second: Track) -> Difference:
    """Return how two tracks compare over the days that both have."""
    both = set(first.days) & set(second.days)
    ours, theirs = _on(first, both), _on(second, both)
    one, other = sharpe(ours, a_year=1.0), sharpe(theirs, a_year=1.0)
    alike = correlation(ours, theirs) if len(both) > 1 else None
    better = None
    if one is not None and other is not None and alike is not None:
        error = sharpe_difference_error(one, other, max(-1.0, min(1.0, alike)), len(both))
        better = NormalDist().cdf((other - one) / error) if error > 1e-12 else None
    year = math.sqrt(DAYS_A_YEAR)
    return Difference(
        days=len(both),
        correlation=alike,
        first=None if one is None else one * year,
        second=None if other is None else other * year,
        better=better,
    )


def _on(track: Track, days: set[date]) -> Floats:
    returns = track.returns
    return returns[[at for at, day in enumerate(track.days) if day in days]]
