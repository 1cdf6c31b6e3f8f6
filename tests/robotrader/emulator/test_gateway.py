"""The gateway in memory: requests answered, limits kept, no bytes fatal, the same each time."""

from __future__ import annotations

import io
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.emulator import EventLog, Gateway, Limits
from robotrader.emulator.gateway import HANDLERS
from robotrader.emulator.link import CONFLATE_AT, DROP_AT
from robotrader.tws import codec
from robotrader.tws.replies import REPLIES
from robotrader.tws.requests import REQUESTS
from tests.examples import times
from tests.robotrader.emulator.kit import SECOND_NS, Talker, made
from tests.robotrader.tws.values import message

AAPL = {"conId": 265598, "symbol": "AAPL", "secType": "STK", "exchange": "SMART", "currency": "USD"}
SILENT = {
    "startApi", "setServerLogLevel", "reqNewsBulletins", "cancelNewsBulletins", "reqMarketDataType",
    "cancelPositions", "cancelScannerSubscription", "cancelFundamentalData",
    "cancelCalculateImpliedVolatility", "cancelCalculateOptionPrice", "cancelHistogramData",
    "cancelHeadTimeStamp", "unsubscribeFromGroupEvents", "cancelWshMetaData", "cancelWshEventData",
    "cancelPnL", "cancelPnLSingle", "cancelAccountSummary", "cancelPositionsMulti",
    "cancelAccountUpdatesMulti", "reqGlobalCancel", "reqRealTimeBars", "reqAutoOpenOrders",
}  # fmt: skip
"""Requests that have no answer at once, at the real gateway either."""


def test_there_is_a_handler_for_every_request() -> None:
    assert HANDLERS.keys() == REQUESTS.keys()


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - SILENT))
def test_a_request_is_answered_and_never_met_with_silence(name: str) -> None:
    talker = Talker(made(), client_id=0)
    known = {**AAPL, "reqId": 5, "orderId": 5, "pattern": "APP", "marketRuleId": 26}
    known |= {"underlyingConId": 265598, "barSize": 5 if name == "reqRealTimeBars" else "1 hour"}
    known |= {"duration": "1 D", "whatToShow": "TRADES", "tickType": "Last", "numRows": 3}
    known |= {"action": "BUY", "totalQuantity": Decimal(1), "orderType": "MKT", "transmit": True}
    known |= {"numberOfTicks": 5, "formatDate": 1, "account": "DU1234567", "subscribe": True}
    known |= {"timePeriod": "1 day", "tags": "NetLiquidation", "group": "All"}
    if name == "placeOrder":
        del known["duration"]  # a number there
    spelled = _spelled(REQUESTS[name][1])
    asked = {key: known[key] for key in known if f"{key}:" in spelled or f" {key} " in spelled}
    assert talker.ask(name, **asked), f"{name} was met with silence"


def _spelled(layout: str) -> str:
    shared = "conId: symbol secType exchange currency"
    return f" {layout.replace('CONTRACT12', shared)} "


def test_an_unknown_contract_is_error_200_and_has_no_end_marker() -> None:
    talker = Talker(made())
    replies = talker.ask("reqContractDetails", reqId=7, symbol="NOSUCH", secType="STK")
    assert [(each.name, each.fields["code"]) for each in replies] == [("error", 200)]


def test_the_51st_message_of_a_second_is_error_100_and_going_on_ends_the_connection() -> None:
    talker = Talker(made())
    for _ in range(51):
        talker.ask("reqCurrentTime")
    assert 100 in talker.codes()
    for _ in range(4):
        talker.wait(1)
        for _ in range(60):
            if not talker.link.ending:
                talker.ask("reqCurrentTime")
    assert talker.link.ending == "fin"


def test_fifty_messages_every_second_are_fine() -> None:
    talker = Talker(made())
    for _ in range(5):
        talker.wait(1.01)
        for _ in range(50):
            talker.ask("reqCurrentTime")
    assert 100 not in talker.codes()


