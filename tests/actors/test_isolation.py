"""What one part does to the others: nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from robotrader.domain import Bar
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from tests.actors.rig import SYMBOLS, running
from tests.robotrader.emulator.kit import SERIES

AAPL = SERIES[SYMBOLS[0]].instrument
NOTICED_S = 10.0
"""The hang's budget of 2 s, an order's 3 s, and as much again for a machine that is busy."""


class Blocker(Strategy[Params, State]):
    """Does not come back from its first bar until it is let go; its successors do."""

    def __init__(self, reached: threading.Event, go: threading.Event) -> None:
        super().__init__(Params())
        self._reached, self._go = reached, go

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Hang, as a strategy does that asks a web page."""
        del ctx, bar
        if not self._reached.is_set():
            self._reached.set()
            self._go.wait(60)


def test_f07_a_strategy_that_hangs_delays_neither_the_broker_nor_another_symbol(
    tmp_path: Path,
) -> None:
    reached, go = threading.Event(), threading.Event()
    host = {"block": lambda: StrategyHost(Blocker(reached, go), name="block", instrument=AAPL)}
    with running(tmp_path, strategies={AAPL.con_id: host}) as rig:
        try:
            rig.ready()
            rig.until(reached.is_set)
            answered = rig.exchange.gateway.accepted
            longest = 0.0
            for _ in range(5):
                begun = time.monotonic()
                rig.until(rig.ledger)  # it shares its thread with strategies: 2 s until it is free
                rig.trade("BUY", 2, "KO")
                longest = max(longest, time.monotonic() - begun)
                rig.until(lambda begun=begun: time.monotonic() - begun > 1.5)  # type: ignore[misc]
            assert longest < NOTICED_S
            assert rig.exchange.gateway.accepted == answered, "the connection was never given up"
            trading = rig.trading()
            assert trading is not None
            assert trading.ready
            rig.until(rig.agrees)
        finally:
            go.set()
