"""Every key that trading depends on arrives where it is used: another value, another trader."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from actors import make_tree
from robotrader.app import run
from robotrader.app.building import hosts_of, trader_of
from robotrader.config import BrokenRuleError, Resolved, layers, resolve
from robotrader.domain import Instrument
from robotrader.domain.errors import StrategyError
from supervision import SupervisorFlags

SAYS = (
    'mode="sim"', 'account="DU1234567"', 'universe.symbols=["AAPL"]',
    'strategy.one.class="robotrader.strategies.sma_cross:SmaCross"',
    'strategy.one.symbols=["AAPL"]', "risk.max_net=0.5",
    'ib.restart_windows=[{at="23:45", tz="UTC", before_s=60, after_s=300}]',
)  # fmt: skip
OTHERS = (
    'ib.host="127.0.0.2"', "ib.port=4003", "ib.client_id=12", "ib.connect_timeout_s=3",
    'ib.restart_windows=[{at="23:45", tz="UTC", before_s=90, after_s=300}]',
    'ib.restart_windows=[{at="23:45", tz="UTC", before_s=60, after_s=301}]',
    'ib.gateway_command=["ibc"]', "ib.pacing.messages_per_s=10",
    "ib.pacing.historical_per_10min=20", "ib.pacing.market_data_lines=20",
    "risk.max_gross=0.9", "risk.max_net=0.6", "risk.max_symbol_weight=0.1",
    "risk.max_daily_loss=0.01", "risk.max_drawdown=0.05", "risk.max_order_usd=10",
    "risk.max_orders_per_s=3", "risk.max_orders_per_day=3", "risk.duplicate_s=3",
    "risk.cooldown_s=3", "risk.max_cancel_ratio=0.5", "risk.cancel_ratio_orders=3",
    "risk.max_volume_share=0.1", "risk.max_volatility=0.8", 'risk.restricted=["KO"]',
    "risk.max_daily_loss_usd=3", "risk.max_order_qty=3", "risk.max_symbol_qty=3",
    "risk.max_symbol_usd=3", "risk.max_gross_usd=3", "risk.max_sector_weight=0.3",
    "risk.max_open_positions=3", "risk.max_entries_pending=3", "risk.allow_extended=true",
    "kill_switch.daily_loss=0.03", "kill_switch.drawdown=0.06", "kill_switch.losses_max=3",
    'kill_switch.on_losses="pause"', "kill_switch.position_loss=0.1",
    'kill_switch.on_position_loss="pause"', "risk.max_orders_per_min=3",
    "risk.max_open_orders=3", "risk.price_collar=0.01",
    "risk.stale_quote_s=1", "risk.allow_short=true", 'risk.on_breach="flatten"',
    "kill_switch.stale_data_s=3", 'kill_switch.on_stale_data="pause"',
    "kill_switch.clock_skew_s=3", 'kill_switch.on_clock_skew="cancel"', "kill_switch.hung_s=1",
    'kill_switch.on_hung="pause"', "kill_switch.dead_man_s=60", 'kill_switch.on_dead_man="pause"',
    "kill_switch.disconnected_s=3", 'kill_switch.on_disconnect="reduce"',
    "kill_switch.rejects_max=3", "kill_switch.rejects_within_s=3",
    'kill_switch.on_rejects="reduce"', 'kill_switch.on_unreconciled="pause"',
    "supervision.max_restarts=3", "supervision.within_s=3", "supervision.core_max_restarts=5",
    "supervision.core_within_s=3600", "supervision.shutdown_s=3", "strategy.one.capital=0.2",
    'strategy.one.bar="1h"', 'journal.durability="os"',
)  # fmt: skip


def resolved(*says: str) -> Resolved:
    return resolve([layers.from_settings([*SAYS, *says])], "sim")


SPREAD = (
    'mode="sim"', 'account="DU1234567"', 'universe.symbols=["AAPL", "KO", "PEP"]',
    'strategy.two.class="robotrader.strategies.pairs:Pairs"',
    'strategy.two.symbols=["PEP", "KO"]', "strategy.two.spread=true",
)  # fmt: skip
TRADED = [
    Instrument(con_id=number, symbol=symbol)
    for number, symbol in enumerate(("AAPL", "KO", "PEP"), 1)
]


def test_a_spread_has_its_symbols_in_their_order_and_is_told_to_no_symbol_alone(
    tmp_path: Path,
) -> None:
    made = resolve([layers.from_settings(SPREAD)], "sim").config
    trader = trader_of(made, "hash", TRADED, data_dir=tmp_path, now_ns=time.time_ns, build="b")
    ((name, (legs, make)),) = trader.spreads.items()
    assert (name, [each.symbol for each in legs]) == ("two/PEP-KO", ["PEP", "KO"])
    assert not any(trader.strategies.values())
    assert make().warmup_bars == 60
    (driven,) = hosts_of(made, {each.con_id: each for each in TRADED})
    assert [each.symbol for each in driven.instruments] == ["PEP", "KO"]
    assert hosts_of(made, {1: TRADED[0]}) == [], "a leg is not there"


@pytest.mark.parametrize(
    ("says", "said"),
    [
        (("strategy.two.spread=false",), "it is a spread: set `spread = true`"),
        (('strategy.two.class="robotrader.strategies.sma_cross:SmaCross"',),
         "it is no spread: set `spread = false`"),
        (('strategy.two.symbols=["KO"]',), "a spread has two instruments or more"),
        (("strategy.two.params.fats=1",), "Pairs has no parameter 'fats'"),
    ],
)  # fmt: skip
def test_a_section_that_is_no_spread_is_named(says: tuple[str, ...], said: str) -> None:
    made = resolve([layers.from_settings([*SPREAD, *says])], "sim").config
    with pytest.raises(StrategyError, match=said):
        hosts_of(made, {each.con_id: each for each in TRADED})


def facts(made: Resolved, folder: Path) -> dict[str, Any]:
    """Everything that a configuration leads to and that can be compared."""
    instrument = Instrument(con_id=265598, symbol="AAPL")
    trader = trader_of(
        made.config, "hash", [instrument], data_dir=folder, now_ns=time.time_ns, build="b"
    )
    children, flags = make_tree(trader)
    evening_ns = 1_800_057_500 * 10**9 - 1_800_057_500 * 10**9 % (86_400 * 10**9)
    evening_ns += (23 * 3600 + 45 * 60 - 80) * 10**9
    return {
        "limits": trader.limits,
        "trips": trader.trips,
        "settings": trader.settings,
        "lines": trader.lines,
        "program": None if trader.program is None else trader.program.command,
        "quiet": trader.restart_at_ns(evening_ns),
        "durable": trader.durable,
        "flags": [flags, *(arg for child in children for arg in child.args
                           if isinstance(arg, SupervisorFlags))],
        "roles": sum(len(child.args[0]) for child in children if child.type == "supervisor"),
        "processes": run.children_of(made, folder),
    }  # fmt: skip


@pytest.mark.parametrize("says", OTHERS)
def test_f83_another_value_makes_another_trader(says: str, tmp_path: Path) -> None:
    assert facts(resolved(says), tmp_path) != facts(resolved(), tmp_path)


def test_every_supervisor_above_the_symbols_has_the_configured_budget(tmp_path: Path) -> None:
    found = facts(resolved("supervision.max_restarts=7", "supervision.within_s=9"), tmp_path)
    assert len(found["flags"]) == 4
    assert {(each.intensity, each.period_s) for each in found["flags"]} == {(7, 9.0)}


def test_more_symbols_than_lines_are_refused_by_name() -> None:
    with pytest.raises(BrokenRuleError, match=r"1 symbols need 2 lines.*market_data_lines = 1"):
        resolved("ib.pacing.market_data_lines=1")


def test_a_gateway_command_is_used_in_mode_sim_too(tmp_path: Path) -> None:
    own = resolved('ib.gateway_command=["ibc"]')
    assert [each["name"] for each in run.children_of(own, tmp_path)] == ["core"]
    gateway, core = run.children_of(resolved(), tmp_path)
    assert (gateway["name"], core["name"]) == ("gateway", "core")
