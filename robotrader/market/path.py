"""A way that a price may have gone inside a bar of which only open, high, low and close are known.

A Brownian bridge pinned to the four: it begins at the open, ends at the close, reaches the high and
the low once each, in drawn order, and never leaves them. What is drawn depends on the generator
that is passed in and on nothing else.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

ROUGHNESS: Final = 0.35
"""Standard deviation of the bridge in the middle, as a part of the bar's range."""


def bridge(
    rng: Random, prices: tuple[float, float, float, float], steps: int, places: int = 2
) -> list[float]:
    """Return ``steps + 1`` prices from open to close.

    Args:
        rng: where randomness comes from.
        prices: open, high, low, close; low <= open, close <= high.
        steps: at least 3, so that all four prices have a place.
        places: decimals that prices are rounded to; the four given ones stay as they are.
    """
    opened, high, low, close = prices
    assert steps >= 3, "four prices need three steps"
    first, second = sorted(rng.sample(range(1, steps), 2))
    highest_first = rng.random() < 0.5
    anchors = [(0, opened), (first, high if highest_first else low)]
    anchors += [(second, low if highest_first else high), (steps, close)]
    points = [opened]
    for (start, begin), (stop, end) in pairwise(anchors):
        points += _between(rng, (begin, end), stop - start, (low, high), places)
    return points


def _between(
    rng: Random,
    ends: tuple[float, float],
    steps: int,
    bounds: tuple[float, float],
    places: int,
) -> list[float]:
    """Return the points after the first end up to the last, inside the bounds."""
    (begin, end), (low, high) = ends, bounds
    scale = ROUGHNESS * (high - low) / max(1.0, steps**0.5)
    here, points = begin, []
    for left in range(steps, 1, -1):
        here += (end - here) / left + rng.gauss(0.0, scale)
        here = min(max(here, low), high)
        shown = round(here, places)
        points.append(shown if low <= shown <= high else here)
    points.append(end)
    return points
