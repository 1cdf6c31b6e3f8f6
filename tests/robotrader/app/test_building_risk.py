"""Keys of risk and size reach what judges and what sizes: each changes it (F81, F83)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors import Trader
from robotrader.app.building import trader_of
from robotrader.config import Resolved, layers, resolve
from robotrader.domain import Funds
from tests.robotrader.strategies.kit import AAPL, START, bars

SECTION = [
    'mode="sim"',
    'account="DU1234567"',
    'universe.symbols=["AAPL", "KO"]',
    'strategy.cross.class="robotrader.strategies.sma_cross:SmaCross"',
    'strategy.cross.symbols=["AAPL", "KO"]',
    "strategy.cross.capital=0.5",
    "strategy.cross.params={fast=1, slow=2, qty=0}",
]
SIZE = "strategy.cross.size."


def resolved(*says: str) -> Resolved:
    return resolve([layers.from_settings([*SECTION, *says])], "sim")


def trader(*says: str) -> Trader:
    config = resolved(*says).config
    return trader_of(
        config, "", [AAPL], data_dir=Path("unused"), now_ns=lambda: START, build="test"
    )


def test_limits_on_what_moves_together_are_off_until_they_are_set() -> None:
    limits = trader().limits
    assert (limits.max_pair_correlation, limits.max_cluster_weight) == (None, None)
    assert not limits.looks_together


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("max_pair_correlation", "max_pair_correlation"),
        ("max_cluster_weight", "max_cluster_weight"),
        ("cluster_correlation", "cluster_correlation"),
    ],
)
def test_a_key_of_what_moves_together_is_the_gates_limit(key: str, name: str) -> None:
    limits = trader(f"risk.{key}=0.65").limits
    assert getattr(limits, name) == Decimal("0.65")


def test_the_days_that_a_correlation_needs_are_the_historys() -> None:
    assert trader().history.least_days == 60
    assert trader("risk.correlation_days=90").history.least_days == 90


def qty(*says: str, trades: tuple[float, ...] = (0.1, -0.05) * 10, fall: float = 0.05) -> Any:
    """What the averages buy at 104 with 100,000 in the account; half of it is for two symbols."""
    (make,) = trader(*says).strategies[AAPL.con_id].values()
    host = make()
    host.funds = lambda: Funds(equity=Decimal(100_000), drawdown=fall, trades=trades)
    host.start(START)
    calm = [100.0 + n % 7 / 10 for n in range(120)]
    for bar in bars([*calm, 102.0, 99.0]):
        host.bar(bar, live=False)
    made = [i for bar in bars([104.0], len(calm) + 2) for i in host.bar(bar).intents]
    return made[0].qty if made else Decimal(0)


@pytest.mark.parametrize(
    ("kind", "key", "one", "other"),
    [
        ("fixed", "fraction", "0.5", "0.25"),
        ("volatility", "target_volatility", "0.1", "0.2"),
        ("volatility", "period", "5", "20"),
        ("atr", "risk", "0.01", "0.02"),
        ("atr", "atr_multiple", "2", "3"),
        ("atr", "period", "5", "20"),
        ("kelly", "first_fraction", "0.02", "0.04"),
        ("kelly", "drawdown_zero", "0.2", "0.1"),
        ("kelly", "min_trades", "30", "20"),
    ],
)
def test_f83_every_key_of_a_size_changes_it(kind: str, key: str, one: str, other: str) -> None:
    sizes = {qty(f'{SIZE}kind="{kind}"', f"{SIZE}{key}={value}") for value in (one, other)}
    assert len(sizes) == 2
    assert min(sizes) > 0


@pytest.mark.parametrize(
    ("key", "one", "other"),
    [("kelly_part", "0.1", "0.2"), ("kelly_cap", "0.2", "0.1"), ("lookback", "100", "20")],
)
def test_f83_every_key_of_kelly_changes_its_size_once_it_is_believed(
    key: str, one: str, other: str
) -> None:
    trades = (0.1, -0.09) * 40 + (0.1, -0.05) * 10
    kelly = [f'{SIZE}kind="kelly"', f"{SIZE}min_trades=20"]
    if key == "lookback":
        kelly.append(f"{SIZE}kelly_part=0.1")  # below the cap
    sizes = {qty(*kelly, f"{SIZE}{key}={value}", trades=trades) for value in (one, other)}
    assert len(sizes) == 2


def test_a_size_is_of_the_strategys_capital_and_of_one_symbol() -> None:
    assert qty(f'{SIZE}kind="fixed"', "strategy.cross.capital=0.5") == 240
    assert qty(f'{SIZE}kind="fixed"', "strategy.cross.capital=0.25") == 120
