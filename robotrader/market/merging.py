"""New rows among those that are there: equal ones count once, different ones are a question.

Rows are grouped by their time: of days and bars one is at a time, of trades and quotes there may
be several, which are compared together. Nothing is preferred unless the caller says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Any, NamedTuple, TypeAlias

import msgspec

from robotrader.domain import Bar
from robotrader.market.hours import SECOND_NS
from robotrader.market.quality import MOST_PROBLEMS, DataError
from robotrader.market.series import Daily

Key: TypeAlias = Callable[[Any], int]


class Part(NamedTuple):
    """New rows of one kind in order of time, and where they are from, for errors."""

    place: str
    rows: Sequence[Any]


class Merged(msgspec.Struct, frozen=True):
    """The rows of both in order of time, and how many of the new ones were not there before."""

    rows: list[Any]
    added: int
    replaced: int


def merged(old: Sequence[Any], parts: Sequence[Part], name: str, *, replace: bool) -> Merged:
    """Put new rows among old ones, all of one kind.

    Args:
        old: in order of time.
        parts: the new ones.
        name: of the series, for errors.
        replace: whether a new row takes the place of a different one of its time.

    Raises:
        DataError: rows of one time are different, or bars overlap; each is named by its number
            in its part, the first being 1, and by its time.
    """
    rows: Sequence[Any] = old
    problems: list[str] = []
    added = replaced = 0
    for run in _runs(parts):
        mixing = _Mixing(rows, run)
        rows = mixing.rows
        added, replaced = added + mixing.added, replaced + mixing.replaced
        problems += [] if replace else mixing.problems
    in_order = list(rows)
    _refuse([*problems, *_overlaps(in_order, name)], name)
    return Merged(in_order, added, replaced)


def _runs(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield parts that can be taken as one: each begins after the one before has ended."""
    key = key_of(type(parts[0].rows[0])) if parts else key_of(Daily)
    run: list[Part] = []
    for part in sorted(parts, key=lambda each: key(each.rows[0])):
        if run and key(part.rows[0]) <= key(run[-1].rows[-1]):
            yield run
            run = []
        run.append(part)
    if run:
        yield run


class _Mixing:
    """Two lists made one, in one pass."""

    def __init__(self, old: Sequence[Any], run: Sequence[Part]) -> None:
        self._old, self._new = old, [row for part in run for row in part.rows]
        self._run = run
        self._ends = list(accumulate(len(part.rows) for part in run))
        self.rows: list[Any] = []
        self.added = self.replaced = 0
        self.problems: list[str] = []
        self._mix(key_of(type(self._new[0])))

    def _mix(self, key: Key) -> None:
        old, new, place, number = self._old, self._new, 0, 0
        while place < len(old) and number < len(new):
            mine, theirs = key(old[place]), key(new[number])
            if mine < theirs:
                self.rows.append(old[place])
                place += 1
            elif theirs < mine:
                self.rows.append(new[number])
                number, self.added = number + 1, self.added + 1
            else:
                ends = _end(old, place, key), _end(new, number, key)
                self._meet(old[place : ends[0]], number, new[number : ends[1]])
                place, number = ends
        self.added += len(new) - number
        self.rows += [*old[place:], *new[number:]]

    def _meet(self, old: Sequence[Any], number: int, new: Sequence[Any]) -> None:
        """Take the new rows of a time that has old ones."""
        self.rows += new
        if old != new:
            self.replaced += len(new)
            at = bisect_right(self._ends, number)
            first = number - (self._ends[at - 1] if at else 0) + 1
            said = f"{self._run[at].place}: row {first}, {when(new[0])}: {_differs(new, old)}"
            self.problems.append(said)


def _end(rows: Sequence[Any], place: int, key: Key) -> int:
    """Return where the rows of the time of one of them end."""
    at = key(rows[place])
    while place < len(rows) and key(rows[place]) == at:
        place += 1
    return place


def key_of(kind: type) -> Key:
    """Return what rows of a kind are ordered by."""
    if kind is Daily:
        return lambda row: row.day.toordinal()
    if kind is Bar:
        return lambda row: row.start_ns
    return lambda row: row.time_ns


def when(row: Any) -> str:
    """Return a row's time as people read it: a day, or a moment in UTC."""
    if isinstance(row, Daily):
        return row.day.isoformat()
    at_ns = row.start_ns if isinstance(row, Bar) else row.time_ns
    seconds, rest_ns = divmod(at_ns, SECOND_NS)
    moment = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
    return f"{moment}.{rest_ns:09d}Z" if rest_ns else f"{moment}Z"


def _differs(new: Sequence[Any], old: Sequence[Any]) -> str:
    """Say the first field in which two rows of one time differ."""
    remedy = "correct the file, or import with --replace to take its rows"
    if len(new) != len(old):
        return f"{len(new)} rows at this time, {len(old)} are there; {remedy}"
    for row, other in zip(new, old, strict=True):
        for field in row.__struct_fields__:
            mine, other_s = getattr(row, field), getattr(other, field)
            if mine != other_s:
                return f"{field} is {mine}, {other_s} is there; {remedy}"
    return remedy


def _overlaps(rows: Sequence[Any], place: str) -> Iterator[str]:
    """Yield the bars that begin before the one before them has ended."""
    for before, row in pairwise(rows):
        if isinstance(row, Bar) and row.start_ns < before.end_ns:
            said = f"the bar of {when(row)} overlaps that of {when(before)}"
            yield f"{place}: {said}; use bars of one length, cut in one way"


def _refuse(problems: list[str], place: str) -> None:
    if len(problems) > MOST_PROBLEMS:
        more = len(problems) - MOST_PROBLEMS
        problems = [*problems[:MOST_PROBLEMS], f"{place}: and {more} more: is it other data?"]
    if problems:
        raise DataError(*problems)
