"""The same class unchanged on every runtime; fairness, leaks and hooks (case 245)."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from supervision import Actor, ActorSystem, Crash, MailboxSpec, Simulation
from supervision.runtime.loop import LoopThread
from supervision.runtime.worker import BATCH
from tests.supervision.actors.kit import Echo

ENDS_S = 10.0


def loop_system() -> ActorSystem:
    system = ActorSystem("runtimes")
    system.add_runtime(LoopThread(system, "loop"))
    return system


def libuv_system() -> ActorSystem:
    system = ActorSystem("runtimes")
    system.add_runtime(LoopThread(system, "libuv", uvloop.new_event_loop))
    return system


MAKERS: dict[str, Callable[[], ActorSystem]] = {
    "thread": lambda: ActorSystem("runtimes"),
    "pool": lambda: ActorSystem("runtimes"),
    "loop": loop_system,
    "libuv": libuv_system,
    "simulation": lambda: Simulation(5),
}


@pytest.fixture(params=list(MAKERS))
def place(request: pytest.FixtureRequest) -> Iterator[tuple[ActorSystem, str]]:
    system = MAKERS[request.param]()
    yield system, request.param
    system.close()


class Life(Actor):
    """Writes down every hook and message, with the thread it ran on."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []
        self.threads: set[int] = set()

    def _note(self, what: str) -> None:
        self.log.append(what)
        self.threads.add(threading.get_ident())

    def on_start(self) -> None:
        self._note("start")
        self.actor_ref.tell("to myself")

    def on_receive(self, message: Any) -> Any:
        self._note(f"got {message}")
        if message == "crash":
            raise RuntimeError(message)
        if message == "later":
            self.send_after(0.001, "the timer")
        return message

    def on_stop(self) -> None:
        self._note("stop")

    def on_failure(self, *info: Any) -> None:
        self._note(f"failure {info[1]}")


def test_the_same_class_lives_the_same_life_on_every_runtime(
    place: tuple[ActorSystem, str],
) -> None:
    system, runtime = place
    life = Life()
    ref = system.start(life, on=runtime)
    assert ref.ask("hello") == "hello"
    ref.tell("later")
    assert ref.stop() is True
    assert life.log == ["start", "got to myself", "got hello", "got later", "stop"]
    assert threading.get_ident() not in life.threads, "never on the caller's thread"


def test_a_crash_is_the_same_on_every_runtime(place: tuple[ActorSystem, str]) -> None:
    system, runtime = place
    life = Life()
    ref = system.start(life, on=runtime)
    with pytest.raises(RuntimeError, match="crash"):
        ref.ask("crash")
    assert ref.actor_stopped.wait(ENDS_S)
    assert isinstance(ref.exit_reason, Crash)
    assert life.log[-2:] == ["got crash", "failure crash"], "on_stop is not called"


def test_a_timer_is_a_message_on_every_runtime(place: tuple[ActorSystem, str]) -> None:
    system, runtime = place

    class Timed(Life):
        def on_receive(self, message: Any) -> Any:
            super().on_receive(message)
            if message == "the timer":
                self.stop()

    life = Timed()
    ref = system.start(life, on=runtime)
    ref.tell("later")
    assert ref.actor_stopped.wait(ENDS_S)
    assert life.log[-2:] == ["got the timer", "stop"]


def test_a_cancelled_timer_never_fires(place: tuple[ActorSystem, str]) -> None:
    system, runtime = place

    class Cancelling(Life):
        def on_receive(self, message: Any) -> Any:
            super().on_receive(message)
            if message == "arm":
                first = self.send_after(0.05, "cancelled")
                self.send_after(0.1, "second")
                return first.cancel(), first.cancel()
            if message == "second":
                self.stop()
            return None

    life = Cancelling()
    ref = system.start(life, on=runtime)
    cancelled, again = ref.ask("arm")
    assert not again
    assert ref.actor_stopped.wait(ENDS_S)
    fired = "got cancelled" in life.log
    assert fired is not cancelled, "a machine that stalls may be too late; then it is told"


