"""What a run has made is gone after it: nothing is kept that the collector cannot see."""

from __future__ import annotations

import gc
from typing import Any

import msgspec

from actors import say
from tests.simulation.core import CoreWorld
from tests.simulation.run import run


def test_a_world_is_gone_after_its_run() -> None:
    """With processes that died in it: a dead actor is held by no message that it had."""
    assert run(100).coverage["death"]
    for _ in range(2):  # a generator that is ended by the first lets go of what it held
        gc.collect()
    assert not [each for each in gc.get_objects() if isinstance(each, CoreWorld)]


def test_a_message_with_an_address_is_seen_by_the_collector() -> None:
    """An address leads to an actor, and that to its messages: a circle only the collector ends."""
    kinds = [each for each in vars(say).values() if isinstance(each, type)]
    messages: list[Any] = [each for each in kinds if issubclass(each, msgspec.Struct)]
    with_address = [
        each
        for each in messages
        if any(word in str(hint) for hint in each.__annotations__.values()
               for word in ("Any", "Address", "ActorRef"))
    ]  # fmt: skip
    assert {each.__name__ for each in with_address} >= {"Commit", "Follow"}
    assert [each for each in with_address if not each.__struct_config__.gc] == []
