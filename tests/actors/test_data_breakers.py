"""The breakers round a data source, with actors that are simulated and a provider that is ill."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import messages as own
from actors.breaker import BREAKERS, KeptStates, SourceBreaker, breaker_role
from actors.data import Data
from actors.say import AskBreaker, AskMeters, BreakerView, Raised
from robotrader.domain import Instrument, Quote
from robotrader.gateway import (
    AskHistory,
    DataClass,
    History,
    HistoryStatus,
    LineChanged,
    StreamKind,
    Subscribe,
    Unsubscribe,
)
from robotrader.meters import Sample
from supervision import (
    DEFERRED,
    Actor,
    ChildSpec,
    Registry,
    Simulation,
    Supervisor,
    SupervisorFlags,
)
from supervision.breaker import Operator, State
from supervision.breaker_actor import Move
from supervision.testing import actor_of
from tests.robotrader.strategies.kit import AAPL, START, M

KO = Instrument(con_id=8894, symbol="KO", sec_type=AAPL.sec_type, exchange="SMART", currency="USD")
STREAMS, HISTORY = BREAKERS
ILL = (HistoryStatus.TIMEOUT, HistoryStatus.PACING)
FINE = (HistoryStatus.OK, HistoryStatus.NO_DATA)
NEITHER = (HistoryStatus.PERMISSION, HistoryStatus.REFUSED, HistoryStatus.DISCONNECTED)


class Sink(Actor):
    """Keeps what it is told."""

    runtime = "pool"

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def on_receive(self, message: Any) -> None:
        self.told.append(message)


class Provider(Actor):
    """Answers every request for history with ``status``; gives a price if it is not mute."""

    runtime = "pool"

    def __init__(self, data: Any, now_ns: Any) -> None:
        super().__init__()
        self.data, self.now_ns = data, now_ns
        self.status = HistoryStatus.OK
        self.mute = False
        self.asked: list[Any] = []

    def on_receive(self, message: Any) -> None:
        self.asked.append(message)
        if isinstance(message, AskHistory):
            self.data.tell(History(message.request, message.instrument.con_id, self.status))
        elif isinstance(message, Subscribe) and not self.mute:
            con_id = message.instrument.con_id
            self.data.tell(Quote(con_id, self.now_ns(), 9.0, 9.1, 1.0, 1.0))

    def count(self, kind: type[Any]) -> int:
        return sum(isinstance(each, kind) for each in self.asked)


class World:
    """A data actor, its breakers, a provider and whoever is told."""

    def __init__(self, seed: int = 0) -> None:
        self.system = Simulation(seed)
        self.registry = registry = Registry()
        role = registry.ref
        now_ns = self.now_ns
        start = self.system.start
        self.symbol, self.alerts = start(Sink()), start(Sink())
        for con_id in (AAPL.con_id, KO.con_id):
            registry.register(("symbol", con_id), self.symbol)
        self.provider_ref = start(Provider(role("data"), now_ns))
        kept = KeptStates()
        children = [
            ChildSpec(
                id=name,
                start=registry.via(breaker_role(name), SourceBreaker),
                kwargs={
                    "breaker": name, "config": config, "alerts": self.alerts, "kept": kept,
                    "now_ns": now_ns,
                },
            )
            for name, config in BREAKERS.items()
        ]  # fmt: skip
        given: dict[str, Any] = {
            "instruments": {each.con_id: each for each in (AAPL, KO)},
            "registry": registry, "gateway": self.provider_ref,
            "streams": role(breaker_role(STREAMS)), "history": role(breaker_role(HISTORY)),
            "readers": (), "watch": start(Sink()), "now_ns": now_ns,
        }  # fmt: skip
        children.append(ChildSpec(id="data", start=registry.via("data", Data), kwargs=given))
        flags = SupervisorFlags(intensity=10_000, period_s=1)
        self.root = start(Supervisor(children, flags))
        self.spans = 0

    def now_ns(self) -> int:
        return START + self.system.now_ns()

    @property
    def provider(self) -> Provider:
        return actor_of(self.provider_ref)  # type: ignore[no-any-return]  # refs are not generic

    def run(self, seconds: float = 0.01) -> None:
        self.system.run_for(seconds)

    def history(self, times: int = 1) -> None:
        """Ask for history as a symbol does, each time for another span."""
        for _ in range(times):
            self.spans += 1
            span = (START - self.spans * M, START)
            self.registry.ref("data").tell(own.AskHistory(AAPL.con_id, M, span, outside_rth=False))
            self.run()

    def answers(self) -> list[tuple[int, int]]:
        told = actor_of(self.symbol).told
        return [each.span for each in told if isinstance(each, own.History)]

    def view(self, name: str) -> BreakerView:
        future = self.registry.ref(breaker_role(name)).ask(AskBreaker(), block=False)
        self.run()
        found: BreakerView = future.get(timeout=0)
        return found

    def samples(self) -> dict[tuple[str, tuple[str, ...]], Any]:
        future = self.registry.ref("data").ask(AskMeters(), block=False)
        self.run()
        found: tuple[Sample, ...] = future.get(timeout=0)
        return {(each.name, each.labels): each.value for each in found}

    def close(self) -> None:
        self.system.close()


@pytest.fixture
def world() -> Any:
    made = World()
    made.run()
    yield made
    made.close()


def test_every_contract_is_subscribed_to_through_the_breaker(world: World) -> None:
    assert world.provider.count(Subscribe) == 2
    assert world.provider.count(Unsubscribe) == 0
    seen = world.view(STREAMS)
    assert (seen.state, seen.calls, seen.failures) == ("closed", 2, 0)


def test_timeouts_open_the_breaker_and_the_provider_is_left_alone(world: World) -> None:
    world.provider.status = HistoryStatus.TIMEOUT
    world.history(5)
    assert world.view(HISTORY).state == "open"
    world.history(20)
    assert world.provider.count(AskHistory) == 5
    assert len(world.answers()) == 25, "who asks gets an answer, if only an empty one"
    assert world.samples()["history_requests", ("ibkr", "breaker")] == 20


def test_an_open_breaker_says_since_when_why_and_when_it_is_tried_again(world: World) -> None:
    world.provider.status = HistoryStatus.TIMEOUT
    world.history(5)
    seen = world.view(HISTORY)
    assert seen.why == "consecutive"
    assert seen.retry_ns is not None
    assert 30 <= (seen.retry_ns - seen.since_ns) / 1e9 <= 36, "30 s and up to a fifth of jitter"
    (raised,) = actor_of(world.alerts).told
    assert raised == Raised("warning", "breaker", f"breaker {HISTORY} is open: consecutive")


def test_a_pacing_violation_opens_it_at_once_and_for_a_minute(world: World) -> None:
    world.provider.status = HistoryStatus.PACING
    world.history()
    seen = world.view(HISTORY)
    assert (seen.state, seen.why) == ("open", "requested")
    world.run(58)
    assert world.view(HISTORY).state == "open"


def test_one_probe_that_is_answered_closes_it(world: World) -> None:
    world.provider.status = HistoryStatus.TIMEOUT
    world.history(5)
    world.provider.status = HistoryStatus.OK
    world.run(40)
    assert world.view(HISTORY).state == "half_open"
    world.history()
    assert world.view(HISTORY).state == "closed"
    assert world.provider.count(AskHistory) == 6


def test_a_probe_that_fails_keeps_it_open_for_longer(world: World) -> None:
    world.provider.status = HistoryStatus.TIMEOUT
    world.history(5)
    world.run(40)
    world.history()
    seen = world.view(HISTORY)
    assert seen.state == "open"
    assert seen.retry_ns is not None
    assert (seen.retry_ns - seen.since_ns) / 1e9 >= 60


@pytest.mark.parametrize("status", NEITHER)
def test_what_says_nothing_about_the_source_does_not_open_it(
    world: World, status: HistoryStatus
) -> None:
    world.provider.status = status
    world.history(50)
    assert world.view(HISTORY).state == "closed"
    assert world.provider.count(AskHistory) == 50


def test_a_contract_that_stays_silent_is_asked_for_until_the_breaker_opens(world: World) -> None:
    world.provider.mute = True
    for _ in range(7):
        world.registry.ref("data").tell(own.AskAgain(KO.con_id, "ibkr"))
        world.run(0.1)
    assert world.view(STREAMS).state == "open"
    assert world.samples()["streams_waiting", ("ibkr",)] == 1
    asked = world.provider.count(Subscribe)
    world.provider.mute = False
    world.run(2)
    assert world.provider.count(Subscribe) == asked
    world.run(8)
    assert world.provider.count(Subscribe) == asked + 1, "the probe, when the period was over"
    assert world.view(STREAMS).state == "closed"
    assert world.samples()["streams_waiting", ("ibkr",)] == 0


def test_a_contract_that_is_seldom_traded_does_not_open_the_breaker_for_all(world: World) -> None:
    world.provider.mute = True
    for _ in range(20):
        world.registry.ref("data").tell(own.AskAgain(KO.con_id, "ibkr"))
        world.run(0.1)
        world.registry.ref("data").tell(Quote(AAPL.con_id, world.now_ns(), 9.0, 9.1, 1.0, 1.0))
        world.run(0.1)
    assert world.view(STREAMS).state == "closed"
    assert world.view(STREAMS).failures == 0


def test_a_line_that_the_gateway_lost_is_no_failure_of_the_source(world: World) -> None:
    world.provider.mute = True
    for _ in range(20):
        world.registry.ref("data").tell(own.AskAgain(KO.con_id, "ibkr"))
        world.run(0.1)
        gone = LineChanged(
            KO.con_id, StreamKind.QUOTES, DataClass.NONE, True, world.now_ns(), "link"
        )
        world.registry.ref("data").tell(gone)
        world.run(0.1)
    assert world.view(STREAMS).state == "closed"
    assert world.view(STREAMS).failures == 0


def test_a_crash_of_its_actor_does_not_close_an_open_breaker(world: World) -> None:
    world.provider.status = HistoryStatus.TIMEOUT
    world.history(5)
    first = world.registry.ref(breaker_role(HISTORY)).resolve()
    first.kill()
    world.run()
    assert world.registry.ref(breaker_role(HISTORY)).resolve() is not first
    assert world.view(HISTORY).state == "open"


def test_calls_pass_while_nobody_is_the_breaker(world: World) -> None:
    role = breaker_role(HISTORY)
    world.registry.unregister(role, world.registry.ref(role).resolve())
    world.history(3)
    assert world.provider.count(AskHistory) == 3
    assert len(world.answers()) == 3


class Stuck(Actor):
    """Never answers."""

    runtime = "pool"

    def on_receive(self, message: Any) -> Any:
        self.reply_later()
        return DEFERRED


def test_calls_pass_after_a_second_when_the_breaker_is_silent(world: World) -> None:
    role = breaker_role(HISTORY)
    world.registry.unregister(role, world.registry.ref(role).resolve())
    world.registry.register(role, world.system.start(Stuck()))
    world.history()
    assert world.provider.count(AskHistory) == 0
    world.run(3)
    assert world.provider.count(AskHistory) == 1
    assert len(world.answers()) == 1


def test_a_person_forces_it_open(world: World) -> None:
    move = Move(State.FORCED_OPEN, Operator("ann", "admin", "the source is wrong"))
    world.registry.ref(breaker_role(HISTORY)).tell(move)
    world.run()
    world.history(2)
    assert world.provider.count(AskHistory) == 0
    assert world.view(HISTORY).state == "forced_open"


STEPS = st.lists(
    st.one_of(
        st.sampled_from([*ILL, *FINE, *NEITHER]),
        st.sampled_from(["kill", "ask", "ask", "ask", "wait", "again", "mute", "speak"]),
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 2**32))
def test_whatever_happens_each_request_has_one_answer_and_a_well_source_is_used_again(
    steps: list[Any], seed: int
) -> None:
    world = World(seed)
    for step in steps:
        _do(world, step)
    world.provider.status, world.provider.mute = HistoryStatus.OK, False
    world.registry.ref("data").tell(own.AskAgain(KO.con_id, "ibkr"))
    world.run(1_200)
    world.history(2)
    world.run(10)
    spans = world.answers()
    assert len(spans) == len(set(spans)) == world.spans, f"seed {seed}"
    assert world.view(HISTORY).state == "closed"
    assert world.view(STREAMS).state == "closed"
    counted = world.samples()
    assert counted["streams_waiting", ("ibkr",)] == 0
    assert counted["history_open", ("ibkr",)] == 0
    ended = sum(n for (name, _), n in counted.items() if name == "history_requests")
    assert ended == world.spans
    world.close()


def _do(world: World, step: Any) -> None:
    if isinstance(step, HistoryStatus):
        world.provider.status = step
    elif step == "ask":
        world.history()
    elif step == "wait":
        world.run(40)
    elif step == "again":
        world.registry.ref("data").tell(own.AskAgain(AAPL.con_id, "ibkr"))
    elif step == "kill":
        world.registry.ref(breaker_role(HISTORY)).resolve().kill()
        world.registry.ref(breaker_role(STREAMS)).resolve().kill()
        world.run()
    else:
        world.provider.mute = step == "mute"
