"""All figures of a track record in one value, as reports show them and programs read them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from robotrader.performance import drawdown, overfitting, ratios
from robotrader.performance.track import DAYS_A_YEAR, Floats, Track
from robotrader.risk.report import Tail, tails

if TYPE_CHECKING:
    from collections.abc import Sequence


class Relative(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a track compares with a benchmark over the same days."""

    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    max_drawdown: float | None
    beta: float | None
    alpha: float | None
    correlation: float | None
    tracking_error: float | None
    information_ratio: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of daily returns, annual where the field has them annual; None: not defined."""

    first: date
    last: date
    days: int
    begin_value: float
    end_value: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    sharpe_low: float | None
    """Bounds of the Sharpe ratio at 95 % confidence."""

    sharpe_high: float | None
    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    longest_drawdown: int
    """Days."""

    ulcer: float | None
    skew: float | None
    kurtosis: float | None
    best_day: float
    worst_day: float
    winning_days: float
    """Part of the days with a gain, of those that had a gain or a loss; 0 if there were none."""

    probabilistic_sharpe: float | None
    """Probability that the true Sharpe ratio is above 0."""

    minimum_track_record: float | None
    """Days that it takes to be 95 % sure of that."""

    tails: tuple[Tail, ...]
    """Of one day's return, at 95 %; losses positive."""

    against: Relative | None = None


def summarize(
    track: Track,
    *,
    riskless: float = 0.0,
    benchmark: Sequence[float] | Floats | None = None,
    a_year: float = DAYS_A_YEAR,
) -> Summary:
    """Return every figure of a track of at least one day.

    Args:
        track: values at the end of each exchange day.
        riskless: one day's riskless return.
        benchmark: its return on each of the track's days.
        a_year: sessions of a year.

    Raises:
        ValueError: the track has no day, or the benchmark's days are not the track's.
    """
    if not track.days:
        msg = "a track without a day: let a session end before its figures are asked for"
        raise ValueError(msg)
    returns = track.returns
    shape = ratios.moments(returns)
    odds = overfitting.assessed(returns, riskless)
    bounds = ratios.sharpe_interval(returns - riskless, a_year=a_year)
    moved = returns[returns != 0.0]
    downs = drawdown.drawdowns(returns)
    return Summary(
        first=track.days[0],
        last=track.days[-1],
        days=len(track.days),
        begin_value=track.base,
        end_value=track.values[-1],
        total_return=ratios.total_return(returns),
        cagr=ratios.cagr(returns, a_year),
        volatility=ratios.volatility(returns, a_year),
        sharpe=ratios.sharpe(returns, riskless, a_year),
        sharpe_low=bounds[0] if bounds else None,
        sharpe_high=bounds[1] if bounds else None,
        sortino=ratios.sortino(returns, riskless, a_year),
        calmar=ratios.calmar(returns, a_year),
        max_drawdown=drawdown.deepest(returns),
        longest_drawdown=max((each.length for each in downs), default=0),
        ulcer=drawdown.ulcer(returns),
        skew=shape[0] if shape else None,
        kurtosis=shape[1] if shape else None,
        best_day=float(returns.max()),
        worst_day=float(returns.min()),
        winning_days=float((moved > 0).mean()) if moved.size else 0.0,
        probabilistic_sharpe=odds[0] if odds else None,
        minimum_track_record=odds[1] if odds else None,
        tails=tails(returns.tolist(), 0.95),
        against=None if benchmark is None else _against(returns, benchmark, riskless, a_year),
    )


def _against(
    returns: Floats, benchmark: Sequence[float] | Floats, riskless: float, a_year: float
) -> Relative:
    slope = ratios.beta(returns, benchmark)  # checks that both have the same length
    theirs = np.asarray(benchmark, dtype=float)
    return Relative(
        total_return=ratios.total_return(theirs),
        cagr=ratios.cagr(theirs, a_year),
        volatility=ratios.volatility(theirs, a_year),
        sharpe=ratios.sharpe(theirs, riskless, a_year),
        max_drawdown=drawdown.deepest(theirs),
        beta=slope,
        alpha=ratios.alpha(returns, benchmark, riskless, a_year),
        correlation=ratios.correlation(returns, theirs),
        tracking_error=ratios.tracking_error(returns, benchmark, a_year),
        information_ratio=ratios.information_ratio(returns, benchmark, a_year),
    )
