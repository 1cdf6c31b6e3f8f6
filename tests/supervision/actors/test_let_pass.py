"""Who has told an actor on a loop something in a hurry lets it pass, and goes on behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from supervision import Actor, ActorSystem
from tests.supervision.actors.test_runtimes import (
    ENDS_S,
    MAKERS,
    Passer,
    libuv_system,
    loop_system,
)


@pytest.mark.parametrize("make", [loop_system, libuv_system])
def test_who_lets_a_loop_pass_goes_on_when_its_turns_are_over(
    make: Callable[[], ActorSystem],
) -> None:
    """Also what these turns lead to; unless it takes longer than anybody waits."""
    system, log = make(), list[str]()
    on = "loop" if make is loop_system else "libuv"
    last = system.start(Passer(log, "last", ()), on=on)
    first = system.start(Passer(log, "first", (last,)), on=on)
    monkey = pytest.MonkeyPatch()
    monkey.setattr("supervision.runtime.loop.LET_PASS_S", ENDS_S)
    for number in range(50):
        first.tell(number)
        first.let_pass()
        log.append("on")
        assert log == [f"first {number}", f"last {number}", "on"]
        log.clear()
    monkey.undo()
    system.close()


def test_nobody_is_let_pass_for_long_nor_by_its_own_loop() -> None:
    system, entered, go = loop_system(), threading.Event(), threading.Event()

    class Slow(Actor):
        def on_receive(self, message: Any) -> Any:
            entered.set()
            return go.wait(ENDS_S)

    class Own(Actor):
        def on_receive(self, message: Any) -> Any:
            slow.tell("later")
            slow.let_pass()  # would be for ever: it is this loop that has to go on
            return True

    slow = system.start(Slow(), on="loop")
    own = system.start(Own(), on="loop")
    slow.tell("now")
    assert entered.wait(ENDS_S)
    slow.let_pass()
    assert not go.is_set(), "it went on while the turn lasted"
    go.set()
    assert own.ask("go", timeout=ENDS_S)
    slow.stop()
    slow.let_pass()  # of one that has ended, too
    system.close()


@pytest.mark.parametrize("runtime", ["thread", "pool", "simulation"])
def test_elsewhere_nobody_is_waited_for(runtime: str) -> None:
    system = MAKERS[runtime]()

    class Sender(Actor):
        def on_receive(self, message: Any) -> Any:
            self.actor_ref.tell("again")
            self.actor_ref.let_pass()
            return True

    class Once(Sender):
        def on_receive(self, message: Any) -> Any:
            return message == "again" or super().on_receive(message)

    assert system.start(Once(), on=runtime).ask("go", timeout=ENDS_S)
    system.close()
