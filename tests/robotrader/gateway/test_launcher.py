"""The gateway's own program under random histories: never two, never a storm (F13, F14)."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from robotrader.domain import LinkState
from robotrader.gateway import Launcher, LaunchRules, LaunchState
from robotrader.gateway.launcher import Escalate, Kill, LaunchEffect, Spawn

SECOND_NS = 1_000_000_000


class Life(RuleBasedStateMachine):
    """Whatever the program, the connection and the human do."""

    def __init__(self) -> None:
        super().__init__()
        self.launcher = Launcher(LaunchRules())
        self.now_ns = 0
        self.running = False
        self.link = LinkState.DOWN
        self.starts: list[int] = []
        self.alerts = 0
        self.given_up = False

    def do(self, effects: list[LaunchEffect]) -> None:
        for effect in effects:
            if isinstance(effect, Spawn):
                assert not self.running
                assert self.link in {LinkState.DOWN, LinkState.CONNECTING}
                assert not self.given_up
                self.running = True
                self.starts.append(self.now_ns)
            elif isinstance(effect, Escalate):
                self.alerts += 1
                self.given_up = True
            elif isinstance(effect, Kill) and self.running:
                self.running = False
                self.do(self.launcher.exited(-9, self.now_ns))

    @rule(state=st.sampled_from(list(LinkState)))
    def the_connection_changes(self, state: LinkState) -> None:
        self.link = state
        self.do(self.launcher.link(state, self.now_ns))

    @rule(seconds=st.integers(1, 1000))
    def time_passes(self, seconds: int) -> None:
        self.now_ns += seconds * SECOND_NS
        self.do(self.launcher.tick(self.now_ns))

    @precondition(lambda self: self.running)
    @rule(code=st.sampled_from([0, 1, -9, 87]))
    def the_program_ends(self, code: int) -> None:
        self.running = False
        self.do(self.launcher.exited(code, self.now_ns))

    @precondition(lambda self: self.given_up)
    @rule()
    def a_human_confirms(self) -> None:
        if not self.running:
            self.given_up = False
            self.starts.clear()
            self.do(self.launcher.confirmed(self.now_ns))

    @invariant()
    def there_is_no_storm(self) -> None:
        hour_ns = 3600 * SECOND_NS
        for number, at_ns in enumerate(self.starts):
            assert sum(each - at_ns < hour_ns for each in self.starts[number:]) <= 3

    @invariant()
    def one_alert_for_each_giving_up(self) -> None:
        assert self.given_up is (self.launcher.state is LaunchState.NEEDS_HUMAN)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)


def test_f13_a_program_that_cannot_be_executed_is_one_alert_and_no_restart() -> None:
    launcher = Launcher(LaunchRules(adopt_s=0.0))
    launcher.link(LinkState.DOWN, 0)
    assert launcher.tick(0) == [Spawn()]
    (alert,) = launcher.failed("no such file: ibc")
    assert isinstance(alert, Escalate)
    assert "ibc" in alert.text
    for hour in range(10):
        assert launcher.tick(hour * 3600 * SECOND_NS) == []


def test_f14_one_that_waits_for_a_second_factor_is_never_restarted() -> None:
    launcher = Launcher(LaunchRules())
    launcher.link(LinkState.DOWN, 0)
    assert launcher.tick(20 * SECOND_NS) == [Spawn()]
    launcher.link(LinkState.NEEDS_HUMAN, 30 * SECOND_NS)
    assert launcher.due_ns is None


def test_a_gateway_that_is_there_already_is_not_started() -> None:
    launcher = Launcher(LaunchRules())
    launcher.link(LinkState.CONNECTING, 0)
    launcher.link(LinkState.SYNCING, SECOND_NS)
    assert launcher.tick(1000 * SECOND_NS) == []
    assert launcher.state is LaunchState.WATCHING