def test_ten_thousand_actors_live_on_one_worker_and_all_answer() -> None:
    system = ActorSystem("many")
    before = threading.active_count()
    actors = [Echo() for _ in range(10_000)]
    for actor in actors:
        system.begin(actor, on="pool")
    refs = [actor.actor_ref for actor in actors]
    answers = [ref.ask(number, block=False, timeout=60) for number, ref in enumerate(refs)]
    assert [answer.get() for answer in answers] == list(range(10_000))
    assert threading.active_count() - before <= 2, "one worker and the watchdog"
    system.close()


def test_a_flooded_actor_does_not_starve_its_neighbour_on_a_pool() -> None:
    """The neighbour is served after at most a few batches of the flooded one."""
    system = ActorSystem("fair")
    gate = threading.Event()
    handled: list[int] = []
    noticed: list[int] = []

    class Flooded(Echo):
        mailbox = MailboxSpec(capacity=20_000)

        def on_receive(self, message: Any) -> Any:
            gate.wait(ENDS_S)
            handled.append(1)

    class Neighbour(Echo):
        def on_receive(self, message: Any) -> Any:
            noticed.append(len(handled))
            return None

    flooded, neighbour = system.start(Flooded()), system.start(Neighbour())
    for number in range(10_000):
        flooded.tell(number)
    answer = neighbour.ask("me too", block=False, timeout=60)
    gate.set()
    answer.get()
    assert noticed[0] <= 2 * BATCH
    system.close()


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_otp_245_500_actors_leave_no_thread_no_file_and_no_entry_behind(runtime: str) -> None:
    system = ActorSystem("leaks")
    system.start(Echo(), on=runtime).stop()  # what a system makes once is there now
    gc.collect()
    threads, files = threading.active_count(), open_files()
    refs = [system.start(Echo(), on=runtime) for _ in range(500)]
    serving = [thread for thread in threading.enumerate() if thread.name.startswith("Echo-")]
    assert len(serving) in {0, 500, 501}
    for ref in refs:
        assert ref.stop()
    for thread in serving:
        thread.join(ENDS_S)
    assert threading.active_count() <= threads
    assert open_files() == files
    assert not system.cells
    assert len(system.workers) == (1 if runtime == "pool" else 0)
    system.close()


def test_an_actor_started_by_an_actor_joins_its_system_and_its_pool_without_waiting() -> None:
    system = ActorSystem("inner")

    class Parent(Echo):
        def on_receive(self, message: Any) -> Any:
            return Echo.start()

    child = system.start(Parent()).ask("start one")
    assert child.actor_inbox.system is system
    assert child.ask("works") == "works"
    system.close()


def test_closing_a_system_ends_everything_that_lives_in_it() -> None:
    system = ActorSystem("closing")
    refs = [system.start(Echo(), on=runtime) for runtime in ("thread", "pool", "pool:other")]
    system.close()
    assert [str(ref.exit_reason) for ref in refs] == ["killed"] * 3


def test_a_chain_of_actors_on_a_loop_is_one_callback() -> None:
    """Between two actors of it nothing else of the loop runs, so no other thread gets in."""
    system, order = loop_system(), list[str]()
    over = threading.Event()
    refs: list[Any] = []

    class Link(Actor):
        runtime = "loop"

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def on_receive(self, message: Any) -> None:
            order.append(f"link {self.number}")
            if self.number == 0:
                asyncio.get_running_loop().call_soon(order.append, "the loop")
            if self.number < 9:
                refs[self.number + 1].tell(message)
            else:
                asyncio.get_running_loop().call_soon(over.set)

    try:
        refs += [system.start(Link(number)) for number in range(10)]
        refs[0].tell("go")
        assert over.wait(10)
        assert order == [*(f"link {number}" for number in range(10)), "the loop"]
    finally:
        system.close()


class Passer(Actor):
    """Writes down what it gets, and passes it on."""

    def __init__(self, log: list[str], name: str, to: tuple[Any, ...]) -> None:
        super().__init__()
        self._log, self._name, self._to = log, name, to

    def on_receive(self, message: Any) -> Any:
        self._log.append(f"{self._name} {message}")
        for whom in self._to:
            whom.tell(message)


