"""The whole tree against the emulated gateway: exactly once, to the cent, whoever dies."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from actors.say import Clear, Trip
from robotrader.domain import Purpose
from robotrader.domain.errors import KillSwitchTriggeredError
from robotrader.risk import Level, Limits, Usd
from tests.actors.rig import SYMBOLS, Exchange, running

ROLES = ("journal", "kill-switch", "account", "orders", "risk", "gateway", "data")


def test_an_intent_becomes_one_order_and_the_books_are_the_venues_to_the_cent(
    tmp_path: Path,
) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.trade("BUY", 7, "KO")
        rig.trade("SELL", 4)
        rig.until(rig.agrees)
        assert len(rig.exchange.orders()) == len(set(rig.exchange.orders())) == 3
        assert [ref.rsplit("-", 1)[0] for ref in rig.exchange.orders()] == ["rt1-1"] * 3


def test_without_waiting_for_the_disk_the_books_are_the_venues_all_the_same(
    tmp_path: Path,
) -> None:
    """``journal.durability = "os"``: intents do not wait; fills do, so no limit is looked past."""
    with running(tmp_path, durable=False) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.trade("SELL", 4)
        rig.kill("orders")
        rig.ready()
        rig.trade("BUY", 3)
        rig.until(rig.agrees)
        assert len(rig.exchange.orders()) == len(set(rig.exchange.orders())) == 3
        assert rig.held() == 9


@pytest.mark.parametrize("role", ROLES)
def test_whoever_dies_nothing_is_lost_and_nothing_doubled(tmp_path: Path, role: str) -> None:
    limits = Limits(
        allowed_symbols=frozenset(SYMBOLS), duplicate_window_ms=0, max_entries_pending=2
    )
    with running(tmp_path, limits=limits) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.intend("BUY", 5)
        rig.kill(role)
        rig.ready()
        rig.until(rig.agrees)
        rig.intend("BUY", 3)  # also where the order before is not filled yet
        rig.until(lambda: rig.held() in {13, 18} and rig.agrees())
        refs = rig.exchange.orders()
        assert len(refs) == len(set(refs)) <= 3, "one order of each intent at the most"
        assert rig.held() in {13, 18}, "the intent of the moment may be lost, never doubled"


def test_a_connection_that_breaks_is_made_again_and_trading_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.exchange.cut()
        rig.until(lambda: (found := rig.trading()) is not None and not found.ready)
        rig.ready()
        rig.trade("SELL", 10)
        rig.until(rig.agrees)
        assert rig.held() == 0


def test_a_new_process_continues_from_the_journal(tmp_path: Path) -> None:
    exchange = Exchange()
    try:
        with running(tmp_path, exchange) as rig:
            rig.ready()
            rig.trade("BUY", 10)
            rig.until(rig.agrees)
        with running(tmp_path, exchange) as rig:
            rig.ready()
            assert rig.held() == 10
            assert rig.agrees()
            rig.trade("SELL", 10)
            rig.until(rig.agrees)
            epochs = {ref.split("-")[1] for ref in exchange.orders()}
            assert epochs == {"1", "2"}
    finally:
        exchange.stop()


def test_f65_the_kill_switch_is_latched_over_a_restart_and_a_person_clears_it(
    tmp_path: Path,
) -> None:
    exchange = Exchange()
    try:
        with running(tmp_path, exchange) as rig:
            rig.ready()
            rig.trade("BUY", 10)
            assert rig.ask("kill-switch", Trip(Level.PAUSE, "all", who="me", why="a test"))
        with running(tmp_path, exchange) as rig:
            rig.ready()
            rig.until(rig.switch)
            assert rig.switch().level() is Level.PAUSE
            before = len(exchange.orders())
            rig.intend("BUY", 5)
            rig.trade("SELL", 4)
            assert len(exchange.orders()) == before + 1, "reductions pass, entries do not (F69)"
            assert rig.ask("kill-switch", Clear("all", who="me", why="the test goes on"))
            rig.trade("BUY", 5)
            rig.until(rig.agrees)
    finally:
        exchange.stop()


def test_a_file_is_enough_to_trip_it_and_flatten_closes_everything(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        rig.trade("BUY", 20, "KO")
        (tmp_path / "KILL").write_text("flatten")
        rig.until(lambda: rig.held() == rig.held("KO") == 0)
        assert rig.switch().level() is Level.FLATTEN
        rig.until(rig.agrees)


def test_what_the_gate_refuses_reaches_nobody(tmp_path: Path) -> None:
    limits = Limits(allowed_symbols=frozenset(SYMBOLS), max_order_usd=Usd(Decimal(1_000)))
    with running(tmp_path, limits=limits) as rig:
        rig.ready()
        rig.intend("BUY", 1_000)
        rig.intend("SELL", 5, purpose=Purpose.EXIT)
        rig.trade("BUY", 1, "KO")
        assert len(rig.exchange.orders()) == 1


def test_clearing_without_a_reason_is_refused_and_the_switch_lives_on(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        assert rig.ask("kill-switch", Trip(Level.PAUSE, "all", who="me", why="a test"))
        switch = rig.trader.role("kill-switch").resolve()
        with pytest.raises(KillSwitchTriggeredError, match="a person with a reason"):
            switch.ask(Clear("all", who=" ", why=""), timeout=5)
        assert switch.is_alive()
        assert rig.switch().level() is Level.PAUSE
