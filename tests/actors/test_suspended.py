"""A strategy that always fails is suspended, durably, and takes nobody with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors.messages import GoOn
from robotrader.domain import Bar
from robotrader.domain.records import SuspensionChanged
from robotrader.journal import MemoryDisk, MemoryStore
from robotrader.strategies import Context, Params, State, Strategy, StrategyHost
from tests.actors.desk import CONTRACTS, Desk, Flips

AAPL, KO = CONTRACTS.values()
OTHERS = 19


class Fails(Strategy[Params, State]):
    """Raises at every event of a kind."""

    def __init__(self, where: str) -> None:
        super().__init__(Params())
        self._where = where

    def on_start(self, ctx: Context) -> None:
        """Raise, if it is this one's way."""
        del ctx
        if self._where == "start":
            raise ZeroDivisionError(self._where)

    def on_bar(self, ctx: Context, bar: Bar) -> None:
        """Raise, or wake up soon to raise then."""
        del bar
        if self._where == "bar":
            raise ZeroDivisionError(self._where)
        ctx.timer("soon", 0.1)

    def on_timer(self, ctx: Context, name: str) -> None:
        """Raise."""
        del ctx, name
        raise ZeroDivisionError(self._where)


def hosts(where: str) -> dict[int, dict[str, Any]]:
    """One that fails and nineteen that trade, on two contracts."""

    def flips(name: str, con_id: int) -> Any:
        return lambda: StrategyHost(Flips(Params()), name=name, instrument=CONTRACTS[con_id])

    made: dict[int, dict[str, Any]] = {
        AAPL.con_id: {
            "bad": lambda: StrategyHost(Fails(where), name="bad", instrument=AAPL),
        },
        KO.con_id: {},
    }
    for n in range(OTHERS):
        con_id = (AAPL, KO)[n % 2].con_id
        made[con_id][f"good{n}"] = flips(f"good{n}", con_id)
    return made


def suspensions(desk: Desk) -> list[SuspensionChanged]:
    return [each for each in desk.records() if isinstance(each, SuspensionChanged)]


@pytest.mark.parametrize("where", ["start", "bar", "timer"])
def test_one_of_twenty_that_always_crashes_is_suspended_and_the_others_trade_on(
    tmp_path: Path, where: str
) -> None:
    desk = Desk(tmp_path, 3, strategies=hosts(where), restarts=5)
    desk.run(10)
    symbols = [desk.trader.registry.whereis(("symbol", each)) for each in CONTRACTS]
    desk.run(150)
    (record,) = suspensions(desk)
    assert (record.strategy, record.suspended) == ("bad", True)
    assert "ZeroDivisionError" in record.why
    assert [desk.trader.registry.whereis(("symbol", each)) for each in CONTRACTS] == symbols
    (bad,) = (each for each in desk.strategies() if each.name == "bad")
    assert "12 times it crashed" in bad._suspended
    before = len(desk.broker.executions)
    desk.run(20)
    assert len(desk.broker.executions) > before
    desk.close()


def test_a_suspension_outlives_the_process_and_a_person_ends_it(tmp_path: Path) -> None:
    disk = MemoryDisk(1)
    made = {"strategies": hosts("bar"), "open_store": lambda: MemoryStore(disk)}
    desk = Desk(tmp_path, 4, **made)
    desk.run(120)
    assert len(suspensions(desk)) == 1
    desk.close()
    desk = Desk(tmp_path, 5, **made)
    desk.run(30)
    assert len(suspensions(desk)) == 1, "it was told nothing, so it did not fail"
    (bad,) = (each for each in desk.strategies() if each.name == "bad")
    bad.actor_ref.tell(GoOn("a person", "mended"))
    desk.run(0.1)
    bad.actor_ref.kill()
    desk.run(1)
    (bad,) = (each for each in desk.strategies() if each.name == "bad")
    assert [each.suspended for each in suspensions(desk)] == [True, False]
    assert not bad._suspended
    assert not bad.host._broken, "what it missed it is not told to act on"
    desk.close()
