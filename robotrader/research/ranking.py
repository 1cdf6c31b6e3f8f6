"""The best of many trials, with what says whether it is more than the luck of many tries.

There is no way to a best trial in this package but ``best_of``, and what it returns has the number
of trials and the deflated Sharpe ratio beside it: a best result alone is a number about patience.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from robotrader.performance import DAYS_A_YEAR, deflated_sharpe, expected_best
from robotrader.research.overfit import overfitting
from robotrader.research.trial import Figures, Trial, worth

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Best(msgspec.Struct, frozen=True, kw_only=True):
    """The best trial and its doubts. ``None`` in a figure: not defined.

    ``trials`` counts those that ran to their end, ``failed`` those that did not.
    """

    trial: Trial
    metric: str
    value: float
    trials: int
    failed: int
    deflated: float | None
    """Probability that its Sharpe ratio is above that of the best of so many worthless trials."""

    luck: float | None
    """The annual Sharpe ratio that the best of so many worthless trials is expected to have."""

    overfitting: float | None
    """Probability that the best of one half of the days is in the lower half of the others."""


def best_of(trials: Sequence[Trial], metric: str, *, overfit: bool = True) -> Best | None:
    """Return the best trial, the first of equal ones; None if no trial has that figure.

    ``overfit`` False leaves the probability of overfitting out, which takes longer than the rest.
    """
    ranked = ranked_by(trials, metric)
    if not ranked:
        return None
    first, value = ranked[0]
    ran = [each.figures for each in trials if each.figures is not None]
    assert first.figures is not None, "it has a worth"
    deflated, luck = _doubts(first.figures, ran)
    return Best(
        trial=first,
        metric=metric,
        value=value,
        trials=len(ran),
        failed=len(trials) - len(ran),
        deflated=deflated,
        luck=luck,
        overfitting=_overfitting(ran) if overfit else None,
    )


def ranked_by(trials: Iterable[Trial], metric: str) -> list[tuple[Trial, float]]:
    """Return those that are worth something, the best first, of equal ones the first."""
    found = [(each, value) for each in trials if (value := worth(each, metric)) is not None]
    return sorted(found, key=lambda pair: (-pair[1], pair[0].number))


def _doubts(chosen: Figures, ran: Sequence[Figures]) -> tuple[float | None, float | None]:
    """Return the deflated Sharpe ratio, and the annual one that luck alone is expected to reach."""
    ratios = [ratio for each in ran if (ratio := each.ratio) is not None]
    if chosen.ratio is None or chosen.skew is None or chosen.kurtosis is None:
        return None, None
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
    luck = expected_best(len(ran), variance) * math.sqrt(DAYS_A_YEAR)
    try:
        found = deflated_sharpe(
            chosen.ratio,
            chosen.days,
            trials=len(ran),
            variance=variance,
            skew=chosen.skew,
            kurtosis=chosen.kurtosis,
        )
    except ValueError:  # moments that no distribution has, of a few days: it is not defined
        return None, luck
    return found, luck


def _overfitting(ran: Sequence[Figures]) -> float | None:
    own = [each.blocks for each in ran if each.blocks and each.trades]
    days = [[block[0] for block in each] for each in own]
    return overfitting(own) if own and all(each == days[0] for each in days) else None
