"""Mailboxes: bounds, policies, the control lane, depth and age (cases 242 and 243)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pykka
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision import (
    ActorSystem,
    Down,
    MailboxFull,
    MailboxSpec,
    Registry,
    Simulation,
    Unavailable,
)
from supervision.mailbox import Overflow
from supervision.testing import actor_of
from tests.supervision.actors.kit import Echo, Watcher


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(1)
    yield made
    made.close()


def keeper(sim: ActorSystem, spec: MailboxSpec) -> Any:
    """A ``Watcher`` with that mailbox; what it is sent stays there until the simulation runs."""

    class Keeper(Watcher):
        mailbox = spec

    return sim.start(Keeper())


def stats(ref: Any) -> Any:
    return ref.actor_inbox.stats


def test_otp_242_reject_refuses_the_newest_and_says_what_to_do(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec(capacity=2))
    ref.tell(1)
    ref.tell(2)
    with pytest.raises(MailboxFull, match=r"2 messages.*'reject'; slow the sender down"):
        ref.tell(3)
    refused = ref.ask(4, block=False)
    with pytest.raises(MailboxFull):
        refused.get()
    sim.run()
    assert actor_of(ref).seen == [1, 2]
    assert stats(ref).dropped == 2


def test_otp_242_drop_oldest_keeps_the_newest_and_answers_a_dropped_request(
    sim: Simulation,
) -> None:
    ref = keeper(sim, MailboxSpec(capacity=2, overflow="drop_oldest"))
    dropped = ref.ask("oldest", block=False)
    for number in range(3):
        ref.tell(number)
    with pytest.raises(MailboxFull, match="dropped as the oldest"):
        dropped.get()
    sim.run()
    assert actor_of(ref).seen == [1, 2]


def test_otp_242_drop_oldest_never_drops_a_notice(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec(capacity=2, overflow="drop_oldest"))
    target = sim.start(Echo())
    ref.ask(lambda self: self.monitor(target))
    target.kill()
    for number in range(5):
        ref.tell(number)
    sim.run()
    down, *numbers = actor_of(ref).seen
    assert isinstance(down, Down)
    assert numbers[-1] == 4


def by_symbol(message: Any) -> Any:
    return message[0] if isinstance(message, tuple) else None


def test_otp_242_conflate_keeps_the_latest_of_each_key_in_the_order_of_the_first(
    sim: Simulation,
) -> None:
    ref = keeper(sim, MailboxSpec(capacity=3, overflow="conflate", key=by_symbol))
    for message in [("KO", 1), ("XOM", 1), "no key", ("KO", 2), ("KO", 3), ("XOM", 2)]:
        ref.tell(message)
    with pytest.raises(MailboxFull):
        ref.tell(("JPM", 1))
    ref.tell(("KO", 4))
    sim.run()
    assert actor_of(ref).seen == [("KO", 4), ("XOM", 2), "no key"]
    ref.tell(("JPM", 2))
    sim.run()
    assert actor_of(ref).seen[-1] == ("JPM", 2)
    assert stats(ref).conflated == 4


class _TakenMeanwhile(dict[object, Any]):
    """What waits under its keys; the actor has its turn between a sender's look and its writing."""

    def __init__(self, sim: Simulation, waiting: dict[object, Any]) -> None:
        super().__init__(waiting)
        self._sim = sim

    def get(self, key: object, default: Any = None) -> Any:
        found = super().get(key, default)
        self._sim.run()
        return found


def test_otp_242_the_newest_of_a_key_is_not_lost_where_the_one_before_is_taken_meanwhile(
    sim: Simulation,
) -> None:
    ref = keeper(sim, MailboxSpec(overflow="conflate", key=by_symbol))
    ref.tell(("KO", 1))
    ref.actor_inbox.pending = _TakenMeanwhile(sim, ref.actor_inbox.pending)
    ref.tell(("KO", 2))
    sim.run()
    assert actor_of(ref).seen == [("KO", 1), ("KO", 2)]
    assert stats(ref).conflated == 0


def test_otp_242_block_waits_for_room_up_to_its_deadline(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec(capacity=2, overflow="block", block_s=0.5))
    sent: list[float] = []

    class Sender(Echo):
        def on_receive(self, count: Any) -> Any:
            for number in range(count):
                ref.tell(number)
                sent.append(sim.now_ns() / 1e9)

    sender = sim.start(Sender())
    sender.tell(20)
    sim.run()
    assert actor_of(ref).seen == list(range(20)), "nothing lost, nothing out of order"
    assert len(sent) == 20
    assert sender.is_alive()


