"""One point that was tried, in figures: what a sweep keeps of a backtest.

Of the days only sums are kept, in ``BLOCKS`` blocks: enough for the Sharpe ratio of any choice of
blocks, to the last digits, and small enough to keep every trial that was ever made.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.performance import (
    DAYS_A_YEAR,
    cagr,
    deepest,
    moments,
    sharpe,
    sortino,
    total_return,
    volatility,
)
from robotrader.research.space import Value

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.backtest import Report
    from robotrader.performance import Track
    from robotrader.performance.track import Floats

BLOCKS: Final = 16
"""As Bailey et al. (2015) choose: 12,870 ways to halve them."""

Block = tuple[int, float, float]
"""Days, the sum of their returns, the sum of its squares."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one run; None: not defined. Money in the account's currency."""

    days: int
    end_value: float
    total_return: float
    cagr: float | None
    volatility: float | None
    sharpe: float | None
    """Annual."""

    sortino: float | None
    calmar: float | None
    max_drawdown: float | None
    skew: float | None
    kurtosis: float | None
    trades: int
    hit_rate: float | None
    profit_factor: float | None
    commissions: Decimal
    blocks: tuple[Block, ...] = ()

    @property
    def ratio(self) -> float | None:
        """One day's Sharpe ratio."""
        return None if self.sharpe is None else self.sharpe / math.sqrt(DAYS_A_YEAR)


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A point with its figures, or with the ``error`` for which it has none."""

    number: int
    params: dict[str, Value]
    figures: Figures | None = None
    error: str = ""
    returns: tuple[float, ...] = ()
    """Of each day, where they are asked for."""


METRICS: Final[dict[str, Callable[[Figures], float | None]]] = {
    "sharpe": lambda it: it.sharpe,
    "sortino": lambda it: it.sortino,
    "calmar": lambda it: it.calmar,
    "cagr": lambda it: it.cagr,
    "profit_factor": lambda it: it.profit_factor,
}
"""What may be sought, more of it being better."""

OF_RETURNS: Final = ("sharpe", "sortino", "calmar", "cagr")
"""Those that any choice of days has."""


def figures_of(made: Report) -> Figures:
    """Return what is kept of a report."""
    trades = made.trades
    return figures_of_track(
        made.track,
        trades=trades.count,
        hit_rate=trades.hit_rate,
        profit_factor=trades.profit_factor,
        commissions=made.commissions,
    )


def figures_of_track(
    track: Track,
    *,
    trades: int,
    hit_rate: float | None,
    profit_factor: float | None,
    commissions: Decimal,
) -> Figures:
    """Return what is kept of an account's days and of the trades that it made."""
    returns = track.returns
    whole = Figures(
        days=len(track.days),
        end_value=track.values[-1],
        total_return=0.0,
        cagr=None,
        volatility=None,
        sharpe=None,
        sortino=None,
        calmar=None,
        max_drawdown=None,
        skew=None,
        kurtosis=None,
        trades=trades,
        hit_rate=hit_rate,
        profit_factor=profit_factor,
        commissions=commissions,
    )
    return on_days(whole, returns)


def on_days(whole: Figures, returns: Floats) -> Figures:
    """Return the figures of some of a run's days; what only the whole run has stays as it is."""
    shape, grown, depth = moments(returns), cagr(returns), deepest(returns)
    return msgspec.structs.replace(
        whole,
        days=int(returns.size),
        total_return=total_return(returns),
        cagr=grown,
        volatility=volatility(returns),
        sharpe=sharpe(returns),
        sortino=sortino(returns),
        calmar=None if grown is None or not depth else grown / depth,  # ``performance.calmar``
        max_drawdown=depth,
        skew=shape[0] if shape else None,
        kurtosis=shape[1] if shape else None,
        blocks=blocks_of(returns),
    )


def blocks_of(returns: Floats) -> tuple[Block, ...]:
    """Return the sums of ``BLOCKS`` blocks of days that follow each other, sizes alike to a day.

    None of them for fewer than two days a block: their deviation would not be defined.
    """
    if returns.size < 2 * BLOCKS:
        return ()
    squares, sums = returns**2, np.add.reduce  # an array's own ``sum`` calls it in three more calls
    least, more = divmod(returns.size, BLOCKS)
    found, at = [], 0
    for block in range(BLOCKS):  # as ``numpy.array_split`` has them
        end = at + least + (block < more)
        found.append((end - at, float(sums(returns[at:end])), float(sums(squares[at:end]))))
        at = end
    return tuple(found)


def worth(trial: Trial, metric: str) -> float | None:
    """Return what a trial is worth; None if it failed, or its figure is not defined.

    A trial that never traded is worth nothing: it cannot be chosen.
    """
    if trial.figures is None or not trial.figures.trades:
        return None
    found = METRICS[metric](trial.figures)
    return found if found is not None and math.isfinite(found) else None
