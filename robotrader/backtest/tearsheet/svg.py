"""Charts as SVG text: no script, no library, nothing that is fetched.

A chart is drawn in units of a fixed view box and scales with the page. Lines of more points than
can be seen are thinned so that every peak and trough stays.
"""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

WIDTH: Final = 960
LEFT: Final = 64
_RIGHT: Final = 8
_TOP: Final = 8
_BOTTOM: Final = 22
_POINTS: Final = 900
_NOTHING: Final = 1e-300
"""A difference that no scale can be made of."""

"""More of them lie on each other in a chart of this width."""


class Line(msgspec.Struct, frozen=True):
    """One line: its name, its style's class, and a value a day (NaN: no point)."""

    name: str
    kind: str
    values: tuple[float, ...]


class Frame(msgspec.Struct, frozen=True):
    """Where a chart's values lie: from ``low`` to ``high``, over ``count`` places."""

    low: float
    high: float
    count: int
    height: int

    def x(self, at: float) -> float:
        """Return the place of a day's number."""
        inner = WIDTH - LEFT - _RIGHT
        return LEFT + inner * at / max(self.count - 1, 1)

    def y(self, value: float) -> float:
        """Return the place of a value."""
        inner = self.height - _TOP - _BOTTOM
        return _TOP + inner * (self.high - value) / (self.high - self.low)


def line_chart(
    title: str,
    days: Sequence[date] | Sequence[int],
    lines: Sequence[Line],
    shown: Callable[[float], str],
    *,
    height: int = 260,
    area: bool = False,
) -> str:
    """Return lines over days, or over numbers; ``area`` fills between the first one and zero."""
    found = [value for line in lines for value in line.values if math.isfinite(value)]
    if not found:
        return f'<p class="none">{escape(title)}: nothing to show</p>'
    frame = frame_of([*found, 0.0] if area else found, len(days), height)
    parts = [*grid(frame, shown), *below(frame, days)]
    for line in lines:
        path = _path(frame, line.values)
        if area and line is lines[0]:
            zero, first, last = frame.y(0.0), frame.x(0), frame.x(len(days) - 1)
            closed = f"M{first:.1f},{zero:.1f}L{path[1:]}L{last:.1f},{zero:.1f}Z"
            parts.append(f'<path class="area {line.kind}" d="{closed}"/>')
        parts.append(f'<path class="line {line.kind}" d="{path}"/>')
    legend = "".join(f'<span class="key {line.kind}">{escape(line.name)}</span>' for line in lines)
    return figure(title, height, parts, legend)


