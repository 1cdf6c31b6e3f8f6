"""Candles with what was traded on them, as SVG text.

A triangle that points up is what was bought, one that points down what was sold, its tip at the
mean price; a line leads from a trade's entry to its exit. Who points at one reads its figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from robotrader.backtest.tearsheet.svg import LEFT, Frame, below, figure, frame_of, grid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robotrader.backtest.candles import Chart, Charts, Mark, TripLine

_HEIGHT: Final = 300


def candle_charts(made: Charts) -> Iterator[str]:
    """Yield the charts of a run as HTML, with what is not drawn."""
    for chart in made.charts:
        yield _figure_of(chart)
    if not made.charts:
        yield '<p class="none">nothing was traded</p>'
    if made.left_out:
        yield (
            f'<p class="soft">{made.left_out} more symbols were traded, less often; they are not '
            "drawn.</p>"
        )


def _figure_of(chart: Chart) -> str:
    candles = chart.candles
    prices = [each.low for each in candles] + [each.high for each in candles]
    prices += [each.price for each in chart.marks]
    prices += [price for each in chart.trips for price in (each.entry, each.exit)]
    frame = frame_of(prices, len(candles), _HEIGHT)
    parts = [*grid(frame, _price), *below(frame, [each.day for each in candles])]
    parts += _bodies(chart, frame)
    parts += (_trip(each, frame) for each in chart.trips)
    parts += (_mark(each, chart, frame) for each in chart.marks)
    legend = '<span class="key">bought</span><span class="key two">sold</span>'
    return figure(_title(chart), _HEIGHT, parts, legend)


def _title(chart: Chart) -> str:
    size = "a candle a bar" if chart.bars == 1 else f"a candle is {chart.bars:,} bars"
    fills = sum(each.fills for each in chart.marks)
    said = f"{chart.symbol}: {len(chart.candles)} candles, {size}; {fills:,} fills"
    if chart.trips_left_out:
        said += f"; no lines for {chart.trips_left_out:,} trades, which are too many"
    return said


def _bodies(chart: Chart, frame: Frame) -> Iterator[str]:
    """Yield all rising candles as one path, and all others as another one."""
    wide = max(1.0, 0.7 * (frame.x(1) - LEFT)) if frame.count > 1 else 8.0
    rising: list[str] = []
    falling: list[str] = []
    for at, each in enumerate(chart.candles):
        x, top, low = frame.x(at), frame.y(each.high), frame.y(each.low)
        upper, lower = sorted((frame.y(each.open), frame.y(each.close)))
        path = (
            f"M{x:.1f},{top:.1f}V{low:.1f}M{x - wide / 2:.1f},{upper:.1f}h{wide:.1f}"
            f"v{max(lower - upper, 0.5):.1f}h{-wide:.1f}z"
        )
        (rising if each.close >= each.open else falling).append(path)
    yield f'<path class="candle up" d="{"".join(rising)}"/>'
    yield f'<path class="candle down" d="{"".join(falling)}"/>'


def _trip(each: TripLine, frame: Frame) -> str:
    kind = "good" if each.gain > 0 else "bad"
    begin = f"M{frame.x(each.begin):.1f},{frame.y(each.entry):.1f}"
    title = f"{_price(each.entry)} to {_price(each.exit)}: gained {each.gain:,.2f}"
    end = f"L{frame.x(each.end):.1f},{frame.y(each.exit):.1f}"
    return f'<path class="trip {kind}" d="{begin}{end}"><title>{title}</title></path>'


def _mark(each: Mark, chart: Chart, frame: Frame) -> str:
    bought = each.side == "BUY"
    x, y, down = frame.x(each.at), frame.y(each.price), 9 if bought else -9
    done = "bought" if bought else "sold"
    title = (
        f"{chart.candles[each.at].day}: {done} {each.qty:,f} in {each.fills} fills, "
        f"{_price(each.price)} on average"
    )
    shape = f"M{x:.1f},{y:.1f}l-5,{down}h10z"
    return f'<path class="mark {done}" d="{shape}"><title>{title}</title></path>'


def _price(value: float) -> str:
    return f"{value:,.2f}" if abs(value) >= 1 else f"{value:.4f}"
