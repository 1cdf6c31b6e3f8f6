"""The engine against a slow one that shares nothing with it, trade by trade, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest

from robotrader.backtest import Engine, Result, Setup, batches
from robotrader.domain import Bar
from robotrader.domain.records import CashAdopted, CommissionBooked, FillBooked, OrderIntended
from robotrader.ledger import Ledger
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen, OrderCharges
from tests.robotrader.backtest.reference import (
    CENT,
    STEPS,
    Candle,
    Filled,
    Reference,
    fee,
    wish,
)
from tests.robotrader.backtest.test_engine import CASH, LIMITS, NAMES
from tests.robotrader.strategies.kit import AAPL, START, M

STEP_NS = 30 * M
MIDNIGHT = 29
"""The bar with which a day begins in New York, after a start at 14:30 in UTC; then each 48th."""

BARS = 80
RUNS = 120
LEAST_TRADES = 1_500


class Script(Params, frozen=True):
    """Which steps, and the seed of their numbers."""

    steps: list[str]
    seed: int


class Follows(Strategy[Script, State]):
    """Wants what the script says, as the reference does."""

    def __init__(self, params: Script) -> None:
        super().__init__(params)
        self._dice, self._bar = Random(params.seed), 0

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        step, self._bar = self.params.steps[self._bar], self._bar + 1
        works, close = bool(ctx.bought or ctx.sold), round(bar.close * 100)
        wanted = wish(step, self._dice, int(ctx.position), works, close)
        if wanted is None:
            return
        if wanted.cancel:
            assert ctx.cancel()
        elif ctx.position:
            assert ctx.close()
        else:
            limit = None if wanted.limit is None else wanted.limit * CENT
            stop = None if wanted.stop is None else wanted.stop * CENT
            act = ctx.buy if wanted.qty > 0 else ctx.sell
            assert act(abs(wanted.qty), limit=limit, stop=stop)


class Plan:
    """The reference's fee, as a plan; an order fills at once here."""

    def charge(
        self, *, qty: Decimal, price: Decimal, sell: bool, day: date, before: OrderCharges
    ) -> Decimal:
        assert not before.qty
        return fee(int(qty), int(price / CENT))


def candles(seed: int) -> list[Candle]:
    """Draw bars with gaps and with extremes of every shape."""
    dice, close, made = Random(seed), 10_000, []
    for number in range(BARS):
        opened = close + dice.choice((0, 0, 0, dice.randint(-200, 200)))
        close = max(opened + dice.randint(-50, 50), 2_000)
        high = max(opened, close) + dice.randint(0, 40)
        low = min(opened, close) - dice.randint(0, 40)
        made.append(Candle(opened, high, low, close, number % 48 == MIDNIGHT))
    return made


def bars(made: list[Candle]) -> list[Bar]:
    return [
        Bar(
            AAPL.con_id, START + at * STEP_NS, START + (at + 1) * STEP_NS,
            each.open / 100, each.high / 100, each.low / 100, each.close / 100, 1_000.0,
        )
        for at, each in enumerate(made)
    ]  # fmt: skip


def engine_run(made: list[Candle], strategy: Strategy[Script, State]) -> Result:
    setup = Setup(instruments=(AAPL,), cash=CASH, limits=LIMITS, sessions=AlwaysOpen(), plan=Plan())
    host = StrategyHost(strategy, name="s", instrument=AAPL, dwell_bars=0)
    return Engine(setup, [host]).run(batches({AAPL.con_id: bars(made)}, NAMES))


def both(seed: int) -> tuple[Result, Reference]:
    made, drawn = candles(seed), Random(-seed)
    steps = [drawn.choice(STEPS) for _ in made]
    slow = Reference(CASH)
    slow.run(made, steps, Random(seed))
    return engine_run(made, Follows(Script(steps=steps, seed=seed))), slow


def compare(seeds: range) -> int:
    trades = 0
    for seed in seeds:
        result, slow = both(seed)
        assert said(result) == slow.fills, f"seed {seed}"
        assert result.final.cash == slow.cash, f"seed {seed}"
        assert result.final.position(AAPL.con_id) == slow.position, f"seed {seed}"
        trades += len(slow.fills)
    return trades


def said(result: Result) -> list[Filled]:
    return [
        Filled(
            bar=(each.fill.time_ns - START) // STEP_NS - 1,
            qty=int(each.fill.qty) * (1 if each.fill.side == "BUY" else -1),
            price=int(each.fill.price / CENT),
            fee=each.commission or Decimal(0),
        )
        for each in result.fills
    ]


def test_random_scripts_on_random_bars_trade_as_in_the_slow_engine() -> None:
    assert compare(range(RUNS)) > LEAST_TRADES


@pytest.mark.deep
@pytest.mark.timeout(1_800)
def test_many_more_random_scripts_trade_as_in_the_slow_engine() -> None:
    assert compare(range(RUNS, 20 * RUNS)) > 19 * LEAST_TRADES


def test_a_fill_is_never_in_the_bar_that_decided_it_nor_before_it() -> None:
    """Its bar begins when the order was there: also a stop's, which comes with its entry."""
    compared = 0
    for seed in range(20):
        result, _ = both(seed)
        intended = {r.ref: r for r in result.records if isinstance(r, OrderIntended)}
        for each in result.fills:
            assert intended[each.fill.ref].wall_ns <= each.fill.time_ns - STEP_NS
            compared += 1
    assert compared > 100


def test_cash_shares_and_fees_are_conserved_at_every_record() -> None:
    """Cash is what there was, less what was paid, added up anew after each record."""
    for seed in range(10):
        result, _ = both(seed)
        ledger, cash, held = Ledger("BACKTEST", (AAPL,)), Decimal(0), Decimal(0)
        for record in result.records:
            ledger.apply(record)
            if isinstance(record, CashAdopted):
                cash += record.cash
            elif isinstance(record, FillBooked):
                signed = record.qty if record.side == "BUY" else -record.qty
                cash, held = cash - signed * record.price, held + signed
            elif isinstance(record, CommissionBooked):
                cash -= record.commission
            view = ledger.view({AAPL.con_id: 100.0})
            assert view.position(AAPL.con_id) == held
            if view.cash is not None:
                assert view.cash == cash
                assert view.equity == cash + held * 100


def test_to_buy_and_to_hold_is_the_closed_form_to_the_cent() -> None:
    for seed in range(10):
        made = candles(seed)
        result = engine_run(made, Follows(Script(steps=["buy", *[""] * BARS], seed=seed)))
        qty = int(result.final.position(AAPL.con_id))
        bought, last = made[1].open, made[-1].close
        assert qty > 0
        assert result.final.equity == CASH + qty * (last - bought) * CENT - fee(qty, bought)
