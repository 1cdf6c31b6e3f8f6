"""What three unmodified clients write, we read: nothing left over, every value as it was given.

Every request method of ib_async 2.1.0, ib_insync 0.9.86 and ibapi 9.81.1 is called at each server
version that the client speaks, with arguments and objects drawn at random; the bytes that it would
send are decoded, and each field is compared with what the client was given.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from robotrader.tws import TwsError, codec
from robotrader.tws.requests import REQUESTS
from tests.robotrader.tws.oracle.asking import Asker
from tests.robotrader.tws.oracle.clients import PAIRS
from tests.robotrader.tws.oracle.matching import differences, leaves
from tests.robotrader.tws.oracle.request_places import PLACES

ROUNDS = 4
DEEP_ROUNDS = 200
"""Calls of each method at each version: four are 11,500 in all."""

FEWEST = {"ib_async": 75, "ib_insync": 75, "ibapi": 70}
"""Requests that each client has: an empty list would prove nothing."""


def mismatches(client: str, version: int, rounds: int) -> Iterator[tuple[Any, ...]]:
    """Call every method ``rounds`` times; yield what is not read, or not as it was given."""
    spoken, asker, read = codec(version), Asker(client, version, Random(version)), set()
    for method in asker.methods() * rounds:
        asked = asker.ask(method)
        if not asked.payloads:
            yield method, "nothing is sent"
        for payload in asked.payloads:
            try:
                message = spoken.decode_request(payload)
            except TwsError as error:
                yield method, str(error)
                continue
            read.add(message.name)
            fields = leaves(REQUESTS[message.name][1], version, message.fields)
            for difference in differences(message.name, fields, asked.held, PLACES[client]):
                yield message.name, *difference
    if len(read) < FEWEST[client]:
        yield "never asked", sorted(REQUESTS.keys() - read)


@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_value_of_a_request_is_read_as_it_was_given(client: str, version: int) -> None:
    assert list(mismatches(client, version, ROUNDS)) == []


@pytest.mark.deep
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("client", "version"), PAIRS)
def test_every_value_of_a_request_is_read_in_a_long_run(client: str, version: int) -> None:
    assert list(mismatches(client, version, DEEP_ROUNDS)) == []


def test_every_field_that_is_left_out_has_its_reason() -> None:
    for places in PLACES.values():
        assert all(len(reason) > 10 for reason in places.left_out.values())
        assert {place.partition(".")[0] for place in places.left_out} <= REQUESTS.keys()
