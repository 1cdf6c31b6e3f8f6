"""The codec: every message at every version comes back as it went, and no bytes can hurt it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.tws import (
    HIGHEST,
    LOWEST,
    MalformedMessage,
    Message,
    TwsError,
    UnknownMessage,
    UnreadFields,
    codec,
)
from robotrader.tws.replies import REPLIES
from robotrader.tws.requests import REQUESTS
from tests.robotrader.tws.values import message

SPOKEN = (157, 176, 178, 193, 200)
ROUNDS = 12


@pytest.mark.parametrize("version", range(LOWEST, HIGHEST + 1))
def test_every_message_comes_back_as_it_went(version: int) -> None:
    spoken, rng = codec(version), Random(version)
    rounds = ROUNDS if version in SPOKEN else 1
    for _ in range(rounds):
        for name, (_number, layout) in REPLIES.items():
            sent = message(layout, rng, version)
            got = spoken.decode_reply(spoken.encode_reply(name, sent)[4:])
            assert (got.name, unescaped(name, got.fields)) == (name, sent)
        for name, (_number, layout) in REQUESTS.items():
            sent = message(layout, rng, version)
            got = spoken.decode_request(spoken.encode_request(name, sent)[4:])
            assert (got.name, got.fields) == (name, sent)


def unescaped(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Undo the escape of seven-bit texts the way clients do it."""
    escaped = {"error": "msg", "contractDetails": "longName"}.get(name)
    if escaped:
        fields[escaped] = fields[escaped].encode().decode("unicode-escape")
    return fields


def fields_of(frame: bytes) -> list[str]:
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    return frame[4:].decode().split("\0")[:-1]


def test_start_api_is_the_bytes_that_clients_send() -> None:
    assert codec(178).encode_request("startApi", {"clientId": 11}) == b"\0\0\0\x0971\x002\x0011\0\0"


@pytest.mark.parametrize(
    ("version", "shown"),
    [
        (157, ["4", "2", "7", "200", "No security"]),
        (166, ["4", "2", "7", "200", "No security", "{}"]),
        (193, ["4", "2", "7", "200", "No security", "{}"]),
        (194, ["4", "7", "200", "No security", "{}", "1700000000000"]),
    ],
)
def test_an_error_has_the_fields_of_its_version(version: int, shown: list[str]) -> None:
    fields = {
        "reqId": 7,
        "code": 200,
        "msg": "No security",
        "advancedOrderRejectJson": "{}",
        "errorTime": 1_700_000_000_000,
    }
    assert fields_of(codec(version).encode_reply("error", fields)) == shown


@pytest.mark.parametrize(
    ("version", "size", "shown"),
    [(157, Decimal(100), "100"), (178, Decimal("0.50"), "0.5"), (178, Decimal(100), "100")],
)
def test_a_tick_price_has_a_size_of_its_version(version: int, size: Decimal, shown: str) -> None:
    tick = {"reqId": 3, "tickType": 1, "price": 196.52, "size": size, "attrMask": 1}
    frame = codec(version).encode_reply("tickPrice", tick)
    assert fields_of(frame) == ["1", "6", "3", "1", "196.52", shown, "1"]


def test_values_look_as_recorded() -> None:
    """Doubles plain, statuses trimmed, unset values as the largest number or empty."""
    status = fields_of(
        codec(178).encode_reply("orderStatus", {"orderId": 4, "avgFillPrice": 196.52})
    )
    assert status[:7] == ["3", "4", "", "0", "0", "196.52", "0"]
    details = {"minTick": 0.00001, "strike": 0.0}
    frame = fields_of(codec(178).encode_reply("contractDetails", details))
    assert "0.00001" in frame
    pnl = codec(178).encode_reply("pnl", {"reqId": 1, "daily": 0.0, "unrealized": None})
    assert fields_of(pnl) == ["94", "1", "0.0", "1.7976931348623157E308", "0.0"]


def test_a_64_bit_id_is_exact() -> None:
    fields = {"parentPermId": 9_223_372_036_854_775_807}
    frame = codec(178).encode_reply("completedOrder", fields)
    assert codec(178).decode_reply(frame[4:]).fields["parentPermId"] == 2**63 - 1


def test_infinity_is_spelled_as_the_gateway_does_and_read_as_clients_do() -> None:
    order = {"orderType": "PEG BEST", "competeAgainstBestOffset": float("inf")}
    frame = codec(178).encode_request("placeOrder", order)
    assert b"\0Infinity\0" in frame
    for shown in (b"Infinity", b"Infinite", b"inf"):
        request = codec(178).decode_request(frame[4:].replace(b"Infinity", shown))
        assert request.fields["competeAgainstBestOffset"] == float("inf")


@pytest.mark.parametrize(
    "fields",
    [{"price": float("nan")}, {"size": Decimal("NaN")}, {"size": Decimal("Infinity")}],
)
def test_what_is_not_a_number_is_not_sent(fields: dict[str, object]) -> None:
    with pytest.raises(MalformedMessage, match=r"tickPrice: .*not (a number|finite)"):
        codec(178).encode_reply("tickPrice", fields)


