"""Names: conformance cases 14, 16 and 182 to 192."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from supervision import ActorSystem, ChildSpec, Simulation, Supervisor, Unavailable
from supervision.manage import start_child, which_children
from supervision.registry import NotOwner, Registry
from supervision.starting import Refused
from supervision.testing import actor_of
from tests.supervision.actors.kit import Echo, Watcher


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(8)
    yield made
    made.close()


def test_otp_014_a_supervisor_whose_name_is_taken_does_not_start() -> None:
    registry = Registry()
    first: Any = registry.start("root", Supervisor)
    assert registry.start("root", Supervisor) == Refused("already_started", first)
    assert first.is_alive()
    found: Any = registry.whereis("root")
    assert found is first
    assert first.stop() is True


@pytest.mark.parametrize("name", [["a", "list"], {}, None, ""])
def test_otp_016_a_name_of_a_wrong_form_is_refused_before_anything_starts(name: Any) -> None:
    made: list[Any] = []

    def make() -> Any:
        made.append(1)
        return Echo()

    with pytest.raises(TypeError, match="give a hashable value that is not empty"):
        Registry().start(name, make)
    assert made == []


def test_otp_182_a_key_has_one_owner_and_values_can_be_read(sim: Simulation) -> None:
    registry, first, second = Registry(), sim.start(Echo()), sim.start(Echo())
    assert registry.register("key", first, value=1) is None
    assert registry.register("key", second, value=2) is first
    assert registry.register("key", first) is first
    assert [entry.value for entry in registry.entries("key")] == [1]
    registry.register("other", first)
    assert registry.keys(first) == {"key", "other"}
    assert registry.keys(second) == set()
    assert registry.whereis("key") is first


def test_otp_183_the_keys_of_an_ended_owner_are_free_at_once(sim: Simulation) -> None:
    registry, first, second = Registry(), sim.start(Echo()), sim.start(Echo())
    registry.register("key", first)
    first.kill()
    assert registry.whereis("key") is None
    assert registry.register("key", second) is None
    assert registry.whereis("key") is second


def test_otp_183_a_key_is_free_even_if_the_clean_up_is_late(sim: Simulation) -> None:
    registry, first, second = Registry(), sim.start(Echo()), sim.start(Echo())
    registry.register("key", first)
    cell = first.actor_inbox
    late, cell.watchers = cell.watchers, None  # the clean-up does not come
    first.kill()
    assert registry.whereis("key") is None
    assert registry.register("key", second) is None
    assert late is not None
    for notify in late.values():  # now it comes, and must not take the new owner's entry
        assert cell.reason is not None
        notify(cell, cell.reason)
    assert registry.whereis("key") is second


def test_otp_184_a_refused_registration_leaves_nothing_behind(sim: Simulation) -> None:
    registry, owner, other = Registry(), sim.start(Echo()), sim.start(Echo())
    registry.register("key", owner)
    for _ in range(10_000):
        assert registry.register("key", other) is owner
    assert registry.keys(other) == set()
    assert list(registry._owned) == [owner]
    assert other.actor_inbox.watchers is None
    assert registry.size() == 1


def test_otp_185_unregistering_what_is_not_registered_is_no_error(sim: Simulation) -> None:
    registry, owner, other = Registry(), sim.start(Echo()), sim.start(Echo())
    registry.register("key", owner)
    registry.unregister("unknown", owner)
    registry.unregister("key", other)
    assert registry.whereis("key") is owner
    registry.unregister("key", owner)
    assert registry.whereis("key") is None
    assert registry.size() == 0


def test_otp_186_only_the_owner_changes_its_value(sim: Simulation) -> None:
    registry, owner, other = Registry(), sim.start(Watcher()), sim.start(Watcher())
    registry.register("key", owner, value=1)
    owner.ask(lambda _self: registry.update_value("key", owner, 2))
    assert registry.entries("key")[0].value == 2
    with pytest.raises(NotOwner, match="may not change its value"):
        other.ask(lambda _self: registry.update_value("key", owner, 3))
    with pytest.raises(NotOwner, match="register it first"):
        registry.update_value("unknown", owner, 3)
    assert registry.entries("key")[0].value == 2


def test_otp_187_a_name_reaches_the_next_incarnation_and_refuses_a_second_start(
    sim: Simulation,
) -> None:
    registry = Registry()
    spec = ChildSpec(id="echo", start=registry.via("echo", Echo))
    sup = sim.start(Supervisor([spec]))
    named = registry.ref("echo")
    first: Any = which_children(sup)[0].child
    assert named.ask("hello") == "hello"
    twice = start_child(sup, ChildSpec(id="another", start=registry.via("echo", Echo)))
    assert twice == Refused("already_started", first)
    first.kill()
    sim.run()
    second: Any = which_children(sup)[0].child
    assert second is not first
    assert named.resolve() is second
    assert named.ask("hello again") == "hello again"


def test_otp_188_duplicate_keys_reach_all_and_are_no_address(sim: Simulation) -> None:
    registry = Registry(unique=False)
    watchers = [sim.start(Watcher()) for _ in range(3)]
    for watcher in watchers:
        assert registry.register("topic", watcher) is None
    seen = [actor_of(watcher).seen for watcher in watchers]
    watchers[0].kill()
    assert registry.dispatch("topic", "news") == 2
    assert registry.dispatch("nobody's", "news") == 0
    sim.run()
    assert seen == [[], ["news"], ["news"]]
    with pytest.raises(ValueError, match="needs a registry with unique keys"):
        registry.ref("topic")


def test_otp_189_listeners_get_every_change_in_order(sim: Simulation) -> None:
    registry, changes = Registry(), []
    registry.listen(lambda change, key, ref: changes.append((change, key, ref)))
    first, second = sim.start(Echo()), sim.start(Echo())
    registry.register("a", first)
    registry.register("b", first)
    registry.register("a", second)
    registry.unregister("b", first)
    first.kill()
    assert changes == [
        ("registered", "a", first),
        ("registered", "b", first),
        ("unregistered", "b", first),
        ("unregistered", "a", first),
    ]


def test_otp_190_one_key_serialises_and_other_keys_do_not_wait() -> None:
    registry, order = Registry(), []
    inside, go = threading.Event(), threading.Event()

    def holder() -> None:
        with registry.lock("same"):
            order.append("holder in")
            inside.set()
            go.wait(10)
            order.append("holder out")

    def waiter() -> None:
        with registry.lock("same"):
            order.append("waiter in")

    threads = [threading.Thread(target=holder), threading.Thread(target=waiter)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    with registry.lock("another"):
        order.append("another key")
    go.set()
    for thread in threads:
        thread.join()
    assert order == ["holder in", "another key", "holder out", "waiter in"]
    assert registry._key_locks == {}


def test_otp_190_a_holder_that_crashes_releases_its_lock() -> None:
    registry = Registry()
    with pytest.raises(ZeroDivisionError), registry.lock("key"):
        raise ZeroDivisionError
    with registry.lock("key"):
        assert len(registry._key_locks) == 1
    assert registry._key_locks == {}


def test_otp_191_during_a_restart_a_name_fails_fast_and_never_hangs(sim: Simulation) -> None:
    registry = Registry()
    named = registry.ref("echo")
    with pytest.raises(Unavailable, match="a restart may be under way"):
        named.ask("anybody?")
    ref = sim.start(Echo())
    registry.register("echo", ref)
    ref.kill()
    assert registry.whereis("echo") is None
    before_ns = sim.now_ns()
    for send in (named.tell, named.ask):
        with pytest.raises(pykka.ActorDeadError):
            send("anybody?")
    assert sim.now_ns() == before_ns


def test_otp_192_of_64_threads_that_race_for_a_key_exactly_one_wins() -> None:
    system, registry = ActorSystem("race"), Registry()
    refs = [system.start(Echo()) for _ in range(64)]
    rounds = 100
    barrier = threading.Barrier(len(refs))
    winners: list[list[Any]] = [[] for _ in range(rounds)]

    def race(ref: Any) -> None:
        for number in range(rounds):
            barrier.wait()
            if registry.register(number, ref) is None:
                winners[number].append(ref)

    threads = [threading.Thread(target=race, args=(ref,)) for ref in refs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [len(round_) for round_ in winners] == [1] * rounds
    assert all(registry.whereis(n) is round_[0] for n, round_ in enumerate(winners))
    system.close()


@pytest.mark.deep
def test_otp_192_a_thousand_rounds_of_the_race_have_one_winner_each() -> None:
    for _ in range(10):
        test_otp_192_of_64_threads_that_race_for_a_key_exactly_one_wins()
    assert threading.active_count() < 64