def histogram(title: str, values: Sequence[float], shown: Callable[[float], str]) -> str:
    """Return how often values of each size are, up to 41 bars round zero."""
    if not values:
        return f'<p class="none">{escape(title)}: nothing to show</p>'
    reach = max(abs(min(values)), abs(max(values))) or 1.0
    half = min(20, max(1, math.isqrt(len(values))))
    step = reach / (half + 0.5)
    counts = [0] * (2 * half + 1)
    for value in values:
        counts[min(max(round(value / step) + half, 0), 2 * half)] += 1
    height = 200
    frame = Frame(0.0, max(counts) * 1.05, len(counts), height)
    wide = (WIDTH - LEFT - _RIGHT) / len(counts)
    parts = [*grid(frame, lambda value: f"{value:,.0f}")]
    for at, count in enumerate(counts):
        low, top = (at - half - 0.5) * step, frame.y(count)
        kind = "good" if at > half else "bad" if at < half else "even"
        parts.append(
            f'<rect class="{kind}" x="{LEFT + at * wide + 1:.1f}" y="{top:.1f}" '
            f'width="{wide - 2:.1f}" height="{frame.y(0) - top:.1f}">'
            f"<title>{shown(low)} to {shown(low + step)}: {count}</title></rect>"
        )
    for at in range(0, len(counts), max(1, len(counts) // 8)):
        x = LEFT + (at + 0.5) * wide
        parts.append(_text(x, height - 6, shown((at - half) * step), "middle"))
    return figure(title, height, parts, "")


def frame_of(values: Sequence[float], count: int, height: int) -> Frame:
    """Return where values lie, with some room above and below them."""
    low, high = min(values), max(values)
    if high - low < _NOTHING:
        reach = max(abs(low), abs(high))
        around = 0.01 * (reach if reach > 1_000 * _NOTHING else 1.0)
        low, high = low - around, high + around
    room = (high - low) * 0.04
    return Frame(low - (room if low else 0.0), high + (room if high else 0.0), count, height)


def _steps(low: float, high: float, most: int = 6) -> Iterator[float]:
    """Yield round numbers between two, at most ``most`` and at least two."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(each * power for each in (1, 2, 2.5, 5, 10) if each * power >= rough)
    number = math.ceil(low / step)
    while number * step <= high:
        yield number * step
        number += 1


def grid(frame: Frame, shown: Callable[[float], str]) -> Iterator[str]:
    """Yield lines at round values, each with its value."""
    for value in _steps(frame.low, frame.high):
        y = frame.y(value)
        kind = "zero" if value == 0 else "grid"
        yield f'<path class="{kind}" d="M{LEFT},{y:.1f}H{WIDTH - _RIGHT}"/>'
        yield _text(LEFT - 6, y + 4, shown(value), "end")


def below(frame: Frame, days: Sequence[date] | Sequence[int]) -> Iterator[str]:
    """Yield what stands below a chart: some of its days, or of its numbers."""
    if isinstance(days[0], int):
        return _numbers(frame, days)  # type: ignore[arg-type]  # they are all of a kind
    return _dates(frame, days)  # type: ignore[arg-type]  # as above


def _numbers(frame: Frame, numbers: Sequence[int]) -> Iterator[str]:
    """Yield some of the numbers where they are."""
    every = max(1, math.ceil(len(numbers) / 12))
    for at in range(0, len(numbers), every):
        yield _text(frame.x(at), frame.height - 6, f"{numbers[at]:,}", "middle")


def _dates(frame: Frame, days: Sequence[date]) -> Iterator[str]:
    """Yield the years, or of a short chart the months or days, where they begin."""
    span = (days[-1] - days[0]).days
    form = "%Y" if span >= 800 else "%Y-%m" if span >= 45 else "%m-%d"
    named = [f"{day:{form}}" for day in days]
    starts = [at for at in range(1, len(days)) if named[at] != named[at - 1]]
    every = max(1, math.ceil(len(starts) / 12))
    for at in starts[::every]:
        text = named[at]
        x = frame.x(at)
        yield f'<path class="grid" d="M{x:.1f},{_TOP}V{frame.height - _BOTTOM}"/>'
        yield _text(x, frame.height - 6, text, "middle")


def _path(frame: Frame, values: Sequence[float]) -> str:
    pen, parts = "M", []
    for at in _thinned(values):
        value = values[at]
        if math.isfinite(value):
            parts.append(f"{pen}{frame.x(at):.1f},{frame.y(value):.1f}")
            pen = "L"
        else:
            pen = "M"
    return "".join(parts)


def _thinned(values: Sequence[float]) -> Iterator[int]:
    """Yield the places to draw: of each stretch the first, the lowest and the highest."""
    length = max(1, len(values) * 3 // _POINTS)
    if length <= 3:
        yield from range(len(values))
        return
    for begin in range(0, len(values), length):
        stretch = range(begin, min(begin + length, len(values)))
        known = [at for at in stretch if math.isfinite(values[at])] or [begin]
        lowest, highest = min(known, key=values.__getitem__), max(known, key=values.__getitem__)
        yield from sorted({begin, lowest, highest})
    yield len(values) - 1


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def figure(title: str, height: int, parts: Sequence[str], legend: str) -> str:
    """Return a chart with its title; ``legend`` is HTML."""
    name = escape(title)
    return (
        f'<figure><figcaption>{name}{legend}</figcaption><svg viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{name}">{"".join(parts)}</svg></figure>'
    )
