"""What-if orders through our port: figures of the venue, errors and ends, and nothing is placed."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace

import pytest

from robotrader.domain import AskMargin, Borrow, MarginSaid
from robotrader.gateway.quotes import LENDING, SHARES, LineBook
from tests.robotrader.adapters.ib.kit import Trader, trade
from tests.robotrader.emulator.kit import Lab, until

UNSET = "1.7976931348623157E308"


def heard(trader: Trader) -> list[MarginSaid]:
    """Collect what the port says of margins."""
    said: list[MarginSaid] = []
    object.__setattr__(trader.port.sinks, "margin", said.append)
    return said


def ask(trader: Trader, number: int, con_id: int, **fields: object) -> AskMargin:
    wanted = trader.order(number, con_id, **fields).order
    return AskMargin(number, wanted, number)


def test_the_answer_has_the_venues_figures_and_nothing_is_placed() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        said, stock = heard(trader), await trader.stock()
        trader.port.margins.ask(ask(trader, 1, stock.con_id, qty=Decimal(100)))
        await until(lambda: bool(said))
        (found,) = said
        assert (found.request, found.why) == (1, "")
        assert (found.initial, found.maintenance) == (Decimal(500), Decimal(250))
        assert found.equity > 0
        assert not lab.gateway.venue.live
        trader.place(2)
        await until(lambda: len(lab.gateway.venue.live) == 1)

    trade(scene)


def test_an_error_is_an_answer_and_says_why() -> None:
    async def scene(trader: Trader, _lab: Lab) -> None:
        await trader.ready()
        said = heard(trader)
        trader.port.margins.ask(ask(trader, 7, 999_999_999))
        await until(lambda: bool(said))
        assert said[0].request == 7
        assert said[0].why.startswith("200: ")
        assert trader.failed(7) == [], "it is no order's error"

    trade(scene)


def test_unset_figures_are_waited_over_and_an_end_is_an_answer() -> None:
    async def scene(trader: Trader, lab: Lab) -> None:
        await trader.ready()
        said, stock = heard(trader), await trader.stock()
        served = lab.gateway.faults.incoming
        lab.gateway.faults.incoming = (  # type: ignore[method-assign]
            lambda link, name, fields: not fields.get("whatIf") and served(link, name, fields)
        )
        trader.port.margins.ask(ask(trader, 3, stock.con_id))
        names = ("initMarginAfter", "maintMarginAfter", "equityWithLoanAfter")
        for figure in (UNSET, "", "nan"):
            trader.port.margins.told(3, SimpleNamespace(**dict.fromkeys(names, figure)))
        assert trader.port.margins.failed(3, 399, "a warning")
        assert trader.port.margins.failed(3, 2109, "a notice")
        assert said == []
        trader.port.stop()
        assert [(each.request, each.why) for each in said] == [(3, "the connection ended")]
        trader.port.margins.ask(ask(trader, 4, stock.con_id))
        assert said[-1].why == "there is no connection"

    trade(scene)


@pytest.mark.parametrize(
    ("ticks", "found"),
    [
        ([(LENDING, 3.0)], (1_000, False)),
        ([(LENDING, 2.6)], (1_000, False)),
        ([(LENDING, 3.0), (SHARES, 50)], (50, False)),
        ([(SHARES, 50), (LENDING, 3.0)], (50, False)),
        ([(SHARES, 50)], (50, False)),
        ([(LENDING, 2.5), (SHARES, 50)], (50, True)),
        ([(LENDING, 1.6)], (1_000, True)),
        ([(LENDING, 1.5), (SHARES, 50)], (0, False)),
        ([(LENDING, 0.0)], (0, False)),
    ],
)
def test_two_ticks_say_what_can_be_borrowed(
    ticks: list[tuple[int, float]], found: tuple[int, bool]
) -> None:
    book = LineBook(1)
    said = [one for tick in ticks if (one := book.lent(*tick)) is not None]
    assert said[-1] == Borrow(1, Decimal(found[0]), found[1])
    assert book.lent(*ticks[-1]) is None, "it is known"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1.8e308])
def test_f61_what_is_no_number_of_shares_changes_nothing(value: float) -> None:
    book = LineBook(1)
    assert book.lent(LENDING, value) is None
    assert book.refused["borrow"] == 1