def test_otp_242_block_gives_up_at_its_deadline(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec(capacity=1, overflow="block", block_s=0.5))
    ref.actor_inbox.scheduled = True  # the receiver gets no turn
    ref.tell("fills it")
    begun_ns = sim.now_ns()
    with pytest.raises(MailboxFull, match="'block'"):
        ref.tell("no room")
    assert sim.now_ns() - begun_ns == 500_000_000


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"capacity": 0}, "capacity 0: give a whole number of at least 1"),
        ({"capacity": True}, "capacity True"),
        ({"overflow": "explode"}, "overflow 'explode': choose one of reject"),
        ({"overflow": "conflate"}, "'conflate' needs a key"),
        ({"key": by_symbol}, "only 'conflate' takes one"),
        ({"block_s": 0}, "block_s 0: give seconds greater than 0"),
    ],
)
def test_a_wrong_mailbox_spec_is_refused_with_field_value_and_remedy(
    fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        MailboxSpec(**fields)


POLICIES: list[Overflow] = ["reject", "drop_oldest", "conflate"]


@settings(max_examples=100, deadline=None)
@given(
    policy=st.sampled_from(POLICIES),
    capacity=st.integers(1, 5),
    steps=st.lists(st.one_of(st.tuples(st.integers(0, 6), st.integers()), st.just("run"))),
)
def test_otp_242_no_policy_ever_lets_a_mailbox_grow_beyond_its_bound(
    policy: Overflow, capacity: int, steps: list[Any]
) -> None:
    sim = Simulation(0)
    key = by_symbol if policy == "conflate" else None
    ref = keeper(sim, MailboxSpec(capacity=capacity, overflow=policy, key=key))
    refused = 0
    for step in steps:
        if step == "run":
            sim.settle()
        else:
            try:
                ref.tell(step)
            except MailboxFull:
                refused += 1
        assert ref.depth() <= capacity
    sim.run()
    told = sum(step != "run" for step in steps)
    handled = len(actor_of(ref).seen)
    own = ref.actor_inbox.stats
    assert refused <= own.dropped
    assert handled + own.dropped + own.conflated >= told, "nothing vanishes uncounted"
    sim.close()


def test_the_control_lane_overtakes_everything_queued(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec())
    for number in range(5):
        ref.tell(number)
    ref.tell_urgent("now")
    sim.run()
    assert actor_of(ref).seen == ["now", 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "spec", [MailboxSpec(), MailboxSpec(overflow="conflate", key=type)], ids=["plain", "conflating"]
)
def test_what_is_left_waits_for_the_next_message_or_for_a_wake_and_keeps_its_place(
    sim: Simulation, spec: MailboxSpec
) -> None:
    ref = keeper(sim, spec)
    sim.run()
    ref.leave("first")
    sim.run()
    assert actor_of(ref).seen == []
    ref.tell(2)
    sim.run()
    assert actor_of(ref).seen == ["first", 2]
    ref.leave("third")
    ref.wake()
    sim.run()
    assert actor_of(ref).seen == ["first", 2, "third"]


def test_a_message_that_takes_the_place_of_one_that_was_left_wakes_its_actor(
    sim: Simulation,
) -> None:
    ref = keeper(sim, MailboxSpec(overflow="conflate", key=type))
    sim.run()
    ref.leave("old")
    ref.tell("new")
    sim.run()
    assert actor_of(ref).seen == ["new"]


def test_nothing_can_be_left_with_who_has_ended_and_a_role_is_reached_by_its_name(
    sim: Simulation,
) -> None:
    ref, registry = keeper(sim, MailboxSpec()), Registry()
    registry.register("role", ref)
    role = registry.ref("role")
    role.leave("left")
    role.wake()
    sim.run()
    assert actor_of(ref).seen == ["left"]
    ref.stop()
    with pytest.raises(pykka.ActorDeadError):
        ref.leave("too late")
    role.wake()
    with pytest.raises(Unavailable):
        role.leave("too late")


def test_otp_243_stop_drains_and_stop_now_overtakes(sim: Simulation) -> None:
    draining, leaving = keeper(sim, MailboxSpec()), keeper(sim, MailboxSpec())
    for ref in (draining, leaving):
        ref.tell("queued")
    request = leaving.ask("queued request", block=False)
    drained, left_alone = actor_of(draining), actor_of(leaving)
    stopped, left = draining.stop(block=False), leaving.stop_now(block=False)
    sim.run()
    assert stopped.get() is left.get() is True
    assert drained.seen == ["queued"]
    assert left_alone.seen == []
    with pytest.raises(pykka.ActorDeadError):
        request.get()
    assert stats(leaving).dead_letters == 1, "the queued message is counted, not silently lost"


def test_depth_is_exact_and_the_age_never_less_than_the_truth(sim: Simulation) -> None:
    ref = keeper(sim, MailboxSpec())
    assert (ref.depth(), ref.oldest_age_s()) == (0, 0.0)
    ref.tell("first")
    sim.clock.advance(2.0)  # type: ignore[attr-defined]  # a simulation's clock is manual
    ref.tell("second")
    assert ref.depth() == 2
    assert ref.oldest_age_s() == 2.0
    sim.run()
    assert (ref.depth(), ref.oldest_age_s()) == (0, 0.0)


def test_the_age_stays_an_upper_bound_under_a_lasting_backlog(sim: Simulation) -> None:
    """One message a virtual second comes in and one goes out; five always wait."""

    class Slow(Echo):
        def on_receive(self, message: Any) -> Any:
            ages.append((sim.now_ns() - message) / 1e9)
            ref.tell(sim.now_ns())
            sim.clock.advance(1.0)  # type: ignore[attr-defined]  # as above
            bounds.append(ref.oldest_age_s())

    ages: list[float] = []
    bounds: list[float] = []
    ref = sim.start(Slow())
    for _ in range(5):
        ref.tell(sim.now_ns())
    sim.run(lambda: len(ages) >= 100)
    truths = ages[1:]  # the oldest that waits after one message is the next one handled
    for bound, truth in zip(bounds, truths, strict=False):
        assert truth <= bound <= truth + 6
