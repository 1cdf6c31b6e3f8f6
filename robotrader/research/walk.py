"""What was chosen on some days, judged on others: the one honest figure of a search.

Each window's parameters are the best of its own days; what counts is what they did on days that
nobody had looked at. The days that were judged on, one window after the other, are a track record
of the procedure, not of one set of parameters.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from robotrader.performance import Summary, Track, cagr, sharpe, summarize
from robotrader.research.ranking import Best
from robotrader.research.splits import Split, folds_of, paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.performance.track import Floats


class Span(msgspec.Struct, frozen=True):
    """Days that were run, and what they brought; None: not defined."""

    first: date
    last: date
    days: int
    sharpe: float | None
    """Annual."""

    cagr: float | None


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """One window: what was best inside, and what it did outside."""

    number: int
    inside: Span
    outside: Span
    best: Best


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """A window in which nothing could be chosen, or judged, and why."""

    number: int
    why: str


class WalkForward(msgspec.Struct, frozen=True, kw_only=True):
    """All windows, and the days outside them as one track.

    ``efficiency``: annual growth outside for that inside (Pardo 2008, chapter 11); None if nothing
    was gained inside. ``decay``: what the Sharpe ratio lost outside, on average. ``ratios``: the
    annual Sharpe ratio of each path through the folds, of combinatorial splits.
    """

    name: str
    scheme: str
    windows: tuple[Window, ...]
    skipped: tuple[Skipped, ...]
    efficiency: float | None
    decay: float | None
    held_up: float | None
    """Part of the windows that gained outside, too."""

    summary: Summary | None
    track: Track | None
    ratios: tuple[float, ...]
    provenance: tuple[str, ...]
    config_hash: str
    metric: str
    failed: int
    """Trials that failed, of all windows."""


def span_of(days: Sequence[date], returns: Floats) -> Span:
    """Return days with what they brought.

    Raises:
        ValueError: there are none.
    """
    if not days or len(days) != returns.size:
        msg = f"{len(days)} days with {returns.size} returns: give at least one, one for each"
        raise ValueError(msg)
    return Span(days[0], days[-1], len(days), sharpe(returns), cagr(returns))


def efficiency(windows: Iterable[Window]) -> float | None:
    """Return mean annual growth outside for that inside; None if there was none inside."""
    known = [(each.inside.cagr, each.outside.cagr) for each in windows]
    pairs = [(inside, out) for inside, out in known if inside is not None and out is not None]
    inside = sum(pair[0] for pair in pairs)
    return sum(pair[1] for pair in pairs) / inside if inside > 0 else None


def decay(windows: Iterable[Window]) -> float | None:
    """Return what the annual Sharpe ratio lost outside, on average over the windows."""
    known = [(each.inside.sharpe, each.outside.sharpe) for each in windows]
    lost = [inside - out for inside, out in known if inside is not None and out is not None]
    return sum(lost) / len(lost) if lost else None


def held_up(windows: Sequence[Window]) -> float | None:
    """Return the part of the windows whose days outside gained."""
    known = [each.outside.cagr for each in windows if each.outside.cagr is not None]
    return sum(each > 0 for each in known) / len(known) if known else None


def stitched(parts: Iterable[tuple[Sequence[date], Floats]], base: float) -> Track | None:
    """Return days outside, one window after the other, as one track; None without days.

    Each window begins with what the one before it ended with.
    """
    days: list[date] = []
    returns: list[float] = []
    for own, earned in parts:
        days += own
        returns += earned.tolist()
    if not days:
        return None
    return Track(base, tuple(days), tuple((base * np.cumprod(1.0 + np.array(returns))).tolist()))


def summary_of(track: Track | None) -> Summary | None:
    """Return the figures of the days outside; None without days."""
    return None if track is None else summarize(track)


def taken(returns: Floats, ranges: Iterable[range]) -> Floats:
    """Return the returns of some days."""
    found: Floats = np.concatenate([returns[each.start : each.stop] for each in ranges])
    return found


def path_ratios(
    chosen: Sequence[Floats | None], days: int, folds: int, tested: int
) -> tuple[float, ...]:
    """Return the annual Sharpe ratio of each path through the folds.

    Args:
        chosen: of each split, in order, all days' returns of what it chose; None: nothing.
        days: how many there are.
        folds: as ``combinatorial`` was given.
        tested: as above.
    """
    parts, found = folds_of(days, folds), []
    for path in paths(folds, tested):
        pieces = [
            own[part.start : part.stop]
            for part, split in zip(parts, path, strict=True)
            if (own := chosen[split]) is not None
        ]
        ratio = sharpe(np.concatenate(pieces)) if len(pieces) == folds else None
        if ratio is not None:
            found.append(ratio)
    return tuple(found)


def days_of(split: Split, days: Sequence[date]) -> tuple[list[date], list[date]]:
    """Return the dates of a split: to choose on, to judge on."""
    inside = [days[at] for part in split.train for at in part]
    return inside, [days[at] for part in split.test for at in part]
