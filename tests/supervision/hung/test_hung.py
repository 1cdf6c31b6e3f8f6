"""Hung, lost and stale actors: conformance cases 235 to 241, on real threads."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from random import Random
from typing import Any

import pykka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision import Actor, fence
from supervision.clock import ManualClock, to_ns
from supervision.errors import StaleIncarnation
from supervision.fence import Incarnation
from supervision.reasons import LOST, Hung
from supervision.ref import ActorRef
from supervision.spec import ChildSpec
from supervision.supervisor import Supervisor
from supervision.system import MAX_ZOMBIES, ActorSystem
from supervision.testing import ProbeActor, actor_of
from supervision.watchdog import PERIOD_S, Watchdog
from tests.supervision.hung.actors import Hanger, kill_idle_thread

ENDS_S = 10.0

vanishing = pytest.mark.filterwarnings(
    # the vanished thread is what the test is about
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("hung-test")
    dog = Watchdog(made, period_s=0.02).start()
    yield made
    dog.stop()
    made.close()


class Gates:
    """What a test needs to let a hanger go, and to know that it hangs."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Event()


@pytest.fixture
def gates() -> Iterator[Gates]:
    made = Gates()
    yield made
    made.gate.set()


def no_zombies_left(system: ActorSystem) -> bool:
    """Wait for the abandoned threads to end; say whether they did."""
    for carrier in list(system.zombies):
        carrier.thread.join(ENDS_S)
    return not system.zombies


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_otp_235_an_endless_python_loop_is_fenced_reported_hung_and_its_thread_ends(
    system: ActorSystem, gates: Gates, runtime: str
) -> None:
    ref = system.start(Hanger(gates.gate, gates.entered), on=runtime)
    ref.tell("spin")
    assert ref.actor_stopped.wait(ENDS_S)
    assert ref.exit_reason == Hung(0.2)
    assert no_zombies_left(system), "the exception thrown into a Python loop ends it"
    assert not gates.gate.is_set()


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_otp_235_the_supervisor_replaces_a_hung_child(
    system: ActorSystem, gates: Gates, runtime: str
) -> None:
    spec = ChildSpec(id="h", start=Hanger, args=(gates.gate, gates.entered), runtime=runtime)
    sup = system.start(Supervisor([spec]), on="pool:supervisors")
    first = actor_of(sup)._children.get("h").ref
    ended = first.actor_stopped
    first.tell("spin")
    assert ended.wait(ENDS_S)
    sup.ask("anything that is served after the exit")
    second = actor_of(sup)._children.get("h").ref
    assert second is not first
    assert second.ask("alive") == "alive"


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_otp_236_an_actor_blocked_in_c_is_replaced_at_once_and_its_later_effects_are_refused(
    system: ActorSystem, gates: Gates, runtime: str
) -> None:
    probe = system.start(ProbeActor(), on="pool:probe")
    hanger = Hanger(gates.gate, gates.entered, probe)
    ref = system.start(hanger, on=runtime)
    answer = ref.ask("block", block=False, timeout=30)
    assert gates.entered.wait(ENDS_S)
    assert ref.actor_stopped.wait(ENDS_S)
    assert len(system.zombies) == 1, "the thread is inside C: it cannot have ended yet"
    with pytest.raises(pykka.ActorDeadError):
        answer.get(timeout=ENDS_S)
    gates.gate.set()
    assert no_zombies_left(system)
    assert [type(error) for error in hanger.refused] == [StaleIncarnation]
    assert system.stale_effects >= 1
    assert probe.ask("flush") is None
    assert actor_of(probe).received == ["flush"], "nothing of the old incarnation arrived"


def test_otp_236_other_actors_of_the_pool_go_on_on_another_thread(
    system: ActorSystem, gates: Gates
) -> None:
    neighbour = system.start(ProbeActor(), on="pool")
    ref = system.start(Hanger(gates.gate, gates.entered, neighbour), on="pool")
    ref.tell("block")
    assert gates.entered.wait(ENDS_S)
    assert neighbour.ask("still served", timeout=ENDS_S) is None
    assert ref.exit_reason == Hung(0.2)


def test_the_check_of_every_tell_is_lifted_with_the_last_abandoned_thread(
    system: ActorSystem, gates: Gates
) -> None:
    for carrier in [*fence._fenced]:  # of a test before, whose threads may still be ending
        carrier.thread.join(ENDS_S)
    plain, leave = ActorRef.tell, ActorRef.leave
    ref = system.start(Hanger(gates.gate, gates.entered, system.start(ProbeActor())))
    ref.tell("block")
    assert ref.actor_stopped.wait(ENDS_S)
    assert ActorRef.tell is not plain
    assert ActorRef.leave is not leave
    gates.gate.set()
    assert no_zombies_left(system)
    assert ActorRef.tell is plain is fence._plain_tell
    assert ActorRef.leave is leave is fence._plain_leave


def test_otp_237_an_idle_actor_is_never_taken_for_hung(system: ActorSystem) -> None:
    now_ns = [0]
    system.now_ns = lambda: now_ns[0]
    probe = system.start(ProbeActor(), on="thread")
    dog = Watchdog(system)
    for _ in range(100):
        dog.look()
        now_ns[0] += 10**10
    assert probe.is_alive()
    assert not system.zombies


