"""The connection's state machine under random histories and a virtual clock (F02, F08, F14)."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from robotrader.domain import LinkChanged, LinkState
from robotrader.gateway import Link, LinkRules, Phase, RestartWindow
from robotrader.gateway.link import PHASES, Abort, Alert, Connect, Effect, Resubscribe, Sync, Verify

SECOND_NS = 1_000_000_000
START_NS = 1_795_240_800 * SECOND_NS
WHY = "test"


def made(**rules: Any) -> Link:
    return Link(LinkRules(**rules), Random(3).random, itertools.count(1).__next__)


def shown(link: Link) -> str:
    return link.state.value


def kinds(effects: list[Effect]) -> list[type]:
    return [type(each) for each in effects]


class Life(RuleBasedStateMachine):
    """Whatever happens in whatever order, what always holds holds."""

    def __init__(self) -> None:
        super().__init__()
        self.link = made()
        self.now_ns = START_NS
        self.sockets = 0
        self.syncing = False
        self.generations: list[int] = [1]
        self.shown: list[LinkChanged] = []
        self.attempts: list[int] = []

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Connect):
                self.sockets += 1
                self.attempts.append(self.now_ns)
            elif isinstance(effect, Abort):
                self.sockets = 0
            elif isinstance(effect, Sync):
                assert self.link.phase is Phase.SYNCING
            elif isinstance(effect, LinkChanged):
                self.shown.append(effect)
            elif isinstance(effect, (Resubscribe, Verify)):
                assert self.sockets == 1
        if self.link.generation != self.generations[-1]:
            self.generations.append(self.link.generation)

    @rule()
    def start(self) -> None:
        self.do(self.link.start(self.now_ns))

    @rule()
    def hurry(self) -> None:
        self.do(self.link.hurry(self.now_ns))

    @rule(seconds=st.floats(0.001, 120.0))
    def time_passes(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)
        self.do(self.link.tick(self.now_ns))

    @rule()
    def the_next_thing_is_due(self) -> None:
        due_ns = self.link.next_ns(self.now_ns)
        if due_ns is not None:
            self.now_ns = max(self.now_ns, due_ns)
            self.do(self.link.tick(self.now_ns))

    @precondition(lambda self: self.sockets)
    @rule()
    def port_opens(self) -> None:
        self.link.opened()

    @precondition(lambda self: self.sockets)
    @rule(first_id=st.integers(1, 1000))
    def greeting(self, first_id: int) -> None:
        self.do(self.link.greeted(self.now_ns, first_id, 178))

    @precondition(lambda self: self.sockets)
    @rule(missing=st.sampled_from([(), (), ("positions",)]))
    def sync_is_over(self, missing: tuple[str, ...]) -> None:
        self.do(self.link.synced(self.now_ns, missing))

    @precondition(lambda self: self.sockets)
    @rule()
    def the_other_side_ends_it(self) -> None:
        self.sockets = 0
        self.do(self.link.ended(self.now_ns, WHY))

    @rule()
    def an_end_is_told_twice(self) -> None:
        if not self.sockets:
            assert self.link.ended(self.now_ns, WHY) == []

    @precondition(lambda self: self.sockets)
    @rule()
    def it_is_dead(self) -> None:
        self.do(self.link.broken(self.now_ns, WHY))

    @precondition(lambda self: self.sockets)
    @rule(code=st.sampled_from([1100, 1101, 1102, 1300, 2110, 326, 2104, 100, 9999]))
    def a_notice_comes(self, code: int) -> None:
        self.do(self.link.error(self.now_ns, code, "notice"))

    @invariant()
    def there_is_never_more_than_one_socket(self) -> None:
        assert self.sockets <= 1
        assert (self.sockets == 1) == (
            self.link.phase in {Phase.CONNECTING, Phase.SYNCING, Phase.UP}
        )

    @invariant()
    def generations_only_grow(self) -> None:
        assert self.generations == sorted(set(self.generations))

    @invariant()
    def what_was_shown_is_what_is(self) -> None:
        if self.shown:
            assert self.shown[-1].state is self.link.state
            assert self.shown[-1].generation == self.link.generation
        if self.link.state is LinkState.READY:
            assert self.link.phase is Phase.UP

    @invariant()
    def somebody_always_tries_on(self) -> None:
        if self.link.phase in {Phase.WAITING, Phase.CONNECTING}:
            due_ns = self.link.next_ns(self.now_ns)
            assert due_ns is not None
            assert due_ns - self.now_ns <= 300 * SECOND_NS


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=100), st.integers(0, 2**32))
def test_f08_a_storm_of_disconnects_makes_few_attempts(closed: list[bool], seed: int) -> None:
    """F08: a hundred disconnects: delays grow to the cap and only a stable life resets them."""
    link = Link(LinkRules(), Random(seed).random, itertools.count(1).__next__)
    now_ns, attempts = START_NS, [START_NS]
    link.start(now_ns)
    for refused in closed:
        if not refused:
            link.opened()
            link.greeted(now_ns, 1, 178)
        link.ended(now_ns, WHY)
        due_ns = link.next_ns(now_ns)
        assert due_ns is not None
        now_ns = due_ns
        assert Connect in kinds(link.tick(now_ns))
        attempts.append(now_ns)
    for number, at_ns in enumerate(attempts):
        assert sum(0 <= each - at_ns < 60 * SECOND_NS for each in attempts[number:]) <= 8
    for number, (first, second) in enumerate(itertools.pairwise(attempts)):
        full_s = min(30.0, 2.0**number)
        assert 0.8 * full_s <= (second - first) / SECOND_NS <= full_s


def test_f14_a_wall_is_tried_every_five_minutes_with_a_reminder_every_hour() -> None:
    link = made()
    now_ns = START_NS
    effects = link.start(now_ns)
    attempts, alerts = [now_ns], []
    link.opened()
    while now_ns < START_NS + 4 * 3600 * SECOND_NS:
        due_ns = link.next_ns(now_ns)
        assert due_ns is not None
        now_ns = due_ns
        effects = link.tick(now_ns)
        if Connect in kinds(effects):
            attempts.append(now_ns)
            link.opened()
        alerts += [now_ns for each in effects if isinstance(each, Alert)]
    late = attempts[3:]
    assert link.state is LinkState.NEEDS_HUMAN
    assert all(second - first >= 300 * SECOND_NS for first, second in itertools.pairwise(late))
    assert len(alerts) == 1 + 3
    assert alerts[1] - alerts[0] == 3600 * SECOND_NS


def test_f02_a_dead_attempt_at_a_wall_leaves_no_socket() -> None:
    """Found by ``Life``: nothing that is shown changes, and yet there is a socket to end."""
    link = made()
    now_ns = START_NS
    link.start(now_ns)
    while link.state is not LinkState.NEEDS_HUMAN:
        link.opened()
        now_ns = link.next_ns(now_ns) or 0
        link.tick(now_ns)
    assert Connect in kinds(link.hurry(now_ns))
    assert kinds(link.broken(now_ns, WHY)) == [Abort]


def test_a_closed_port_is_no_wall() -> None:
    link = made()
    now_ns = START_NS
    link.start(now_ns)
    for _ in range(50):
        link.ended(now_ns, "refused")
        now_ns += 60 * SECOND_NS
        link.tick(now_ns)
    assert link.state is LinkState.CONNECTING


def up(link: Link, now_ns: int) -> None:
    link.start(now_ns)
    link.greeted(now_ns, 1, 178)
    link.synced(now_ns)


@pytest.mark.parametrize(("code", "then"), [(1101, Resubscribe), (1102, Verify)])
def test_c10_a_restored_broker_is_asked_again(code: int, then: type) -> None:
    link = made()
    up(link, START_NS)
    (changed,) = link.error(START_NS, 1100, "lost")
    assert isinstance(changed, LinkChanged)
    assert changed.state is LinkState.DEGRADED
    assert kinds(link.error(START_NS, code, "back")) == [LinkChanged, Sync, then]
    assert link.generation == 1


def test_c10_a_sync_that_ends_while_the_broker_is_lost_is_not_ready() -> None:
    link = made()
    link.start(START_NS)
    link.greeted(START_NS, 1, 178)
    link.error(START_NS, 1100, "lost")
    link.synced(START_NS)
    assert link.state is LinkState.DEGRADED


def test_f18_a_planned_restart_is_shown_and_ends_by_itself() -> None:
    """F18: 23:45 in New York: no new orders from 23:40 on, no alert, READY after the window."""
    window = RestartWindow(at="23:40", tz="America/New_York", after_s=900.0)
    link = made(windows=(window,))
    evening_ns = START_NS - START_NS % SECOND_NS
    while not window.covers(evening_ns + 60 * SECOND_NS):
        evening_ns += 60 * SECOND_NS
    up(link, evening_ns)
    edge_ns = link.next_ns(evening_ns)
    assert edge_ns is not None
    link.tick(edge_ns)
    assert shown(link) == "restart_window"
    ended = link.ended(edge_ns + SECOND_NS, "reset")
    assert [each.generation for each in ended if isinstance(each, LinkChanged)] == [2]
    link.tick(edge_ns + 3 * SECOND_NS)
    link.greeted(edge_ns + 4 * SECOND_NS, 1, 178)
    link.synced(edge_ns + 4 * SECOND_NS)
    assert shown(link) == "restart_window"
    link.tick(edge_ns + 15 * 60 * SECOND_NS)
    assert shown(link) == "ready"


@settings(deadline=None)
@given(st.integers(START_NS, START_NS + 400 * 86_400 * SECOND_NS))
def test_a_window_comes_once_a_day_whatever_the_clocks_do(now_ns: int) -> None:
    window = RestartWindow(at="23:40", tz="America/New_York", after_s=900.0)
    edge_ns = window.next_change_ns(now_ns)
    assert now_ns < edge_ns <= now_ns + 25 * 3600 * SECOND_NS
    assert window.covers(edge_ns) is not window.covers(edge_ns - 1)
    assert window.covers(now_ns) is window.covers(edge_ns - 1)


def test_every_phase_can_end_and_no_attempt_begins_beside_another() -> None:
    into = {phase for (phase, _), after in PHASES.items() if after is Phase.CONNECTING}
    assert into == {Phase.IDLE, Phase.WAITING}
    assert {phase for phase, _ in PHASES} == set(Phase)


@given(st.integers(START_NS, START_NS + 400 * 86_400 * SECOND_NS), st.integers(0, 3600))
def test_a_restart_is_announced_for_as_long_as_its_window_says(now_ns: int, before_s: int) -> None:
    window = RestartWindow(at="23:45", tz="America/New_York", before_s=before_s)
    begin_ns = window.announced_ns(now_ns)
    if begin_ns is None:
        assert not window.covers(now_ns + before_s * SECOND_NS) or window.covers(now_ns)
    else:
        assert 0 < begin_ns - now_ns <= before_s * SECOND_NS
        assert window.covers(begin_ns)
        assert not window.covers(begin_ns - 1)
