"""Kelly's fraction: what to put in so that capital grows fastest in the long run.

Kelly, A New Interpretation of Information Rate (1956), and Thorp, The Kelly Criterion in Blackjack,
Sports Betting, and the Stock Market (2006): two outcomes in section 2, the continuous approximation
``mean / variance`` in section 7. Trades come as ratios of what was won to what was put in: numbers
of shares, percents or dollars cannot be confused (F77).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence


class Odds(msgspec.Struct, frozen=True, gc=False):
    """What closed trades say; a trade that brought exactly nothing is in ``count`` alone."""

    count: int
    wins: int
    losses: int
    win: float
    """What a trade that won brought on average, as a fraction of what was put in."""

    loss: float
    """What a trade that lost cost on average, positive."""

    mean: float
    variance: float
    """Of the sample; NaN with fewer than two."""


def odds_of(ratios: Sequence[float]) -> Odds:
    """Return the statistics of trades.

    Raises:
        ValueError: a ratio is not finite.
    """
    if not all(map(math.isfinite, ratios)):
        msg = "a trade's result is not finite: the ledger has a price or a cost that is none"
        raise ValueError(msg)
    won = [each for each in ratios if each > 0]
    lost = [-each for each in ratios if each < 0]
    count = len(ratios)
    mean = _mean(ratios)
    squares = math.fsum((each - mean) ** 2 for each in ratios)
    variance = squares / (count - 1) if count > 1 else math.nan
    return Odds(count, len(won), len(lost), _mean(won), _mean(lost), mean, variance)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0


def discrete(win_rate: float, win: float, loss: float) -> float:
    """Return Kelly's fraction of a bet that wins ``win`` or loses ``loss`` of what is put in.

    It is ``p / loss - q / win``, negative where the odds are against the bet; infinite where
    nothing is ever lost.

    Raises:
        ValueError: the arguments are no odds.
    """
    if not 0 <= win_rate <= 1 or win < 0 or loss < 0 or not math.isfinite(win + loss):
        msg = f"win rate {win_rate}, win {win}, loss {loss} are no odds: give 0 to 1 and 0 or more"
        raise ValueError(msg)
    if win_rate in {0, 1}:
        return math.inf if win_rate else -math.inf
    if not win or not loss:
        return math.inf if win else -math.inf
    return win_rate / loss - (1 - win_rate) / win


def continuous(mean: float, variance: float) -> float:
    """Return Kelly's fraction of returns with small, normal steps: ``mean / variance``.

    Raises:
        ValueError: the variance is negative, or a number is not finite.
    """
    if not math.isfinite(mean) or not variance >= 0 or math.isinf(variance):
        msg = f"mean {mean} and variance {variance}: give finite numbers, the variance 0 or more"
        raise ValueError(msg)
    if not variance:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / variance


def of_trades(odds: Odds, *, normal: bool) -> float:
    """Return Kelly's fraction as trades suggest it: of two outcomes, or ``normal`` ones."""
    if normal:
        return continuous(odds.mean, odds.variance)
    decided = odds.wins + odds.losses
    return discrete(odds.wins / decided, odds.win, odds.loss) if decided else 0.0
