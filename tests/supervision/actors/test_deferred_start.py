"""A start that is not over yet can fail in a handler: whoever waits for it hears of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from supervision import DEFERRED, Actor, ActorStartError, Simulation


class Reads(Actor):
    """Its start is over when it has read something; what it cannot read is its end."""

    def on_start(self) -> Any:
        self.actor_ref.tell_urgent("damaged")
        return DEFERRED

    def on_receive(self, message: Any) -> Any:
        msg = f"{message} cannot be read"
        raise LookupError(msg)


def test_a_handler_that_fails_while_the_start_is_deferred_fails_the_start() -> None:
    system = Simulation(1)
    with pytest.raises(ActorStartError) as failed:
        system.start(Reads())
    assert isinstance(failed.value.__cause__, LookupError)
    assert system.now_ns() == 0, "nobody waited for the time that a start may take"
    system.close()
