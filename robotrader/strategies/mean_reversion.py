"""Mean reversion: what is far from its middle comes back.

Long when the measure falls below its middle by ``entry``, out when it has come back to within
``leave`` of it; short the other way round. ``trend`` is a long average that has to agree: nothing
is bought below it, nothing sold short above it (Connors and Alvarez, Short Term Trading Strategies
That Work, 2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

from msgspec import Meta

from robotrader.indicators import Bollinger, Cci, Mfi, Rsi, SlowStochastic, Sma, WilliamsR, ZScore
from robotrader.strategies.turns import FADED, TurnParams, Turns, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from robotrader.domain import Bar
    from robotrader.indicators import Indicator


class Middle(NamedTuple):
    """Where a measure's middle is, and how far from it is far, where nothing else is said."""

    at: float
    far: float


MIDDLES: Final = {
    "zscore": Middle(0.0, 2.0),
    "bollinger": Middle(0.0, 1.0),
    "rsi": Middle(50.0, 20.0),
    "stochastic": Middle(50.0, 30.0),
    "cci": Middle(0.0, 100.0),
    "williams": Middle(-50.0, 30.0),
    "mfi": Middle(50.0, 30.0),
}


class MeanReversionParams(TurnParams, frozen=True):
    """Lengths in bars, distances in the measure's own unit."""

    measure: Literal["zscore", "bollinger", "rsi", "stochastic", "cci", "williams", "mfi"] = (
        "zscore"
    )
    length: Annotated[int, Meta(ge=2, le=1_000)] = 20
    entry: Annotated[float, Meta(gt=0, le=1_000)] | None = None
    """How far from its middle the measure has to be; None: as is usual for it."""

    leave: Annotated[float, Meta(ge=0, le=1_000)] = 0.0
    width: Annotated[float, Meta(gt=0, le=10)] = 2.0
    """Of Bollinger's bands, in standard deviations: the measure is 1 at the upper one."""

    trend: Annotated[int, Meta(ge=0, le=5_000)] = 0
    """Length of the average that has to agree; 0: none is asked."""


class MeanReversion(Turns[MeanReversionParams]):
    """See the module's prose."""

    Params = MeanReversionParams

    def __init__(self, params: MeanReversionParams) -> None:
        super().__init__(params)
        self._middle = MIDDLES[params.measure]
        self._far = self._middle.far if params.entry is None else params.entry
        self._measure, self._indicator = _measure(params)
        self._trend = Sma(params.trend) if params.trend else None
        self._before: float | None = None

    @property
    def warmup_bars(self) -> int:
        """Until the measure is known twice; an average that never forgets needs more."""
        params, first = self.params, self._indicator.warm_up + 1
        # Wilder's average of n has the weight of an exponential one of 2n - 1.
        return max(first, FADED * 2 * params.length if params.measure == "rsi" else 0, params.trend)

    def lasting(self) -> tuple[Indicator, ...]:
        """Wilder's averages never forget."""
        return (self._indicator,) if self.params.measure == "rsi" else ()

    def look(self, bar: Bar) -> View | None:
        """Turn where the measure gets far from its middle."""
        found, trend = self._measure(bar), None
        if self._trend is not None:
            trend = self._trend.update(bar.close)
        now = None if found is None else found - self._middle.at
        before, self._before = self._before, now
        if now is None or before is None or (self._trend is not None and trend is None):
            return None
        far, leave = self._far, self.params.leave
        turn = 0
        if now <= -far < before and (trend is None or bar.close >= trend):
            turn = 1
        elif now >= far > before and (trend is None or bar.close <= trend):
            turn = -1
        return View(turn, now >= -leave, now <= leave, f"{self.params.measure} {found:.4g}")


def _measure(
    params: MeanReversionParams,
) -> tuple[Callable[[Bar], float | None], Indicator]:
    """Return what takes a bar and says how far the price is, and the indicator in it."""
    length = params.length
    if params.measure == "rsi":
        rsi = Rsi(length)
        return lambda bar: rsi.update(bar.close), rsi
    if params.measure == "cci":
        cci = Cci(length)
        return lambda bar: cci.update(bar.high, bar.low, bar.close), cci
    if params.measure == "williams":
        williams = WilliamsR(length)
        return lambda bar: williams.update(bar.high, bar.low, bar.close), williams
    if params.measure == "mfi":
        mfi = Mfi(length)
        return lambda bar: mfi.update(bar.high, bar.low, bar.close, bar.volume), mfi
    if params.measure == "stochastic":
        stochastic = SlowStochastic(length)
        return lambda bar: _percent_k(stochastic, bar), stochastic
    if params.measure == "bollinger":
        bands = Bollinger(length, params.width)
        return lambda bar: _in_bands(bands, bar.close), bands
    score = ZScore(length)
    return lambda bar: score.update(bar.close), score


def _percent_k(stochastic: SlowStochastic, bar: Bar) -> float | None:
    found = stochastic.update(bar.high, bar.low, bar.close)
    return None if found is None else found.k


def _in_bands(bollinger: Bollinger, close: float) -> float | None:
    """Return where a price is between the bands: -1 at the lower, 1 at the upper one."""
    bands = bollinger.update(close)
    if bands is None:
        return None
    reach = bands.upper - bands.middle
    return (close - bands.middle) / reach if reach > 0 else 0.0
