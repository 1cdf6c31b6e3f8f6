"""What the strategies have in common that enter at a turn and leave when it is over.

A turn is something that happens in one bar (a band is crossed, a channel is broken), and is told
from the last bars alone, so what was before the warm-up changes nothing. It is entered once: a stop
that closed a position is not followed by another entry, and a turn during the warm-up is missed. A
turn the other way closes a position first and is entered when flat, if it is not over by then.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Final, Generic, NamedTuple, TypeVar

from msgspec import Meta

from robotrader.strategies.base import Params, State, Strategy

if TYPE_CHECKING:
    from robotrader.domain import Bar
    from robotrader.indicators import Indicator
    from robotrader.strategies.context import Context

FADED: Final = 8
"""Lengths of an exponential average after which what came before weighs less than 1e-6."""


class TurnParams(Params, frozen=True):
    """Quantity in shares, the side that is traded, the stop."""

    qty: Annotated[int, Meta(ge=0, le=1_000_000)] = 100
    """0: as large as ``size`` in the strategy's section says."""

    short: bool = False
    """Whether turns downwards are entered, too."""

    stop_percent: Annotated[float, Meta(gt=0, lt=100)] | None = None
    """Distance of a protective stop from the price of the entry's bar; none without it."""


class TurnState(State):
    """The side of a turn that is still to be entered, 0 for none; indicators that never forget."""

    wanted: int = 0
    lasting: tuple[bytes, ...] = ()


class View(NamedTuple):
    """What a bar says: the side of a turn that it makes, and for which sides it is over."""

    turn: int
    over_long: bool
    over_short: bool
    why: str

    def over(self, side: int) -> bool:
        """Whether it is over for a side."""
        return self.over_long if side > 0 else self.over_short


P = TypeVar("P", bound=TurnParams)


class Turns(Strategy[TurnParams, TurnState], Generic[P]):
    """See the module's prose. A subclass says what a bar means, in ``look``."""

    params: P
    State = TurnState

    def look(self, bar: Bar) -> View | None:
        """Take the next bar into the indicators; None while they are not known."""
        raise NotImplementedError

    def stop_at(self, side: int, close: float) -> float | None:
        """Return where an entry's stop is, None where its section's rule decides."""
        percent = self.params.stop_percent
        return None if percent is None else close * (1 - side * percent / 100)

    def lasting(self) -> tuple[Indicator, ...]:
        """Return the indicators whose past never fades: their state survives a restart."""
        return ()

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Enter a turn, leave when it is over."""
        view = self.look(bar)
        if view is None or ctx.warming:
            return
        state = self.state
        if view.turn > 0 or (view.turn and self.params.short):
            state.wanted = view.turn
        elif state.wanted and view.over(state.wanted):
            state.wanted = 0
        if ctx.position:
            self._hold(ctx, view)
        elif state.wanted and self._enter(ctx, bar.close, view.why):
            state.wanted = 0

    def _hold(self, ctx: Context, view: View) -> None:
        side = 1 if ctx.position > 0 else -1
        if self.state.wanted == side:
            self.state.wanted = 0
        if view.over(side) or view.turn == -side:
            ctx.close(view.why)

    def _enter(self, ctx: Context, close: float, why: str) -> bool:
        side = self.state.wanted
        order = ctx.buy if side > 0 else ctx.sell
        return order(self.params.qty or None, stop=self.stop_at(side, close), reason=why)

    def save(self) -> bytes:
        """Return its state, with that of the indicators that never forget."""
        self.state.lasting = tuple(each.save() for each in self.lasting())
        return super().save()

    def load(self, data: bytes) -> None:
        """Take back a state; indicators of other parameters keep what they were warmed up to.

        Raises:
            StrategyError: it is not a state of this strategy.
        """
        super().load(data)
        for indicator, kept in zip(self.lasting(), self.state.lasting, strict=False):
            with contextlib.suppress(ValueError):
                indicator.load(kept)
