"""How likely it is that what was chosen as the best in the past is worse than most in the future.

Probability of backtest overfitting by combinatorially symmetric cross-validation: Bailey, Borwein,
Lopez de Prado and Zhu, The Probability of Backtest Overfitting (2015), section 3. The days are
divided into blocks; in every way to take one half of them for choosing, the best trial there is
ranked among all trials in the other half.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.performance.track import Floats
    from robotrader.research.trial import Block

_AT_ONCE: Final = 1 << 21
"""Ratios in memory at once: 16 MB an array."""


def overfitting(trials: Sequence[Sequence[Block]]) -> float | None:
    """Return the share of the halvings whose best trial is in the lower half of the other half.

    None where it is not defined: fewer than two trials, or no blocks.

    Args:
        trials: the blocks of each trial, all of the same days.

    Raises:
        ValueError: the trials' blocks are not of the same days, or their number is odd.
    """
    if len(trials) < 2 or not trials[0]:
        return None
    count = len(trials[0])
    if count % 2 or any([b[0] for b in each] != [b[0] for b in trials[0]] for each in trials):
        msg = f"blocks of {count}, or of other days: give an even number of blocks of the same days"
        raise ValueError(msg)
    sums = np.array(trials, dtype=np.float64).transpose(2, 1, 0)  # kind, block, trial
    halves = np.array(list(combinations(range(count), count // 2)))
    chosen = np.zeros((len(halves), count))
    np.put_along_axis(chosen, halves, 1.0, axis=1)
    step = max(1, _AT_ONCE // len(trials))
    parts = (chosen[at : at + step] for at in range(0, len(chosen), step))
    return float(np.concatenate([_lower(part, sums) for part in parts]).mean())


def _lower(chosen: Floats, sums: Floats) -> Floats:
    """Return 1 for each halving whose best is in the lower half afterwards, else 0."""
    inside, outside = _ratios(chosen, sums), _ratios(1.0 - chosen, sums)
    best = inside.argmax(axis=1)[:, None]
    theirs = np.take_along_axis(outside, best, axis=1)
    below, same = (outside < theirs).sum(axis=1), (outside == theirs).sum(axis=1)
    rank = below + (same + 1) / 2  # of equal ones the middle
    found: Floats = (rank / (outside.shape[1] + 1) <= 0.5).astype(np.float64)
    return found


def _ratios(chosen: Floats, sums: Floats) -> Floats:
    """Return the Sharpe ratio of each choice of blocks and trial; 0 for one that never moved."""
    days, total, squares = (chosen @ each for each in sums)
    mean = total / days
    variance = np.maximum(squares / days - mean**2, 0.0)
    noise = 1e-12 * (squares / days)
    still = variance <= noise
    found: Floats = np.where(still, 0.0, mean / np.sqrt(np.where(still, 1.0, variance)))
    return found
