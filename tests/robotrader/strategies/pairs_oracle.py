"""Prices that go together, and the pairs strategy again, by numpy's polyfit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from robotrader.strategies import PairsParams


def series(seed: int, count: int) -> tuple[list[float], list[float]]:
    """Draw two prices that go together: the first is 20 + 0.8 times the second, and off by a
    mean-reverting error.
    """
    random = np.random.default_rng(seed)
    second = 100 + np.cumsum(random.normal(0, 0.5, count))
    error = np.zeros(count)
    for at in range(1, count):
        error[at] = 0.8 * error[at - 1] + random.normal(0, 0.6)
    first = 20 + 0.8 * second + error
    return np.round(first, 2).tolist(), np.round(second, 2).tolist()


class Oracle:
    """The pairs strategy again, by numpy's polyfit, as a list of what it wants after each row."""

    def __init__(self, params: PairsParams) -> None:
        self.params = params

    def wants(self, first: list[float], second: list[float]) -> list[tuple[int, int]]:
        given_params, wanted = self.params, (0, 0)
        found, line, side, armed = [], (0.0, 0.0, 1.0), 0, True
        for at in range(len(first)):
            x = np.array(second[max(0, at + 1 - given_params.lookback) : at + 1])
            y = np.array(first[max(0, at + 1 - given_params.lookback) : at + 1])
            if len(x) == given_params.lookback:
                slope, intercept = np.polyfit(x, y, 1)
                off = y - intercept - slope * x
                scale = float(np.sqrt((off**2).sum() / (len(x) - 2)))
                fit = 1 - (off**2).sum() / ((y - y.mean()) ** 2).sum()
                if side:
                    score = (y[-1] - line[0] - line[1] * x[-1]) / line[2] * side
                    if score >= -given_params.leave or score <= -given_params.stop:
                        armed = bool(score >= -given_params.leave)
                        side, wanted = 0, (0, 0)
                elif slope > 0 and fit >= given_params.least_r2:
                    score = off[-1] / scale
                    armed = armed or bool(abs(score) <= given_params.leave)
                    if armed and given_params.entry <= abs(score) < given_params.stop:
                        side, line = (-1 if score > 0 else 1), (intercept, slope, scale)
                        qty = given_params.qty
                        wanted = (side * qty, -side * int(np.floor(qty * slope)))
            found.append(wanted)
        return found