def history(talker: Talker, req_id: int, **fields: Any) -> int:
    """Ask for bars; return the error code, 0 for an answer."""
    asked = {**AAPL, "barSize": "30 secs", "duration": "60 S", "whatToShow": "TRADES"} | fields
    replies = talker.ask("reqHistoricalData", reqId=req_id, formatDate=1, **asked)
    return 0 if replies[0].name == "historicalData" else int(replies[0].fields["code"])


def test_an_identical_historical_request_within_15_seconds_is_a_pacing_violation() -> None:
    talker = Talker(made())
    assert history(talker, 1) == 0
    talker.wait(14.9)
    assert history(talker, 2) == 162
    talker.wait(15.1)
    assert history(talker, 3) == 0


def test_the_sixth_request_for_a_contract_within_2_seconds_is_a_pacing_violation() -> None:
    talker = Talker(made())
    codes = [history(talker, n, duration=f"{60 + n} S") for n in range(7)]
    assert codes == [0, 0, 0, 0, 0, 162, 162]
    talker.wait(2.1)
    assert history(talker, 99, duration="99 S") == 0


def test_more_than_60_requests_in_ten_minutes_are_too_many_and_bid_ask_counts_twice() -> None:
    talker = Talker(made())
    for n in range(29):
        talker.wait(3)
        assert history(talker, n, duration=f"{60 + n} S", whatToShow="BID_ASK") == 0
    talker.wait(3)
    assert history(talker, 50, duration="200 S") == 0
    talker.wait(3)
    assert history(talker, 51, duration="201 S") == 0
    talker.wait(3)
    assert history(talker, 52, duration="202 S") == 162
    assert history(talker, 53, duration="1 D", barSize="1 hour") == 0, "large bars are not limited"


def test_an_order_id_that_was_used_or_is_too_old_is_error_103() -> None:
    talker = Talker(made())
    order = {
        **AAPL,
        "action": "BUY",
        "orderType": "MKT",
        "totalQuantity": Decimal(1),
        "transmit": True,
    }
    talker.ask("placeOrder", orderId=7, **order)
    talker.ask("placeOrder", orderId=3, **order)
    assert talker.codes()[-1] == 103
    assert talker.ask("reqIds", numIds=1)[0].fields["orderId"] == 8


def test_a_client_id_in_use_is_error_326_and_the_first_stays() -> None:
    gateway = made()
    first = Talker(gateway, client_id=4)
    second = Talker(gateway, client_id=4)
    assert second.codes() == [326]
    assert second.link.ending == "fin"
    assert first.ask("reqCurrentTime")[0].name == "currentTime"


def test_the_client_over_the_limit_is_closed() -> None:
    gateway = made(limits=Limits(clients=2))
    links = [gateway.connect() for _ in range(3)]
    assert [link.ending for link in links] == ["", "", "fin"]


def test_more_lines_than_allowed_are_error_101_and_the_same_id_twice_102() -> None:
    talker = Talker(made(limits=Limits(lines=1)))
    talker.ask("reqMktData", reqId=1, **AAPL)
    talker.ask("reqMktData", reqId=1, **AAPL)
    talker.ask("reqMktData", reqId=2, **{**AAPL, "conId": 8894})
    assert talker.codes()[-2:] == [102, 101]


def test_a_client_that_does_not_read_gets_the_newest_ticks_and_is_then_dropped() -> None:
    talker = Talker(made())
    talker.ask("reqMktData", reqId=1, **AAPL)
    backlog = [0]
    talker.link.unsent = lambda: backlog[0]
    backlog[0] = CONFLATE_AT
    talker.wait(60)
    assert talker.link.conflated > 100
    backlog[0] = 0
    newest = talker.read()
    assert len(newest) < 12, "one of each kind of tick"
    backlog[0] = DROP_AT
    talker.link.error(-1, 1, "one more")
    assert (talker.link.ending, "too slowly" in talker.link.why_ended) == ("rst", True)


