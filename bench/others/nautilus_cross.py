"""The callback of ``bench.backtest`` in NautilusTrader's Rust engine, by the Python of its own
environment.

Same bars, averages, shares and crosses: one buys, the next one sells what was bought. Its orders
pass its risk engine and its account, at 0.005 a share. It differs in what it leaves out (no minimum
for an order, no fees on sales, no limits but its own on orders a second, no journal) and in where
orders fill: at the close of the bar that was answered, which is its market until the next one.
Its time grows faster than the number of its orders, so it is measured on a tenth of the bars.
"""

from __future__ import annotations

import json
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from nautilus_trader.core import nautilus_pyo3 as nt  # type: ignore[import-not-found]  # its own

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.walks import FAST, QTY, SLOW, walk

MINUTE_NS, START_NS = 60_000_000_000, 1_600_000_020_000_000_000
USD = nt.Currency.from_str("USD")
STOCK = nt.InstrumentId.from_str("S1.XNAS")
BARS = nt.BarType.from_str("S1.XNAS-1-MINUTE-LAST-EXTERNAL")


class Cross(nt.Strategy):  # type: ignore[misc]  # it has no types
    """Long while the fast average is above the slow one."""

    def __init__(self, _config: Any) -> None:  # its base, made before, has taken it
        super().__init__()
        self.fast, self.slow = nt.SimpleMovingAverage(FAST), nt.SimpleMovingAverage(SLOW)
        self.qty, self.side, self.held, self.orders = nt.Quantity.from_int(QTY), 0, False, 0

    def on_start(self) -> None:
        """Ask for bars, and for averages of them."""
        self.register_indicator_for_bars(BARS, self.fast)
        self.register_indicator_for_bars(BARS, self.slow)
        self.subscribe_bars(BARS)

    def on_bar(self, _bar: Any) -> None:
        """Follow the averages."""
        if not self.slow.initialized:
            return
        fast, slow = self.fast.value, self.slow.value
        side = (fast > slow) - (fast < slow)
        if side > 0 > self.side and not self.held:
            self._order(nt.OrderSide.BUY)
        elif side < 0 and self.held:
            self._order(nt.OrderSide.SELL)
        self.side = side or self.side

    def _order(self, side: Any) -> None:
        self.held = side == nt.OrderSide.BUY
        self.orders += 1
        self.submit_order(self.order_factory.market(STOCK, side, self.qty))


def bars(size: int) -> list[Any]:
    """Return the walk as its bars."""
    price = nt.Price
    return [
        nt.Bar(
            BARS, price(opened, 2), price(high, 2), price(low, 2), price(close, 2),
            nt.Quantity.from_int(10_000), at_ns, at_ns,
        )
        for at_ns, opened, high, low, close in zip(
            range(START_NS + MINUTE_NS, START_NS + (size + 1) * MINUTE_NS, MINUTE_NS),
            *(each.tolist() for each in walk(size)), strict=True,
        )
    ]  # fmt: skip


def main() -> None:
    """Load the bars, then measure the run."""
    quiet = nt.LoggerConfig(stdout_level=nt.LogLevel.OFF)
    engine = nt.BacktestEngine(
        nt.BacktestEngineConfig(bypass_logging=True, run_analysis=False, logging=quiet)
    )
    fees = nt.PerContractFeeModel(nt.Money(0.005, USD))
    engine.add_venue(
        nt.Venue("XNAS"), nt.OmsType.NETTING, nt.AccountType.MARGIN, [nt.Money(1e8, USD)],
        base_currency=USD, default_leverage=Decimal(1), fee_model=fees,
    )  # fmt: skip
    engine.add_instrument(
        nt.Equity(STOCK, nt.Symbol("S1"), USD, 2, nt.Price(0.01, 2), ts_event=0, ts_init=0)
    )
    strategy = Cross(nt.StrategyConfig())
    engine.add_strategy(strategy)
    engine.add_data(bars(int(sys.argv[1])))
    begun = time.process_time()
    engine.run()
    took_s = time.process_time() - begun
    fills = len(engine.generate_fills_report()) if strategy.orders else 0
    print(json.dumps({"seconds": took_s, "orders": strategy.orders, "fills": fills}))


main()
