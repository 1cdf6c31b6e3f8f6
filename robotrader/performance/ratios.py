"""Return, risk, and the one for the other.

Everything is computed from simple returns of equal periods; ``a_year`` says how many periods a year
has. What is not defined (too few periods, no risk at all) is None, never 0 or infinity. Standard
deviations have n - 1 below the line.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from robotrader.performance.drawdown import deepest
from robotrader.performance.track import DAYS_A_YEAR, Floats, alike, finite

if TYPE_CHECKING:
    from collections.abc import Sequence

    Returns = Sequence[float] | Floats

_NO_RISK = 1e-12
"""Relative to the largest return: what is left of rounding when all returns are the same."""


def total_return(returns: Returns) -> float:
    """Return what was earned over all periods: 0.5 is half as much again as at the beginning."""
    ours = finite(returns)
    return math.expm1(float(np.log1p(ours).sum())) if _alive(ours) else -1.0


def cagr(returns: Returns, a_year: float = DAYS_A_YEAR) -> float | None:
    """Return the compound annual growth rate; None without periods."""
    ours = finite(returns)
    if not ours.size:
        return None
    if not _alive(ours):
        return -1.0
    return math.expm1(float(np.log1p(ours).sum()) * a_year / ours.size)


def volatility(returns: Returns, a_year: float = DAYS_A_YEAR) -> float | None:
    """Return the standard deviation of a year's returns; None for fewer than two periods."""
    spread = _spread(finite(returns))
    return None if spread is None else spread * math.sqrt(a_year)


def sharpe(returns: Returns, riskless: float = 0.0, a_year: float = DAYS_A_YEAR) -> float | None:
    """Return the annual Sharpe ratio (Sharpe 1994); ``riskless`` is a period's riskless return."""
    ours = finite(returns) - riskless
    spread = _spread(ours)
    return None if not spread else float(ours.mean()) / spread * math.sqrt(a_year)


def sharpe_error(ratio: float, periods: int, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Return the standard error of one period's Sharpe ratio (Mertens 2002).

    It is Lo's (2002, equation 9) where returns are normal. Returns that follow each other in
    streaks have a wider one.
    """
    variance = 1 + ratio**2 * (kurtosis - 1) / 4 - ratio * skew
    return math.sqrt(max(variance, 0.0) / periods)


def sharpe_interval(
    returns: Returns, level: float = 0.95, a_year: float = DAYS_A_YEAR
) -> tuple[float, float] | None:
    """Return the bounds of the annual Sharpe ratio at a level of confidence."""
    ratio = sharpe(returns, a_year=1.0)
    shape = moments(returns)
    if ratio is None or shape is None:
        return None
    error = sharpe_error(ratio, finite(returns).size, *shape)
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return (ratio - reach) * math.sqrt(a_year), (ratio + reach) * math.sqrt(a_year)


def downside(returns: Returns, target: float = 0.0) -> float | None:
    """Return the downside deviation of one period: over all periods, not the bad ones only."""
    ours = finite(returns)
    if not ours.size:
        return None
    return math.sqrt(float((np.minimum(ours - target, 0.0) ** 2).mean()))


def sortino(returns: Returns, target: float = 0.0, a_year: float = DAYS_A_YEAR) -> float | None:
    """Return the annual Sortino ratio (Sortino and Price 1994); None if none was below target."""
    below = downside(returns, target)
    if not below:
        return None
    return (float(finite(returns).mean()) - target) / below * math.sqrt(a_year)


def calmar(returns: Returns, a_year: float = DAYS_A_YEAR) -> float | None:
    """Return annual growth for the deepest drawdown (Young 1991); None if there was none."""
    grown, depth = cagr(returns, a_year), deepest(returns)
    return None if grown is None or not depth else grown / depth


def moments(returns: Returns) -> tuple[float, float] | None:
    """Return skewness and kurtosis (3 for a normal distribution), as populations have them."""
    ours = finite(returns)
    if not _spread(ours):
        return None
    standard = (ours - ours.mean()) / ours.std()
    return float((standard**3).mean()), float((standard**4).mean())


def beta(returns: Returns, benchmark: Returns) -> float | None:
    """Return the slope of the returns on the benchmark's; None if that one never moved."""
    ours, theirs = alike(returns, benchmark)
    if not _spread(theirs):
        return None
    centred = theirs - theirs.mean()
    return float((centred * (ours - ours.mean())).sum() / (centred**2).sum())


def correlation(returns: Returns, benchmark: Returns) -> float | None:
    """Return Pearson's correlation; None if one of the two never moved."""
    ours, theirs = alike(returns, benchmark)
    if not _spread(ours) or not _spread(theirs):
        return None
    return float(np.corrcoef(ours, theirs)[0, 1])


def alpha(
    returns: Returns, benchmark: Returns, riskless: float = 0.0, a_year: float = DAYS_A_YEAR
) -> float | None:
    """Return Jensen's alpha (1968) of a year: what beta does not explain, not compounded."""
    slope = beta(returns, benchmark)
    if slope is None:
        return None
    ours, theirs = alike(returns, benchmark)
    above = float(ours.mean()) - riskless - slope * (float(theirs.mean()) - riskless)
    return above * a_year


def tracking_error(
    returns: Returns, benchmark: Returns, a_year: float = DAYS_A_YEAR
) -> float | None:
    """Return the standard deviation of a year's difference from the benchmark."""
    ours, theirs = alike(returns, benchmark)
    spread = _spread(ours - theirs)
    return None if spread is None else spread * math.sqrt(a_year)


def information_ratio(
    returns: Returns, benchmark: Returns, a_year: float = DAYS_A_YEAR
) -> float | None:
    """Return the mean difference from the benchmark for its deviation (Goodwin 1998), annual."""
    ours, theirs = alike(returns, benchmark)
    apart = ours - theirs
    spread = _spread(apart)
    return None if not spread else float(apart.mean()) / spread * math.sqrt(a_year)


def _spread(returns: Floats) -> float | None:
    """Return the standard deviation of one period, 0 where it is but rounding."""
    if returns.size < 2:
        return None
    spread = float(returns.std(ddof=1))
    return 0.0 if spread <= _NO_RISK * float(np.abs(returns).max()) else spread


def _alive(returns: Floats) -> bool:
    return bool((returns > -1.0).all())
