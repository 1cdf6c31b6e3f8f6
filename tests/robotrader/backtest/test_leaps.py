"""A run that leaps to the next bar that matters is the run that looks at each, to the byte."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robotrader.backtest import Engine, Result, Setup, batches
from robotrader.domain import Bar
from robotrader.market.quality import DataError
from robotrader.strategies import (
    Context,
    Frame,
    Params,
    SmaCross,
    SmaParams,
    State,
    StopKind,
    StopRule,
    Strategy,
    StrategyHost,
)
from robotrader.venue import AlwaysOpen, VenueRules
from tests.robotrader.backtest.test_engine import CASH, LIMITS, NAMES
from tests.robotrader.backtest.test_quiet import walk
from tests.robotrader.backtest.test_signals import said
from tests.robotrader.strategies.kit import AAPL, START, M

if TYPE_CHECKING:
    from robotrader.strategies.signals import Floats

BARS = 700


class Rests(Strategy[Params, State]):
    """Acts only where its signal changes: resting limits, brackets, stops that follow, timers."""

    def __init__(self, params: Params, seed: int) -> None:
        super().__init__(params)
        self._seed = seed

    def signals(self, frame: Frame) -> Floats:
        """Return a signal that changes every fiftieth bar or so."""
        dice = np.random.default_rng(self._seed)
        news = dice.random(len(frame.close)) < 0.02
        return np.cumsum(news).astype(np.float64)

    def on_signal(self, ctx: Context, bar: Bar, signal: float) -> None:
        """Do something else at each new signal, and nothing until the next."""
        if signal == getattr(self, "last", -1.0):
            return
        self.last, close = signal, bar.close
        act = int(signal) % 6
        if ctx.position and act == 0:
            ctx.close()
        elif act == 1 and ctx.position >= 0:
            ctx.buy(5, limit=round(close * 0.97, 2), stop=round(close * 0.9, 2))
        elif act == 2 and not ctx.position:
            ctx.buy(5, stop=round(close * 0.95, 2), take_profit=round(close * 1.05, 2))
        elif act == 3 and not ctx.position:
            ctx.sell(5, trail_percent=4.0)
        elif act == 4:
            ctx.timer("later", 3_600.0 * 5)
        else:
            ctx.cancel()

    def on_timer(self, ctx: Context, name: str) -> None:
        """Leave."""
        ctx.close(name)


def stop_of(seed: int) -> StopRule:
    return (StopRule(), StopRule(kind=StopKind.ATR, value=2.0), StopRule(hold_s=2e5))[seed // 2 % 3]


def host(seed: int) -> StrategyHost:
    dice = Random(seed)
    strategy: Strategy[Params, State] | SmaCross = Rests(Params(), seed)
    if seed % 2:
        percent = dice.choice((None, 2.0))
        strategy = SmaCross(SmaParams(fast=8, slow=21, qty=10, stop_percent=percent, short=True))
    return StrategyHost(
        strategy, name="s", instrument=AAPL, stop=stop_of(seed), dwell_bars=seed % 3
    )


def run(seed: int, *, signals: bool) -> tuple[Result, int]:
    """Return a run, and at how many bars its strategy's host was asked."""
    dice = Random(seed)
    rules = VenueRules(participation=dice.choice((None, 0.05)))
    setup = Setup(
        instruments=(AAPL,), cash=CASH, limits=LIMITS, sessions=AlwaysOpen(), rules=rules,
        fill=dice.choice(("open", "open", "close")),
    )  # fmt: skip
    looked = Counted(host(seed))
    engine = Engine(setup, [looked.host])
    bars = {AAPL.con_id: walk(seed, AAPL.con_id, BARS, 12 * M)}
    if signals:
        engine.compute_signals(bars)
    else:
        looked.host.strategy = _by_bar(looked.host.strategy, bars[AAPL.con_id])
    begin_ns = START + seed % 3 * 500 * M
    return engine.run(batches(bars, NAMES), begin_ns=begin_ns), looked.count


def _by_bar(
    strategy: Strategy[Params, State] | SmaCross, bars: list[Bar]
) -> Strategy[Params, State] | SmaCross:
    """Let a strategy that has only signals decide by them at each bar."""
    if isinstance(strategy, Rests):
        found = dict(zip(bars, strategy.signals(Frame.of(AAPL.con_id, bars)).tolist(), strict=True))
        inner = strategy

        def on_bar(ctx: Context, bar: Bar) -> None:
            inner.on_signal(ctx, bar, found[bar])

        strategy.on_bar = on_bar  # type: ignore[method-assign]
    return strategy


class Counted:
    """A host, and how often its ``bar`` was called."""

    def __init__(self, host: StrategyHost) -> None:
        self.host, self.count = host, 0
        plain = host.bar

        def bar(bar: Bar, *, live: bool = True) -> object:
            self.count += 1
            return plain(bar, live=live)

        host.bar = bar  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("seed", range(16))
def test_a_run_that_leaps_is_the_one_that_does_not_to_the_byte(seed: int) -> None:
    plain, every = run(seed, signals=False)
    leapt, some = run(seed, signals=True)
    assert said(leapt) == said(plain)
    assert leapt.bars == plain.bars > 0
    assert plain.orders > 0, "a run without an order compares nothing"
    assert every == BARS
    if not stop_of(seed).hold_s:  # how long a position is held is looked at at each bar
        assert some < every, "nothing was passed over"


BAD = st.sampled_from(["low", "high", "open", "close", "volume", "wap", "count", "start_ns"])
WRONG = st.sampled_from([-1.0, 0.0, 1e9, float("nan"), float("inf")])


@settings(max_examples=60)
@given(st.integers(0, 59), BAD, WRONG)
def test_columns_find_what_is_wrong_with_a_bar_as_rows_do(at: int, name: str, value: float) -> None:
    bars = walk(1, AAPL.con_id, 60, 12 * M)
    made = -1 if name in {"count", "start_ns"} else value
    bars[at] = msgspec.structs.replace(bars[at], **{name: made})
    rows = _fault(bars, signals=False)
    assert _fault(bars, signals=True) == rows


def _fault(bars: list[Bar], *, signals: bool) -> str:
    class Flat(Rests):
        """Has one signal."""

        def signals(self, frame: Frame) -> Floats:
            return np.zeros(len(frame.close))

    setup = Setup(instruments=(AAPL,), cash=CASH, limits=LIMITS, sessions=AlwaysOpen())
    engine = Engine(setup, [StrategyHost(Flat(Params(), 1), name="s", instrument=AAPL)])
    if signals:
        engine.compute_signals({AAPL.con_id: bars})
    try:
        engine.run(batches({AAPL.con_id: bars}, NAMES))
    except DataError as error:
        return str(error)
    return ""
