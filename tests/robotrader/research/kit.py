"""Trials of chosen returns, and tracks, for the tests of this package."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from robotrader.performance import Track
from robotrader.research import Figures, Trial, on_days

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.performance.track import Floats

PLAIN = Figures(
    days=0, end_value=1.0, total_return=0.0, cagr=None, volatility=None, sharpe=None, sortino=None,
    calmar=None, max_drawdown=None, skew=None, kurtosis=None, trades=1, hit_rate=None,
    profit_factor=None, commissions=Decimal(0),
)  # fmt: skip


def trial(number: int, returns: Floats, **params: int) -> Trial:
    """Return a trial of a run with these returns, which has traded."""
    return Trial(number=number, params=dict(params), figures=on_days(PLAIN, returns))


def noise(days: int, seed: int, mean: float = 0.0) -> Floats:
    """Return returns of chance."""
    return np.random.default_rng(seed).normal(mean, 0.01, days)


def track(returns: Sequence[float] | Floats, first: date = date(2020, 1, 1)) -> Track:
    """Return the track of returns, a day each."""
    days = tuple(first + timedelta(each) for each in range(len(returns)))
    return Track(100.0, days, tuple((100.0 * np.cumprod(1 + np.asarray(returns))).tolist()))
