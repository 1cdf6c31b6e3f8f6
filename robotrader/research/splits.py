"""Days to choose on, and days to judge on: never the same, and never touching where they leak.

A split's days are numbers from 0 on. Walk-forward (Pardo, The Evaluation and Optimization of
Trading Strategies, 2008, chapter 11) judges on the days that follow those that were chosen on.
Folds judge on every day, and have to be purged: a trade that is open over the border is in both.
Lopez de Prado, Advances in Financial Machine Learning (2018), chapters 7 and 12.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from math import comb
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Split(msgspec.Struct, frozen=True):
    """Days to choose on and days to judge on, as ranges in order of time, which do not touch."""

    train: tuple[range, ...]
    test: tuple[range, ...]


def walk_forward(
    days: int, train: int, test: int, *, anchored: bool = False, gap: int = 0
) -> tuple[Split, ...]:
    """Return windows in order: ``train`` days, ``gap`` days that nobody looks at, ``test`` days.

    Rolling windows move on by ``test`` days; an anchored one begins with the first day always and
    grows. The last test has what is left, if that is at least half of it. Every day behind the
    first window is judged on at most once.

    Raises:
        ValueError: a length is not above 0, or there is no day left to judge on.
    """
    if min(train, test) < 1 or gap < 0:
        msg = f"{train} days to choose on, {test} to judge on, {gap} between: give 1 or more"
        raise ValueError(msg)
    found = []
    for begin in range(0, days, test):
        middle, first = begin + train, begin + train + gap
        last = min(first + test, days)
        if last - first < (test + 1) // 2:
            break
        found.append(Split((range(0 if anchored else begin, middle),), (range(first, last),)))
    if not found:
        need = train + gap + (test + 1) // 2
        raise ValueError(f"{days} days are too few: a window and half a test need {need}")
    return tuple(found)


def purged_folds(days: int, folds: int, *, purge: int = 0, embargo: int = 0) -> tuple[Split, ...]:
    """Return one split a fold, which is judged on; the others are chosen on, purged.

    ``purge`` days before and after a tested stretch are taken from training, as long as a trade may
    be open, and ``embargo`` days more after it, for what echoes (chapter 7.4). Raises as
    ``combinatorial``.
    """
    return combinatorial(days, folds, 1, purge=purge, embargo=embargo)


def combinatorial(
    days: int, folds: int, tested: int = 2, *, purge: int = 0, embargo: int = 0
) -> tuple[Split, ...]:
    """Return a split for each way to judge on ``tested`` of ``folds`` folds (chapter 12.4).

    Raises:
        ValueError: fewer than two folds, all of them tested, fewer days than folds, or a purge
            that leaves a split no day to choose on.
    """
    if not 1 <= tested < folds or days < folds or min(purge, embargo) < 0:
        what = f"{days} days in {folds} folds, {tested} of them tested"
        raise ValueError(f"{what}: test fewer folds than there are, of at least a day each")
    parts = folds_of(days, folds)
    found = [_split(parts, chosen, purge, embargo) for chosen in combinations(range(folds), tested)]
    for each in found:
        if not each.train:
            msg = f"a purge of {purge} and an embargo of {embargo} days leave nothing to choose on"
            raise ValueError(f"{msg}: make them shorter, or the folds fewer")
    return tuple(found)


def folds_of(days: int, folds: int) -> tuple[range, ...]:
    """Return folds that follow each other; the first ones have the days that are left over."""
    size, more = divmod(days, folds)
    edges = [each * size + min(each, more) for each in range(folds + 1)]
    return tuple(range(low, high) for low, high in pairwise(edges))


def paths(folds: int, tested: int) -> tuple[tuple[int, ...], ...]:
    """Return the paths of ``combinatorial``: for each, the split that judges each of the folds.

    Each path judges on every fold once, by splits that have not chosen on it; there are
    tested / folds of the number of splits (chapter 12.4.1).
    """
    splits = list(combinations(range(folds), tested))
    own = [[at for at, chosen in enumerate(splits) if fold in chosen] for fold in range(folds)]
    count = comb(folds, tested) * tested // folds
    return tuple(tuple(own[fold][path] for fold in range(folds)) for path in range(count))


def _split(parts: Sequence[range], chosen: Sequence[int], purge: int, embargo: int) -> Split:
    test = tuple(_merged([parts[each] for each in chosen]))
    away = [range(each.start - purge, each.stop + purge + embargo) for each in test]
    return Split(tuple(_left(parts[-1].stop, away)), test)


def _merged(parts: Sequence[range]) -> Iterator[range]:
    """Yield ranges, those that touch as one."""
    begin, end = parts[0].start, parts[0].stop
    for each in parts[1:]:
        if each.start != end:
            yield range(begin, end)
            begin = each.start
        end = each.stop
    yield range(begin, end)


def _left(days: int, away: Sequence[range]) -> Iterator[range]:
    """Yield what is left of the days; ``away`` in order of time."""
    begin = 0
    for each in away:
        if each.start > begin:
            yield range(begin, each.start)
        begin = max(begin, each.stop)
    if begin < days:
        yield range(begin, days)
