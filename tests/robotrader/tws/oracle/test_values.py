"""Three independent decoders read what we write: every field, with the value that we gave it.

ib_async 2.1.0, ib_insync 0.9.86 and IBKR's ibapi 9.81.1, unmodified, as black boxes. Each reply is
drawn at random at each version that a client speaks, unset values and conditional parts included,
and what the client tells its callbacks is compared with what went in, field by field. A client
that raises, leaves fields over, loses one or holds another value is a mismatch.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest

from robotrader.tws import codec
from robotrader.tws.replies import REPLIES
from tests.robotrader.tws.oracle.clients import PAIRS, VERSIONS, Reader
from tests.robotrader.tws.oracle.drawing import reply
from tests.robotrader.tws.oracle.matching import Leaf, differences, leaves
from tests.robotrader.tws.oracle.places import PLACES, WITHOUT

ROUNDS = 3
DEEP_ROUNDS = 150
"""Messages of each kind at each version: three are 9,500 in all."""

CALLBACKS = {
    1: "tickByTickAllLast",
    2: "tickByTickAllLast",
    3: "tickByTickBidAsk",
    4: "tickByTickMidPoint",
}


def mismatches(client: str, version: int, rounds: int) -> Iterator[tuple[Any, ...]]:
    """Play ``rounds`` of all replies; yield what is not as it was sent."""
    rng, reader, spoken = Random(version), Reader(client, version), codec(version)
    names = [name for name in REPLIES if name not in WITHOUT[client]]
    for _ in range(rounds):
        for name in names:
            sent = reply(name, version, rng, ascii_only=client == "ibapi")
            listener, complaints = reader.read(spoken.encode_reply(name, sent))
            if complaints or not listener.calls:
                yield name, complaints, sent
                continue
            fields = leaves(REPLIES[name][1], version, sent)
            for difference in differences(name, fields, listener.held(), PLACES[client]):
                yield name, *difference


@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_value_arrives_as_it_was_sent(client: str, version: int) -> None:
    assert list(mismatches(client, version, ROUNDS)) == []


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_value_arrives_in_a_long_run(client: str, version: int) -> None:
    assert list(mismatches(client, version, DEEP_ROUNDS)) == []


@pytest.mark.parametrize("client", VERSIONS)
@pytest.mark.parametrize("kind", CALLBACKS)
def test_a_tick_by_tick_comes_to_the_callback_of_its_type(client: str, kind: int) -> None:
    fields = {"reqId": 1, "tickType": kind, "time": 1_795_240_800, "size": 1, "price": 1.5}
    listener, complaints = Reader(client, 157).read(codec(157).encode_reply("tickByTick", fields))
    assert (complaints, [name for name, _ in listener.calls]) == ([], [CALLBACKS[kind]])


@pytest.mark.parametrize(("client", "version"), [("ib_async", 178), ("ibapi", 157)])
def test_the_comparison_sees_any_single_value_that_differs(client: str, version: int) -> None:
    """The oracle is tested too: of each field in turn it is told something else than was sent."""
    rng, reader, places = Random(5), Reader(client, version), PLACES[client]
    unseen = []
    for name in (name for name in REPLIES if name not in WITHOUT[client]):
        sent = reply(name, version, rng, ascii_only=True)
        held = reader.read(codec(version).encode_reply(name, sent))[0].held()
        for leaf in leaves(REPLIES[name][1], version, sent):
            other = leaf._replace(value=different(leaf))
            if not places.without(name, leaf) and not [*differences(name, [other], held, places)]:
                unseen.append((name, leaf))
    assert unseen == []


def different(leaf: Leaf) -> Any:
    """Another value of the same kind, whatever that is."""
    if leaf.kind == "s":
        return "a" if leaf.value == "o" else "" if leaf.value not in {"", "0"} else "9"
    if leaf.kind == "b":
        return not leaf.value
    return 17 if leaf.value is None else leaf.value + 1


def test_every_field_that_is_left_out_exists_and_has_its_reason() -> None:
    for places in PLACES.values():
        assert places.left_out.keys() <= known()
        assert all(len(reason) > 10 for reason in places.left_out.values())


@cache
def known() -> set[str]:
    """All fields that replies have at some version, by message and path."""
    found = set()
    for name, (_, layout) in REPLIES.items():
        for version in (157, 163, 178):
            for seed in range(8):
                sent = reply(name, version, Random(seed), ascii_only=True)
                found |= {f"{name}.{leaf.name}" for leaf in leaves(layout, version, sent)}
    return found
