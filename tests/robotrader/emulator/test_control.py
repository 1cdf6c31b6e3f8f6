"""What the control port does to the venue, as a client sees it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from robotrader.emulator import Server
from robotrader.emulator.control import Control
from tests.robotrader.emulator.kit import Talker, made
from tests.robotrader.emulator.test_gateway import AAPL


class Desk:
    """A gateway in memory, one client of it, and its control port without the port."""

    def __init__(self) -> None:
        server = Server(made())
        self.control = Control(server)
        self.talker = Talker(server.gateway)

    def say(self, **command: Any) -> Any:
        return self.control.answer(msgspec.json.encode(command))

    def sell(self, order_id: int) -> None:
        order = {"action": "SELL", "totalQuantity": Decimal(10), "orderType": "MKT"}
        self.talker.ask("placeOrder", orderId=order_id, transmit=True, **AAPL, **order)

    def statuses(self, order_id: int) -> list[tuple[str, str]]:
        found = [r.fields for r in self.talker.replies if r.name == "orderStatus"]
        return [(f["status"], f["whyHeld"]) for f in found if f["orderId"] == order_id]


def test_a_short_sale_waits_until_its_shares_are_located() -> None:
    desk = Desk()
    desk.talker.wait(2)
    assert desk.say(do="shortable", con_id=265598, locate=True) == {"ok": None}
    desk.sell(1)
    desk.talker.wait(2)
    assert desk.statuses(1)[-1] == ("PreSubmitted", "locate")
    assert 404 in desk.talker.codes()
    assert desk.say(do="locate", con_id=265598) == {"ok": None}
    desk.talker.wait(2)
    assert desk.statuses(1)[-1] == ("Filled", "")


def test_shares_that_nobody_lends_are_not_sold_short() -> None:
    desk = Desk()
    desk.talker.wait(2)
    assert desk.say(do="shortable", con_id=265598, shares=0) == {"ok": None}
    desk.sell(1)
    assert desk.talker.codes()[-1] == 201
    assert desk.say(do="shortable", con_id=265598) == {"ok": None}
    desk.sell(2)
    desk.talker.wait(2)
    assert desk.statuses(2)[-1] == ("Filled", "")


def test_a_halted_contract_does_not_trade_until_it_is_resumed() -> None:
    desk = Desk()
    desk.talker.wait(2)
    assert desk.say(do="halt", con_id=265598) == {"ok": None}
    desk.sell(1)
    desk.talker.wait(5)
    assert "Filled" not in {status for status, _ in desk.statuses(1)}
    assert desk.say(do="resume", con_id=265598) == {"ok": None}
    desk.talker.wait(5)
    assert desk.statuses(1)[-1][0] == "Filled"


@pytest.mark.parametrize("verb", ["halt", "resume", "shortable", "locate"])
def test_an_unknown_contract_is_one_clear_error(verb: str) -> None:
    assert Desk().say(do=verb, con_id=1) == {
        "error": "no contract 1: give the con_id of one that is traded here"
    }


def test_the_books_are_one_moment_of_an_account_and_add_up() -> None:
    desk = Desk()
    desk.talker.wait(2)
    desk.sell(1)
    desk.talker.wait(2)
    books = desk.say(do="books")["ok"]["DU1234567"]
    tick = desk.talker.gateway.market.tickers[265598].quote
    mark = Decimal(repr((tick.bid + tick.ask) / 2))
    assert Decimal(books["positions"]["AAPL"]) == -10
    assert Decimal(books["equity"]) == Decimal(books["cash"]) - 10 * mark
    assert Decimal(books["cash"]) > 1_000_000 > Decimal(books["equity"]) > 999_000


def test_the_tempo_is_the_time_and_the_speed() -> None:
    desk = Desk()
    desk.talker.wait(3)
    now_ns = desk.talker.gateway.timeline.now_ns
    said = desk.say(do="tempo")["ok"]
    assert said["speed"] == 1.0
    assert said["now_ns"] >= now_ns
