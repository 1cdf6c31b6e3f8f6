"""Requests: deadlines that travel, answers that come later, waits inside handlers (244)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pykka
import pytest

from supervision import DEFERRED, ActorSystem, Deadlock, Future, Simulation, WouldBlock
from supervision.here import current_deadline_ns
from supervision.runtime.loop import LoopThread
from supervision.runtime.worker import MAX_WAITING
from supervision.testing import actor_of
from tests.supervision.actors.kit import Echo

ENDS_S = 10.0


class Relay(Echo):
    """Asks the next one, with a timeout of its own, and adds its own remaining time."""

    def __init__(self, following: Any = None, timeout_s: float = 60.0) -> None:
        super().__init__()
        self.following, self.timeout_s = following, timeout_s

    def on_receive(self, message: Any) -> Any:
        if message == "deadlines":
            own = current_deadline_ns()
            if self.following is None:
                return [own]
            return [own, *self.following.ask(message, timeout=self.timeout_s)]
        if self.following is not None:
            return self.following.ask(message, timeout=self.timeout_s)
        return message


class Never(Echo):
    """Takes requests over and never answers them."""

    def __init__(self) -> None:
        super().__init__()
        self.served = 0

    def on_receive(self, message: Any) -> Any:
        self.served += 1
        self.reply_later()
        return DEFERRED


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(3)
    yield made
    made.close()


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("requests")
    yield made
    made.close()


def test_the_deadline_of_a_request_travels_and_is_never_exceeded_below(sim: Simulation) -> None:
    last = sim.start(Relay())
    short = sim.start(Relay(last, timeout_s=1.0))
    first = sim.start(Relay(short, timeout_s=60.0))
    assert first.ask("deadlines", timeout=7.0) == [7 * 10**9, 7 * 10**9, 10**9]


def test_a_request_whose_deadline_has_passed_is_not_served(sim: Simulation) -> None:
    never = sim.start(Never())
    never.actor_inbox.scheduled = True  # it gets no turn yet
    late = never.ask("late", block=False, timeout=1.0)
    sim.clock.advance(1.5)  # type: ignore[attr-defined]  # a simulation's clock is manual
    never.actor_inbox.scheduled = False
    never.actor_inbox.wake()
    sim.run()
    assert actor_of(never).served == 0
    assert never.actor_inbox.stats.expired == 1
    with pytest.raises(pykka.Timeout):
        late.get()


def test_a_request_without_a_timeout_has_the_systems_default(sim: Simulation) -> None:
    never = sim.start(Never())
    with pytest.raises(pykka.Timeout):
        never.ask("ever")
    assert sim.now_ns() == sim.default_ask_timeout_s * 1e9


def test_an_answer_can_come_later_from_another_handler(sim: Simulation) -> None:
    class Later(Echo):
        waiting: Future[Any] | None = None

        def on_receive(self, message: Any) -> Any:
            if message == "ask":
                self.waiting = self.reply_later()
                return DEFERRED
            assert self.waiting is not None
            self.waiting.set(message)
            return None

    later = sim.start(Later())
    answer = later.ask("ask", block=False)
    sim.settle()
    assert not answer.done()
    later.tell("the answer")
    assert answer.get() == "the answer"


def test_reply_later_outside_a_request_is_refused_with_the_reason(sim: Simulation) -> None:
    never = sim.start(Never())
    never.tell("no request")
    sim.run()
    assert "only ask() expects an answer" in str(never.exit_reason)


def test_a_nested_ask_inside_one_pool_is_answered(system: ActorSystem) -> None:
    ref = None
    for _ in range(10):
        ref = system.start(Relay(ref))
    assert ref is not None
    assert ref.ask("down and up again") == "down and up again"


def test_many_asks_across_one_pool_are_all_answered(system: ActorSystem) -> None:
    before = {*threading.enumerate()}  # threads of other tests may still be ending
    last = system.start(Relay())
    middle = [system.start(Relay(last)) for _ in range(8)]
    outer = [system.start(Relay(ref)) for ref in middle for _ in range(4)]
    for round_ in range(20):
        answers = [ref.ask(number, block=False) for number, ref in enumerate(outer)]
        assert [answer.get() for answer in answers] == list(range(len(outer))), round_
    ours = {*threading.enumerate()} - before
    waiting = [thread for thread in ours if thread.name.startswith("pool-")]
    assert 0 < len(waiting) <= len(outer) + len(middle) + 1, "carriers are reused"


def test_a_pool_stays_responsive_while_a_handler_of_it_waits(system: ActorSystem) -> None:
    class Blocker(Echo):
        def on_receive(self, message: Any) -> Any:
            return message.get(timeout=ENDS_S)

    gate: Future[str] = Future()
    blocker, other = system.start(Blocker()), system.start(Echo())
    answer = blocker.ask(gate, block=False)
    assert other.ask("meanwhile") == "meanwhile"
    gate.set("open")
    assert answer.get() == "open"


def test_more_waiting_handlers_than_allowed_are_refused_with_the_remedy(
    system: ActorSystem,
) -> None:
    never = system.start(Never())
    relays = [system.start(Relay(never)) for _ in range(MAX_WAITING + 1)]
    answers = [relay.ask("x", block=False, timeout=60) for relay in relays]
    errors = []
    for answer in answers:
        try:
            answer.get(timeout=0.05)
        except pykka.Timeout:
            continue
        except WouldBlock as error:
            errors.append(str(error))
    assert len(errors) == 1
    assert "use tell(), ask(block=False) or a pool of its own" in errors[0]


def test_a_blocking_ask_on_a_loops_thread_is_refused_with_the_remedy(system: ActorSystem) -> None:
    system.add_runtime(LoopThread(system, "loop"))
    echo = system.start(Echo(), on="loop")
    relay = system.start(Relay(echo), on="loop")
    with pytest.raises(WouldBlock, match=r"use tell\(\), or ask\(block=False\) and on_done"):
        relay.ask("would stop the loop")
    assert echo.ask("the loop goes on") == "the loop goes on"


def cycle(system: ActorSystem) -> Any:
    """Two actors, each of which serves a request by asking the other."""
    left = system.start(Relay(timeout_s=0.2))
    right = system.start(Relay(left, timeout_s=0.2))
    actor_of(left).following = right
    return left


def test_otp_244_an_ask_cycle_ends_at_its_deadline_on_a_pool(system: ActorSystem) -> None:
    with pytest.raises(pykka.Timeout):
        cycle(system).ask("round and round", timeout=0.2)


def test_otp_244_a_simulation_reports_an_ask_cycle_with_both_stacks(sim: Simulation) -> None:
    with pytest.raises(Deadlock) as caught:
        cycle(sim).ask("round and round", timeout=0.2)
    report = str(caught.value)
    assert report.count("waits for Relay") == 2
    assert report.count("self.following.ask") == 2, "the stack of each of the two"


def test_a_simulation_can_note_deadlocks_and_let_the_deadlines_pass() -> None:
    sim = Simulation(3, raise_deadlocks=False)
    with pytest.raises(pykka.Timeout):
        cycle(sim).ask("round and round", timeout=0.2)
    assert len(sim.deadlocks) == 1
    assert sim.now_ns() == 200_000_000
    sim.close()


def test_waiters_callbacks_and_getters_of_one_future_all_hear_of_it_once() -> None:
    """200 futures, each set by one of two racing threads while others wait and register."""
    for _ in range(200):
        future: Future[int] = Future()
        heard: list[int] = []
        setters: list[bool] = []
        barrier = threading.Barrier(6)

        def run(act: Any, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            act()

        acts = [
            lambda future=future, setters=setters: setters.append(future.try_set(1)),
            lambda future=future, setters=setters: setters.append(future.try_set(2)),
            lambda future=future, heard=heard: future.on_done(lambda: heard.append(0)),
            lambda future=future, heard=heard: future.on_done(lambda: heard.append(0)),
            lambda future=future, heard=heard: heard.append(future.get(timeout=ENDS_S)),
            lambda future=future, heard=heard: heard.append(future.get(timeout=ENDS_S)),
        ]
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(setters) == [False, True]
        assert sorted(heard) == [0, 0, future.get(), future.get()]
