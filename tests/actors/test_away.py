"""Who is away or gets no answer: what is not known counts as tripped, and nobody shouts or spins.

The product's whole tree in virtual time; the kill switch is held up by a fault point.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rich.console import Console

from actors.build import Build
from actors.metrics import Meters
from actors.risk_facts import SWITCH_NS
from actors.tables import Known, status_of
from robotrader.app.operate_cli import unhealthy
from robotrader.app.tables import SWITCH_UNKNOWN, shown
from robotrader.risk import Trigger
from supervision import Registry
from supervision.faults import Fault, FaultPoints
from supervision.testing import ProbeActor
from tests.actors.floor import ACCOUNT
from tests.actors.test_unwritten import Day

AWAY_S = 6.0
_S = 1_000_000_000


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    made = Day(tmp_path)
    yield made
    made.it.close()


def missing(day: Day) -> Any:
    return day.it.actor("risk")._how().missing


def bought(day: Day) -> int:
    """Shares after a bar with which a strategy wants to buy."""
    day.it.scripts["a1"].append(("buy", 20, 0.05))
    day.it.to_bar(1.1)
    return int(day.it.floor.position(1))


def test_f65_a_switch_that_says_nothing_is_not_known_and_entries_wait_for_its_word(
    day: Day,
) -> None:
    """It says four times a second how it is; a word of two seconds ago is none."""
    assert "switch" not in missing(day)
    day.it.to_bar(1.1)
    hold = Fault("receive", "delay", actor="KillSwitch", times=1, delay_s=AWAY_S)
    FaultPoints(day.it.system, [hold], Random(1)).arm()
    day.it.run(SWITCH_NS / _S - 0.1)
    assert "switch" not in missing(day)
    day.it.run(0.5)
    assert "switch" in missing(day)
    assert bought(day) == 0, day.it.actor("risk").gate.refusals
    assert day.it.actor("risk").gate.refusals["switch"] == 1
    day.it.run(AWAY_S)
    assert "switch" not in missing(day)
    assert bought(day) == 20


def test_a_status_without_the_switchs_word_says_so_and_is_not_healthy() -> None:
    known = Known(
        mode="paper", profile="p", account="DU1", config_hash="h", version="1", pid=1,
        started_ns=0, symbols={},
    )  # fmt: skip
    status = status_of(known, None, None, None, rows=(), restarts=0, fresh=0)
    page = io.StringIO()
    Console(file=page, width=300).print(shown(status))
    assert status.switches is None
    (line,) = (each for each in page.getvalue().splitlines() if "kill switch" in each)
    assert SWITCH_UNKNOWN in line
    assert "off" not in line
    assert any("kill switch" in each for each in unhealthy(status))


def test_a_scrape_without_the_switchs_word_has_no_level_and_says_that_it_is_not_known(
    day: Day,
) -> None:
    samples = {each.name: each.value for each in Meters(Registry(), ("", "", ""), 0).look()}
    assert samples["kill_switch_known"] == 0
    assert "kill_switch_level" not in samples


def test_another_build_that_cannot_be_written_down_is_said_less_and_less_often(day: Day) -> None:
    role, installed, heard = day.it.trader.role, ["b"], ProbeActor()
    day.full()
    day.it.system.start(
        Build(
            account=ACCOUNT, running="a", installed=lambda: installed[0],
            journal=role("journal"), alerts=day.it.system.start(heard),
            switch=role("kill-switch"), now_ns=day.it.now_ns,
        )
    )  # fmt: skip
    day.it.run(70)
    assert len(heard.received) == 7, "after 1, 2, 4, 8, 16, 32 and 64 seconds"
    day.room()
    day.it.run(3)
    assert day.switch.find(f"account:{ACCOUNT}", Trigger.BUILD) is not None
    installed[0] = "a"
    day.it.run(10)
    assert day.switch.find(f"account:{ACCOUNT}", Trigger.BUILD) is None
    installed[0] = "b"
    day.it.run(10)
    assert len(heard.received) == 8, "news is said at once"


def test_an_order_manager_that_restarts_on_a_full_disk_waits_for_room(
    day: Day, caplog: pytest.LogCaptureFixture
) -> None:
    """It used up its supervisor's restarts in half a second, and the process ended with it."""
    caplog.set_level(logging.CRITICAL)
    day.full()
    assert day.it.kill("orders")
    day.it.run(1)
    second = day.it.actor("orders").incarnation
    day.it.run(60)
    orders = day.it.actor("orders")
    assert orders.incarnation == second, "it has not been started a third time"
    assert not orders.manager.ready
    said = [each for each in caplog.messages if "no session can begin" in each]
    assert len(said) == 1, "and once more only if it is another reason"
    assert bought(day) == 0
    day.room()
    day.it.run(31)
    assert day.it.actor("orders").manager.ready
    assert day.it.actor("orders").incarnation == second
    assert bought(day) == 20
