"""State machines and their time-outs: conformance cases 201 to 211, in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pykka
import pytest

from supervision import NORMAL, SHUTDOWN, ActorRef, Crash, Simulation
from supervision.statem import (
    EVENT,
    STATE,
    BadResult,
    CancelTimeout,
    Event,
    Insert,
    Kind,
    Postpone,
    Reply,
    Result,
    SetTimeout,
    StateMachine,
    Stop,
    UpdateTimeout,
)
from supervision.testing import actor_of

Log = list[tuple[float, str, Any]]


class Machine(StateMachine[str, None]):
    """Writes down time, state and content of every event; a message may say what to do.

    A message is a content, or a tuple of a content, the next state (None: stay) and actions.
    """

    def __init__(self, reactions: dict[Any, Any], first: Sequence[Any]) -> None:
        super().__init__()
        self.log: Log = []
        self.reactions = reactions
        self.first = first

    def init(self) -> Result[str, None]:
        return Result("a", None, self.first)

    def handle(self, state: str, event: Event, data: None) -> Result[str, None]:
        content, following, actions = event.content, None, ()
        if isinstance(content, tuple):
            content, following, *actions = content  # type: ignore[assignment]  # a test's script
        self.log.append((self._cell.now_ns() / 1e9, state, content))
        reaction = self.reactions.get((state, content), self.reactions.get(content))
        if reaction is not None:
            result: Any = reaction(event)
            return result if not isinstance(result, tuple) else Result(*result)
        return Result(following or state, None, actions)


@pytest.fixture
def sim() -> Iterator[Simulation]:
    made = Simulation(6)
    yield made
    made.close()


def machine(
    sim: Simulation,
    reactions: dict[Any, Callable[[Event], Any]] | None = None,
    first: Sequence[Any] = (),
) -> ActorRef[Any]:
    return sim.start(Machine(reactions or {}, first))


def log(ref: ActorRef[Any]) -> Log:
    entries: Log = actor_of(ref).log
    return entries


def contents(ref: ActorRef[Any]) -> list[Any]:
    return [content for _, _, content in log(ref)]


def test_otp_201_a_state_timeout_survives_events_and_ends_with_a_change_of_state(
    sim: Simulation,
) -> None:
    ref = machine(sim)
    ref.tell(("set", None, SetTimeout(STATE, 2.0, "late")))
    sim.run_for(1.0)
    ref.tell("an event that does not matter")
    sim.run_for(5.0)
    assert log(ref)[-1] == (2.0, "a", "late")
    ref.tell(("set", None, SetTimeout(STATE, 2.0, "never")))
    ref.tell(("go", "b"))
    sim.run_for(5.0)
    assert "never" not in contents(ref)


def test_otp_202_an_event_timeout_ends_with_any_event(sim: Simulation) -> None:
    ref = machine(sim)
    ref.tell(("set", None, SetTimeout(EVENT, 2.0, "never")))
    sim.run_for(1.0)
    ref.tell("any event")
    sim.run_for(5.0)
    assert "never" not in contents(ref)
    ref.tell(("set", None, SetTimeout(EVENT, 2.0, "quiet")))
    sim.run_for(5.0)
    assert contents(ref)[-1] == "quiet"


def test_otp_203_named_timeouts_survive_changes_and_are_replaced_or_cancelled_by_name(
    sim: Simulation,
) -> None:
    ref = machine(sim)
    timeouts = [SetTimeout("x", 1.0, "old x"), SetTimeout("y", 3.0, "y"), SetTimeout("z", 2.0)]
    ref.tell(("set", "b", *timeouts))
    ref.tell(("again", "c", SetTimeout("x", 2.0, "new x"), SetTimeout("z", float("inf"))))
    sim.run_for(10.0)
    assert log(ref)[2:] == [(2.0, "c", "new x"), (3.0, "c", "y")]


def test_otp_204_timeouts_of_0_come_after_internal_and_before_external_events(
    sim: Simulation,
) -> None:
    ref = machine(sim)
    actions = [SetTimeout(2, 0, "zero 1"), SetTimeout(1, 0, "zero 2"), Insert("internal")]
    ref.tell(("set", None, *actions))
    ref.tell("external")
    sim.run()
    assert contents(ref) == ["set", "internal", "zero 1", "zero 2", "external"]


def test_otp_205_a_timeout_that_is_due_can_still_be_cancelled_or_given_other_content(
    sim: Simulation,
) -> None:
    ref = machine(sim)
    due = [
        SetTimeout("x", 0, "x"),
        SetTimeout("y", 0, "y"),
        Insert(
            (
                "mend",
                None,
                *[
                    CancelTimeout("x"),
                    UpdateTimeout("y", "y, updated"),
                    UpdateTimeout("unknown", "ignored"),
                ],
            )
        ),
    ]
    ref.tell(("set", None, *due))
    sim.run()
    assert contents(ref) == ["set", "mend", "y, updated"]


def test_otp_205_an_update_keeps_the_deadline(sim: Simulation) -> None:
    ref = machine(sim, first=[SetTimeout("x", 3.0, "old")])
    sim.run_for(2.0)
    ref.tell(("update", None, UpdateTimeout("x", "new")))
    sim.run_for(5.0)
    assert log(ref)[-1] == (3.0, "a", "new")


def test_otp_206_absolute_deadlines_are_moments_of_the_monotonic_clock(sim: Simulation) -> None:
    sim.run_for(5.0)
    ref = machine(sim, first=[SetTimeout("x", at_ns=7 * 10**9, content="at seven")])
    sim.run_for(5.0)
    assert log(ref) == [(7.0, "a", "at seven")]


def test_otp_207_internal_events_come_first_in_the_order_of_insertion(sim: Simulation) -> None:
    ref = machine(sim)
    ref.tell(("first", None, Insert(("i1", None, Insert("i3"))), Insert("i2")))
    ref.tell("external")
    sim.run()
    assert contents(ref) == ["first", "i1", "i2", "i3", "external"]


def test_otp_208_postponed_events_come_again_only_after_a_change_in_their_order(
    sim: Simulation,
) -> None:
    def postpone(event: Event) -> Any:
        return "a", None, [Postpone()]

    ref = machine(sim, {("a", "p1"): postpone, ("a", "p2"): postpone})
    for message in ("p1", "p2", "other", ("change", "b"), "last"):
        ref.tell(message)
    sim.run()
    states = [(state, content) for _, state, content in log(ref)]
    first = [("a", "p1"), ("a", "p2"), ("a", "other"), ("a", "change")]
    assert states == [*first, ("b", "p1"), ("b", "p2"), ("b", "last")]


def test_otp_209_a_stop_replies_before_it_ends(sim: Simulation) -> None:
    ref = machine(sim, {"stop": lambda _event: ("a", None, [Reply("goodbye"), Stop(SHUTDOWN)])})
    assert ref.ask("stop") == "goodbye"
    sim.run()
    assert ref.exit_reason == SHUTDOWN


def test_otp_209_nothing_is_handled_after_a_stop(sim: Simulation) -> None:
    ref = machine(sim)
    entries = log(ref)
    ref.tell(("stop", None, Insert("never"), Stop()))
    ref.tell("never")
    sim.run()
    assert ref.exit_reason == NORMAL
    assert [content for _, _, content in entries] == ["stop"]


def test_otp_210_a_late_reply_is_discarded(sim: Simulation) -> None:
    asked: list[Event] = []

    def keep(event: Event) -> Any:
        asked.append(event)
        return "a", None, [SetTimeout("answer", 3.0, "answer")]

    ref = machine(sim, {"ask": keep, "answer": lambda _: ("a", None, [Reply("late", asked[0])])})
    answer = ref.ask("ask", block=False, timeout=1.0)
    with pytest.raises(pykka.Timeout):
        answer.get()
    sim.run()
    assert contents(ref) == ["ask", "answer"]
    assert ref.is_alive()


def test_a_reply_can_come_from_a_later_event(sim: Simulation) -> None:
    asked: list[Event] = []

    def keep(event: Event) -> Any:
        asked.append(event)
        return "a", None, [SetTimeout("answer", 0.5, "answer")]

    ref = machine(sim, {"ask": keep, "answer": lambda _: ("a", None, [Reply("now", asked[0])])})
    assert ref.ask("ask", timeout=1.0) == "now"
    assert asked[0].kind is Kind.EXTERNAL


@pytest.mark.parametrize("value", ["no result", 42, None])
def test_otp_211_a_bad_return_value_is_a_crash_with_that_value_in_the_reason(
    sim: Simulation, value: Any
) -> None:
    class Bad(Machine):
        def handle(self, state: str, event: Event, data: None) -> Any:
            return value

    ref = sim.start(Bad({}, ()))
    ref.tell("event")
    sim.run()
    assert isinstance(ref.exit_reason, Crash)
    assert isinstance(ref.exit_reason.cause, BadResult)
    assert repr(value) in str(ref.exit_reason.cause)


def test_otp_211_a_bad_action_is_a_crash_with_that_action_in_the_reason(sim: Simulation) -> None:
    ref = machine(sim)
    ref.tell(("act", None, "explode"))
    sim.run()
    assert "'explode', which is none" in str(ref.exit_reason)