def script(seed: int) -> bytes:
    """Play a day of a client; return the event log."""
    file = io.BytesIO()
    gateway = made(EventLog(file), seed=seed)
    talker = Talker(gateway)
    talker.ask("reqMktData", reqId=1, **AAPL)
    talker.ask("reqPositions")
    for order_id in range(1, 6):
        order = {"action": "BUY", "orderType": "MKT", "totalQuantity": Decimal(300)}
        talker.ask("placeOrder", orderId=order_id, transmit=True, **AAPL, **order)
        talker.wait(7)
    talker.ask("reqExecutions", reqId=9)
    return file.getvalue()


def test_the_same_seed_gives_the_same_event_log_byte_for_byte() -> None:
    assert script(1) == script(1)
    assert script(1) != script(2)
    assert script(1).count(b"\n") > 300


def started(gateway: Gateway) -> Talker:
    return Talker(gateway, client_id=1, version=178)


@times(2)
@given(chunks=st.lists(st.binary(max_size=80), min_size=1, max_size=6))
def test_random_bytes_close_a_connection_at_most_and_hurt_nobody_else(chunks: list[bytes]) -> None:
    gateway = made()
    other = Talker(gateway, client_id=9)
    for link in (gateway.connect(), started(gateway).link):
        for chunk in chunks:
            link.receive(chunk)
    assert other.ask("reqCurrentTime")[0].name == "currentTime"


@times(2)
@given(data=st.data())
def test_random_and_mutated_requests_are_answered_or_refused(data: st.DataObject) -> None:
    gateway = made()
    talker = started(gateway)
    rng = Random(data.draw(st.integers(0, 10_000)))
    for _ in range(data.draw(st.integers(1, 8))):
        name = data.draw(st.sampled_from(sorted(set(REQUESTS) - {"startApi"})))
        fields = message(REQUESTS[name][1], rng, 178)
        if "conId" in fields and rng.random() < 0.7:
            fields |= {key: value for key, value in AAPL.items() if key in fields}
        frame = bytearray(codec(178).encode_request(name, fields))
        if rng.random() < 0.3:
            frame[rng.randrange(4, len(frame))] = rng.randrange(256)
        talker.link.receive(bytes(frame))
        gateway.advance(gateway.timeline.now_ns + SECOND_NS // 10)
    talker.read()
    assert {reply.name for reply in talker.replies} <= set(REPLIES)
    assert Talker(gateway, client_id=99).ask("reqCurrentTime")


def test_a_correction_comes_as_the_same_execution_with_the_next_number() -> None:
    talker = Talker(made())
    order = {"action": "BUY", "orderType": "MKT", "totalQuantity": Decimal(100)}
    talker.ask("placeOrder", orderId=1, transmit=True, **AAPL, **order)
    talker.gateway.correct(40, None)
    talker.read()
    ids = [reply.fields["execId"] for reply in talker.replies if reply.name == "execDetails"]
    assert [each.rpartition(".")[2] for each in ids] == ["01", "02"]
    assert len({each.rpartition(".")[0] for each in ids}) == 1
    assert talker.gateway.books.accounts["DU1234567"].position(265598).qty == 40


def test_the_state_of_a_gateway_goes_through_json() -> None:
    talker = Talker(made())
    order = {"action": "SELL", "orderType": "LMT", "lmtPrice": 900.0, "totalQuantity": Decimal(5)}
    talker.ask("placeOrder", orderId=1, transmit=True, tif="GTC", orderRef="me", **AAPL, **order)
    state = talker.gateway.state()
    again = made()
    again.restore(msgspec.json.decode(msgspec.json.encode(state), type=type(state)))
    back = Talker(again)
    shown = [reply for reply in back.ask("reqOpenOrders") if reply.name == "openOrder"]
    assert [each.fields["orderRef"] for each in shown] == ["me"]
