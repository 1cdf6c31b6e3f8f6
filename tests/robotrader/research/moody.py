"""A strategy that does anything by chance and writes down what it sees, run in both ways."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

import msgspec

from robotrader.backtest import Engine, Setup, batches
from robotrader.domain import Bar
from robotrader.indicators import Roc, Sma
from robotrader.research import Callbacks
from robotrader.research.paid import DIGITS
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen
from tests.robotrader.research.runs import (
    NAMES,
    STOCK,
    TABLE,
    figures_of_run,
    filled,
    fills_of,
    setup_of,
    walk,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Mood(Params, frozen=True):
    """How it trades."""

    seed: int = 0
    qty: int = 10
    often: float = 0.1
    short: bool = False


class Memory(State):
    """What it counts."""

    wishes: int = 0
    passed: int = 0


class Moody(Strategy[Mood, Memory]):
    """Wants what chance and its averages say, and writes down all that it can see."""

    def __init__(self, params: Mood) -> None:
        super().__init__(params)
        self.seen: list[tuple[object, ...]] = []
        self._dice = Random(params.seed)
        self._sma, self._roc = Sma(2 + params.seed % 9), Roc(3)
        self._closes: list[float] = []

    @property
    def warmup_bars(self) -> int:
        """Some; the more the more it has seen, for some."""
        return self.params.seed % 30 + (len(self._closes) // 4 if self.params.seed % 5 == 0 else 0)

    def on_start(self, ctx: Context) -> None:
        """See what there is then."""
        self._note(ctx, ctx.buy(1) if self.params.seed % 2 else None)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Look, decide, write down."""
        average, change = self._sma.update(bar.close), self._roc.update(bar.close)
        self._closes.append(bar.close)
        done: object = None
        if average is not None and change is not None and self._dice.random() < self.params.often:
            done = self._act(ctx, bar.close > average, change > 0)
            self.state.wishes += 1
        self._note(ctx, done)
        if len(self._closes) == 50 and self.params.seed % 4 == 0:
            self.on_bar = self._later  # type: ignore[method-assign]  # as some people do

    def _later(self, ctx: Context, bar: Bar) -> None:
        self._note(ctx, "later")
        Moody.on_bar(self, ctx, bar)

    def _act(self, ctx: Context, above: bool, rises: bool) -> object:
        dice, qty = self._dice, self.params.qty
        if dice.random() < 0.3:
            ctx.log("here I am")
        if ctx.position:
            held = abs(ctx.position)
            ways: list[Callable[[], object]] = [
                lambda: ctx.close("enough"),
                lambda: ctx.target(0),
                lambda: ctx.target(-qty if ctx.position > 0 else qty),
                lambda: ctx.sell(held) if ctx.position > 0 else ctx.buy(),
                lambda: (ctx.close(), ctx.close(), ctx.cancel()),
                lambda: above and ctx.close(),
                lambda: ctx.position == qty or ctx.close(),
            ]
        else:
            side = ctx.sell if self.params.short and not rises else ctx.buy
            ways = [
                lambda: side(qty, reason=f"{above}"),
                lambda: side(float(qty)),
                lambda: ctx.target(Decimal(qty)),
                lambda: (side(qty), side(qty), ctx.close()),
                lambda: (ctx.buy(qty), ctx.sell(qty), ctx.target(qty)),
                lambda: ctx.target(-qty),
                lambda: (ctx.close(), ctx.cancel(), ctx.move_stop(1.0)),
                lambda: above and side(dice.choice((1, qty, 3 * qty))),
            ]
        found = dice.choice(ways)()
        self.state.passed += ctx.wished
        return found

    def _note(self, ctx: Context, done: object) -> None:
        self.seen.append(
            (ctx.event, ctx.now_ns, str(ctx.position), str(ctx.bought), str(ctx.sold), ctx.working,
             ctx.warming, ctx.blocked, ctx.wished, ctx.strategy, done)
        )  # fmt: skip


def case(seed: int, count: int) -> tuple[Setup, list[Bar], int, StrategyHost, StrategyHost]:
    """Return a setup, bars, when it begins, and the host of one strategy, twice."""
    dice = Random(seed)
    sessions = TABLE if dice.random() < 0.6 else AlwaysOpen()
    setup = setup_of(dice, sessions)
    bars = walk(dice, count, sessions, ticks=dice.choice((2, 2, 3)))
    begin_ns = bars[dice.choice((0, 0, 100))].start_ns
    mood = Mood(
        seed=seed,
        qty=dice.choice((1, 10, 37, 150)),
        often=dice.choice((0.02, 0.1, 0.4, 1.0)),
        short=dice.random() < 0.5,
    )
    dwell = dice.choice((0, 1, 1, 5))
    one, other = (
        StrategyHost(Moody(mood), name="f/ABC", instrument=STOCK, dwell_bars=dwell)
        for _ in range(2)
    )
    return setup, bars, begin_ns, one, other


def same(
    setup: Setup, bars: list[Bar], begin_ns: int, one: StrategyHost, other: StrategyHost
) -> tuple[int, dict[str, int]]:
    """Compare both ways; return how many fills were equal, and what was refused."""
    made = Callbacks(setup, bars, begin_ns=begin_ns, name="f/ABC")
    figures = made.figures(one)
    result = Engine(setup, [other]).run(batches({7: bars}, NAMES), begin_ns=begin_ns)
    theirs = fills_of(result, bars)
    assert filled(made.fills, DIGITS) == theirs
    assert msgspec.json.encode(figures) == msgspec.json.encode(figures_of_run(result))
    assert made.track == result.track
    assert one.strategy.save() == other.strategy.save()
    if isinstance(one.strategy, Moody) and isinstance(other.strategy, Moody):
        assert one.strategy.seen == other.strategy.seen
    return len(theirs), result.refusals
