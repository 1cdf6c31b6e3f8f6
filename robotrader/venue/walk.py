"""Where a price path first meets a level: the geometry that all order types are made of.

A path is a few prices that are joined by straight lines: a quote is one point, a bar four (open,
the extreme that is nearer to it, the other one, close; at equal distance the low comes first, for
no better reason than that one has to). A place on it is a float: 1.25 is a quarter of the way from
the second point to the third.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from robotrader.domain import Bar

Path: TypeAlias = tuple[float, ...]
Hit: TypeAlias = tuple[float, float]
"""A place on a path, and the price there."""


def bar_path(bar: Bar) -> Path:
    """Return the way that the price is taken to have gone inside ``bar``."""
    if bar.high - bar.open < bar.open - bar.low:
        return (bar.open, bar.high, bar.low, bar.close)
    return (bar.open, bar.low, bar.high, bar.close)


def price_at(path: Path, place: float) -> float:
    """Return the price at a place."""
    index = int(place)
    part = place - index
    if not part:
        return path[index]
    return path[index] + (path[index + 1] - path[index]) * part


def first_below(path: Path, place: float, level: float) -> Hit | None:
    """Return where the price, from ``place`` on, is first at or below ``level``."""
    here = price_at(path, place)
    if here <= level:
        return place, here
    for index in range(int(place), len(path) - 1):
        start, end = path[index], path[index + 1]
        if end <= level:
            return index + (start - level) / (start - end), level
    return None


def first_above(path: Path, place: float, level: float) -> Hit | None:
    """Return where the price, from ``place`` on, is first at or above ``level``."""
    here = price_at(path, place)
    if here >= level:
        return place, here
    for index in range(int(place), len(path) - 1):
        start, end = path[index], path[index + 1]
        if end >= level:
            return index + (level - start) / (end - start), level
    return None


def extreme(path: Path, place: float, *, highest: bool) -> float:
    """Return the highest or lowest price from ``place`` on."""
    prices = (price_at(path, place), *path[int(place) + 1 :])
    return max(prices) if highest else min(prices)
