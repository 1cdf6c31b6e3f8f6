"""History and live bars as one series: each bar once, and what is missing known by its times.

A span of time is covered when a live bar lies in it or history was asked for it: history may have
no bar there (nobody traded), and then there is none. What lies between the first and the last bar,
in wanted hours, and is not covered is a gap; asking history for it ends it.

Where both have a bar and differ, history's stands: it is what the source settled on. That is
counted, as is a bar whose times are those of no cell, which is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from robotrader.domain import Bar
    from robotrader.market.cells import Cells, Span


class Backfill:
    """One contract's series of one bar size.

    Args:
        cells: which times bars cover.
        keep: how many bars are kept, the latest: what the longest warm-up needs.
    """

    def __init__(self, cells: Cells, keep: int) -> None:
        if keep < 1:
            msg = f"{keep} bars kept: give at least 1"
            raise ValueError(msg)
        self.cells = cells
        self.overlaps = self.conflicts = self.misfits = 0
        self._keep = keep
        self._bars: dict[int, Bar] = {}
        self._starts: list[int] = []
        self._asked: list[Span] = []
        self._holes: list[Span] | None = []
        """The times between neighbouring bars that do not touch and were not asked for as a whole;
        None: to be looked for."""

        self._gaps: tuple[Span, ...] | None = ()

    def bars(self) -> tuple[Bar, ...]:
        """Return the series in order of time."""
        return tuple(self._bars[start_ns] for start_ns in self._starts)

    def live(self, bar: Bar) -> None:
        """Take a finished live bar."""
        known = self._bars.get(bar.start_ns)
        if known is None:
            self._add(bar)
        else:
            self._compare(known, bar)

    def history(self, span: Span, bars: Iterable[Bar]) -> None:
        """Take history's answer for ``span``: everything that it has there.

        Bars outside the span are left alone: sources answer with more than was asked.
        """
        for bar in bars:
            if not span[0] <= bar.start_ns < bar.end_ns <= span[1]:
                continue
            known = self._bars.get(bar.start_ns)
            if known is not None:
                self._compare(known, bar)
                self._bars[bar.start_ns] = bar
            else:
                self._add(bar)
        self._asked = _joined([*self._asked, span])
        self._holes = [each for each in self._all_holes() if not self._was_asked(*each)]
        self._gaps = None
        self._forget()

    def _compare(self, known: Bar, bar: Bar) -> None:
        self.overlaps += 1
        self.conflicts += known != bar

    def _add(self, bar: Bar) -> None:
        """Put a new bar in its place; refuse it, counted, if its times are those of no cell."""
        cell = self.cells.at(bar.start_ns)
        if cell is None or (cell.start_ns, cell.end_ns) != (bar.start_ns, bar.end_ns):
            self.misfits += 1
            return
        starts, start_ns = self._starts, bar.start_ns
        self._bars[start_ns] = bar
        if starts and start_ns < starts[-1]:
            starts.insert(bisect_left(starts, start_ns), start_ns)
            self._holes = self._gaps = None
        else:  # behind the last: what every live bar does, so nothing else is looked at
            end_ns = self._bars[starts[-1]].end_ns if starts else start_ns
            if end_ns != start_ns and self._holes is not None:
                self._holes.append((end_ns, start_ns))
                self._gaps = None
            starts.append(start_ns)
        if len(starts) > self._keep or self._asked:
            self._forget()

    def _forget(self) -> None:
        """Keep the latest bars, and of what was asked only what concerns them."""
        surplus = len(self._starts) - self._keep
        if surplus > 0:
            for start_ns in self._starts[:surplus]:
                del self._bars[start_ns]
            del self._starts[:surplus]
            while self._holes and self._holes[0][1] <= self._starts[0]:
                del self._holes[0]
                self._gaps = None
        while self._asked and self._starts and self._asked[0][1] <= self._starts[0]:
            del self._asked[0]

    def gaps(self) -> tuple[Span, ...]:
        """Return the spans that nothing is known of, each as long as may be."""
        if self._gaps is None:
            self._gaps = tuple(self._look())
        return self._gaps

    def _look(self) -> list[Span]:
        """Return the gaps: all holes, cell by cell."""
        found: list[Span] = []
        for before_ns, after_ns in self._all_holes():
            for cell in self.cells.between(before_ns, after_ns):
                if self._was_asked(cell.start_ns, cell.end_ns):
                    continue
                if found and found[-1][1] == cell.start_ns:
                    found[-1] = (found[-1][0], cell.end_ns)
                else:
                    found.append((cell.start_ns, cell.end_ns))
        return found

    def _all_holes(self) -> list[Span]:
        if self._holes is None:
            self._holes = list(self._found())
        return self._holes

    def _found(self) -> Iterable[Span]:
        """Yield the holes."""
        for index in range(1, len(self._starts)):
            before_ns = self._bars[self._starts[index - 1]].end_ns
            if before_ns != self._starts[index]:
                yield before_ns, self._starts[index]

    def _was_asked(self, start_ns: int, end_ns: int) -> bool:
        return any(first <= start_ns and end_ns <= last for first, last in self._asked)


def _joined(spans: list[Span]) -> list[Span]:
    """Return the same times as the fewest spans, in order."""
    out: list[Span] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], last))
        else:
            out.append((first, last))
    return out
