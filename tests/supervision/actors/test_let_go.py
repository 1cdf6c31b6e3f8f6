"""Who keeps the address of an actor that has ended, or why it ended, does not keep what it had."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pykka
import pytest

from supervision import Actor, Crash

RUNTIMES = ("thread", "pool")


class Riches:
    """What an actor has: something that shows when it is gone."""


class Keeper(Actor):
    """Has riches, a bound handler, a timer of tomorrow, and handlers that crash with them."""

    def __init__(self, seen: list[weakref.ref[Riches]]) -> None:
        super().__init__()
        self.riches = Riches()
        seen.append(weakref.ref(self.riches))

    def on_start(self) -> None:
        self.handlers = {"crash": self.crash}
        self.send_after(86_400, "tomorrow")

    def on_receive(self, message: str) -> Any:
        return self.handlers[message](message)

    def crash(self, why: str) -> None:
        own = self.riches
        raise ValueError(f"{why} with {own is not None}")


def _asked(ref: Any) -> None:
    with pytest.raises(ValueError, match="crash with True"):
        ref.ask("crash")


WAYS: dict[str, Callable[[Any], object]] = {
    "a stop": lambda ref: ref.stop(),
    "a kill": lambda ref: ref.kill(),
    "a crash": lambda ref: ref.tell("crash"),
    "a crash in an answer": _asked,
    "an unknown message": lambda ref: ref.tell("nonsense"),
}


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("way", WAYS)
def test_what_an_actor_had_is_gone_when_it_has_ended(way: str, runtime: str) -> None:
    """Its address and its reason are still held, and its timer has not fired."""
    seen: list[weakref.ref[Riches]] = []
    ref = Keeper.start_on(runtime, seen)
    WAYS[way](ref)
    assert ref.actor_stopped.wait(10)
    _until_gone(seen[0])
    reason = ref.exit_reason
    assert seen[0]() is None
    assert reason is not None
    if isinstance(reason, Crash):
        places = _places(reason.cause)
        assert "on_receive" in places, "where it crashed is still known"
    assert ref.actor_class is Keeper
    with pytest.raises(pykka.ActorDeadError):
        ref.tell("crash")


def _until_gone(seen: weakref.ref[Riches]) -> None:
    """Collect until it is gone; the turn in which it ended may still be returning."""
    for _ in range(100):
        gc.collect()
        if seen() is None:
            return


def _places(error: BaseException) -> list[str]:
    found, trace = [], error.__traceback__
    while trace is not None:
        found.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return found
