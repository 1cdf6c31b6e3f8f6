"""The prices that engines are measured on: nothing but numpy, for environments without our code."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

SEED: Final = 7
FAST, SLOW, QTY = 10, 30, 100
"""Averages and shares of the one strategy that every engine runs: some 39 orders in 1,000 bars."""

FASTS: Final = tuple(range(5, 45, 2))
SLOWS: Final = tuple(range(50, 250, 10))
"""Lengths of averages: 400 combinations."""


def walk(count: int, seed: int = SEED) -> tuple[Any, Any, Any, Any]:
    """Return opens, highs, lows and closes of a random walk in cents."""
    steps = np.random.default_rng(seed).normal(0, 2e-4, count)
    closes = np.round(100 * np.exp(np.cumsum(steps)), 2)
    opens = np.concatenate((closes[:1], closes[:-1]))
    return opens, np.maximum(opens, closes) + 0.01, np.minimum(opens, closes) - 0.01, closes
