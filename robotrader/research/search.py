"""Whoever says what is tried next: a list that is known before, or a search that learns.

The rule that makes a sweep resumable: what a search asks for follows from its own seed and from
what it was told, in that order, and from nothing else. Told the same again, it asks the same again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from robotrader.research.trial import worth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from robotrader.research.space import Point
    from robotrader.research.trial import Trial


class Search(Protocol):
    """A search for good points."""

    def ask(self) -> Sequence[Point]:
        """Return points that may be tried at the same time; none: it has ended."""
        ...

    def tell(self, values: Sequence[float | None]) -> None:
        """Take what the points that were asked for are worth, in their order; None: nothing."""
        ...


class Listed:
    """Points that are known before."""

    def __init__(self, points: Iterable[Point]) -> None:
        self._points = tuple(points)

    def ask(self) -> Sequence[Point]:
        """Return all of them, once."""
        points, self._points = self._points, ()
        return points

    def tell(self, values: Sequence[float | None]) -> None:
        """Learn nothing."""


def searched(
    search: Search,
    run: Callable[[Sequence[tuple[int, Point]]], Iterator[Trial]],
    metric: str,
    recorded: Sequence[Trial] = (),
) -> Iterator[Trial]:
    """Yield every trial of a search, those that were ``recorded`` before first.

    A search that is gone through again asks for what it asked for then, and is told what it was
    told then; only what was never answered is run.

    Args:
        search: whoever says what is tried.
        run: yields the trials of numbered points, in their order.
        metric: what is sought.
        recorded: the first trials, as an earlier time yielded them.

    Raises:
        ValueError: a recorded trial is not of the point that is asked for; it names both.
    """
    number = 0
    while points := search.ask():
        asked = list(enumerate(points, number))
        known = [_same(each, *one) for each, one in zip(recorded[number:], asked, strict=False)]
        yield from known
        for trial in run(asked[len(known) :]) if len(known) < len(asked) else ():
            known.append(trial)
            yield trial
        search.tell([worth(each, metric) for each in known])
        number += len(points)


def _same(recorded: Trial, number: int, point: Point) -> Trial:
    if (recorded.number, recorded.params) != (number, point):
        msg = (
            f"trial {number} is asked for as {point}, and was {recorded.params} as trial "
            f"{recorded.number}: begin the sweep anew"
        )
        raise ValueError(msg)
    return recorded
