"""Strategies that are wrong on purpose, each in one way; each has to be caught by its check."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from typing import ClassVar

import numpy as np

from robotrader.domain import Bar
from robotrader.indicators import Ema, Sma
from robotrader.strategies import Context, Fill, Frame, Pairs, Params, State, Strategy
from robotrader.strategies.signals import Floats


class Every(Strategy[Params, State]):
    """Sound: in for some bars, out for some, by what the bars say."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.average = Sma(7)

    @property
    def warmup_bars(self) -> int:
        return 7

    def wants(self, bar: Bar) -> bool:
        average = self.average.update(bar.close)
        return average is not None and bar.close > average

    def qty(self) -> int:
        return 10

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if not self.wants(bar):
            ctx.close()
        elif not ctx.position:
            ctx.buy(self.qty())


class Sound(Every):
    """Nothing is wrong with it."""


class SeesCaller(Every):
    """Looks for the next bar in the list of whoever tells it of this one."""

    def wants(self, bar: Bar) -> bool:
        frame = sys._getframe()
        while "rows" not in frame.f_locals:
            assert frame.f_back is not None
            frame = frame.f_back
        rows = frame.f_locals["rows"]
        later = rows[rows.index((bar,)) + 1 :] if (bar,) in rows else []
        return bool(later and later[0][0].close > bar.close)


class Remembers(Every):
    """Keeps what it has seen for the next one of its class."""

    seen: ClassVar[dict[int, float]] = {}

    def wants(self, bar: Bar) -> bool:
        self.seen[bar.start_ns] = bar.close
        later = self.seen.get(bar.end_ns)
        return later > bar.close if later is not None else super().wants(bar)


class ShortWarmUp(Every):
    """Its average has forgotten nothing of its first value when it begins to trade."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.average = Ema(100)  # type: ignore[assignment]

    @property
    def warmup_bars(self) -> int:
        return 100


class CountsHistory(Every):
    """Buys as many as it has seen bars: another number after another warm-up."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.bars = 0

    def wants(self, bar: Bar) -> bool:
        self.bars += 1
        return super().wants(bar)

    def qty(self) -> int:
        return max(self.bars, 1)


class Chance(Every):
    """Throws a coin."""

    def wants(self, bar: Bar) -> bool:
        return random.random() < 0.5


class Clock(Every):
    """Looks at the clock."""

    def wants(self, bar: Bar) -> bool:
        return time.perf_counter_ns() // 1_000 % 2 == 0


class Forgets(Every):
    """Counts its fills outside its state."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.fills = 0

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.fills += 1

    def qty(self) -> int:
        return 10 + self.fills


class KeptState(State):
    fills: int = 0


class KeepsHalf(Strategy[Params, KeptState]):
    """Saves its state in a way that loses some of it."""

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if bar.close > bar.open and not ctx.position:
            ctx.buy(10 + self.state.fills)
        elif bar.close < bar.open:
            ctx.close()

    def on_fill(self, ctx: Context, fill: Fill) -> None:
        self.state.fills += 1

    def load(self, data: bytes) -> None:
        super().load(data)
        self.state.fills //= 2


class Silent(Every):
    """Decides nothing: nothing is proven."""

    def wants(self, bar: Bar) -> bool:
        return False


class HashOrder(Every):
    """Buys what comes first out of a set of words."""

    def qty(self) -> int:
        return int(next(iter({f"{number}" for number in range(1, 90)})))


class ReadsFile(Every):
    """Reads what is to come from a file of its own."""

    def wants(self, bar: Bar) -> bool:
        text = Path("tomorrow.csv").read_text() if Path("tomorrow.csv").is_file() else ""
        return super().wants(bar) or text == "up"


class Peeks(Sound):
    """Computes its signals with the mean of all bars, later ones too."""

    def signals(self, frame: Frame) -> Floats:
        sides: Floats = np.sign(frame.close - frame.close.mean())
        return sides

    def on_signal(self, ctx: Context, bar: Bar, signal: float) -> None:
        if signal > 0 and not ctx.position:
            ctx.buy(10)
        elif signal < 0:
            ctx.close()


class PairPeeks(Pairs):
    """Computes its signals with the last row of all, whichever that is."""

    def signals(self, frames: tuple[Frame, ...]) -> Floats:
        found = super().signals(frames)
        found[:, 1] += frames[0].close[-1]
        return found


class PairForgets(Pairs):
    """Forgets which line it is in on."""

    def load(self, data: bytes) -> None:
        pass


class PairShort(Pairs):
    """Looks back further than it warms up."""

    @property
    def warmup_bars(self) -> int:
        return 20