class Polite(Passer):
    """One that gives way."""

    gives_way = True


@pytest.mark.parametrize(
    ("kind", "order"),
    [
        (Passer, ["first 1", "first 2", "last 1", "last 2"]),
        (Polite, ["first 1", "last 1", "first 2", "last 2"]),
    ],
)
def test_whom_one_that_gives_way_has_told_anything_has_a_turn_before_its_next_message(
    kind: type[Passer], order: list[str]
) -> None:
    system, log = loop_system(), list[str]()
    last = system.start(Passer(log, "last", ()), on="loop")
    first = system.start(kind(log, "first", (last,)), on="loop")

    class Sender(Actor):
        def on_receive(self, message: Any) -> Any:
            for each in message:
                first.tell(each)

    system.start(Sender(), on="loop").ask((1, 2), timeout=ENDS_S)
    last.ask("end", timeout=ENDS_S)
    system.close()
    assert log[:4] == order


def test_what_a_callback_of_the_loop_tells_is_handled_before_it_is_over() -> None:
    system, log, over = loop_system(), list[str](), threading.Event()
    last = system.start(Passer(log, "last", ()), on="loop")

    class Hearer(Passer):
        runtime = "loop"

        def on_start(self) -> None:
            self.heard = self.at_once(self._heard)

        def _heard(self, said: str) -> None:
            last.tell(said)
            log.append(f"told {said}")

        def on_receive(self, message: Any) -> Any:
            asyncio.get_running_loop().call_soon(self._called)

        def _called(self) -> None:
            self.heard("news")
            log.append("over")
            asyncio.get_running_loop().call_soon(over.set)

    system.start(Hearer(log, "hearer", ())).tell("go")
    assert over.wait(ENDS_S)
    last.ask("more", timeout=ENDS_S)
    system.close()
    assert log == ["told news", "last news", "over", "last more"]


@pytest.mark.parametrize("place", ["thread", "pool", "simulation"], indirect=True)
def test_elsewhere_a_callback_stays_as_it_is_and_what_comes_afterwards_comes_at_once(
    place: tuple[ActorSystem, str],
) -> None:
    system, runtime = place
    log: list[str] = []

    class Hearer(Actor):
        def on_receive(self, message: Any) -> Any:
            kept = self.at_once(log.append) == log.append
            self.actor_ref.afterwards(lambda: log.append("at once"))
            return kept

    assert system.start(Hearer(), on=runtime).ask("go", timeout=ENDS_S)
    assert log == ["at once"]


def test_what_is_to_come_after_an_actor_on_a_loop_comes_behind_all_that_its_turn_leads_to() -> None:
    system, log, called = loop_system(), list[str](), threading.Event()
    last = system.start(Passer(log, "last", ()), on="loop")
    first = system.start(Passer(log, "first", (last,)), on="loop")

    def after() -> None:
        log.append("afterwards")
        called.set()

    class Sender(Actor):
        def on_receive(self, message: Any) -> Any:
            first.tell(message)
            first.afterwards(after)

    system.start(Sender(), on="loop").tell(1)
    assert called.wait(ENDS_S)
    called.clear()
    assert log == ["first 1", "last 1", "afterwards"]
    first.ask(2, timeout=ENDS_S)
    last.ask(3, timeout=ENDS_S)
    first.afterwards(after)  # from another thread, where the loop has nothing to do
    assert called.wait(ENDS_S)
    system.close()
    assert log[3:] == ["first 2", "last 2", "last 3", "afterwards"]


def test_nothing_that_is_to_come_afterwards_is_forgotten_whatever_the_loop_does() -> None:
    system, count = loop_system(), 2_000
    busy = system.start(Echo(), on="loop")
    called = threading.Semaphore(0)
    for _ in range(count):
        busy.tell("work")
        busy.afterwards(called.release)
    assert all(called.acquire(timeout=ENDS_S) for _ in range(count))
    system.close()
