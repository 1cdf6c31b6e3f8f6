"""What trips the kill switch by itself, through the whole tree: entries are blocked in a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from actors.say import Clear, Trip
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.domain import LinkState
from robotrader.domain.records import OperatorActed
from robotrader.emulator import faults
from robotrader.journal import Entry, Receipt
from robotrader.risk import Level, TripRules
from tests.actors.rig import BUSY, Exchange, Rig, _settings, running

BLOCKED_S = 1.0 * BUSY
_NS = 1_000_000_000


def blocked(rig: Rig, begun: float, trigger: str, scope: str = "all") -> None:
    """The switch trips and the gate refuses an entry within a second of ``begun``."""
    rig.until(lambda: (found := rig.switch()) and found.find(scope, trigger))
    orders = len(rig.exchange.orders())

    def refused() -> bool:
        rig.intend("BUY", 1)
        gate = rig.gate()
        return gate is not None and gate.refusals.get("switch", 0) > 0

    rig.until(refused)
    assert time.monotonic() - begun < BLOCKED_S
    assert len(rig.exchange.orders()) <= orders


def until_older(age_s: float, since: float) -> float:
    """Wait until a threshold is passed; return when that was."""
    threading.Event().wait(max(0.0, since + age_s - time.monotonic()))
    return since + age_s


@pytest.fixture
def exchange() -> Any:
    made = Exchange()
    yield made
    made.stop()


def ahead(exchange: Exchange, seconds: float) -> None:
    """Move the gateway's clock."""

    def move() -> None:
        exchange.gateway.advance(exchange.gateway.timeline.now_ns + round(seconds * _NS))
        exchange.server.restart_clock()

    exchange.do(move)


def test_f66_a_clock_that_is_not_the_brokers_pauses_and_stays_so(
    tmp_path: Path, exchange: Exchange
) -> None:
    settings = replace(_settings(exchange.server.port), clock_s=0.1)
    with running(tmp_path, exchange, settings=settings) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        assert rig.switch().level() is Level.OFF
        begun = time.monotonic()
        ahead(exchange, 4.0)
        blocked(rig, begun, "clock")
        assert rig.switch().level() is Level.PAUSE
        rig.trade("SELL", 5)
        assert rig.ask("kill-switch", Clear("all", who="me", why="too early"))
        rig.until(lambda: (found := rig.switch()) and found.find("all", "clock"))


def test_a_clock_within_its_threshold_trips_nothing(tmp_path: Path, exchange: Exchange) -> None:
    settings = replace(_settings(exchange.server.port), clock_s=0.05)
    rules = TripRules(max_skew_ms=6_000)
    with running(tmp_path, exchange, settings=settings, trips=rules) as rig:
        rig.ready()
        ahead(exchange, 3.0)
        rig.trade("BUY", 1)
        assert rig.switch().level() is Level.OFF


class Stuck(LmdbStore):
    """A store whose disk does not answer while it is told so."""

    free = threading.Event()

    def append(self, entries: Sequence[Entry]) -> tuple[Receipt, ...]:
        self.free.wait(8)
        return super().append(entries)


def test_f66_a_safety_actor_that_takes_no_message_blocks_entries(tmp_path: Path) -> None:
    def opened() -> LmdbStore:
        return Stuck(tmp_path / "journal", map_bytes=1 << 28, ballast_bytes=1 << 20)

    Stuck.free.set()
    with running(tmp_path, open_store=opened, trips=TripRules(hung_ms=2_000)) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        Stuck.free.clear()
        try:
            begun = time.monotonic()
            rig.intend("BUY", 1)
            blocked(rig, begun + 2.0, "hung")
            (trip,) = rig.switch().trips
            assert "journal" in trip.why
        finally:
            Stuck.free.set()
        rig.until(rig.agrees)
        assert rig.switch().level() is Level.REDUCE, "it is latched"


def test_f66_nobody_checks_in_and_a_person_who_does_keeps_it_off(tmp_path: Path) -> None:
    rules = TripRules(dead_man_ms=2_000)
    with running(tmp_path, trips=rules, person_ns=time.time_ns()) as rig:
        for _ in range(6):
            begun = time.monotonic()
            _act(rig, "check in")
            rig.until(rig.switch)
            assert rig.switch().level() is Level.OFF
            until_older(0.6, begun)
        rig.ready()
        begun = time.monotonic()
        _act(rig, "anything that a person does")
        blocked(rig, until_older(2.0, begun), "dead_man")
        assert rig.ask("kill-switch", Clear("all", who="me", why="here"))
        rig.trade("BUY", 1)


def _act(rig: Rig, what: str) -> None:
    acted = OperatorActed(who="me", command=what, result="done", wall_ns=time.time_ns())
    rig.trader.role("journal").tell(acted)


def test_the_dead_mans_time_goes_on_over_a_restart(tmp_path: Path) -> None:
    rules = TripRules(dead_man_ms=550_000)
    with running(tmp_path, trips=rules, person_ns=time.time_ns() - 500 * _NS) as rig:
        rig.ready()
        acted = OperatorActed(
            who="me", command="x", result="done", wall_ns=time.time_ns() - 300 * _NS
        )
        rig.trader.role("journal").tell(acted)
        rig.kill("kill-switch")
        rig.ready()
        assert rig.switch().level() is Level.OFF
    with running(tmp_path, trips=TripRules(dead_man_ms=200_000)) as rig:
        rig.until(lambda: (found := rig.switch()) and found.find("all", "dead_man"))


def test_f66_stale_data_of_what_is_held_block_that_symbol_alone(
    tmp_path: Path, exchange: Exchange
) -> None:
    rules = TripRules(stale_after_ms=3_000)
    with running(tmp_path, exchange, trips=rules) as rig:
        rig.ready()
        rig.trade("BUY", 5)
        _silence(exchange)
        begun = time.monotonic()
        rig.until(lambda: (found := rig.switch()) and found.find("symbol:AAPL", "stale_data"))
        assert time.monotonic() - begun < 3.0 + BLOCKED_S
        assert rig.switch().level(symbol="AAPL") is Level.REDUCE
        assert rig.switch().level(symbol="KO") is Level.OFF, "nothing of it is held"
        assert rig.trading().link == LinkState.READY  # type: ignore[union-attr]


def _silence(exchange: Exchange) -> None:
    """The market data stop; the connection is fine."""
    rule = faults.Quiet(symbol="", for_s=60.0)
    exchange.do(
        lambda: exchange.gateway.faults.play(faults.Program(row="-", title="quiet", rule=(rule,)))
    )


def test_a_trip_by_a_person_is_in_force_within_a_second(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        begun = time.monotonic()
        assert rig.ask("kill-switch", Trip(Level.PAUSE, "all", who="me", why="a test"))
        blocked(rig, begun, "person")
