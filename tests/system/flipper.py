"""A strategy that trades with every bar, so that there is always an order to be interrupted."""

from __future__ import annotations

from robotrader.domain import Bar
from robotrader.strategies import Context, Params, State, Strategy


class FlipperParams(Params, frozen=True):
    """Nothing can be set."""


class Flipper(Strategy[FlipperParams, State]):
    """In with one bar, out with the next."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Be long if flat, and flat if long."""
        if ctx.position:
            ctx.close("every other bar")
        else:
            ctx.buy(10, reason=f"a bar that closed at {bar.close}")
