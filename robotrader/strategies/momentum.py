"""Time-series momentum: what has gone up goes on, until it does not.

Long when the measure turns above zero, out when it turns below, or short. The measure is the return
over ``lookback`` bars (Moskowitz, Ooi and Pedersen, Time Series Momentum, Journal of Financial
Economics 104, 2012) or the histogram of Appel's averages; Wilder's directional index may be asked
whether there is a trend at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from robotrader.indicators import Adx, Macd, Roc
from robotrader.strategies.turns import FADED, TurnParams, Turns, View

if TYPE_CHECKING:
    from robotrader.domain import Bar
    from robotrader.indicators import Indicator


class MomentumParams(TurnParams, frozen=True):
    """Lengths in bars."""

    measure: Literal["return", "macd"] = "return"
    lookback: Annotated[int, Meta(ge=1, le=5_000)] = 120
    """Of the return."""

    fast: Annotated[int, Meta(ge=1, le=1_000)] = 12
    slow: Annotated[int, Meta(ge=2, le=1_000)] = 26
    signal: Annotated[int, Meta(ge=1, le=1_000)] = 9
    least_adx: Annotated[float, Meta(ge=0, le=100)] = 0.0
    """The directional index that an entry needs; 0: none is asked for."""

    adx: Annotated[int, Meta(ge=2, le=500)] = 14

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            msg = f"fast {self.fast} has to be less than slow {self.slow}"
            raise ValueError(msg)


class Momentum(Turns[MomentumParams]):
    """See the module's prose."""

    Params = MomentumParams

    def __init__(self, params: MomentumParams) -> None:
        super().__init__(params)
        self._return = Roc(params.lookback)
        self._macd = Macd(params.fast, params.slow, params.signal)
        self._adx = Adx(params.adx) if params.least_adx else None
        self._before: float | None = None

    @property
    def warmup_bars(self) -> int:
        """The lookback, or until averages have forgotten their first values."""
        params = self.params
        slow = FADED * (params.slow + params.signal) if params.measure == "macd" else 0
        adx = FADED * 2 * params.adx if params.least_adx else 0
        return max(slow, adx, params.lookback + 2 if params.measure == "return" else 0)

    def lasting(self) -> tuple[Indicator, ...]:
        """Exponential averages never forget."""
        return (self._macd,) if self._adx is None else (self._macd, self._adx)

    def look(self, bar: Bar) -> View | None:
        """Turn where the measure crosses zero."""
        now, before = self._measure(bar), self._before
        trend = None if self._adx is None else self._adx.update(bar.high, bar.low, bar.close)
        self._before = now
        if now is None or before is None:
            return None
        turn = (now > 0) - (now < 0) if (now > 0) != (before > 0) or before == 0 else 0
        if self._adx is not None and (trend is None or trend.adx < self.params.least_adx):
            turn = 0
        return View(turn, now < 0, now > 0, f"{self.params.measure} {now:.4g}")

    def _measure(self, bar: Bar) -> float | None:
        if self.params.measure == "return":
            return self._return.update(bar.close)
        lines = self._macd.update(bar.close)
        return None if lines is None else lines.histogram