def test_conditional_fields_of_an_order_begin_with_version_170() -> None:
    """PEG BEST's offsets came with 170: an older client sends none of them."""
    old = codec(169).encode_request("placeOrder", {"orderType": "PEG BEST"})
    new = codec(170).encode_request("placeOrder", {"orderType": "PEG BEST"})
    assert new[4:].count(b"\0") - old[4:].count(b"\0") == 2
    assert "minCompeteSize" not in codec(169).decode_request(old[4:]).fields


def test_an_error_text_goes_in_seven_bits_and_a_backslash_is_doubled() -> None:
    frame = codec(178).encode_reply("error", {"msg": "a\\b Größe 😀"})
    assert frame.isascii() or all(byte < 128 for byte in frame[4:])
    assert b"a\\\\b Gr\\u00f6\\u00dfe \\ud83d\\ude00" in frame


def outcome(read: Callable[[bytes], Message], payload: bytes) -> str:
    """The name of the message, or what is wrong with it; any other exception is a failure."""
    try:
        return read(payload).name
    except TwsError as error:
        return str(error)


@given(payload=st.binary(max_size=300), version=st.sampled_from(SPOKEN))
def test_no_bytes_raise_anything_but_a_protocol_error(payload: bytes, version: int) -> None:
    for read in (codec(version).decode_request, codec(version).decode_reply):
        assert outcome(read, payload)


@given(data=st.data(), version=st.sampled_from(SPOKEN))
def test_no_mutation_of_a_message_raises_anything_else(data: st.DataObject, version: int) -> None:
    name = data.draw(st.sampled_from(sorted(REQUESTS)))
    rng = Random(data.draw(st.integers(0, 99)))
    spoken = codec(version)
    frame = bytearray(spoken.encode_request(name, message(REQUESTS[name][1], rng, version))[4:])
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    assert outcome(spoken.decode_request, bytes(frame))


def test_an_error_names_the_message_the_field_and_what_came() -> None:
    spoken = codec(178)
    with pytest.raises(MalformedMessage, match=r"reqIds: field numIds \(number 1\) is 'many'"):
        spoken.decode_request(b"8\x001\0many\0")
    with pytest.raises(MalformedMessage, match=r"reqIds: field numIds \(number 1\) is missing"):
        spoken.decode_request(b"8\x001\0")
    with pytest.raises(UnreadFields, match="reqIds: 2 more fields than it has, from 'x'"):
        spoken.decode_request(b"8\x001\x001\0x\0y\0")
    with pytest.raises(UnknownMessage, match="no message has the id '7777'"):
        spoken.decode_request(b"7777\0")
    with pytest.raises(MalformedMessage, match="does not end with a NUL"):
        spoken.decode_request(b"8\x001")
    with pytest.raises(MalformedMessage, match="groups in"):
        spoken.encode_reply("tickPrice", {"price": "groups in"})


def test_what_cannot_be_written_is_refused_before_it_is_sent() -> None:
    spoken = codec(178)
    with pytest.raises(MalformedMessage, match="tickPrice has no field prize"):
        spoken.encode_reply("tickPrice", {"prize": 1.0})
    with pytest.raises(MalformedMessage, match="NUL"):
        spoken.encode_reply("error", {"msg": "a\0b"})
    with pytest.raises(UnknownMessage, match="no message 'tickPrise'"):
        spoken.encode_reply("tickPrise", {})


def test_a_newer_field_is_left_out_of_an_older_version_without_an_error() -> None:
    frame = codec(157).encode_reply("openOrder", {"duration": 5, "submitter": "me"})
    assert codec(157).decode_reply(frame[4:]).fields.keys().isdisjoint({"duration", "submitter"})


@pytest.mark.parametrize("version", [LOWEST - 1, HIGHEST + 1])
def test_other_versions_are_refused(version: int) -> None:
    with pytest.raises(ValueError, match="from 157 to 200 are spoken"):
        codec(version)


@pytest.mark.parametrize("size", [Decimal("100.0"), Decimal("100.75"), 100.0])
def test_a_client_of_whole_sizes_is_never_sent_a_fraction(size: Decimal | float) -> None:
    frame = codec(162).encode_reply("tickSize", {"reqId": 3, "tickType": 0, "size": size})
    assert fields_of(frame) == ["2", "6", "3", "0", "100"]


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        (b"94\0001\000NaN\0000\0000\000", "daily"),
        (b"2\0006\0003\0000\000Infinity\000", "size"),
        (b"2\0006\0003\0000\000sNaN\000", "size"),
        (b"85\000-1\000", "rows"),
        (b"85\0002\000a\000b\000", "rows|code"),
    ],
)
def test_what_is_no_number_or_no_count_is_not_read(payload: bytes, field: str) -> None:
    with pytest.raises(MalformedMessage, match=f"field ({field})"):
        codec(178).decode_reply(payload)


def test_a_flag_that_a_client_leaves_empty_is_not_set() -> None:
    message = codec(178).decode_request(b"6\0002\000\000DU1234567\000")
    assert message.fields == {"subscribe": False, "account": "DU1234567"}
