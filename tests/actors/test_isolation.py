"""A part that is stuck keeps nobody else from working."""

from __future__ import annotations

import threading
from pathlib import Path

from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from tests.actors.rig import running
from tests.robotrader.strategies.kit import AAPL


class Stuck(Strategy[Params, State]):
    """Waits with its first price for what does not come."""

    def __init__(self, entered: threading.Event, go_on: threading.Event) -> None:
        super().__init__(Params())
        self.entered, self.go_on = entered, go_on

    def on_quote(self, ctx: Context, quote: object) -> None:
        self.entered.set()
        self.go_on.wait(60)


def test_f07_a_strategy_that_blocks_delays_neither_the_broker_nor_orders(tmp_path: Path) -> None:
    """The gateway owns its loop: requests are answered and orders filled while a turn never ends.

    What is asserted are events, not times: 20 round trips happen during one turn of the strategy.
    """
    entered, go_on = threading.Event(), threading.Event()
    hosts = {
        "stuck": lambda: StrategyHost(Stuck(entered, go_on), name="stuck", instrument=AAPL),
    }
    with running(tmp_path, strategies={AAPL.con_id: hosts}) as rig:
        try:
            rig.ready()
            rig.until(entered.is_set)
            for turn in range(20):
                rig.trade("SELL" if turn % 2 else "BUY", 5, "KO")
            assert not go_on.is_set(), "the strategy is still in its turn"
            rig.until(rig.agrees)
            assert rig.held("KO") == 0
        finally:
            go_on.set()
