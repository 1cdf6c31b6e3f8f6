"""How much of a Sharpe ratio may be luck, and how much may be search.

Probabilistic Sharpe ratio and minimum track record length: Bailey and Lopez de Prado, The Sharpe
Ratio Efficient Frontier (2012), equations 11 and 13. Deflated Sharpe ratio: the same, The Deflated
Sharpe Ratio (2014), equations 1 and 2. All ratios here are those of one period, not annual;
kurtosis is 3 for a normal distribution.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from robotrader.performance.ratios import moments, sharpe
from robotrader.performance.track import Floats, finite

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329


def probabilistic_sharpe(
    ratio: float, periods: int, skew: float = 0.0, kurtosis: float = 3.0, above: float = 0.0
) -> float:
    """Return the probability that the true ratio is greater than ``above``.

    Raises:
        ValueError: fewer than two periods, or moments that no distribution has.
    """
    if periods < 2:
        msg = f"{periods} periods: a Sharpe ratio has at least 2"
        raise ValueError(msg)
    error = math.sqrt(_variance(ratio, skew, kurtosis))
    return _NORMAL.cdf((ratio - above) * math.sqrt(periods - 1) / error)


def minimum_track_record(
    ratio: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    above: float = 0.0,
    level: float = 0.95,
) -> float | None:
    """Return how many periods it takes to be so sure that the true ratio is greater than ``above``.

    None if it is not above it: no record is long enough.
    """
    if ratio <= above:
        return None
    variance = _variance(ratio, skew, kurtosis)
    return 1 + variance * (_NORMAL.inv_cdf(level) / (ratio - above)) ** 2


def expected_best(trials: int, variance: float) -> float:
    """Return the Sharpe ratio that the best of so many worthless trials is expected to have.

    ``variance`` is that of the trials' ratios. One trial: 0.

    Raises:
        ValueError: no trials, or a negative variance.
    """
    if trials < 1 or variance < 0 or not math.isfinite(variance):
        msg = (
            f"{trials} trials with a variance of {variance}: give at least 1 and a finite variance"
        )
        raise ValueError(msg)
    if trials == 1:
        return 0.0
    first = _NORMAL.inv_cdf(1 - 1 / trials)
    second = _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - _EULER) * first + _EULER * second)


def deflated_sharpe(
    ratio: float,
    periods: int,
    *,
    trials: int,
    variance: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return the probability that the best of ``trials`` is better than the best of pure luck.

    Raises as ``probabilistic_sharpe`` and ``expected_best``.
    """
    return probabilistic_sharpe(ratio, periods, skew, kurtosis, expected_best(trials, variance))


def deflated_of(returns: Sequence[float] | Floats, tried: Sequence[float]) -> float | None:
    """Return the deflated Sharpe ratio of the chosen returns; ``tried`` are all trials' ratios.

    None where the returns have no Sharpe ratio.
    """
    ratio, shape = sharpe(returns, a_year=1.0), moments(returns)
    if ratio is None or shape is None or not tried:
        return None
    variance = float(np.var(tried, ddof=1)) if len(tried) > 1 else 0.0
    best = expected_best(len(tried), variance)
    return probabilistic_sharpe(ratio, finite(returns).size, *shape, best)


def assessed(
    returns: Sequence[float] | Floats, riskless: float = 0.0
) -> tuple[float, float | None] | None:
    """Return the probability that the true ratio is above 0, and the periods to be 95 % sure.

    None where the returns have no Sharpe ratio.
    """
    ratio, shape = sharpe(returns, riskless, 1.0), moments(returns)
    if ratio is None or shape is None:
        return None
    found = probabilistic_sharpe(ratio, finite(returns).size, *shape)
    return found, minimum_track_record(ratio, *shape)


def _variance(ratio: float, skew: float, kurtosis: float) -> float:
    """Return what the variance of the estimate is, times the number of periods less 1."""
    found = 1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2
    if not found > 0:
        msg = f"no distribution of skewness {skew} and kurtosis {kurtosis} has a ratio of {ratio}"
        raise ValueError(msg)
    return found
