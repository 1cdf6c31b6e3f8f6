"""Accounts: margin, buying power, profit and loss, the 29 tags; worked by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from robotrader.venue import AccountSetup, Books, NoCommission
from robotrader.venue.account import Position
from robotrader.venue.margin import MarginRules, requirement
from robotrader.venue.tags import TAGS, values
from tests.robotrader.venue.kit import AAPL, ACCOUNT, Market


def bought(qty: int, price: float, cash: int = 10_000) -> Market:
    market = Market(cash=cash, plan=NoCommission())
    market.order("BUY" if qty > 0 else "SELL", abs(qty))
    market.bar(price, price, price, price)
    return market


@pytest.mark.parametrize(
    ("qty", "price", "initial", "maintenance"),
    [
        (100, "50", "2500", "1250"),
        (-100, "50", "2500", "1500"),
        (-100, "10", "500", "500"),
        (-100, "4", "400", "400"),
        (-100, "2", "250", "250"),
        (-100, "6", "500", "500"),
    ],
)
def test_margin_is_what_the_rules_say(qty: int, price: str, initial: str, maintenance: str) -> None:
    need = requirement(MarginRules(), Decimal(qty), Decimal(price), 1)
    assert (need.initial, need.maintenance) == (Decimal(initial), Decimal(maintenance))


def test_an_order_needs_its_initial_margin_to_the_cent() -> None:
    market = Market(cash=10_000, plan=NoCommission())
    market.trade(100)
    market.order("BUY", 200, "LMT", limit_price=100.0)
    assert market.codes() == []
    market.order("BUY", 201, "LMT", limit_price=100.0)
    assert market.codes() == [201]


def test_selling_what_is_held_needs_no_margin() -> None:
    market = bought(100, 190)
    market.books.prices[AAPL.con_id] = 1.0
    market.order("SELL", 100)
    assert market.codes() == []


def test_the_29_tags_of_a_long_position() -> None:
    market = bought(100, 50)
    market.bar(60, 60, 60, 60)
    shown = values(market.books, ACCOUNT)
    assert tuple(shown) == TAGS
    assert len(shown) == 29
    assert shown["NetLiquidation"] == "11000.00"
    assert shown["TotalCashValue"] == "5000.00"
    assert shown["GrossPositionValue"] == "6000.00"
    assert shown["InitMarginReq"] == "3000.00"
    assert shown["MaintMarginReq"] == "1500.00"
    assert shown["AvailableFunds"] == "8000.00"
    assert shown["BuyingPower"] == "16000.00"
    assert shown["ExcessLiquidity"] == "9500.00"
    assert shown["Leverage"] == "0.55"


def test_profit_of_the_day_and_of_the_position() -> None:
    market = bought(100, 50)
    market.bar(55, 55, 55, 55)
    market.advance(market.venue.sessions.next_roll_ns(market.now_ns))
    market.order("SELL", 40)
    market.bar(57, 57, 57, 57)
    pnl = market.books.pnl(ACCOUNT)
    assert pnl.daily == 200
    assert pnl.unrealized == 60 * 7
    assert pnl.realized == 40 * 7
    assert market.books.pnl(ACCOUNT, AAPL.con_id) == pnl


def test_a_flip_closes_first_and_opens_the_rest_at_its_own_price() -> None:
    held = Position()
    assert held.trade(Decimal(100), Decimal(1_001)) is None
    proceeds = (Decimal(1_649) * 100 / 150).quantize(Decimal("1e-8"))
    assert held.trade(Decimal(-150), Decimal(-1649)) == proceeds - 1_001
    assert held.qty == -50
    assert held.realized - held.cost == Decimal(1_649) - 1_001, "nothing is lost between the two"


def test_a_preview_changes_nothing_and_shows_what_would_be() -> None:
    market = bought(100, 50)
    books: Books = market.books
    market.order("BUY", 100, "LMT", limit_price=40.0)
    order = next(iter(market.venue.live.values())).order
    before = values(books, ACCOUNT)
    preview = books.preview(order, market.venue.sessions.day_of(market.now_ns))
    assert preview.before.initial == 2_500
    assert preview.after.initial == 200 * 40 / 2
    assert preview.commission == 0
    assert values(books, ACCOUNT) == before


def test_a_cash_account_pays_in_full_and_sells_only_what_it_has() -> None:
    market = Market()
    market.books.accounts[ACCOUNT] = market.books.accounts[ACCOUNT].open(
        AccountSetup(Decimal(1_000), kind="cash")
    )
    market.trade(10)
    market.order("BUY", 101)
    market.order("SELL", 1)
    assert market.codes() == [201, 201]
    market.order("BUY", 100)
    assert market.codes() == [201, 201]
