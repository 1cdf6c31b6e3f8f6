"""What trips by itself when the broker is away, or has what nobody here knows of."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from actors.say import Reconcile
from robotrader.domain import Purpose
from robotrader.emulator import faults
from robotrader.risk import Level, Trigger, TripRules
from tests.actors.rig import BUSY, Rig, running

AWAY_MS = 300
CHECKED_S = 0.25
"""The switch looks four times a second."""


def play(rig: Rig, rule: faults.Rule) -> None:
    program = faults.Program(row="-", title="a test", rule=(rule,))
    rig.exchange.do(lambda: rig.exchange.gateway.faults.play(program))


def nobody_listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) != 0


def test_f66_a_connection_that_is_away_pauses_and_clears_itself_when_it_is_ready(
    tmp_path: Path,
) -> None:
    """Nobody has to clear it, and it is in the journal both times."""
    with running(tmp_path, trips=TripRules(disconnected_ms=AWAY_MS)) as rig:
        rig.ready()
        assert rig.switch().level() is Level.OFF
        play(rig, faults.Refuse(for_s=3.0))
        rig.until(lambda: nobody_listens(rig.exchange.server.port))
        begun = time.monotonic()
        rig.exchange.cut()
        rig.until(lambda: (found := rig.switch()) and found.find("all", Trigger.CONNECTION))
        assert time.monotonic() - begun < (AWAY_MS / 1_000 + CHECKED_S + 1.0) * BUSY
        assert rig.switch().level() is Level.PAUSE
        rig.intend("BUY", 1)
        rig.until(lambda: (gate := rig.gate()) and gate.refusals)
        rig.until(lambda: (found := rig.switch()) and not found.trips)
        rig.ready()
        rig.trade("BUY", 1)


def test_f66_a_position_that_is_not_the_brokers_blocks_that_symbol_alone(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        play(rig, faults.Place(symbol="AAPL", side="BUY", qty=7))
        rig.until(lambda: rig.exchange.truth()[1][rig.contract("AAPL").con_id] == 12)
        begun = time.monotonic()
        rig.trader.role("orders").tell(Reconcile())
        rig.until(lambda: (found := rig.switch()) and found.find("symbol:AAPL", "unreconciled"))
        rig.intend("BUY", 1)
        rig.until(lambda: (gate := rig.gate()) and gate.refusals)
        assert time.monotonic() - begun < 10.0 * BUSY, "the comparison is the broker's to answer"
        assert rig.switch().level(symbol="KO") is Level.OFF
        rig.trade("BUY", 1, "KO")
        rig.trade("SELL", 5, purpose=Purpose.EXIT)
        assert rig.held() == 0, "what is known to be ours can still be sold (F69)"
        assert rig.switch().find("symbol:AAPL", "unreconciled"), "a person has to look"
