"""What the actors count, read from a whole tree before an emulated gateway."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from actors.breaker import breaker_role
from actors.messages import AskHistory
from actors.metrics import ROLES, Meters
from actors.say import AskBreaker
from robotrader.adapters.ib import IbSettings
from robotrader.adapters.lmdb_store import LmdbStore
from robotrader.adapters.prometheus_trading import TradingCollector
from robotrader.gateway.pacing import PacingRules
from robotrader.journal import Entry, Receipt
from tests.actors.rig import ACCOUNT, Exchange, Rig, running
from tests.robotrader.strategies.kit import M, S

LATE_S = 0.25


class SlowStore(LmdbStore):
    """The real store on a disk that takes a quarter of a second for each commit."""

    slow = False

    def append(self, entries: Sequence[Entry]) -> tuple[Receipt, ...]:
        """Append, late."""
        made = super().append(entries)
        if SlowStore.slow:
            threading.Event().wait(LATE_S)  # what is injected
        return made


def read(rig: Rig) -> dict[tuple[str, ...], float]:
    """Samples by name and label values, as Prometheus' own parser reads them."""
    registry = CollectorRegistry()
    meters = Meters(rig.trader.registry, ("1", "sim", "hash"), time.time_ns())
    registry.register(TradingCollector(meters.look))
    return {
        (each.name, *each.labels.values()): each.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for each in family.samples
    }


def above(samples: dict[tuple[str, ...], float], name: str, bound: str, *labels: str) -> float:
    """How many times of a histogram are above a bound."""
    name = f"robotrader_{name}"
    return samples[f"{name}_count", *labels] - samples[f"{name}_bucket", *labels, bound]


@pytest.fixture
def slow_store(tmp_path: Path) -> Any:
    def opened() -> SlowStore:
        return SlowStore(tmp_path / "journal", map_bytes=1 << 28, ballast_bytes=1 << 20)

    yield opened
    SlowStore.slow = False


def test_f102_latency_that_is_injected_moves_the_histograms(
    tmp_path: Path, slow_store: Any
) -> None:
    with running(tmp_path, open_store=slow_store) as rig:
        rig.ready()
        rig.trade("BUY", 10)
        quick = read(rig)
        SlowStore.slow = True
        rig.trade("SELL", 10)
        slow = read(rig)
        SlowStore.slow = False
        for name in ("journal_commit_seconds", "approved_to_sent_seconds"):
            assert above(slow, name, "0.25") > above(quick, name, "0.25"), name
        name = "robotrader_tick_to_order_seconds"
        assert slow[f"{name}_sum", "other"] - quick[f"{name}_sum", "other"] >= LATE_S


def test_orders_and_fills_are_counted_and_the_figures_are_the_ledgers(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        before = read(rig)
        assert before["robotrader_gateway_state", "ready"] == 1
        assert before["robotrader_orders_ready",] == 1
        assert before["robotrader_position_shares", "AAPL"] == 0
        rig.trade("BUY", 10)
        rig.trade("SELL", 4)
        rig.until(lambda: read(rig)["robotrader_orders_open",] == 0)
        after, view = read(rig), rig.ledger()
        assert view is not None
        assert view.cash is not None
        assert after["robotrader_orders_sent_total", "BUY", "AAPL"] == 1
        assert after["robotrader_orders_sent_total", "SELL", "AAPL"] == 1
        assert after["robotrader_orders_ended_total", "filled"] == 2
        assert after["robotrader_intents_approved_total",] == 2
        assert after["robotrader_order_ack_seconds_count",] == 2
        assert after["robotrader_position_shares", "AAPL"] == 6
        assert after["robotrader_journal_records_total", "FillBooked"] >= 2
        assert Decimal(after["robotrader_cash_usd",]).quantize(Decimal("0.01")) == (
            view.cash.quantize(Decimal("0.01"))
        )
        assert after["robotrader_journal_bytes",] > 0
        assert after["robotrader_limit_ratio", "max_drawdown"] == 0.1


def test_a_refusal_and_the_kill_switch_are_shown(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        rig.intend("BUY", 1_000_000)
        rig.until(lambda: (gate := rig.gate()) is not None and gate.refusals)
        (tmp_path / "KILL").write_text("pause")
        rig.until(lambda: read(rig)["robotrader_kill_switch_level", "all"] == 1)
        samples = read(rig)
        refused = [n for key, n in samples.items() if key[0] == "robotrader_intents_refused_total"]
        assert sum(refused) == 1
        assert samples["robotrader_kill_switch_tripped", "person"] == 1
        assert samples["robotrader_kill_switch_tripped", "daily_loss"] == 0
        assert samples["robotrader_alerts_raised_total", "critical"] >= 1


def test_who_is_not_there_is_missing_and_counted_and_hides_nobody(tmp_path: Path) -> None:
    with running(tmp_path) as rig:
        rig.ready()
        role = rig.trader.registry
        role.unregister("account", role.ref("account").resolve())
        samples = read(rig)
        assert ("robotrader_equity_usd",) not in samples
        assert samples["robotrader_orders_ready",] == 1
        unanswered = {r: samples["robotrader_unanswered_looks_total", r] for r in ROLES}
        assert unanswered == {**dict.fromkeys(ROLES, 0), "account": 1}


def test_a_pacing_violation_over_the_socket_opens_the_breaker_of_history(tmp_path: Path) -> None:
    """Our own pacing is switched off, so that the gateway's is met."""
    exchange = Exchange()
    hasty = PacingRules(
        window_requests=10_000, burst_requests=1_000, identical_s=0.05, penalty_s=0.05
    )
    settings = IbSettings(port=exchange.server.port, account=ACCOUNT, pacing=hasty)
    try:
        with running(tmp_path, exchange, settings=settings) as rig:
            rig.ready()
            con_id = rig.contract("AAPL").con_id
            end_ns = time.time_ns() // M * M
            for minutes in range(1, 30):
                span = (end_ns - minutes * M, end_ns)
                ask = AskHistory(con_id, 5 * S, span, outside_rth=False)
                rig.trader.role("data").tell(ask)
            breaker = breaker_role("ibkr.history")
            rig.until(lambda: rig.ask(breaker, AskBreaker()).state == "open")
            seen = rig.ask(breaker, AskBreaker())
            assert seen.why == "requested"
            assert 55 < (seen.retry_ns - seen.since_ns) / S <= 75
            samples = read(rig)
            assert samples["robotrader_pacing_violations_total",] >= 1
            assert samples["robotrader_history_requests_total", "ibkr", "pacing"] >= 1
            rig.until(lambda: read(rig)["robotrader_history_open", "ibkr"] == 0)
            rig.trade("BUY", 10)
    finally:
        exchange.stop()
