"""Two stocks that go together: sold and bought against each other when they have come apart.

The first leg is regressed on the second over the last ``lookback`` rows (least squares, as Engle
and Granger 1987 estimate a cointegrating line; Vidyamurthy, Pairs Trading, 2004, chapters 5 to 8):
``first = intercept + slope * second``. The score is what the last row is off that line, in standard
errors of the regression. Above ``entry`` the first is sold and ``slope`` times as many shares of
the second are bought; below minus that the other way round. The line, the scale and so the hedge
ratio of a position stay those of its entry, until the score is back within ``leave`` (the profit)
or past ``stop`` (the two go together no more). After a stop it has to be back before another entry.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final

import numpy as np
from msgspec import Meta

from robotrader.indicators import RollingRegression, RollingStd
from robotrader.strategies.base import Params, State
from robotrader.strategies.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robotrader.domain import Bar
    from robotrader.strategies.signals import Floats, Frame
    from robotrader.strategies.spread import SpreadContext


class PairsParams(Params, frozen=True):
    """Lengths in bars, scores in standard errors, ``qty`` in shares of the first leg."""

    lookback: Annotated[int, Meta(ge=10, le=5_000)] = 60
    entry: Annotated[float, Meta(gt=0, le=20)] = 2.0
    leave: Annotated[float, Meta(ge=0, le=20)] = 0.5
    stop: Annotated[float, Meta(gt=0, le=100)] = 4.0
    least_r2: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """How much of the first leg's variance the line has to explain for an entry."""

    qty: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    """0: as large as ``size`` in the strategy's section allows each leg to be."""

    def __post_init__(self) -> None:
        if not self.leave < self.entry < self.stop:
            msg = f"leave {self.leave}, entry {self.entry}, stop {self.stop}: each more than before"
            raise ValueError(msg)


class PairsState(State):
    """The position's side (1: the first leg is long) and its line; 0: none is wanted."""

    side: int = 0
    slope: float = 0.0
    intercept: float = 0.0
    scale: float = 1.0
    armed: bool = True
    """Whether the score was back since the last stop."""


class Pairs(Spread[PairsParams, PairsState]):
    """See the module's prose."""

    def __init__(self, params: PairsParams) -> None:
        super().__init__(params)
        self._line, self._spread = _measures(params)

    @property
    def warmup_bars(self) -> int:
        """As many as the regression looks back."""
        return self.params.lookback

    def on_bars(self, ctx: SpreadContext, bars: tuple[Bar, ...]) -> None:
        """Follow the score.

        Raises:
            ValueError: there are not two legs.
        """
        _refuse_others(len(bars))
        score = _score(self._line, self._spread, bars[0].close, bars[1].close, self.params)
        self.on_signals(ctx, bars, score)

    def signals(self, frames: tuple[Frame, ...]) -> Floats:
        """Return score, slope, intercept and scale of each row; see ``_score``.

        Raises:
            ValueError: there are not two legs.
        """
        _refuse_others(len(frames))
        line, spread = _measures(self.params)
        closes = zip(*(each.close.tolist() for each in frames), strict=True)
        found = [_score(line, spread, first, second, self.params) for first, second in closes]
        return np.array(found, np.float64).reshape(-1, 4)

    def on_signals(
        self, ctx: SpreadContext, bars: tuple[Bar, ...], signals: Sequence[float]
    ) -> None:
        """Follow the score; see ``_score`` for the signals."""
        state = self.state
        if state.side and ctx.flat and not ctx.warming:  # a stop or the legs' own rule has ended it
            state.side, state.armed = 0, False
        if state.side:
            off = bars[0].close - state.intercept - state.slope * bars[1].close
            self._leave(ctx, off / state.scale * state.side)
        elif not math.isnan(signals[0]):
            self._enter(ctx, signals)

    def _enter(self, ctx: SpreadContext, signals: Sequence[float]) -> None:
        state = self.state
        score, slope, intercept, scale = signals
        if abs(score) <= self.params.leave:
            state.armed = True
        if not state.armed or not self.params.entry <= abs(score) < self.params.stop:
            return
        side = -1 if score > 0 else 1
        ratio = (float(side), -side * slope)
        if ctx.enter(ratio, self.params.qty or None, reason=f"score {score:.2f}"):
            state.side, state.scale = side, scale
            state.slope, state.intercept = slope, intercept

    def _leave(self, ctx: SpreadContext, score: float) -> None:
        """Give up at ``score``, which is below 0 where the position waits for its profit."""
        if score >= -self.params.leave:
            why, armed = f"back at score {score:.2f}", True
        elif score <= -self.params.stop:
            why, armed = f"stopped at score {score:.2f}", False
        else:
            return
        if ctx.close(why):
            self.state.side, self.state.armed = 0, armed


_NONE: Final = (math.nan, math.nan, math.nan, math.nan)


def _refuse_others(legs: int) -> None:
    if legs != 2:
        msg = f"{legs} legs: give this strategy two symbols"
        raise ValueError(msg)


def _measures(params: PairsParams) -> tuple[RollingRegression, RollingStd]:
    return RollingRegression(params.lookback), RollingStd(params.lookback)


def _score(
    line: RollingRegression, spread: RollingStd, first: float, second: float, params: PairsParams
) -> tuple[float, float, float, float]:
    """Take the next row; return its score, and slope, intercept and scale of the line.

    All are NaN where the line is none to trade on, or the score neither one to enter at nor back.
    """
    found, deviation = line.update(second, first), spread.update(first)
    if found is None or not deviation or found.slope <= 0 or found.r2 < params.least_r2:
        return _NONE
    scale = _error(deviation, found.r2, params.lookback)
    if scale <= 0:
        return _NONE
    score = (first - found.intercept - found.slope * second) / scale
    if params.leave < abs(score) < params.entry or abs(score) >= params.stop:
        return _NONE
    return score, found.slope, found.intercept, scale


def _error(deviation: float, r2: float, count: int) -> float:
    """Return a regression's standard error: of its residuals, with two degrees of freedom less."""
    return deviation * math.sqrt(max(0.0, 1.0 - r2) * (count - 1) / (count - 2))
