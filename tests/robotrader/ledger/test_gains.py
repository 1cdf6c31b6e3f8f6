"""What single trades realized is, added up, what the ledger says of all."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hypothesis import given

from robotrader.domain.records import Record
from robotrader.ledger import gains_of, realized_today
from robotrader.ledger.money import EXACT
from tests.robotrader.ledger.kit import (
    AAPL,
    CASH,
    KO,
    adopted,
    fee,
    fill,
    fixed,
    groups,
    ledger,
    mixed,
    rolled,
)

BOTH = (AAPL.con_id, KO.con_id)


@given(mixed())
def test_f38_what_each_trade_realized_adds_up_to_what_all_did(
    made: tuple[list[Record], list[Record]],
) -> None:
    book = ledger(*made[1], adopted(3, "5"))
    with localcontext(EXACT):
        assert sum(gains_of(book.snapshot(), BOTH).values(), Decimal(0)) == book.realized()


@given(groups(), groups())
def test_what_was_realized_today_is_what_the_day_has_added(
    before: list[list[Record]], today: list[list[Record]]
) -> None:
    book = ledger(*(each for group in before for each in group))
    book.apply(rolled("2026-11-20", CASH))
    realized = book.realized()
    for number, group in enumerate(today):  # families of their own
        side, qty, price = ("BUY", "SELL")[number % 2], number + 1, str(10 + len(group))
        book.apply(fill(f"t{number}", side, qty, price, con_id=BOTH[number % 3 % 2]))
        book.apply(fee(f"t{number}", "0.35"))
    with localcontext(EXACT):
        found = sum((realized_today(book.snapshot(), each) for each in BOTH), Decimal(0))
        assert found == book.realized() - realized


def test_an_opening_fill_realized_nothing_and_a_closing_one_what_its_lots_and_costs_say() -> None:
    bought, sold = fill("a", "BUY", 10, "5"), fill("b", "SELL", 4, "7")
    book = ledger(bought, fee("a", "1"), sold, fee("b", "0.50"))
    assert gains_of(book.snapshot(), BOTH) == {"b": Decimal("7.10")}
    book.apply(fixed("b", 4, "6"))
    assert gains_of(book.snapshot(), [AAPL.con_id]) == {"b": Decimal("3.10")}
    assert gains_of(book.snapshot(), [KO.con_id]) == {}


def test_a_contract_that_was_not_traded_today_realized_nothing_today() -> None:
    book = ledger(fill("a", "BUY", 10, "5"), fill("b", "SELL", 4, "7"), rolled("2026-11-20", CASH))
    assert realized_today(book.snapshot(), AAPL.con_id) == 0
    assert realized_today(book.snapshot(), 7) == 0
