"""Breakout: long when a close leaves its channel upwards, out when it falls through another.

The channel is Donchian's (the rule of the Turtles: enter by ``entry`` bars, leave by ``leave``;
Curtis Faith, Way of the Turtle, 2007), Keltner's or Bollinger's, which are left at their middle. It
is the channel of the bars before: a bar cannot break the one that it is in. The stop may stand in
average true ranges.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from robotrader.indicators import Atr, Bands, Bollinger, Donchian, Keltner
from robotrader.strategies.turns import FADED, TurnParams, Turns, View

if TYPE_CHECKING:
    from robotrader.domain import Bar
    from robotrader.indicators import Indicator


class BreakoutParams(TurnParams, frozen=True):
    """Lengths in bars."""

    channel: Literal["donchian", "keltner", "bollinger"] = "donchian"
    entry: Annotated[int, Meta(ge=2, le=5_000)] = 20
    leave: Annotated[int, Meta(ge=2, le=5_000)] = 10
    """Of Donchian's channel that ends a position."""

    width: Annotated[float, Meta(gt=0, le=10)] = 2.0
    """Of Keltner's channel in average true ranges, of Bollinger's in standard deviations."""

    atr: Annotated[int, Meta(ge=1, le=500)] = 20
    atr_stop: Annotated[float, Meta(gt=0, le=100)] | None = None
    """Distance of the stop from the entry's bar in average true ranges, before ``stop_percent``."""


class Breakout(Turns[BreakoutParams]):
    """See the module's prose."""

    Params = BreakoutParams

    def __init__(self, params: BreakoutParams) -> None:
        super().__init__(params)
        self._donchian, self._leave = Donchian(params.entry), Donchian(params.leave)
        self._keltner = Keltner(params.entry, params.width, params.atr)
        self._bollinger = Bollinger(params.entry, params.width)
        self._atr = Atr(params.atr)
        self._bands: deque[Bands | None] = deque([None, None], 2)
        self._exits: Bands | None = None
        self._before: float | None = None

    @property
    def warmup_bars(self) -> int:
        """Both channels of two bars, and what a range needs to forget its first value."""
        params = self.params
        ranges = FADED * 2 * params.atr if params.atr_stop or params.channel == "keltner" else 0
        middle = FADED * params.entry if params.channel == "keltner" else 0
        return max(params.entry + 2, params.leave + 2, ranges, middle)

    def lasting(self) -> tuple[Indicator, ...]:
        """Averages of ranges never forget."""
        return self._keltner, self._atr

    def stop_at(self, side: int, close: float) -> float | None:
        """Return the stop in average true ranges, if that is wanted."""
        ranges, times = self._atr.value, self.params.atr_stop
        if times is None or ranges is None:
            return super().stop_at(side, close)
        return close - side * times * ranges

    def look(self, bar: Bar) -> View | None:
        """Turn where a close leaves the channel of the bars before it."""
        earlier, channel = self._bands
        exits, before, close = self._exits, self._before, bar.close
        self._bands.append(self._channel(bar))
        self._exits = self._leave.update(bar.high, bar.low)
        self._atr.update(bar.high, bar.low, close)
        self._before = close
        if channel is None or earlier is None or exits is None or before is None:
            return None
        turn = (close > channel.upper and before <= earlier.upper) - (
            close < channel.lower and before >= earlier.lower
        )
        if self.params.channel != "donchian":
            exits = Bands(channel.middle, channel.middle, channel.middle)
        why = f"{self.params.channel} {channel.lower:.6g} to {channel.upper:.6g}"
        return View(turn, close < exits.lower, close > exits.upper, why)

    def _channel(self, bar: Bar) -> Bands | None:
        donchian = self._donchian.update(bar.high, bar.low)
        if self.params.channel == "keltner":
            return self._keltner.update(bar.high, bar.low, bar.close)
        if self.params.channel == "bollinger":
            return self._bollinger.update(bar.close)
        return donchian
