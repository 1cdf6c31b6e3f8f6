"""The breaker as a supervised actor (cases 57, 99, 123, 129, 130, 132, 133)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pykka
import pytest

from supervision import Actor, ActorSystem, ChildSpec, MailboxSpec, Simulation, Supervisor
from supervision.breaker import (
    FAILURE,
    SUCCESS,
    BreakerConfig,
    BreakerError,
    CircuitOpen,
    Classifier,
    ConfigError,
    Event,
    IllegalMove,
    Metrics,
    NotAllowed,
    Operator,
    Outcome,
    Permit,
    Refused,
    State,
    Transition,
    WasReset,
)
from supervision.breaker_actor import (
    Acquire,
    BreakerActor,
    Look,
    Move,
    Reconfigure,
    Reset,
    Result,
    Subscribe,
)
from supervision.breaker_port import BreakerPort, BreakerUnreachable
from supervision.clock import to_ns
from supervision.observe import NullObserver
from tests.supervision.breaker.journal import BrokenJournal, FileJournal
from tests.supervision.breaker.support import OPERATOR, Counted

CONFIG = BreakerConfig(minimum_calls=1, open_s=10.0, permitted_half_open=1, permit_ttl_s=5.0)


class Listener(Actor):
    """Keeps the events it is told."""

    def __init__(self, heard: list[Event]) -> None:
        super().__init__()
        self.heard = heard

    def on_receive(self, message: Any) -> None:
        self.heard.append(message)


class World:
    """A simulation with a supervised breaker; ``refs`` has its present incarnation."""

    def __init__(self, journal: FileJournal | None = None, config: BreakerConfig = CONFIG) -> None:
        self.sim = Simulation(1)
        self.refs: dict[str, Any] = {}
        self.heard: list[Event] = []
        spec = ChildSpec(id="b", start=self._start(journal, config))
        self.sup = self.sim.start(Supervisor([spec], {"strategy": "one_for_one", "intensity": 5}))

    def _start(self, journal: FileJournal | None, config: BreakerConfig) -> Callable[[], Actor]:
        refs = self.refs

        class Registered(BreakerActor):
            def on_start(self) -> None:
                super().on_start()
                refs["b"] = self.actor_ref

        return lambda: Registered("b", config, journal=journal)

    @property
    def ref(self) -> Any:
        return self.refs["b"]

    def ask(self, message: object) -> Any:
        return self.ref.ask(message)

    def state(self) -> State:
        metrics: Metrics = self.ask(Look())
        return metrics.state

    def result(self, verdict: Any) -> None:
        permit = self.ask(Acquire())
        assert isinstance(permit, Permit)
        self.ref.tell(Result(permit, verdict, 0))
        self.sim.settle()

    def listen(self) -> list[Event]:
        assert self.ask(Subscribe(self.sim.start(Listener(self.heard)))) is None
        return self.heard


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.sim.close()


def test_breaker_057_the_actors_timer_moves_it_without_a_call(world: World) -> None:
    heard = world.listen()
    world.result(FAILURE)
    world.sim.run_for(9.999_999_999)
    assert [event.target for event in heard if isinstance(event, Transition)] == [State.OPEN]
    world.sim.run_for(0.000_000_001)
    targets = [event.target for event in heard if isinstance(event, Transition)]
    assert targets == [State.OPEN, State.HALF_OPEN]


def test_breaker_071_the_actors_timer_takes_a_dead_callers_permit_back(world: World) -> None:
    world.result(FAILURE)
    world.sim.run_for(10)
    assert isinstance(world.ask(Acquire()), Permit)
    assert isinstance(world.ask(Acquire()), Refused)
    world.sim.run_for(5)
    assert isinstance(world.ask(Acquire()), Permit)


def test_breaker_059_leaving_open_early_leaves_no_timer_that_matters(world: World) -> None:
    world.result(FAILURE)
    assert len(world.sim._heap.heap) == 1
    assert world.ask(Reset(OPERATOR)) is None
    assert len(world.sim._heap.heap) == 0
    world.sim.run_for(100)
    assert world.state() is State.CLOSED


def test_breaker_099_a_wrong_operator_is_answered_and_restarts_nothing(world: World) -> None:
    before = world.ref
    viewer = Operator("eve", "viewer", "curious")
    assert isinstance(world.ask(Move(State.FORCED_OPEN, viewer)), NotAllowed)
    assert isinstance(world.ask(Reset(viewer)), NotAllowed)
    assert isinstance(world.ask(Move(State.HALF_OPEN, OPERATOR)), IllegalMove)
    assert isinstance(world.ask(Move(State.OPEN, OPERATOR, open_for_ns=0)), ValueError)
    assert (world.ref, world.state()) == (before, State.CLOSED)


def test_breaker_099_a_change_is_reported_with_who_when_and_why(world: World) -> None:
    reports: list[tuple[str, dict[str, object]]] = []

    class Observing(NullObserver):
        def report(self, kind: str, facts: dict[str, object]) -> None:
            reports.append((kind, facts))

    heard = world.listen()
    world.sim.observer = Observing()
    world.sim.run_for(3)
    assert world.ask(Move(State.FORCED_OPEN, OPERATOR)) is None
    assert world.ask(Reset(OPERATOR)) is None
    world.sim.settle()
    assert [(type(event), event.at_ns) for event in heard] == [
        (Transition, to_ns(3)),
        (Transition, to_ns(3)),
        (WasReset, to_ns(3)),
    ]
    kinds = [(kind, facts["event"]) for kind, facts in reports if kind == "breaker"]
    assert kinds == [("breaker", "Transition")] * 2 + [("breaker", "WasReset")]
    assert reports[0][1]["to"] == "forced_open"
    assert (reports[0][1]["who"], reports[0][1]["why"]) == ("ada", "a test")


def test_breaker_014_limits_change_at_run_time(world: World) -> None:
    changed = CONFIG.but(minimum_calls=2, consecutive_failures=None)
    assert world.ask(Reconfigure(changed)) is None
    world.result(FAILURE)
    assert world.state() is State.CLOSED
    world.result(FAILURE)
    assert world.state() is State.OPEN


def test_breaker_123_each_transition_is_in_the_journal_before_it_is_told(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "breakers.jsonl")
    world = World(journal)
    told_after: list[int] = []

    class Watching(NullObserver):
        def report(self, kind: str, facts: dict[str, object]) -> None:
            told_after.append(journal.appended)

    world.sim.observer = Watching()
    world.result(FAILURE)
    world.sim.run_for(10)
    world.result(SUCCESS)
    kept = journal.load("b")
    assert told_after == [1, 2, 3]
    assert kept is not None
    assert (kept.state, kept.generation) == (State.CLOSED, 4)
    world.sim.close()


def test_breaker_129_a_crashed_breaker_comes_back_in_its_journaled_state(tmp_path: Path) -> None:
    world = World(FileJournal(tmp_path / "breakers.jsonl"))
    world.result(FAILURE)
    before = world.ref
    world.sim.run_for(4)
    before.kill()
    with pytest.raises(pykka.ActorDeadError):
        before.ask(Acquire())
    world.sim.settle()
    assert world.ref is not before
    refused = world.ask(Acquire())
    assert isinstance(refused, Refused)
    assert (refused.state, refused.remaining_ns) == (State.OPEN, to_ns(10))
    world.sim.run_for(10)
    assert world.state() is State.HALF_OPEN
    world.sim.close()


def test_breaker_129_permits_of_the_old_incarnation_are_void(tmp_path: Path) -> None:
    world = World(FileJournal(tmp_path / "breakers.jsonl"))
    world.result(FAILURE)
    world.sim.run_for(10)
    permit = world.ask(Acquire())
    world.ref.kill()
    world.sim.settle()
    world.ref.tell(Result(permit, SUCCESS, 0))
    world.sim.settle()
    metrics = world.ask(Look())
    assert (metrics.state, metrics.late) == (State.HALF_OPEN, 1)
    world.sim.close()


def port(world: World, *, fail_open: bool = False, **options: Any) -> BreakerPort:
    return BreakerPort("b", lambda: world.ref, world.sim.now_ns, fail_open=fail_open, **options)


def test_breaker_129_while_the_breaker_is_away_calls_are_refused_not_passed(world: World) -> None:
    way, function = port(world), Counted()
    world.ref.kill()
    with pytest.raises(BreakerUnreachable, match="breaker b did not answer") as caught:
        way.call(function)
    assert isinstance(caught.value, CircuitOpen)
    assert isinstance(caught.value.__cause__, pykka.ActorDeadError)
    assert (function.calls, way.unanswered) == (0, 1)
    world.sim.settle()
    way.call(function)
    assert function.calls == 1


def test_breaker_129_a_journal_that_fails_ends_the_actor_and_nothing_is_told(
    tmp_path: Path,
) -> None:
    world = World(BrokenJournal(tmp_path / "breakers.jsonl"))
    heard, before = world.listen(), world.ref
    with pytest.raises(OSError, match="no space left"):
        world.ask(Move(State.FORCED_OPEN, OPERATOR))
    world.sim.settle()
    assert not before.is_alive()
    assert heard == []
    assert world.state() is State.CLOSED
    world.sim.close()


class Tiny(BreakerActor):
    """A breaker with room for one message."""

    runtime = "thread"
    mailbox = MailboxSpec(capacity=1)


class Stuck(FileJournal):
    """A disk that does not answer until it is let go."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.writing, self.goes_on = threading.Event(), threading.Event()

    def append(self, snapshot: Any) -> None:
        self.writing.set()
        self.goes_on.wait(10)


