"""What fuzzing has found: each request once broke the gateway, and is refused with a reason now."""

from __future__ import annotations

from typing import Any

import pytest

from robotrader.emulator.times import TimeError, parse
from robotrader.market.durations import DurationError, duration
from robotrader.tws import MalformedMessage, codec
from tests.robotrader.emulator.kit import Talker, made
from tests.robotrader.fuzz.streams import BARS, ORDER


def codes(name: str, **fields: Any) -> list[int]:
    """The errors that a request is answered with."""
    talker = Talker(made())
    talker.replies.clear()
    talker.ask(name, **fields)
    talker.wait(6)
    return talker.codes()


def test_a_preview_for_an_account_that_is_not_there_is_refused() -> None:
    assert codes("placeOrder", **ORDER | {"whatIf": True, "account": "DU999"}) == [321]


@pytest.mark.parametrize(
    "fields",
    [
        {"totalQuantity": 10**30},
        {"orderType": "LMT", "lmtPrice": 1e308},
        {"orderType": "STP", "auxPrice": float("inf")},
        {"orderType": "TRAIL", "trailingPercent": 1e300},
    ],
)
def test_numbers_that_no_price_or_quantity_has_are_out_of_range(fields: dict[str, Any]) -> None:
    assert codes("placeOrder", **ORDER | fields) == [109]


@pytest.mark.parametrize("shown", ["1E999999", "0E-999999", "1E-39", "9" * 40])
def test_a_quantity_that_would_fill_the_memory_is_not_read(shown: str) -> None:
    """A dozen bytes on the wire would become a million when the order is shown."""
    frame = codec(178).encode_request("placeOrder", {**ORDER, "totalQuantity": 77})
    with pytest.raises(MalformedMessage, match="placeOrder: field totalQuantity"):
        codec(178).decode_request(frame[4:].replace(b"\x0077\0", f"\0{shown}\0".encode()))


def test_the_unset_quantity_of_a_client_is_still_a_number() -> None:
    frame = codec(178).encode_request("placeOrder", {**ORDER, "totalQuantity": 2**127 - 1})
    assert codec(178).decode_request(frame[4:]).fields["totalQuantity"] == 2**127 - 1


def test_a_time_outside_of_the_calendar_is_refused() -> None:
    schedule = BARS | {"whatToShow": "SCHEDULE", "endDateTime": "00010101 00:00:00 US/Eastern"}
    assert codes("reqHistoricalData", **schedule) == [321]
    with pytest.raises(TimeError, match="years from 1970 to 2199"):
        parse("99991231 23:59:59 UTC")


def test_a_duration_of_a_thousand_years_is_refused_at_once() -> None:
    assert codes("reqHistoricalData", **BARS | {"duration": "1000 Y"}) == [321]
    with pytest.raises(DurationError, match="100 years are the most"):
        duration("5300 W")
    assert duration("100 Y").days == 36_500


@pytest.mark.parametrize("size", ["5 secs", "1 min", "1 hour", "1 day", "1 month"])
def test_a_bar_that_is_kept_up_to_date_is_the_last_one_of_the_size_asked_for(size: str) -> None:
    """Updates once had five seconds whatever was asked for, and a month's ended the clock."""
    talker = Talker(made())
    talker.wait(90)  # no bar but the smallest begins just now
    (answer,) = talker.ask("reqHistoricalData", **BARS | {"barSize": size})[:1]
    updates = [reply for reply in talker.wait(6) if reply.name == "historicalDataUpdate"]
    last, bar = answer.fields["bars"][-1], updates[-1].fields
    assert bar["date"] >= last["date"]
    if size not in {"5 secs", "1 min"}:  # those are over by now
        assert (bar["date"], bar["open"]) == (last["date"], last["open"])
        assert bar["barCount"] >= last["barCount"]
