"""What is skipped where nothing happens changes nothing: asked each time, a run is the same."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest

from robotrader.backtest import Engine, Result, Setup, batches
from robotrader.domain import Bar, Quote
from robotrader.strategies import Context, Params, State, StopKind, StopRule, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen, FixedPlan, Slippage, VenueRules
from tests.robotrader.backtest.test_engine import CASH, KO, LIMITS, NAMES
from tests.robotrader.strategies.kit import AAPL, START, M

SEEDS = range(16)


class Dice(Params, frozen=True):
    """What a seed decides."""

    seed: int
    busy: float


class Whim(Strategy[Dice, State]):
    """Does anything that a context offers, now and then."""

    def __init__(self, params: Dice) -> None:
        super().__init__(params)
        self._dice = Random(params.seed)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        if self._dice.random() < self.params.busy:
            self._do(ctx, bar.close)

    def on_quote(self, ctx: Context, quote: Quote) -> None:
        if self._dice.random() < self.params.busy:
            self._do(ctx, quote.ask)

    def on_timer(self, ctx: Context, name: str) -> None:
        ctx.log(name)
        ctx.close("a timer")

    def _do(self, ctx: Context, price: float) -> None:
        near = round(price * self._dice.uniform(0.97, 1.03), 2)
        what, qty = self._dice.randrange(7), self._dice.randint(1, 20)
        if what == 0:
            ctx.buy(qty if ctx.position >= 0 else -ctx.position)
        elif what == 1:
            ctx.sell(qty if ctx.position <= 0 else ctx.position)
        elif what == 2 and ctx.position >= 0:
            ctx.buy(qty, limit=near, stop=round(price * 0.9, 2))
        elif what == 3:
            ctx.close()
        elif what == 4:
            ctx.cancel()
        elif what == 5:
            ctx.timer("later", self._dice.uniform(1, 4 * 3600))
        else:
            ctx.target(self._dice.randint(-5, 5))


def walk(seed: int, con_id: int, count: int, step_ns: int) -> list[Bar]:
    """Return bars of a random walk in cents, with gaps in prices and in time."""
    dice, close, at_ns = Random(seed), 10_000, START
    made = []
    for _ in range(count):
        at_ns += step_ns * dice.choice((1, 1, 1, 1, 5))
        opened = max(close + dice.choice((0, 0, dice.randint(-300, 300))), 500)
        close = max(opened + dice.randint(-100, 100), 500)
        high, low = max(opened, close) + dice.randint(0, 60), min(opened, close) - 50
        prices = (opened / 100, high / 100, low / 100, close / 100)
        made.append(Bar(con_id, at_ns, at_ns + step_ns, *prices, dice.randint(1, 500)))
    return made


def quotes(seed: int, con_id: int, count: int) -> list[Quote]:
    dice, bid, at_ns, made = Random(seed), 10_000, START, []
    for _ in range(count):
        at_ns += dice.randint(1, 12) * M
        bid = max(bid + dice.randint(-30, 30), 500)
        ask = bid + dice.randint(1, 5)
        made.append(Quote(con_id, at_ns, bid / 100, ask / 100, 100.0, dice.randint(1, 30)))
    return made


def hosts(seed: int) -> list[StrategyHost]:
    dice = Random(seed)
    rules = (StopRule(), StopRule(kind=StopKind.PERCENT, value=3.0), StopRule(hold_s=9_000.0))
    return [
        StrategyHost(
            Whim(Dice(seed=seed + number, busy=dice.choice((0.02, 0.2, 0.9)))),
            name=f"s{number}/{each.symbol}",
            instrument=each,
            stop=dice.choice(rules),
        )
        for number, each in enumerate((AAPL, KO, AAPL))
    ]


def setup(seed: int) -> Setup:
    dice = Random(seed)
    return Setup(
        instruments=(AAPL, KO),
        cash=CASH,
        limits=LIMITS,
        sessions=AlwaysOpen(),
        plan=FixedPlan(),
        rules=VenueRules(
            slippage=Slippage("bps", dice.choice((0.0, 2.0))),
            participation=dice.choice((None, 0.05)),
        ),
        fill=dice.choice(("open", "open", "close")),
    )


def prices(seed: int) -> list[Any]:
    bars = {each.con_id: walk(seed + each.con_id, each.con_id, 120, 12 * M) for each in (AAPL, KO)}
    made: list[Any] = list(batches(bars, NAMES))
    if seed % 3:
        return made
    ticks = [*quotes(seed, KO.con_id, 150)]
    return sorted([*made, *ticks], key=_at)


def _at(item: Any) -> int:
    return item.time_ns if isinstance(item, Quote) else item[0].end_ns


def run(seed: int, *, skip_quiet: bool, begin_ns: int) -> Result:
    engine = Engine(setup(seed), hosts(seed), skip_quiet=skip_quiet)
    return engine.run(prices(seed), begin_ns=begin_ns)


@pytest.mark.parametrize("seed", SEEDS)
def test_skipping_what_is_quiet_changes_no_record_and_no_figure(seed: int) -> None:
    begin_ns = START + seed % 4 * 200 * M
    quick = run(seed, skip_quiet=True, begin_ns=begin_ns)
    slow = run(seed, skip_quiet=False, begin_ns=begin_ns)
    assert _said(quick) == _said(slow)
    assert quick.orders > 0, "a run without an order compares nothing"


def _said(result: Result) -> bytes:
    """Return everything that came out, to the byte."""
    whole = msgspec.structs.asdict(result)
    del whole["setup"]
    return msgspec.json.encode(whole)
