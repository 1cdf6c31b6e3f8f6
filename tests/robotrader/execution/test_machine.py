"""The same world driven by hypothesis, which shrinks what it finds to the fewest steps."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from robotrader.domain import LinkState
from robotrader.execution.tracked import IN_DOUBT
from tests.robotrader.execution.broker import CLIENT
from tests.robotrader.execution.gate import Faults
from tests.robotrader.execution.world import MS, SECOND, World

RATES = st.sampled_from([0.0, 0.1, 0.5])


class Life(RuleBasedStateMachine):
    """Rules are what may happen; the teardown is the quiet time after the faults."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(rng=Random(1))

    @rule(qty=st.sampled_from([10, 100, 200]), con_id=st.sampled_from([1, 2]))
    def submit(self, qty: int, con_id: int) -> None:
        self.world.submit(qty, con_id)

    @rule(legs=st.sampled_from([("STP",), ("LMT", "STP")]))
    def bracket(self, legs: tuple[str, ...]) -> None:
        self.world.submit(50, 1, legs=legs)

    @rule(which=st.integers(0, 9), part=st.integers(1, 200))
    def fill(self, which: int, part: int) -> None:
        able = self.world.broker.fillable()
        if able:
            held = able[which % len(able)]
            self.world.broker.fill(held, min(held.remaining, Decimal(part)))
            self.world.drain()

    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        views = self.world.manager.orders() if self.world.alive else []
        if views:
            self.world.cancel(views[which % len(views)].ref)

    @rule(which=st.integers(0, 9))
    def expire(self, which: int) -> None:
        mine = [each for each in self.world.broker.orders if each.live and each.client_id == CLIENT]
        if mine:
            self.world.broker.end(mine[which % len(mine)])
            self.world.drain()

    @rule(duration_ms=st.sampled_from([0, 1, 10, 100, 1_000, 12_000]))
    def wait(self, duration_ms: int) -> None:
        self.world.run(duration_ms * MS)

    @rule(lose=RATES, repeat=RATES, late=RATES, refuse=RATES, slow=RATES)
    def weather(self, **rates: float) -> None:
        self.world.faults = Faults(**rates)

    @rule()
    def drop(self) -> None:
        self.world.disconnect()

    @rule()
    def outage(self) -> None:
        if self.world.up and self.world.alive:
            self.world.guard(self.world.link, LinkState.DEGRADED)
            self.world.guard(self.world.link, LinkState.READY)

    @rule(after=st.integers(0, 4))
    def crash(self, after: int) -> None:
        left = [after]

        def due(_: object) -> bool:
            left[0] -= 1
            return left[0] < 0

        self.world.crash_at = due

    @rule(level=st.sampled_from(["pause", "cancel"]))
    def kill(self, level: str) -> None:
        self.world.kill(level)

    @rule()
    def unkill(self) -> None:
        self.world.unkill()

    @invariant()
    def nothing_is_doubled_or_beyond_the_limit(self) -> None:
        self.world.check()

    @invariant()
    def a_replay_believes_the_same(self) -> None:
        if self.world.alive:
            self.world.check_replay()

    @invariant()
    def what_is_in_doubt_is_counted_as_states_change(self) -> None:
        if self.world.alive:
            book = self.world.manager._desk.book
            assert book.doubts.count == sum(each.state in IN_DOUBT for each in book.open.values())

    def teardown(self) -> None:
        self.world.faults = Faults()
        self.world.crash_at = None
        self.world.unkill()
        self.world.run(135 * SECOND)
        self.world.check_rest()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