@vanishing
def test_otp_238_an_actor_whose_thread_vanished_is_found_and_ends_as_lost(
    system: ActorSystem,
) -> None:
    ref = system.start(ProbeActor(), on="thread")
    kill_idle_thread(system, ref)
    ref.tell("wake up, the exception is delivered now")
    assert ref.actor_stopped.wait(ENDS_S)
    assert ref.exit_reason == LOST


@vanishing
def test_otp_238_a_pool_whose_thread_vanished_gets_another_one(system: ActorSystem) -> None:
    ref = system.start(ProbeActor(), on="pool")
    kill_idle_thread(system, ref)
    for number in range(3):
        ref.tell(number)
    assert actor_of(ref).wait_for(lambda message: message == 2, ENDS_S) == 2


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_otp_239_a_request_to_an_actor_that_stops_is_always_answered(runtime: str) -> None:
    for round_ in range(50):
        system = ActorSystem(f"round-{round_}")
        ref = system.start(ProbeActor(), on=runtime)
        futures: list[Any] = []
        asking = threading.Thread(
            target=lambda futures=futures, ref=ref: futures.extend(
                ref.ask(n, block=False, timeout=ENDS_S) for n in range(50)
            )
        )
        asking.start()
        ref.stop_now(block=False)
        asking.join()
        for future in futures:
            with contextlib.suppress(pykka.ActorDeadError):
                assert future.get(timeout=ENDS_S) is None
        system.close()


def test_otp_240_more_abandoned_threads_than_allowed_give_the_process_up(
    system: ActorSystem, gates: Gates
) -> None:
    given_up = threading.Event()
    system.fatal = lambda _why: given_up.set()
    probe = system.start(ProbeActor(), on="pool:probe")
    for number in range(MAX_ZOMBIES + 1):
        assert not given_up.is_set()
        ref = system.start(Hanger(gates.gate, gates.entered, probe))
        ref.tell("block")
        assert ref.actor_stopped.wait(ENDS_S), number
    assert given_up.wait(ENDS_S)


def test_otp_240_a_hang_of_a_safety_actor_ends_the_process_with_its_code_and_all_stacks() -> None:
    program = textwrap.dedent("""
        import threading
        from supervision import Actor
        from supervision.system import default
        from supervision.watchdog import PERIOD_S, Watchdog

        class Journal(Actor):
            hang_budget_s = 0.2
            hang_policy = "exit"
            def on_receive(self, message):
                threading.Event().wait()

        Watchdog(default(), period_s=0.02).start()
        Journal.start().tell("commit")
        threading.Event().wait()
    """)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, timeout=30, check=False
    )
    assert done.returncode == 70
    assert b"giving the process up at " in done.stderr
    assert b"on_receive" in done.stderr, "the stack of the culprit is in the dump"


class Idle(Actor):
    """Does nothing; only its life matters."""

    runtime = "pool"


class Journal:
    """An effect port: appends only for current incarnations."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, int]] = []

    def append(self, token: Incarnation) -> None:
        token.check()
        self.entries.append((token.actor_id, token.n))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_otp_241_a_fenced_incarnation_cannot_commit_in_any_interleaving(seed: int) -> None:
    """500 random steps each of 20 seeds: start the next incarnation, append with any old token."""
    random, journal = Random(seed), Journal()
    system = ActorSystem("fence")
    try:
        tokens: list[Incarnation] = []
        current: Any = None
        for _ in range(500):
            if current is None or random.random() < 0.02:
                if current is not None:
                    current.kill()
                current = system.start(Idle(), on="pool")
                tokens.append(actor_of(current).incarnation)
            token = random.choice(tokens)
            if token is tokens[-1]:
                journal.append(token)
                assert journal.entries[-1][1] == token.n
            else:
                before = len(journal.entries)
                with pytest.raises(StaleIncarnation):
                    journal.append(token)
                assert len(journal.entries) == before
        numbers = [n for _, n in journal.entries]
        assert numbers == sorted(numbers), "once a newer one has written, no older one writes"
    finally:
        system.close()


@settings(deadline=None, max_examples=20)
@given(st.floats(0.0, 1.0))
def test_a_hang_is_found_within_its_budget_and_one_period_wherever_the_looks_fall(
    phase: float,
) -> None:
    """It is seen up to a period after it began; from then on the next look is at its deadline."""
    clock, gate, entered = ManualClock(), threading.Event(), threading.Event()
    system = ActorSystem("phase-test", clock=clock)
    dog = Watchdog(system)
    ref = system.start(Hanger(gate, entered), on="thread")
    ref.tell("block")
    assert entered.wait(ENDS_S)
    rest_ns = int(phase * to_ns(PERIOD_S))
    while ref.exit_reason is None and clock.now_ns() < to_ns(1.0):
        clock.advance_ns(rest_ns)
        rest_ns = dog.look()
    gate.set()
    system.close()
    budget_ns = to_ns(Hanger.hang_budget_s)
    assert clock.now_ns() == budget_ns + int(phase * to_ns(PERIOD_S))


def test_nobody_who_goes_on_makes_the_watchdog_look_more_often(system: ActorSystem) -> None:
    """It is awake at most 20 times a second unless a budget is about to end."""
    probe = system.start(ProbeActor(), on="thread")
    dog = Watchdog(system)
    for number in range(50):
        probe.tell(number)
        assert dog.look() == to_ns(PERIOD_S)
    assert actor_of(probe).wait_for(lambda message: message == 49, ENDS_S) == 49
