"""What can wait is done on a loop while no actor has a turn to come, a piece at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from supervision import Actor, ActorSystem, Crash
from supervision.reasons import ExitReason
from supervision.runtime.loop import IDLE_AFTER_S, LoopThread

ENDS_S = 10.0


class Tidy(Actor):
    """Has ``left`` pieces to do; writes down what it did, and on which thread."""

    idles = True

    def __init__(self, left: int = 0) -> None:
        super().__init__()
        self.left, self.log = left, list[str]()
        self.threads: set[int] = set()
        self.asked, self.done = threading.Event(), threading.Event()

    def on_receive(self, message: Any) -> Any:
        self.log.append(f"got {message}")
        self.left += message if isinstance(message, int) else 0
        return threading.get_ident()

    def on_idle(self) -> bool:
        self.threads.add(threading.get_ident())
        if self.left:
            self.left -= 1
            self.log.append("piece")
            self.piece()
            if not self.left:
                self.done.set()
        self.asked.set()
        return bool(self.left)

    def piece(self) -> None:
        """What a piece does."""


@pytest.fixture
def system() -> Iterator[ActorSystem]:
    made = ActorSystem("idle")
    made.add_runtime(LoopThread(made, "loop"))
    yield made
    made.close()


def test_what_can_wait_is_done_piece_by_piece_on_the_loops_thread(system: ActorSystem) -> None:
    tidy = Tidy()
    own = system.start(tidy, on="loop").ask(3)
    assert tidy.done.wait(ENDS_S)
    assert tidy.log == ["got 3", "piece", "piece", "piece"]
    assert tidy.threads == {own}


def test_a_message_that_comes_between_two_pieces_is_handled_before_the_next(
    system: ActorSystem,
) -> None:
    class Talks(Tidy):
        def piece(self) -> None:
            if self.left == 1:
                self.actor_ref.tell("word")

    talks = Talks()
    system.start(talks, on="loop").tell(2)
    assert talks.done.wait(ENDS_S)
    assert talks.log == ["got 2", "piece", "got word", "piece"]


def test_it_waits_a_moment_for_what_the_turn_leads_to(system: ActorSystem) -> None:
    tidy = Tidy()
    ref = system.start(tidy, on="loop")
    assert tidy.asked.wait(ENDS_S), "the start's turn is over for as long"
    begun = time.monotonic()
    ref.tell(1)
    assert tidy.done.wait(ENDS_S)
    assert time.monotonic() - begun >= IDLE_AFTER_S


@pytest.mark.parametrize("runtime", ["thread", "pool"])
def test_elsewhere_nobody_calls_it(system: ActorSystem, runtime: str) -> None:
    """Of two, the one on the loop has done its piece long after the other's turn was over."""
    elsewhere, here = Tidy(left=1), Tidy()
    system.start(elsewhere, on=runtime).ask("a word")
    system.start(here, on="loop").tell(1)
    assert here.done.wait(ENDS_S)
    assert elsewhere.left == 1


def test_one_whose_pieces_crash_ends_and_the_others_go_on(system: ActorSystem) -> None:
    class Breaks(Tidy):
        def piece(self) -> None:
            msg = "a piece broke"
            raise RuntimeError(msg)

    class Watches(Actor):
        def __init__(self, other: Any) -> None:
            super().__init__()
            self.other, self.ended = other, threading.Event()
            self.reason: ExitReason | None = None

        def on_start(self) -> None:
            self.monitor(self.other)

        def on_receive(self, message: Any) -> Any:
            self.reason = message.reason
            self.ended.set()

    breaks, tidy = Breaks(), Tidy()
    broken = system.start(breaks, on="loop")
    other = system.start(tidy, on="loop")
    watch = Watches(broken)
    system.start(watch, on="pool")
    broken.tell(1)
    assert watch.ended.wait(ENDS_S)
    assert isinstance(watch.reason, Crash)
    other.tell(2)
    assert tidy.done.wait(ENDS_S)


def test_while_a_turn_is_to_come_nothing_that_can_wait_is_done(system: ActorSystem) -> None:
    tidy = Tidy()
    ref = system.start(tidy, on="loop")

    class Busy(Actor):
        """Has a turn to come, again and again, for longer than what can wait waits."""

        def on_receive(self, until: float) -> Any:
            if time.monotonic() < until:
                self.actor_ref.tell(until)
            else:
                tidy.log.append("quiet")

    busy = system.start(Busy(), on="loop")
    busy.tell(time.monotonic() + 5 * IDLE_AFTER_S)
    ref.tell(1)
    assert tidy.done.wait(ENDS_S)
    assert tidy.log == ["got 1", "quiet", "piece"]
