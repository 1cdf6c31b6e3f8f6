"""What takes long: many kills and hangs, every shipped scenario, a soak under chaos."""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.cycles import of_ledger, summary
from robotrader.app.chaos_cli import shipped
from tests.chaos.cycles import run_slice
from tests.chaos.kit import BUSY, Broken, breakable, scenario

pytestmark = pytest.mark.deep

_log = logging.getLogger(__name__)
SOAK_S = float(os.environ.get("ROBOTRADER_SOAK_S", "1200"))
"""Issue 6: at least 20 minutes."""


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["kill", "hang"])
def test_a_slice_of_kills_and_hangs_loses_and_doubles_nothing(tmp_path: Path, kind: str) -> None:
    """The whole thousand: ``python -m tests.chaos.cycles``, which adds slices up."""
    ledger = tmp_path / "cycles.jsonl"
    run_slice([kind] * 10, seed=1, ledger=ledger)
    made = of_ledger(ledger)
    _log.info("%s", summary(made))
    assert len(made) == 10
    assert [each.wrong for each in made if each.wrong] == []
    assert max(each.trading_s for each in made) < 20 * BUSY


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_scenario_holds(tmp_path: Path, name: str) -> None:
    with breakable(tmp_path) as one:
        one.ready()
        one.trades_on()
        report, said = one.chaos(name)
        assert report.holds, ([line for line in report.lines if line.holds is False], said)


class Footprint(NamedTuple):
    """What the core takes after a round. Of memory, what is its own: pages of the journal's file
    are the system's, and grow with the journal."""

    anonymous_mib: float
    descriptors: int
    threads: int
    orders: int


def footprint(pid: int, orders: int) -> Footprint:
    process = Path(f"/proc/{pid}")
    (kib,) = re.findall(r"RssAnon:\s+(\d+) kB", (process / "status").read_text())
    open_ = len(list((process / "fd").iterdir()))
    threads = len(list((process / "task").iterdir()))
    return Footprint(int(kib) / 1024, open_, threads, orders)


SOAK = """title = "soak"
[hypothesis]
ready_within_s = 60
core_restarts_max = 0
[[fault]]
at_s = 1
do = "link"
toxic = "down"
for_s = 1
[[fault]]
at_s = 40
do = "kill-actor"
path = "/desk/orders"
[[fault]]
at_s = 48
do = "poison"
path = "/desk/account"
"""
"""A link that flaps is tried again after growing waits: it has forty seconds before the next."""


ORDER_MIB = 128 / 1024
"""What an order may cost: 20 KiB of it are kept for fifteen days, its intent, fills and records.
The rest seems to be what the allocator keeps after a connection, at which the broker says all
orders and executions of the day again; 100 KiB in all were measured."""


def soaked(one: Broken, text: str, for_s: float) -> list[Footprint]:
    """Break it again and again for so long; return the core's footprint after each time."""
    found, end = [], time.monotonic() + for_s
    while time.monotonic() < end:
        report, said = one.chaos(text)
        assert report.holds, ([line for line in report.lines if line.holds is False], said)
        found.append(footprint(one.ready().pid, len(one.venue.refs())))
        _log.info("%s", found[-1])
    return found


@pytest.mark.timeout(7200)
def test_a_soak_under_chaos_leaves_memory_descriptors_and_threads_flat(tmp_path: Path) -> None:
    """Of the second half: what histories keep is filled by then. Only orders may add to it."""
    with breakable(tmp_path, "sim.speed=10") as one:
        one.ready()
        found = soaked(one, scenario(tmp_path, SOAK, "soak"), SOAK_S)
    half = found[len(found) // 2 :]
    assert len(half) >= 2
    first, last = half[0], half[-1]
    assert last.orders > first.orders, found
    kept_mib = (last.orders - first.orders) * ORDER_MIB
    assert last.anonymous_mib - first.anonymous_mib <= 5 + kept_mib, found
    assert last.descriptors - first.descriptors <= 5, found
    assert last.threads - first.threads <= 5, found
