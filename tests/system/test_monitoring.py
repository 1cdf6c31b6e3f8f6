"""A trading core under a real Prometheus: what rules and panels name exists, and moves."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.breaker import BREAKERS
from robotrader.app.control_client import ControlClient
from robotrader.domain import control
from robotrader.domain.control_answers import BreakersAnswer
from tests.robotrader.adapters.test_monitoring_files import described, families
from tests.system.monitored import SYMBOLS, Server, free_port, named, shown, trading, until

pytestmark = [
    pytest.mark.skipif(not shutil.which("prometheus"), reason="no prometheus on this machine"),
    pytest.mark.timeout(300),
]

MOVES = (
    "robotrader_prices_total",
    "robotrader_intents_approved_total",
    "robotrader_intents_refused_total",
    "robotrader_orders_sent_total",
    "robotrader_orders_ended_total",
    "robotrader_fills_total",
    "robotrader_journal_records_total",
    "robotrader_journal_commit_seconds_count",
    "robotrader_journal_tip",
    "robotrader_tick_to_order_seconds_count",
    "robotrader_tick_to_order_seconds_sum",
    "robotrader_approved_to_sent_seconds_count",
    "robotrader_order_ack_seconds_count",
    "robotrader_gateway_messages_total",
    "robotrader_actor_messages_handled_total",
    "robotrader_actor_handler_seconds_count",
    "robotrader_commissions_usd",
    "process_cpu_seconds_total",
)
"""What has to grow while the system trades."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Prometheus that has seen the core trade."""
    folder, port = tmp_path_factory.mktemp("monitored"), free_port()
    with trading(folder, port) as resolved:
        made = Server(folder, port, resolved)
        try:
            until(lambda: made.total("robotrader_fills_total"), "a fill")
            until(lambda: made.total("robotrader_intents_refused_total"), "a refusal")
            yield made
        finally:
            made.close()


def test_f102_every_series_of_a_rule_exists_and_every_rule_can_be_evaluated(
    server: Server,
) -> None:
    def evaluated() -> list[dict[str, str]]:
        groups = (server.ask("rules") or {"groups": []})["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else []

    rules = until(evaluated, "an evaluation of every rule")
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    names = {name for rule in rules for name in named(rule["query"])}
    assert len(names) > 25
    assert {name for name in names if not server.query(name)} == set()


def test_f102_every_expression_of_a_panel_gives_a_series(server: Server) -> None:
    instance = f"127.0.0.1:{server.target}"
    panels = shown(instance)
    assert len(panels) > 40

    def silent() -> list[tuple[str, str]]:
        return [(title, text) for title, text in panels if not server.query(text)]

    until(lambda: not silent(), "a series for every panel")
    assert silent() == []


def test_f102_what_has_to_move_moves_while_the_system_trades(server: Server) -> None:
    before = {name: server.total(name) for name in MOVES}

    def still() -> set[str]:
        return {name for name in MOVES if server.total(name) <= before[name]}

    until(lambda: not still(), "growth of everything that has to grow")
    assert still() == set()
    sent = server.total("robotrader_orders_sent_total")
    assert server.total("robotrader_fills_total") <= sent, "the demo's orders are filled whole"
    timed = server.total("robotrader_tick_to_order_seconds_count")
    assert timed <= server.total("robotrader_orders_sent_total")


def test_f102_a_system_that_is_well_raises_no_alert(server: Server) -> None:
    firing = server.query('ALERTS{alertstate="firing"}')
    assert [row["metric"]["alertname"] for row in firing] == []
    (up,) = server.query("up")
    assert up["value"][1] == "1"


def test_breakers_are_listed_over_the_control_socket_as_they_are_measured(server: Server) -> None:
    with ControlClient.of(server.resolved.config) as client:
        answer = client.ask(control.Breakers())
    assert isinstance(answer, BreakersAnswer)
    assert [row.name for row in answer.breakers] == list(BREAKERS)
    for row in answer.breakers:
        labels = f'breaker="{row.name}"'
        (state,) = server.query(f"robotrader_breaker_state{{{labels}}} == 1")
        assert state["metric"]["state"] == row.state == "closed"
        assert row.calls >= server.total(f"robotrader_breaker_calls_total{{{labels}}}")
    assert answer.breakers[0].calls >= len(SYMBOLS)


def test_every_family_that_is_exposed_is_described_and_the_reverse(server: Server) -> None:
    assert families(server.page()) == described()


def test_promtool_finds_nothing_wrong_with_what_is_exposed(server: Server, tmp_path: Path) -> None:
    page = tmp_path / "metrics"
    page.write_text(server.page())
    with page.open() as given:
        checked = subprocess.run(
            ["promtool", "check", "metrics"], stdin=given, capture_output=True, check=False
        )
    assert checked.stdout + checked.stderr == b""
    assert checked.returncode == 0
