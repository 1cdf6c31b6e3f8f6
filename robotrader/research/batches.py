"""Bars of several contracts by time, for who passes through all of them many times.

Bars that end together are a batch, in which contracts keep their order. In nearly all batches the
same contracts have a bar: such stretches are found once, and passed through side by side.
"""

from __future__ import annotations

from itertools import chain, groupby, pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from robotrader.research.moves import Unfit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from robotrader.domain import Bar
    from robotrader.research.loop import Whole

_END: Final = attrgetter("end_ns")
_START: Final = attrgetter("start_ns")


class Stretch(NamedTuple):
    """So many batches in which the same contracts have a bar, by their places."""

    places: tuple[int, ...]
    batches: int


def together(bars: Sequence[Sequence[Bar]]) -> tuple[Sequence[Bar], list[Stretch]]:
    """Return the first bar of each batch, and the stretches.

    Args:
        bars: of each contract, as the engine has checked them.

    Raises:
        Unfit: a bar begins before those of the batch before have ended.
    """
    first, *others = bars
    ends = list(map(_END, first))
    if all(len(own) == len(ends) and list(map(_END, own)) == ends for own in others):
        return first, [Stretch(tuple(range(len(bars))), len(first))]
    return _merged(bars)


def _merged(bars: Sequence[Sequence[Bar]]) -> tuple[Sequence[Bar], list[Stretch]]:
    every = list(chain.from_iterable(bars))
    ends = np.fromiter(map(_END, every), np.int64, len(every))
    order = np.argsort(ends, kind="stable")
    ends = ends[order]
    begins = np.flatnonzero(np.diff(ends, prepend=-1))
    starts = np.fromiter(map(_START, every), np.int64, len(every))[order]
    if (np.minimum.reduceat(starts, begins)[1:] < ends[begins[:-1]]).any():
        msg = "bars that overlap those of another contract"
        raise Unfit(msg)
    place = np.repeat(np.arange(len(bars)), [len(own) for own in bars])[order]
    return [every[at] for at in order[begins].tolist()], _stretches(place, begins)


def _stretches(place: Whole, begins: Whole) -> list[Stretch]:
    bounds = pairwise((*begins.tolist(), place.size))
    batches = groupby(place[begin:end].tobytes() for begin, end in bounds)
    return [
        Stretch(tuple(np.frombuffer(own, place.dtype).tolist()), sum(1 for _ in same))
        for own, same in batches
    ]


def cut(stretches: Iterable[Stretch], counts: Iterable[int]) -> list[list[Stretch]]:
    """Return the stretches of the first so many batches, of so many after them, and so on."""
    following, now = iter(stretches), Stretch((), 0)
    found: list[list[Stretch]] = []
    for count in counts:
        own: list[Stretch] = []
        missing = count
        while missing:
            now = now if now.batches else next(following)
            own.append(Stretch(now.places, min(missing, now.batches)))
            now = Stretch(now.places, now.batches - own[-1].batches)
            missing -= own[-1].batches
        found.append(own)
    return found
