"""Brackets, cancels and moved stops on one account: a run asks the broker, and is answered truly.

The order manager asks for everything when a leg is in doubt or a change was not answered. An answer
that left out what works had such orders lost, and their contracts halted for the rest of the run.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from bench.backtest import bars
from robotrader.backtest import Engine, Setup, batches
from robotrader.domain import Bar, Instrument
from robotrader.domain import records as rec
from robotrader.risk import Limits, Ratio
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from robotrader.venue import AlwaysOpen

BARS = 600
CON_IDS = (1, 2)
STOCKS = tuple(Instrument(con_id=each, symbol=f"S{each}") for each in CON_IDS)
ALL = Ratio(Decimal(1))
LIMITS = Limits(
    allowed_symbols=frozenset(each.symbol for each in STOCKS), max_symbol_weight=ALL,
    max_drawdown=ALL, max_daily_loss=ALL, price_collar=ALL, max_orders_per_day=10**6,
    max_orders_per_min=10**6, max_orders_per_s=10**6, max_losses_row=0, allow_short=True,
)  # fmt: skip


class Brackets(Strategy[Params, State]):
    """Enters with a stop and a target, moves stops, cancels and leaves, by the dice."""

    def __init__(self, seed: int) -> None:
        super().__init__(Params())
        self.dice = Random(seed)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        what, near, far = self.dice.random(), round(bar.close * 0.999, 2), bar.close * 1.001
        if what < 0.08 and ctx.position >= 0:
            ctx.buy(10, stop=near, take_profit=round(far, 2))
        elif what < 0.16 and ctx.position <= 0:
            ctx.sell(10, stop=round(far, 2), take_profit=near)
        elif what < 0.20 and ctx.position:
            ctx.move_stop(round(bar.close * (0.9995 if ctx.position > 0 else 1.0005), 2))
        elif what < 0.24:
            ctx.cancel()
        elif what < 0.28:
            ctx.close("enough")
        elif what < 0.32:
            ctx.buy(10, limit=near)


@pytest.mark.parametrize("seed", range(4))
def test_no_order_is_lost_and_no_contract_is_halted_in_a_backtest(seed: int) -> None:
    hosts = [
        StrategyHost(Brackets(seed + at), name=f"b/{each.symbol}", instrument=each)
        for at, each in enumerate(STOCKS)
    ]
    setup = Setup(instruments=STOCKS, cash=Decimal(10**8), limits=LIMITS, sessions=AlwaysOpen())
    engine = Engine(setup, hosts)
    data = {each: bars(each, BARS, seed + each) for each in CON_IDS}
    result = engine.run(batches(data, {each.con_id: each.symbol for each in STOCKS}))
    ended = [each.ending for each in result.records if isinstance(each, rec.OrderDone)]
    assert len(ended) > BARS // 10
    assert rec.Ending.LOST not in ended
    assert not [each for each in result.records if isinstance(each, rec.SymbolHalted)]
    venue, manager = engine.trading.venue, engine.trading.manager
    for con_id in CON_IDS:
        held = engine.trading.books.positions(setup.account).get(con_id)
        assert manager.position(con_id) == (0 if held is None else held.qty)
    working = {each.order.order_ref for each in venue.live.values()}
    assert working == {each.ref for each in manager.orders()}
