"""The facts about pykka 4.5.0 that break supervision (P1 to P10), each tested on our actors."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pykka
import pytest

from supervision import (
    LOST,
    Actor,
    ActorStartError,
    ActorSystem,
    Crash,
    MailboxFull,
    MailboxSpec,
    Watchdog,
)
from supervision.testing import ProbeActor, actor_of
from tests.supervision.actors.kit import Echo
from tests.supervision.hung.actors import kill_idle_thread

ENDS_S = 10.0

pytestmark = pytest.mark.parametrize("runtime", ["thread", "pool"])


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("facts")
    yield made
    made.close()


def test_p1_an_exception_in_ask_reaches_the_asker_and_ends_the_actor(
    system: ActorSystem, runtime: str
) -> None:
    failures: list[Any] = []

    class Failing(Echo):
        def on_failure(self, *info: Any) -> None:
            failures.append(info[1])

    ref = system.start(Failing(), on=runtime)
    error = ValueError("half changed")
    with pytest.raises(ValueError, match="half changed"):
        ref.ask(error)
    assert ref.actor_stopped.wait(ENDS_S)
    assert ref.exit_reason == Crash(error)
    assert failures == [error], "on_failure is called once"
    assert not ref.is_alive()


def test_p2_a_start_that_fails_is_seen_by_whoever_starts_it(
    system: ActorSystem, runtime: str
) -> None:
    class Unable(Actor):
        def on_start(self) -> None:
            raise RuntimeError("no disk")

    with pytest.raises(ActorStartError, match="no disk") as caught:
        system.start(Unable(), on=runtime)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert not system.cells, "nothing of it is left"


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, pykka.Timeout])
@pytest.mark.parametrize("inside", [False, True], ids=["outside", "inside an actor"])
def test_p2_whatever_a_start_raises_the_starter_gets_one_kind_of_error(
    system: ActorSystem, runtime: str, error: type[BaseException], *, inside: bool
) -> None:
    class Unable(Actor):
        def on_start(self) -> None:
            raise error

    class Starter(Actor):
        def on_receive(self, message: object) -> BaseException | None:
            with pytest.raises(ActorStartError) as caught:
                system.start(Unable(), on=runtime)
            return caught.value.__cause__

    starter = Starter()
    cause = system.start(starter, on=runtime).ask("go") if inside else starter.on_receive("go")
    assert type(cause) is error


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError])
def test_p3_a_base_exception_in_one_actor_ends_only_that_one(
    system: ActorSystem, runtime: str, error: type[BaseException]
) -> None:
    bystander = system.start(Echo(), on=runtime)
    ref = system.start(Echo(), on=runtime)
    raised = error()
    ref.tell(raised)
    assert ref.actor_stopped.wait(ENDS_S)
    assert ref.exit_reason == Crash(raised)
    assert bystander.ask("alive") == "alive"


def test_p4_a_request_that_slips_into_a_dead_mailbox_is_answered(
    system: ActorSystem, runtime: str
) -> None:
    ref = system.start(Echo(), on=runtime)
    cell = ref.actor_inbox
    queue = cell.queue  # what a racing sender has already read when the actor ends
    ref.stop()
    from supervision.future import Future
    from supervision.messages import Ask

    answer: Future[Any] = Future()
    queue.append(Ask("late", answer, system.now_ns() + 10**9))
    assert not cell.scheduled, "so the sender now hands the cell over"
    cell.wake()
    with pytest.raises(pykka.ActorDeadError):
        answer.get(timeout=ENDS_S)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_p5_a_vanished_thread_does_not_leave_an_actor_that_says_it_is_alive(
    system: ActorSystem, runtime: str
) -> None:
    ref = system.start(ProbeActor(), on=runtime)
    kill_idle_thread(system, ref)
    ref.tell("wake up")
    dog = Watchdog(system, period_s=0.02).start()
    try:
        if runtime == "thread":
            assert ref.actor_stopped.wait(ENDS_S)
            assert ref.exit_reason == LOST
        else:
            assert actor_of(ref).wait_for(lambda message: message == "wake up", ENDS_S)
    finally:
        dog.stop()


def test_p6_a_mailbox_is_bounded_and_has_a_control_lane(system: ActorSystem, runtime: str) -> None:
    gate, entered = threading.Event(), threading.Event()

    class Gated(Echo):
        mailbox = MailboxSpec(capacity=3)
        seen: ClassVar[list[Any]] = []

        def on_receive(self, message: Any) -> Any:
            self.seen.append(message)
            if message == "wait":
                entered.set()
                gate.wait(ENDS_S)

    ref = system.start(Gated(), on=runtime)
    ref.tell("wait")
    assert entered.wait(ENDS_S)
    for number in range(3):
        ref.tell(number)
    with pytest.raises(MailboxFull, match="3 messages"):
        ref.tell("one too many")
    ref.tell_urgent("first")
    gated = actor_of(ref)
    gate.set()
    ref.stop()
    assert gated.seen == ["wait", "first", 0, 1, 2]


def test_p7_every_end_has_a_reason(system: ActorSystem, runtime: str) -> None:
    ref = system.start(Echo(), on=runtime)
    assert ref.exit_reason is None
    ref.kill()
    assert str(ref.exit_reason) == "killed"


def test_p8_the_systems_own_table_forgets_an_actor_in_one_step(
    system: ActorSystem, runtime: str
) -> None:
    refs = [system.start(Echo(), on=runtime) for _ in range(20)]
    assert set(system.cells) == {ref.number for ref in refs}
    assert isinstance(system.cells, dict), "removal does not search"
    for ref in refs:
        ref.stop()
    assert not system.cells
    assert not any(ref in pykka.ActorRegistry.get_all() for ref in refs)


def test_p9_a_hung_actor_does_not_keep_the_interpreter_from_ending(runtime: str) -> None:
    program = textwrap.dedent(f"""
        import threading
        from supervision import Actor

        class Stuck(Actor):
            runtime = {runtime!r}
            def on_receive(self, entered):
                entered.set()
                threading.Event().wait()

        entered = threading.Event()
        Stuck.start().tell(entered)
        entered.wait()
    """)
    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert done.returncode == 0


def test_p10_pykkas_own_refs_and_proxies_work_with_our_actors(
    system: ActorSystem, runtime: str
) -> None:
    ref = system.start(Echo(), on=runtime)
    stock: Any = pykka.ActorRef(actor_of(ref))
    assert stock.is_alive()
    assert stock.ask("hello") == "hello"
    assert stock.proxy().on_receive("through a proxy").get() == "through a proxy"
    assert stock.stop() is True
    assert not stock.is_alive()
    assert stock.stop() is False
    with pytest.raises(pykka.ActorDeadError):
        stock.tell("dead")
