"""Two moving averages: long while the fast one is above the slow one, else flat, or short.

It enters only when the averages cross while it watches: not at its start, not for a cross that it
missed, and once a cross, so that a stop that has closed a position is not followed by another
entry. It leaves whenever the averages are against its position.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Final

from msgspec import Meta

from robotrader.strategies.base import Params, State, Strategy
from robotrader.strategies.crossing import Sides, sides

if TYPE_CHECKING:
    from robotrader.domain import Bar
    from robotrader.strategies.context import Context
    from robotrader.strategies.signals import Floats, Frame

_ZERO: Final = Decimal(0)
"""A Decimal is compared with a whole number by making one of it."""


class SmaParams(Params, frozen=True):
    """Lengths in bars, quantity in shares."""

    fast: Annotated[int, Meta(ge=1, le=1_000)] = 10
    slow: Annotated[int, Meta(ge=2, le=5_000)] = 30
    qty: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    """0: as large as ``size`` in the strategy's section says."""

    short: bool = False
    """Whether to be short, instead of flat, while the fast average is below the slow one."""

    stop_percent: Annotated[float, Meta(gt=0, lt=100)] | None = None
    """Distance of a protective stop from the price of the entry's bar; none without it."""

    def __post_init__(self) -> None:
        if self.fast >= self.slow:
            msg = f"fast {self.fast} has to be less than slow {self.slow}"
            raise ValueError(msg)


class SmaState(State):
    """What the averages said last: 1 above, -1 below, 0 before they said anything."""

    signal: int = 0
    acted: bool = True
    """Whether the last cross has had its entry, or is too old for one."""


class SmaCross(Strategy[SmaParams, SmaState]):
    """See the module's prose."""

    def __init__(self, params: SmaParams) -> None:
        super().__init__(params)
        self._sides = Sides(params.fast, params.slow)

    @property
    def warmup_bars(self) -> int:
        """As many as the slow average is long."""
        return self.params.slow

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Follow the averages."""
        side = self._sides.update(bar.close)
        if side is not None:
            self.on_signal(ctx, bar, side)

    def signals(self, frame: Frame) -> Floats:
        """Return on which side the fast average is at each bar; see ``sides``."""
        return sides(frame.close, self.params.fast, self.params.slow, frame.once)

    def on_signal(self, ctx: Context, bar: Bar, signal: float) -> None:
        """Follow the averages, of which the fast one is on that side; NaN: they are not known."""
        state, position = self.state, ctx.position
        wanted = state.signal
        if signal != wanted:
            if signal != signal:  # noqa: PLR0124 - the fastest way to see a NaN
                return
            if signal:
                self._note_cross(ctx, int(signal))
                wanted = state.signal
        if wanted < 0 and not self.params.short:
            wanted = 0
        if not position:
            if wanted and not state.acted:
                state.acted = self._enter(ctx, bar.close, wanted)
        elif not wanted or (position > _ZERO) != (wanted > 0):
            ctx.close("the averages have crossed")

    def _note_cross(self, ctx: Context, side: int) -> None:
        """Remember on which side the fast average is now; on the line, where it came from."""
        state = self.state
        state.acted = ctx.warming or not state.signal
        state.signal = side

    def _enter(self, ctx: Context, close: float, wanted: int) -> bool:
        percent = self.params.stop_percent
        stop = None if percent is None else close * (1 - wanted * percent / 100)
        qty = self.params.qty or None
        if wanted > 0:
            return ctx.buy(qty, stop=stop, reason="the fast average is above")
        return ctx.sell(qty, stop=stop, reason="the fast average is below")
