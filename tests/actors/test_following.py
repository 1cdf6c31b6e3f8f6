"""Who waits for the journal's past does not wait for a journal that died (found by limits_hold)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.actors.desk import Desk

SOON_S = 2.0
"""A start may take a minute, where the journal is long: nobody waits so long for a dead one."""


@pytest.mark.parametrize("role", ["kill-switch", "account", "orders", "risk"])
def test_a_journal_that_dies_while_somebody_reads_it_is_back_at_once(
    tmp_path: Path, role: str
) -> None:
    desk = Desk(tmp_path, 1)
    desk.run(7)
    assert desk.kill(role)
    before = desk.trader.registry.ref("journal").resolve().number
    desk.system.run(lambda: desk.trader.registry.whereis(role) is not None, limit_s=SOON_S)
    assert desk.kill("journal")
    desk.run(SOON_S)
    assert desk.trader.registry.ref("journal").resolve().number != before
    assert desk.actor("orders").manager.ready
    assert desk.disagreements() == []
    desk.close()
