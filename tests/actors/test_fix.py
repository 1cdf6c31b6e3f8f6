"""A person accepts the broker's position, over the control socket, in the whole running tree."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from actors.say import AskTail, Reconcile
from robotrader.app.control_client import RefusedError
from robotrader.domain import Purpose, control
from robotrader.domain.control_answers import AdoptAnswer, Answer, Done
from robotrader.domain.records import PositionAdopted, SymbolResumed
from robotrader.emulator import faults
from robotrader.risk import Level
from tests.actors.rig import PATIENCE_S, Exchange, Rig, running
from tests.actors.test_link_triggers import play
from tests.actors.test_risk_report import asked

Say = Callable[[control.Request], Answer]


def wish(symbol: str = "AAPL", **more: Any) -> control.Adopt:
    given = {"symbol": symbol, "reason": "a manual trade", "who": "ann", "key": "k", **more}
    return control.Adopt(**{"preview": True, "ours": None, "broker": None, **given})


def trade_by_hand(rig: Rig, side: str, qty: int) -> None:
    """Trade behind the trader's back, and have it found."""
    before = rig.exchange.truth()[1].get(con_id(rig), Decimal(0))
    play(rig, faults.Place(symbol="AAPL", side=side, qty=qty))
    after = before + (qty if side == "BUY" else -qty)
    rig.until(lambda: rig.exchange.truth()[1].get(con_id(rig), Decimal(0)) == after)
    rig.trader.role("orders").tell(Reconcile())
    rig.until(lambda: (found := rig.trading()) and con_id(rig) in found.halted and found.ready)


def con_id(rig: Rig) -> int:
    return rig.contract("AAPL").con_id


def records(rig: Rig, kind: type) -> list[Any]:
    tail = rig.ask("journal", AskTail(0, 10_000, last=False))
    return [row[3] for row in tail.rows if isinstance(row[3], kind)]


def agree(rig: Rig, qty: int) -> bool:
    """Whether everybody who keeps a position has this one."""
    trading, ledger, switch = rig.trading(), rig.ledger(), rig.switch()
    if trading is None or ledger is None or switch is None or trading.halted:
        return False
    _, held, _ = rig.exchange.truth()
    return (
        ledger.position(con_id(rig)) == held.get(con_id(rig), 0) == qty
        and switch.level(symbol="AAPL") is Level.OFF
    )


def test_f69_a_position_that_a_person_accepts_trades_again_and_stays_so(tmp_path: Path) -> None:
    exchange = Exchange()
    with running(tmp_path / "data", exchange) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        trade_by_hand(rig, "SELL", 3)
        rig.until(lambda: rig.switch().find("symbol:AAPL", "unreconciled"))
        with asked(rig, tmp_path / "control.sock") as ask:
            say: Say = partial(ask, within_s=PATIENCE_S)
            shown = say(wish())
            assert isinstance(shown, AdoptAnswer)
            assert (shown.ours, shown.broker) == (Decimal(5), Decimal(2))
            assert {row.kind for row in shown.sides} >= {"position", "average cost"}
            assert records(rig, SymbolResumed) == [], "who looks changes nothing"
            request = wish(preview=False, ours=shown.ours, broker=shown.broker)
            done = say(request)
            assert isinstance(done, Done)
            assert say(request) == done, "the same key is the same command"
            with pytest.raises(RefusedError, match="not halted"):
                say(wish(key="another"))
        (adopted,) = records(rig, PositionAdopted)
        (resumed,) = records(rig, SymbolResumed)
        assert (adopted.qty, adopted.who, adopted.why) == (2, "ann", "a manual trade")
        assert adopted.avg_cost > 0
        assert resumed.con_id == adopted.con_id == con_id(rig)
        rig.until(lambda: agree(rig, 2))
        rig.trade("BUY", 1)
        rig.trade("SELL", 3, purpose=Purpose.EXIT)
        assert rig.held() == 0
    with running(tmp_path / "data", exchange) as rig:
        rig.ready()
        rig.until(lambda: agree(rig, 0))
    exchange.stop()


def test_what_moved_since_it_was_shown_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "data") as rig:
        rig.ready()
        rig.trade("BUY", 5)
        trade_by_hand(rig, "BUY", 7)
        with asked(rig, tmp_path / "control.sock") as ask:
            say: Say = partial(ask, within_s=PATIENCE_S)
            with pytest.raises(RefusedError, match="the broker has 12 by now, not 11"):
                say(wish(preview=False, ours=Decimal(5), broker=Decimal(11)))
            with pytest.raises(RefusedError, match="the journal has 5 by now, not 4"):
                say(wish(preview=False, key="2", ours=Decimal(4), broker=Decimal(12)))
            with pytest.raises(RefusedError, match="no positions"):
                say(wish(preview=False, key="3", ours=Decimal("sNaN"), broker=Decimal(12)))
            with pytest.raises(RefusedError, match="what was shown is missing"):
                say(wish(preview=False, key="4"))
            with pytest.raises(RefusedError, match="with a reason"):
                say(wish(preview=False, key="5", reason=" ", ours=Decimal(5), broker=Decimal(12)))
            with pytest.raises(RefusedError, match="KO is not halted"):
                say(wish("KO"))
            with pytest.raises(RefusedError, match="TSLA is not watched"):
                say(wish("TSLA"))
            assert records(rig, PositionAdopted) == records(rig, SymbolResumed) == []
            play(rig, faults.Refuse(for_s=30.0))
            rig.exchange.cut()
            rig.until(lambda: (found := rig.trading()) and not found.ready)
            with pytest.raises(RefusedError, match="not reconciled"):
                say(wish(preview=False, key="6", ours=Decimal(5), broker=Decimal(12)))
            with pytest.raises(RefusedError, match="not connected and reconciled"):
                say(wish())
            assert records(rig, PositionAdopted) == records(rig, SymbolResumed) == []
