"""Value at risk and expected shortfall: by history, normal, and after Cornish and Fisher.

Losses are positive, in the unit of the profits that come in. Value at risk of 99 % is what is lost
on one day of a hundred or more; expected shortfall is the mean of those days. Historical figures
are those of Acerbi and Tasche, On the coherence of expected shortfall (2002). The third is Cornish
and Fisher's expansion (1937) of the normal quantile by skewness and kurtosis; its shortfall is the
integral of that expansion, in closed form, since the integral of a Hermite polynomial under the
normal density is the one below it.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL: Final = NormalDist()
_FAR: Final = 5.0
"""Deviations up to which the expansion has to grow: what is beyond has a weight of 3e-7."""


class Tail(msgspec.Struct, frozen=True, gc=False):
    """One method's figures; None with a reason where it does not hold."""

    method: str
    var: float | None
    es: float | None
    why: str = ""


def tails(profits: Sequence[float], level: float) -> tuple[Tail, ...]:
    """Return every method's figures of daily profits, losses positive.

    Raises:
        ValueError: ``level`` is not between 0.5 and 1, or a profit is not finite.
    """
    return (
        historical(profits, level),
        parametric(profits, level),
        cornish_fisher(profits, level),
    )


def historical(profits: Sequence[float], level: float) -> Tail:
    """Return what the worst of these profits were. Raises as ``tails``."""
    _check(profits, level)
    # Rounded, because 1 - 0.9 is a little less than a tenth.
    worst = round(len(profits) * (1 - level), 9)
    if worst < 1:
        least = math.ceil(round(1 / (1 - level), 9))
        return Tail("historical", None, None, f"{len(profits)} days, {least} are needed")
    losses = sorted((-each for each in profits), reverse=True)
    whole = int(worst)
    edge = losses[whole]  # of a level above a half there is one more
    shortfall = (math.fsum(losses[:whole]) + (worst - whole) * edge) / worst
    return Tail("historical", edge, max(shortfall, edge))


def parametric(profits: Sequence[float], level: float) -> Tail:
    """Return the figures of a normal distribution like these profits. Raises as ``tails``."""
    _check(profits, level)
    if len(profits) < 2:
        return Tail("parametric", None, None, f"{len(profits)} days, 2 are needed")
    mean, deviation = float(np.mean(profits)), float(np.std(profits, ddof=1))
    z, density = _edge(level)
    return Tail("parametric", -mean - z * deviation, -mean + deviation * density / (1 - level))


def cornish_fisher(profits: Sequence[float], level: float) -> Tail:
    """Return the figures with the skewness and kurtosis of these profits. Raises as ``tails``.

    None where the expansion is no distribution: its quantiles do not grow (Maillard 2012).
    """
    _check(profits, level)
    if len(profits) < 4:
        return Tail("Cornish-Fisher", None, None, f"{len(profits)} days, 4 are needed")
    centred = np.asarray(profits, dtype=float) - np.mean(profits)
    deviation = float(np.std(profits, ddof=1))
    spread = float(np.std(profits))
    if spread <= 0:
        flat = -float(np.mean(profits))
        return Tail("Cornish-Fisher", flat, flat)
    standard = centred / spread
    skew, excess = float((standard**3).mean()), float((standard**4).mean()) - 3
    if not _grows(skew, excess):
        why = f"skewness {skew:.2f} and excess kurtosis {excess:.2f} are outside of its domain"
        return Tail("Cornish-Fisher", None, None, why)
    z, density = _edge(level)
    quantile = (
        z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    )
    below = density * (1 + z * skew / 6 + (z**2 - 1) * excess / 24 - (2 * z**2 - 1) * skew**2 / 36)
    mean = float(np.mean(profits))
    return Tail(
        "Cornish-Fisher", -mean - quantile * deviation, -mean + deviation * below / (1 - level)
    )


def _grows(skew: float, excess: float) -> bool:
    """Return whether the expansion's derivative, a parabola in z, is not below zero to ``_FAR``."""
    square = excess / 8 - skew**2 / 6
    linear = skew / 3
    constant = 1 - excess / 8 + 5 * skew**2 / 36
    vertex = -linear / (2 * square) if square else 0.0
    at = [-_FAR, _FAR, min(max(vertex, -_FAR), _FAR)]
    return min(square * z**2 + linear * z + constant for z in at) >= 0


def _edge(level: float) -> tuple[float, float]:
    """Return the normal quantile of the tail, which is negative, and the density there."""
    z = _NORMAL.inv_cdf(1 - level)
    return z, _NORMAL.pdf(z)


def _check(profits: Sequence[float], level: float) -> None:
    if not 0.5 < level < 1:
        msg = f"a level of {level}: give more than 0.5 and less than 1, as 0.99"
        raise ValueError(msg)
    if not all(map(math.isfinite, profits)):
        msg = "a profit is not finite: the prices that it was computed from are none"
        raise ValueError(msg)
