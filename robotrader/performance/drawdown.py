"""Drawdowns: how far below its best an account was, for how long, and whether it came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from robotrader.performance.track import Floats, finite, growth

if TYPE_CHECKING:
    from collections.abc import Sequence

    Returns = Sequence[float] | Floats


_ROUNDING: Final = 1e-12
"""Products of returns end so near to a value that is reached again: that is no drawdown."""


class Drawdown(msgspec.Struct, frozen=True, gc=False):
    """One way down and back up; periods are numbered from 0, -1 is before the first."""

    peak: int
    """The last period at the best value."""

    trough: int
    recovered: int | None
    """The first period at the old best or above it; None: not yet."""

    depth: float
    """Part of the best value that was lost: 0.2 is a fifth."""

    length: int
    """Periods from the peak to the recovery, or to the end."""


def underwater(returns: Returns) -> Floats:
    """Return how far below its best the account was after each period, 0 to 1."""
    wealth = growth(finite(returns))
    best = np.maximum(np.maximum.accumulate(wealth), 1.0) if wealth.size else wealth
    found: Floats = 1.0 - wealth / best
    found[found < _ROUNDING] = 0.0
    return found


def deepest(returns: Returns) -> float | None:
    """Return the maximum drawdown, 0 to 1; None without periods."""
    below = underwater(returns)
    return float(below.max()) if below.size else None


def ulcer(returns: Returns) -> float | None:
    """Return the ulcer index (Martin and McCann 1989): the root of the mean squared drawdown."""
    below = underwater(returns)
    return float(np.sqrt((below**2).mean())) if below.size else None


def drawdowns(returns: Returns) -> tuple[Drawdown, ...]:
    """Return every drawdown, in order of time."""
    below = underwater(returns)
    under = np.concatenate(([False], below > 0.0, [False]))
    edges = np.flatnonzero(under[1:] != under[:-1])
    found = []
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        trough = first + int(below[first:after].argmax())
        recovered = after if after < below.size else None
        end = after if recovered is not None else below.size - 1
        found.append(
            Drawdown(first - 1, trough, recovered, float(below[trough]), end - (first - 1))
        )
    return tuple(found)