@pytest.mark.parametrize("why", ["slow", "full"])
@pytest.mark.parametrize("fail_open", [False, True])
def test_breaker_130_a_breaker_that_does_not_answer_refuses_or_lets_pass(
    tmp_path: Path, why: str, fail_open: bool
) -> None:
    system, journal, function = ActorSystem("b"), Stuck(tmp_path / "b.jsonl"), Counted()
    ref = system.start(Tiny("b", CONFIG, journal=journal))
    waiting = ref.ask(Move(State.DISABLED, OPERATOR), block=False, timeout=30)
    assert journal.writing.wait(10)
    if why == "full":
        ref.tell(Look())
    way = BreakerPort("b", lambda: ref, system.now_ns, fail_open=fail_open, answer_s=0.01)
    if fail_open:
        way.call(function)
    else:
        with pytest.raises(BreakerUnreachable):
            way.call(function)
    assert (function.calls, way.unanswered) == (int(fail_open), 1)
    journal.goes_on.set()
    assert waiting.get(timeout=10) is None
    system.close()


@pytest.mark.parametrize("answer_s", [0.0, -1.0, float("nan"), 61.0])
def test_breaker_130_a_wait_for_the_answer_that_is_no_time_is_refused(
    world: World, answer_s: float
) -> None:
    with pytest.raises(ConfigError, match="answer_s"):
        port(world, answer_s=answer_s)


