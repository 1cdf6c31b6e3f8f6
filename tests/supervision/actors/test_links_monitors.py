"""Links, monitors and trapped exits: conformance cases 170 to 181, in a simulation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from supervision import (
    KILLED,
    NOPROC,
    NORMAL,
    SHUTDOWN,
    ActorRef,
    ActorSystem,
    Crash,
    Directive,
    Down,
    Exit,
    Hung,
    Resilient,
    Simulation,
    ending,
)
from supervision.errors import DeathPact
from supervision.testing import actor_of
from tests.supervision.actors.kit import Echo, Watcher


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(7)
    yield made
    made.close()


def pair(sim: ActorSystem, *, trap: bool = False) -> tuple[ActorRef[Any], ActorRef[Any]]:
    """Two actors; the first links itself to the second."""
    left, right = sim.start(Watcher()), sim.start(Echo())
    actor_of(left).trap_exit = trap
    left.ask(lambda self: self.link(right))
    return left, right


def seen(ref: ActorRef[Any]) -> list[Any]:
    notices: list[Any] = actor_of(ref).seen
    return notices


def test_otp_170_a_linked_actor_dies_with_the_same_reason(sim: Simulation) -> None:
    left, right = pair(sim)
    right.tell(error := RuntimeError("crash"))
    sim.run()
    assert left.exit_reason == right.exit_reason == Crash(error)


def test_otp_170_a_linked_actor_that_traps_exits_gets_a_message(sim: Simulation) -> None:
    left, right = pair(sim, trap=True)
    right.tell(error := RuntimeError("crash"))
    sim.run()
    assert left.is_alive()
    assert seen(left) == [Exit(right, Crash(error))]


def test_otp_170_a_normal_exit_does_not_kill_a_linked_actor(sim: Simulation) -> None:
    left, right = pair(sim)
    right.tell(NORMAL)
    sim.run()
    assert right.exit_reason == NORMAL
    assert left.is_alive()


def test_otp_170_a_link_works_both_ways(sim: Simulation) -> None:
    left, right = pair(sim)
    left.stop_now(SHUTDOWN)
    sim.run()
    assert right.exit_reason == SHUTDOWN


def test_otp_171_kill_cannot_be_trapped_but_what_peers_see_of_it_can(sim: Simulation) -> None:
    left, right = pair(sim, trap=True)
    right.kill()
    sim.run()
    assert seen(left) == [Exit(right, KILLED)]
    left.kill()
    assert left.exit_reason == KILLED, "trap_exit does not help against kill"


def test_otp_172_linking_to_a_dead_actor_gives_noproc(sim: Simulation) -> None:
    right = sim.start(Echo())
    right.stop()
    trapping, plain = sim.start(Watcher()), sim.start(Watcher())
    actor_of(trapping).trap_exit = True
    trapping.ask(lambda self: self.link(right))
    plain.tell(lambda self: self.link(right))
    sim.run()
    assert seen(trapping) == [Exit(right, NOPROC)]
    assert plain.exit_reason == NOPROC


def test_otp_173_after_unlink_no_exit_message_of_that_link_is_handled(sim: Simulation) -> None:
    left, right = pair(sim, trap=True)

    def unlink_with_the_message_waiting(self: Watcher) -> None:
        right.kill()  # its exit message is queued behind this very message
        self.unlink(right)

    left.tell(unlink_with_the_message_waiting)
    sim.run()
    assert seen(left) == []
    assert left.is_alive()


def test_otp_174_every_monitor_gets_exactly_one_down(sim: Simulation) -> None:
    target = sim.start(Echo())
    watchers = [sim.start(Watcher()) for _ in range(3)]
    monitors = [watcher.ask(lambda self: self.monitor(target)) for watcher in watchers]
    twice = watchers[0].ask(lambda self: self.monitor(target))
    target.stop()
    sim.run()
    assert seen(watchers[0]) == [Down(monitors[0], target, NORMAL), Down(twice, target, NORMAL)]
    for watcher, monitor in zip(watchers[1:], monitors[1:], strict=True):
        assert seen(watcher) == [Down(monitor, target, NORMAL)]


def test_otp_174_watching_a_dead_actor_gives_down_noproc_at_once(sim: Simulation) -> None:
    target, watcher = sim.start(Echo()), sim.start(Watcher())
    target.stop()
    monitor = watcher.ask(lambda self: self.monitor(target))
    sim.run()
    assert seen(watcher) == [Down(monitor, target, NOPROC)]


@pytest.mark.parametrize("flush", [True, False])
def test_otp_175_demonitor_with_flush_takes_back_a_down_that_waits(
    sim: Simulation, *, flush: bool
) -> None:
    target, watcher = sim.start(Echo()), sim.start(Watcher())
    monitor = watcher.ask(lambda self: self.monitor(target))

    def demonitor(self: Watcher) -> None:
        target.kill()
        self.demonitor(target, monitor, flush=flush)

    watcher.tell(demonitor)
    sim.run()
    assert seen(watcher) == ([] if flush else [Down(monitor, target, KILLED)])


def test_otp_175_after_demonitor_nothing_comes(sim: Simulation) -> None:
    target, watcher = sim.start(Echo()), sim.start(Watcher())
    monitor = watcher.ask(lambda self: self.monitor(target))
    watcher.ask(lambda self: self.demonitor(target, monitor))
    target.stop()
    sim.run()
    assert seen(watcher) == []


def test_otp_176_a_restart_in_place_is_no_end_and_gives_no_down(sim: Simulation) -> None:
    """The same ref goes on with a new behaviour; only its stop is told."""

    class Fragile:
        def on_receive(self, message: Any) -> Any:
            if isinstance(message, Exception):
                raise message
            return message

    target = sim.start(Resilient(lambda _self: Fragile(), lambda _error: Directive.RESTART))
    watcher = sim.start(Watcher())
    monitor = watcher.ask(lambda self: self.monitor(target))
    target.tell(RuntimeError("restart me"))
    assert target.ask("the same ref") == "the same ref"
    sim.run()
    assert seen(watcher) == []
    target.stop()
    sim.run()
    assert seen(watcher) == [Down(monitor, target, NORMAL)]


def test_otp_177_down_comes_after_every_message_the_actor_sent_before_it_ended() -> None:
    """Under many interleavings: the watcher sees all numbers, then Down."""

    class Talker(Echo):
        def on_receive(self, message: Any) -> Any:
            for number in range(5):
                message.tell(number)
            raise RuntimeError

    for seed in range(50):
        sim = Simulation(seed)
        watcher, talker = sim.start(Watcher()), sim.start(Talker())
        watcher.ask(lambda self, talker=talker: self.monitor(talker))
        noise = sim.start(Echo())
        talker.tell(watcher)
        noise.tell("one more actor to interleave with")
        sim.run()
        *numbers, down = seen(watcher)
        assert numbers == list(range(5)), f"seed {seed}"
        assert isinstance(down, Down), f"seed {seed}"
        sim.close()


def test_otp_178_a_watcher_that_does_not_handle_down_fails_itself(sim: Simulation) -> None:
    class Careless(Watcher):
        def on_receive(self, message: Any) -> Any:
            if callable(message):
                return message(self)
            return super(Watcher, self).on_receive(message)

    target, watcher = sim.start(Echo()), sim.start(Careless())
    watcher.ask(lambda self: self.monitor(target))
    target.stop()
    sim.run()
    assert isinstance(watcher.exit_reason, Crash)
    assert isinstance(watcher.exit_reason.cause, DeathPact)


def test_otp_179_a_watch_with_a_message_delivers_that_message_once(sim: Simulation) -> None:
    target, watcher = sim.start(Echo()), sim.start(Watcher())
    watcher.ask(lambda self: self.monitor(target, message="it is gone"))
    target.stop()
    sim.run()
    assert seen(watcher) == ["it is gone"]


def test_otp_180_monitors_fire_when_a_hung_actor_is_fenced_and_only_once(sim: Simulation) -> None:
    target, watcher = sim.start(Echo()), sim.start(Watcher())
    watcher.ask(lambda self: self.monitor(target))
    assert ending.kill(target.actor_inbox, Hung(1.0))
    assert not ending.kill(target.actor_inbox), "its end is recorded once, whoever comes later"
    sim.run()
    assert [down.reason for down in seen(watcher)] == [Hung(1.0)]


def test_otp_181_a_thousand_watchers_are_all_told_and_no_lock_is_held_meanwhile() -> None:
    system = ActorSystem("thousand")
    target = system.start(Echo())
    held: list[bool] = []
    watchers = [system.start(Watcher()) for _ in range(1_000)]
    for watcher in watchers:
        watcher.tell(lambda self: self.monitor(target))
    for watcher in watchers:
        watcher.ask("the monitor is in place")
    ending.when_ended(target.actor_inbox, lambda: held.append(ending._lock.locked()))
    target.stop()
    for watcher in watchers:
        watcher.ask("flush")
    downs = [sum(isinstance(one, Down) for one in seen(watcher)) for watcher in watchers]
    system.close()
    assert downs == [1] * 1_000
    assert held == [False]
