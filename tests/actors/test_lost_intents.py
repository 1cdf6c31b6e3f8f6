"""Strategy, gate and order manager agree again within seconds, whoever died with an intent."""

from __future__ import annotations

from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.actors.desk import CONTRACTS, Desk, intended

SECONDS = 12
"""After the last death: two bars, of which one comes while everybody lives."""

ROLES = ("risk", "orders", "journal", "account", "kill-switch", ("symbol", 1))


def test_without_a_death_every_second_bar_is_a_purchase(tmp_path: Path) -> None:
    desk = Desk(tmp_path, 1)
    desk.run(60)
    assert len(desk.broker.orders) >= 2 * 8
    assert desk.disagreements() == []
    desk.close()
