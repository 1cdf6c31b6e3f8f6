"""What is nearly always so is asked first, and what is not is answered as if nobody had."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from robotrader.domain import Approved, OrderType, Purpose, Quote
from robotrader.risk import Gate, StopAt
from robotrader.risk.case import Case
from robotrader.risk.past import Past
from robotrader.risk.worst import Worst
from tests.robotrader.ledger.kit import AAPL
from tests.robotrader.risk.kit import NOW, intent, judged, limits, view

D = Decimal


@pytest.mark.parametrize("number", [np.float64, int])
def test_a_quote_of_numbers_that_are_no_floats_is_a_quote(number: type) -> None:
    quoted = Quote(AAPL.con_id, NOW, number(100), number(101), 5, 5)
    assert judged(intent(), view(quotes={AAPL.con_id: quoted})) == ""
    crossed = Quote(AAPL.con_id, NOW, number(102), number(101), 5, 5)
    assert judged(intent(), view(quotes={AAPL.con_id: crossed})) == "quote"


def test_a_stop_that_passes_is_held_with_where_it_stops() -> None:
    gate = Gate(limits())
    stop = intent("SELL", order_type=OrderType.STOP, aux_price=D(95), purpose=Purpose.STOP)
    assert isinstance(gate.judge(stop, view(aapl=10), NOW), Approved)
    assert gate.newest.stop == StopAt(trigger=D(95))


@pytest.mark.parametrize(
    ("held", "side", "closable"), [(5, "BUY", 0), (5, "SELL", 5), (0, "BUY", 0)]
)
def test_an_order_of_the_side_of_what_is_held_can_close_nothing(
    held: int, side: str, closable: int
) -> None:
    before = Worst()
    before.look(view(aapl=held), ())
    case = Case(intent(side), view(aapl=held), limits(), Past(), NOW, before)
    assert case.closable == closable


def test_of_a_crossed_quote_the_higher_price_is_what_a_share_is_worth() -> None:
    crossed = view(quotes={AAPL.con_id: Quote(AAPL.con_id, NOW, 102.0, 101.0, 5, 5)})
    before = Worst()
    before.look(crossed, ())
    case = Case(intent(), crossed, limits(), Past(), NOW, before)
    case.weigh()
    assert case.mine.unit == 102
