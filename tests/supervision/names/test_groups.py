"""Process groups: conformance cases 193 to 197."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from supervision import ActorSystem, Simulation
from supervision.groups import Groups, Joined, Left
from supervision.testing import actor_of
from tests.supervision.actors.kit import Echo, Watcher


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(2)
    yield made
    made.close()


def test_otp_193_an_actor_may_join_twice_and_must_leave_twice(sim: Simulation) -> None:
    groups, ref = Groups(), sim.start(Echo())
    groups.join("g", ref)
    groups.join("g", ref)
    assert groups.members("g") == [ref, ref]
    assert groups.leave("g", ref) == "ok"
    assert groups.members("g") == [ref]
    assert groups.leave("g", ref) == "ok"
    assert groups.leave("g", ref) == "not_joined"
    assert groups.leave("never heard of", ref) == "not_joined"
    assert groups.groups() == []


def test_otp_194_an_end_removes_all_memberships_and_empty_groups_disappear(
    sim: Simulation,
) -> None:
    groups, ref, other = Groups(), sim.start(Echo()), sim.start(Echo())
    for name in ("a", "a", "b"):
        groups.join(name, ref)
    groups.join("b", other)
    ref.kill()
    assert groups.groups() == ["b"]
    assert groups.members("b") == [other]
    groups.join("a", ref)
    assert groups.members("a") == [], "a dead actor joins nothing"


def test_otp_195_a_monitor_gets_the_members_and_then_every_change_in_order(
    sim: Simulation,
) -> None:
    groups, watcher = Groups(), sim.start(Watcher())
    first, second = sim.start(Echo()), sim.start(Echo())
    groups.join("g", first)
    assert groups.monitor("g", watcher) == [first]
    groups.join("g", second)
    groups.join("other group", second)
    groups.leave("g", first)
    second.kill()
    sim.run()
    changes = [Joined("g", second), Left("g", first), Left("g", second)]
    assert actor_of(watcher).seen == changes
    groups.demonitor("g", watcher)
    groups.join("g", first)
    sim.run()
    assert actor_of(watcher).seen == changes


def test_otp_195_the_snapshot_and_the_stream_fit_while_others_join() -> None:
    """1,000 joins race with a monitor: snapshot and stream together have each exactly once."""
    system, groups = ActorSystem("groups"), Groups()
    refs = [system.start(Echo()) for _ in range(1_000)]
    watcher = system.start(Watcher())
    begun = threading.Event()

    def join_all() -> None:
        for ref in refs:
            groups.join("g", ref)
            begun.set()

    joining = threading.Thread(target=join_all)
    joining.start()
    begun.wait()
    snapshot = groups.monitor("g", watcher)
    joining.join()
    watcher.ask("flush")
    streamed = [one.ref for one in actor_of(watcher).seen if isinstance(one, Joined)]
    system.close()
    assert snapshot + streamed == refs


def test_otp_196_leaving_while_dying_does_not_corrupt_a_group() -> None:
    system, groups = ActorSystem("groups"), Groups()
    for _ in range(100):
        ref = system.start(Echo())
        groups.join("g", ref)
        groups.join("g", ref)
        racing = threading.Thread(target=groups.leave, args=("g", ref))
        racing.start()
        ref.kill()
        racing.join()
        assert groups.members("g") == []
        assert groups.groups() == []
    assert groups._joined == {}, "nothing is kept of the dead"
    system.close()


def test_otp_197_ten_thousand_groups_do_not_delay_a_join(sim: Simulation) -> None:
    groups, ref = Groups(), sim.start(Echo())
    watcher = sim.start(Watcher())
    for number in range(10_000):
        groups.join(number, ref)
    queued: list[Any] = [groups.monitor(number, watcher) for number in range(2_000)]
    begun = time.monotonic()
    groups.join("one more", ref)
    assert time.monotonic() - begun < 5
    assert len(groups.groups()) == 10_001
    assert queued == [[ref]] * 2_000
    ref.kill()
    assert groups.groups() == []
