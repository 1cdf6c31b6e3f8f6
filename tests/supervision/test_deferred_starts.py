"""A start that was deferred and fails later: whoever starts it hears of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from supervision import DEFERRED, Actor, ActorStartError, DeathPact, Simulation


class Deferred(Actor):
    """Waits for a word before it is up; any other word is a crash, a death too."""

    def __init__(self, watched: Any = None) -> None:
        super().__init__()
        self.watched = watched

    def on_start(self) -> Any:
        """Defer."""
        if self.watched is not None:
            self.monitor(self.watched)
        self.send_after(1.0, "never read before the start is over")
        return DEFERRED

    def on_receive(self, message: Any) -> Any:
        """Crash on a word."""
        if message == "crash":
            raise ValueError(message)
        return super().on_receive(message)


def test_a_handler_that_raises_before_the_start_is_over_fails_the_start() -> None:
    """The starter is told with the handler's error, not by its own deadline."""
    system = Simulation(1)
    actor = Deferred()
    started = system.begin(actor)
    system.settle()
    actor.actor_ref.tell_urgent("crash")
    system.settle()
    with pytest.raises(ValueError, match="crash"):
        started.get(timeout=0)
    assert system.now_ns() == 0
    system.close()


def test_who_is_starting_hears_of_a_death_that_it_watches() -> None:
    """It reads only its control lane: there the notice comes, and ends it."""
    system = Simulation(2)
    watched = system.start(Actor())
    actor = Deferred(watched)
    started = system.begin(actor)
    system.settle()
    watched.kill()
    system.settle()
    with pytest.raises(DeathPact):
        started.get(timeout=0)
    assert not actor.actor_ref.is_alive()
    system.close()


def test_starting_from_outside_raises_at_once() -> None:
    """``start`` says what happened, in no virtual time."""
    system = Simulation(3)
    watched = system.start(Actor())
    system.timers.at(5, lambda: watched.kill() and None)
    with pytest.raises(ActorStartError):
        system.start(Deferred(watched))
    assert system.now_ns() == 5
    system.close()
