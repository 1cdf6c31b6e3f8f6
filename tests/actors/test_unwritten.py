"""What a full disk has not taken of the kill switch is in force, and is written once there is room.

The product's whole tree in virtual time, on the disk in memory whose room the test decides.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from rich.console import Console

from actors.messages import AskLatched
from actors.tables import Known, status_of
from actors.unwritten import ANSWER_NS, Unwritten
from robotrader.app.operate_cli import unhealthy
from robotrader.app.tables import shown
from robotrader.domain.records import SwitchCleared, SwitchTripped
from robotrader.risk import ALL, Level, Limits, Ratio, Switch, Trigger
from tests.actors.floor import CONTRACTS
from tests.actors.trading_day import TradingDay

ROOM = 1 << 40
LOSS = Decimal("0.001")
LATER_S = 3.0
"""A look, a second after the last refusal, and a commit."""


class Day:
    """A trading day, the room on its disk, and what its journal says of the switch."""

    def __init__(self, folder: Path, seed: int = 1, **limits: Any) -> None:
        allowed = frozenset(each.symbol for each in CONTRACTS.values())
        made = Limits(allowed_symbols=allowed, duplicate_window_ms=0, **limits)
        self.it = TradingDay(folder, seed, made, left_s=600, delay_s=0.02)
        self.it.run(7)

    def full(self) -> None:
        self.room(self.it.disk.used_bytes)

    def room(self, capacity_bytes: int = ROOM) -> None:
        disk = self.it.disk
        disk.faults = msgspec.structs.replace(disk.faults, capacity_bytes=capacity_bytes)

    @property
    def switch(self) -> Switch:
        found = self.it.actor("kill-switch").switch
        assert isinstance(found, Switch)
        return found

    def kept(self) -> list[SwitchTripped | SwitchCleared]:
        rows = self.it.actor("journal")._recent
        return [row[3] for row in rows if isinstance(row[3], SwitchTripped | SwitchCleared)]

    def unwritten(self) -> int:
        return len(self.it.actor("kill-switch").on_receive(AskLatched()).unwritten)

    def fall(self) -> None:
        """Lose more in a day than is allowed, and have it back: the reason does not last."""
        prices = self.it.floor.prices
        prices[1] = 194.0
        self.it.run(2)
        prices[1] = 200.0
        self.it.run(2)

    def shown(self) -> str:
        """What ``robotrader status`` prints, and what is wrong with the system."""
        latched = self.it.actor("kill-switch").on_receive(AskLatched())
        known = Known(
            mode="paper", profile="p", account="DU1", config_hash="h", version="1", pid=1,
            started_ns=0, symbols={},
        )  # fmt: skip
        status = status_of(known, None, None, latched, rows=(), restarts=0, fresh=0)
        page = io.StringIO()
        Console(file=page, width=300).print(shown(status))
        return page.getvalue() + "; ".join(unhealthy(status))

    def replayed(self) -> Switch:
        """The switch that a new process finds."""
        self.it.restart()
        self.it.run(5)
        return self.switch


@pytest.fixture
def day(tmp_path: Path) -> Iterator[Day]:
    made = Day(tmp_path, switch_daily_loss=Ratio(LOSS))
    made.it.scripts["a1"].append(("buy", 20, 0.05))
    made.it.to_bar(1.1)
    made.it.to_bar(1.1)
    assert made.it.floor.position(1) == 20
    yield made
    made.it.close()


def test_what_trips_by_itself_on_a_full_disk_is_written_once_there_is_room(day: Day) -> None:
    day.full()
    day.fall()
    assert day.switch.find(ALL, Trigger.DAILY_LOSS) is not None, "in force at once"
    assert day.kept() == []
    assert "NOT DURABLE" in day.shown()
    assert "is in force but not durable" in day.shown()
    day.room()
    day.it.run(LATER_S)
    assert [each.trigger for each in day.kept() if isinstance(each, SwitchTripped)] == [
        Trigger.DAILY_LOSS
    ], "once"
    assert "durable" not in day.shown().lower()
    assert day.replayed().level() is Level.REDUCE


@pytest.mark.parametrize("role", ["kill-switch", "journal"])
def test_who_dies_before_it_was_written_does_not_take_the_trip_along(day: Day, role: str) -> None:
    """While the disk is full nobody begins anew: no session can begin. So there is room again."""
    day.full()
    day.fall()
    day.room()
    assert day.unwritten() == 1
    assert day.it.kill(role)
    day.it.run(LATER_S)
    assert day.switch.find(ALL, Trigger.DAILY_LOSS) is not None
    assert day.replayed().find(ALL, Trigger.DAILY_LOSS) is not None


def test_a_persons_trip_is_written_later_too_and_a_clear_that_was_refused_clears_nothing(
    day: Day,
) -> None:
    day.full()
    assert not day.it.trip(Level.CANCEL, "symbol:AAPL"), "not acknowledged"
    assert day.switch.level(symbol="AAPL") is Level.CANCEL, "and in force"
    day.it.clear("symbol:AAPL")
    assert day.switch.level(symbol="AAPL") is Level.CANCEL
    day.room()
    day.it.run(LATER_S)
    assert day.replayed().level(symbol="AAPL") is Level.CANCEL
    day.it.clear("symbol:AAPL")
    assert day.switch.level(symbol="AAPL") is Level.OFF
    assert day.replayed().level(symbol="AAPL") is Level.OFF


def test_a_connection_that_is_back_clears_itself_once_the_disk_takes_it(day: Day) -> None:
    day.it.break_line(60)
    day.it.run(40)
    assert day.switch.find(ALL, Trigger.CONNECTION) is not None
    day.full()
    day.it.run(40)
    assert day.switch.find(ALL, Trigger.CONNECTION) is not None, "a clear is in force when durable"
    day.room()
    day.it.run(LATER_S)
    assert day.switch.find(ALL, Trigger.CONNECTION) is None
    assert day.replayed().level() is Level.OFF


def test_a_person_is_told_once_that_it_is_not_durable(
    day: Day, caplog: pytest.LogCaptureFixture
) -> None:
    day.full()
    day.fall()
    day.it.run(20)
    said = [each for each in caplog.messages if "is in force but not durable" in each]
    assert len(said) == 1, caplog.messages


@given(st.lists(st.tuples(st.sampled_from(["sent", "refused", "written"]), st.integers(0, 20))))
def test_a_trip_is_written_again_within_a_bounded_time_whatever_was_answered(
    answers: list[tuple[str, int]],
) -> None:
    record = SwitchTripped(level="pause", scope="all", trigger="person", why="w", wall_ns=1)
    (trip,) = Switch().after(record).trips
    unwritten, now_ns = Unwritten(), 0
    for answer, seconds in answers:
        now_ns += seconds * 1_000_000_000
        if answer == "written":
            unwritten.written(record)
        else:
            getattr(unwritten, answer)((record,), now_ns)
    assert unwritten.due((trip,), now_ns + ANSWER_NS) == (record,)


class AnyDisk(RuleBasedStateMachine):
    """Room or none, people and triggers, deaths: what was in force stays so until it is cleared."""

    undurable: ClassVar[list[int]] = []
    """How many trips were not durable after each that a person or a file has made."""

    @initialize(seed=st.integers(0, 2**16))
    def begin(self, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.day = Day(Path(self.folder.name), seed)
        self.standing: dict[str, Level] = {}
        """The least that has to be in force."""

    @rule()
    def the_disk_fills_up(self) -> None:
        self.day.full()

    @rule()
    def there_is_room(self) -> None:
        self.day.room()

    @rule(seconds=st.sampled_from([0.05, 0.5, 2.0]))
    def time_passes(self, seconds: float) -> None:
        self.day.it.run(seconds)

    @rule(level=st.sampled_from(list(Level)[1:]), scope=st.sampled_from(["all", "symbol:KO"]))
    def a_person_trips(self, level: Level, scope: str) -> None:
        """Acknowledged or not, it is in force: the switch says so when it refuses."""
        self.day.it.trip(level, scope)
        self.stands(scope, level)

    @rule(level=st.sampled_from(["pause", "cancel"]))
    def a_file_trips(self, level: str) -> None:
        flag = self.day.it.folder / "KILL"
        flag.write_text(level)
        self.day.it.run(1)
        flag.unlink()
        self.stands("all", Level[level.upper()])

    def stands(self, scope: str, level: Level) -> None:
        self.undurable.append(self.day.unwritten())
        if any(trip.scope == scope and trip.level >= level for trip in self.day.switch.trips):
            self.standing[scope] = max(level, self.standing.get(scope, level))

    @rule(scope=st.sampled_from(["all", "symbol:KO"]))
    def a_person_clears(self, scope: str) -> None:
        self.day.it.clear(scope)
        if all(trip.scope != scope for trip in self.day.switch.trips):
            self.standing.pop(scope, None)

    @rule(role=st.sampled_from(["kill-switch", "journal", "orders"]))
    def somebody_dies(self, role: str) -> None:
        """With room: on a full disk no session can begin, and all that restarts ends."""
        self.day.room()
        self.day.it.kill(role)
        self.day.it.run(2)

    def teardown(self) -> None:
        """With room everything in force is durable, and a new process finds just that."""
        if not hasattr(self, "day"):
            return
        try:
            self.day.room()
            self.day.it.run(LATER_S + ANSWER_NS / 1e9)
            before = self.day.switch
            for scope, level in self.standing.items():
                assert any(t.scope == scope and t.level >= level for t in before.trips), before
            assert self.day.unwritten() == 0
            assert Switch.fold(self.day.kept()) == before
            assert self.day.replayed() == before
        finally:
            self.day.it.close()
            self.folder.cleanup()


def test_whatever_the_disk_takes_the_switch_forgets_nothing() -> None:
    AnyDisk.undurable.clear()
    run_state_machine_as_test(
        AnyDisk,
        settings=settings(
            max_examples=25, stateful_step_count=12, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert any(AnyDisk.undurable), "no trip met a full disk"
