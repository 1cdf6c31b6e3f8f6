"""A strategy that does what its parameter says, in the middle of a run."""

from __future__ import annotations

import os
from typing import Literal

from robotrader.domain import Bar
from robotrader.strategies import Context, Params, State, Strategy


class How(Params, frozen=True):
    how: Literal["lives", "loses", "raises", "dies"] = "lives"


class Count(State):
    bars: int = 0


class Deadly(Strategy[How, Count]):
    """Buys and sells in turn; at its hundredth bar it raises, or ends its process."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        self.state.bars += 1
        if self.state.bars == 100 and self.params.how == "raises":
            msg = "no luck today"
            raise ValueError(msg)
        if self.state.bars == 100 and self.params.how == "dies":
            os._exit(9)
        if self.state.bars % 20 == 5:
            ctx.buy(10)
        elif self.state.bars % 20 == 15:
            ctx.close("time")
