"""Two other engines on the same bars and the same wishes: equal to the cent where rules are equal.

Equal are market orders at the next open, whole shares, enough cash and a commission by the fill.
Not compared is what differs: both others fill stops and limits within a bar by other rules, know no
gate, and have no minimum and no cap of an order's commission but what is given to them here.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from robotrader.backtest import Result
from tests.robotrader.backtest.reference import CENT, Candle, fee
from tests.robotrader.backtest.test_engine import CASH
from tests.robotrader.backtest.test_reference import Follows, Script, candles, engine_run, said

SEEDS = range(12)
STEPS = ("", "", "buy", "sell", "close", "close")


def script(seed: int, count: int) -> list[str]:
    """Draw steps that can be taken: an exit where there is a position, an entry where not."""
    drawn = Random(-seed)
    return [drawn.choice(STEPS) for _ in range(count)]


def frame(made: list[Candle]) -> Any:
    import pandas as pd

    return pd.DataFrame(
        {
            "Open": [each.open / 100 for each in made],
            "High": [each.high / 100 for each in made],
            "Low": [each.low / 100 for each in made],
            "Close": [each.close / 100 for each in made],
            "Volume": [1_000.0] * len(made),
        },
        index=pd.date_range("2025-11-24", periods=len(made), freq="30min"),
    )


def costs(qty: float, price: float) -> float:
    return float(fee(round(qty), round(price * 100)))


def backtesting_py(made: list[Candle], act: Callable[[int], int]) -> float:
    """Return the equity at the end; ``act`` says what to trade after a bar."""
    from backtesting import Backtest, Strategy  # type: ignore[import-untyped]

    class Theirs(Strategy):  # type: ignore[misc]  # it has no types
        def init(self) -> None:
            """Nothing is computed."""

        def next(self) -> None:
            qty = act(len(self.data) - 1)
            if self.position and qty:
                self.position.close()
            elif qty:
                (self.buy if qty > 0 else self.sell)(size=abs(qty))

    assert not act(0), "it begins with the second bar"
    test = Backtest(frame(made), Theirs, cash=float(CASH), commission=costs)
    return float(test.run()["Equity Final [$]"])


def backtrader(made: list[Candle], act: Callable[[int], int]) -> float:
    """Return the equity at the end; as above."""
    import backtrader as bt  # type: ignore[import-untyped]

    class Theirs(bt.Strategy):  # type: ignore[misc]  # it has no types
        def next(self) -> None:
            qty = act(len(self) - 1)
            if qty:
                (self.buy if qty > 0 else self.sell)(size=abs(qty))

    class Costs(bt.CommInfoBase):  # type: ignore[misc]  # it has no types
        params = (("stocklike", True), ("commtype", bt.CommInfoBase.COMM_FIXED))

        def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
            return costs(size, price)

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame(made)))
    cerebro.addstrategy(Theirs)
    cerebro.broker.setcash(float(CASH))
    cerebro.broker.addcommissioninfo(Costs())
    cerebro.run()
    return float(cerebro.broker.getvalue())


@pytest.mark.parametrize("oracle", [backtesting_py, backtrader])
def test_equity_is_that_of_another_engine_to_the_cent(oracle: Callable[..., float]) -> None:
    trades = 0
    for seed in SEEDS:
        made = candles(seed)
        steps = ["", *script(seed, len(made) - 1)]
        result = engine_run(made, Follows(Script(steps=steps, seed=seed)))
        with warnings.catch_warnings():  # their own, of pandas and of missing extras
            warnings.simplefilter("ignore")
            theirs = oracle(made, _wishes(result, len(made)))
        assert result.final.equity is not None
        assert Decimal(repr(round(theirs, 2))) == result.final.equity.quantize(CENT), f"seed {seed}"
        trades += len(result.fills)
    assert trades > 200


def _wishes(result: Result, count: int) -> Callable[[int], int]:
    """Return what was traded at a bar's open as what was wanted at the bar before it."""
    wanted = [0] * (count + 1)
    for each in said(result):
        wanted[each.bar - 1] = each.qty
    return wanted.__getitem__
