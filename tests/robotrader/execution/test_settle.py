"""What a new gate is told: all that was approved before is recorded, declined, or still waits."""

from __future__ import annotations

from robotrader.execution.effects import Settled, Told
from tests.robotrader.execution.world import SECOND, World


def test_a_gate_is_answered_behind_the_commit_of_what_an_earlier_one_approved() -> None:
    world = World()
    world.run(10 * SECOND)
    assert world.manager.ready
    world.hold_commits = True
    world.submit(100)
    (commit,) = world.held_commits
    assert world.manager.settle(7, world.now_ns) == [], "the journal has not answered yet"
    effects = world.manager.committed(commit.token, world.now_ns)
    assert effects[-1] == Settled(7, ())
    assert any(isinstance(each, Told) for each in effects[:-1])


def test_a_gate_is_answered_at_once_when_nothing_is_on_its_way() -> None:
    world = World()
    world.run(10 * SECOND)
    assert world.manager.settle(8, world.now_ns) == [Settled(8, ())]