def test_breaker_130_no_more_listeners_than_the_breaker_can_tell(world: World) -> None:
    listener = world.sim.start(Listener([]))
    answers = [world.ask(Subscribe(listener)) for _ in range(101)]
    assert answers[:100] == [None] * 100
    assert isinstance(answers[100], BreakerError)


def test_breaker_130_a_result_that_finds_no_room_is_lost_and_counted(world: World) -> None:
    way = port(world)
    permit = way.acquire()
    world.ref.kill()
    way.settle(permit, SUCCESS, 0)
    assert way.lost_results == 1


def test_breaker_016_a_port_passes_values_and_exceptions_and_counts_them(world: World) -> None:
    way, error = port(world, classifier=Classifier(ignore=[KeyError])), KeyError("reject")
    assert way.call(lambda: 3) == 3
    with pytest.raises(KeyError) as caught:
        way.call(Counted(error=error))
    assert caught.value is error
    calls = world.ask(Look()).calls
    assert (calls[Outcome.SUCCESS], calls[Outcome.IGNORED]) == (1, 1)
    with pytest.raises(OSError, match="down"):
        way.call(Counted(error=OSError("down")))
    assert world.state() is State.OPEN


def test_breaker_077_a_port_probes_with_a_cheap_call_instead_of_an_order() -> None:
    world = World(config=CONFIG.but(probe_only=True))
    way, order = port(world), Counted()
    world.result(FAILURE)
    world.sim.run_for(10)
    with pytest.raises(CircuitOpen):
        way.call(order)
    assert way.probe(lambda: "12:00") == "12:00"
    assert (order.calls, world.state()) == (0, State.CLOSED)
    world.sim.close()


def test_breaker_096_a_port_moves_and_resets_and_raises_what_stands_in_the_way(
    world: World,
) -> None:
    way = port(world)
    way.move(State.OPEN, OPERATOR, open_for_ns=to_ns(3))
    assert world.state() is State.OPEN
    with pytest.raises(NotAllowed):
        way.reset(Operator("eve", "viewer", "curious"))
    way.reset(OPERATOR)
    assert world.state() is State.CLOSED


def test_breaker_132_cancels_pass_while_the_breaker_of_orders_is_open() -> None:
    orders, cancels = World(), World()
    new_order, cancel = Counted(), Counted()
    orders.result(FAILURE)
    with pytest.raises(CircuitOpen):
        port(orders).call(new_order)
    port(cancels).call(cancel)
    assert (new_order.calls, cancel.calls) == (0, 1)
    for world in (orders, cancels):
        world.sim.close()


def test_breaker_133_open_market_data_blocks_entries_and_not_exits() -> None:
    data, orders = World(), World()
    entry, leave = Counted(), Counted()
    data.result(FAILURE)
    with pytest.raises(CircuitOpen):
        port(data).call(lambda: port(orders).call(entry))
    port(orders).call(leave)
    assert (entry.calls, leave.calls) == (0, 1)
    for world in (data, orders):
        world.sim.close()
