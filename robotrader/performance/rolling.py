"""The same figures over a window that moves, and the table of months."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from robotrader.performance.track import DAYS_A_YEAR, Floats, Track, alike, finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    Returns = Sequence[float] | Floats


def rolling_sharpe(returns: Returns, window: int, a_year: float = DAYS_A_YEAR) -> Floats:
    """Return the annual Sharpe ratio of the last ``window`` periods, NaN where it has none."""
    parts = _windows(finite(returns), window)
    if not parts.size:
        return np.full(finite(returns).size, np.nan)
    spread = parts.std(axis=1, ddof=1)
    still = spread <= 1e-12 * np.abs(parts).max(axis=1)
    spread[still] = np.nan
    return _padded(parts.mean(axis=1) / spread * math.sqrt(a_year), window)


def rolling_volatility(returns: Returns, window: int, a_year: float = DAYS_A_YEAR) -> Floats:
    """Return the annual volatility of the last ``window`` periods, NaN before there are so many."""
    parts = _windows(finite(returns), window)
    if not parts.size:
        return np.full(finite(returns).size, np.nan)
    return _padded(parts.std(axis=1, ddof=1) * math.sqrt(a_year), window)


def rolling_beta(returns: Returns, benchmark: Returns, window: int) -> Floats:
    """Return the beta over the last ``window`` periods, NaN where the benchmark did not move."""
    ours, theirs = alike(returns, benchmark)
    mine, its = _windows(ours, window), _windows(theirs, window)
    if not mine.size:
        return np.full(ours.size, np.nan)
    centred = its - its.mean(axis=1, keepdims=True)
    below = (centred**2).sum(axis=1)
    below[below <= 1e-24 * np.abs(its).max(axis=1) ** 2] = np.nan
    return _padded((centred * mine).sum(axis=1) / below, window)


def months(track: Track) -> dict[int, dict[int, float]]:
    """Return the return of each month by year and month, days compounded."""
    found: dict[int, dict[int, float]] = {}
    for day, each in zip(track.days, track.returns.tolist(), strict=True):
        year = found.setdefault(day.year, {})
        year[day.month] = (1 + year.get(day.month, 0.0)) * (1 + each) - 1
    return found


def years(track: Track) -> dict[int, float]:
    """Return the return of each calendar year, months compounded."""
    return {
        year: math.prod(1 + each for each in row.values()) - 1
        for year, row in months(track).items()
    }


def _windows(returns: Floats, window: int) -> Floats:
    if window < 2:
        msg = f"a window of {window} periods: give at least 2"
        raise ValueError(msg)
    if returns.size < window:
        return np.empty((0, window))
    return sliding_window_view(returns, window)


def _padded(found: Floats, window: int) -> Floats:
    return np.concatenate((np.full(window - 1, np.nan), found))
