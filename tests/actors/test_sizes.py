"""A size from the account to the order, over the whole tree, and after the gate has died."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from actors.messages import AskFunds
from actors.say import AskSizes
from robotrader.domain import Funds, Instrument
from robotrader.sizing import SizeKind, Sizer, SizeRule
from robotrader.strategies import StrategyHost
from tests.actors.rig import Exchange, Rig, running, trader
from tests.robotrader.strategies.kit import Does

RULE = SizeRule(kind=SizeKind.KELLY, first_fraction=0.1)


def flip(ctx: Any, _: Any) -> None:
    """Buy as much as the size says; sell it again at the next chance."""
    if ctx.position > 0:
        ctx.sell()
    elif not ctx.working:
        ctx.buy()


def made(instrument: Instrument) -> StrategyHost:
    sizer = Sizer(RULE, share=0.1, instrument=instrument)
    return StrategyHost(Does(flip, quote=flip), name="s/AAPL", instrument=instrument, sizer=sizer)


def funds(rig: Rig) -> Funds | None:
    found = rig.ask("risk", AskFunds("s/KO"))
    return found if isinstance(found, Funds) and found.trades else None


def _settled(rig: Rig) -> Any:
    """What sizes are made of once the charges of all closed trades are in it, else None."""
    found = funds(rig)
    return found if found and rig.agrees() and funds(rig) == found else None


def test_f78_the_size_that_is_shown_was_used_and_closed_trades_survive_the_gate(
    tmp_path: Path,
) -> None:
    exchange = Exchange()
    try:
        known = trader(exchange.server.port, tmp_path).instruments.values()
        aapl = next(each for each in known if each.symbol == "AAPL")
        strategies = {aapl.con_id: {"s/AAPL": partial(made, aapl)}}
        with running(tmp_path, exchange, strategies=strategies) as rig:
            rig.ready()
            sized = rig.until(lambda: rig.ask("risk", AskSizes()))[0]
            assert sized.intent.sizing.why.startswith("0 of 30 trades are closed")
            worth = sized.intent.qty * Decimal(repr(sized.intent.sizing.price))
            assert 0 < worth <= sized.intent.sizing.bankroll / 10
            before = rig.until(lambda: _settled(rig))
            rig.kill("risk")
            rig.ready()
            after = rig.until(lambda: funds(rig))
            assert after.trades[: len(before.trades)] == before.trades
            rig.until(rig.agrees)
    finally:
        exchange.stop()
