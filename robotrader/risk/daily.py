"""What the past days say of one contract alone: how much of it is traded, and how it moves.

Only days that are over count. With fewer than are asked for, nothing is said: a contract that was
listed last week has no average that an order could be compared with (F63).
"""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import fmean, stdev
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar


class DayFigures(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One contract's figures; None is not known."""

    volume: float | None = None
    """Shares or contracts of an average day."""

    volatility: float | None = None
    """Deviation of simple daily returns, as of a year."""


def day_figures(bars: Sequence[Bar], *, least_days: int, year_days: int) -> DayFigures:
    """Return the figures of the newest ``least_days`` days.

    Args:
        bars: days that are over, the oldest first.
        least_days: days that are averaged; 2 at least.
        year_days: trading days of a year.
    """
    newest = bars[-least_days:]
    if len(newest) < least_days:
        return DayFigures()
    volumes = [bar.volume for bar in newest]
    traded = all(math.isfinite(volume) and volume >= 0 for volume in volumes)
    return DayFigures(
        volume=fmean(volumes) if traded and any(volumes) else None,
        volatility=_yearly([bar.close for bar in newest], year_days),
    )


def _yearly(closes: Sequence[float], year_days: int) -> float | None:
    """Return the deviation of returns; a price that is none leaves it unknown."""
    if not all(math.isfinite(close) and close > 0 for close in closes):
        return None
    returns = [after / before - 1 for before, after in pairwise(closes)]
    return stdev(returns) * math.sqrt(year_days) if len(returns) > 1 else None
