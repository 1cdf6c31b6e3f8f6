"""Of a contract whose position is not the broker's no more is closed than both sides have."""

from __future__ import annotations

from collections import deque
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain import BrokerSnapshot, ExecutionReport, Side
from robotrader.execution.halted import Theirs, on_both
from tests.robotrader.execution.exchange import Bench
from tests.robotrader.venue.kit import AAPL

OTHERS = 999
QTY = st.integers(-50, 50).map(Decimal)


@given(QTY, QTY)
def test_closing_what_both_have_turns_neither_round(ours: Decimal, theirs: Decimal) -> None:
    both = on_both(ours, theirs)
    for side in (ours, theirs):
        assert (side - both) * side >= 0, "closing it does not go through zero"
        assert abs(both) <= abs(side)
    if ours * theirs > 0:
        assert both in {ours, theirs}, "and leaves nothing that both have"


@given(QTY, st.lists(QTY, min_size=1), QTY)
def test_what_the_broker_says_later_never_allows_more(
    ours: Decimal, said: list[Decimal], traded: Decimal
) -> None:
    """Its positions follow its fills by seconds: one may be from before an exit of ours."""
    theirs = Theirs()
    allowed = abs(ours)
    for each in said:
        theirs.saw(1, ours, each)
        now = abs(theirs.position(1, ours))
        assert now <= allowed
        assert now <= abs(on_both(ours, each))
        allowed = now
    least = min(said, key=lambda each: abs(on_both(ours, each)))
    moved = theirs.position(1, ours + traded)
    assert abs(moved) <= abs(ours + traded)
    if len({abs(on_both(ours, each)) for each in said}) == len(said):
        assert moved == on_both(ours + traded, least + traded), "own fills move both sides"


def test_what_was_never_seen_is_ours() -> None:
    assert Theirs().position(1, Decimal(5)) == 5


class Secretly(Bench):
    """The gateway tells us nothing of what others trade: only the position shows it."""

    def show(self) -> None:
        super().show()
        self.up = deque(each for each in self.up if not _foreign(each))

    def snapshot(self, request: int) -> BrokerSnapshot:
        made = super().snapshot(request)
        own = tuple(each for each in made.executions if not _foreign(each))
        return msgspec.structs.replace(made, executions=own)


def _foreign(told: object) -> bool:
    return isinstance(told, ExecutionReport) and told.order_id == OTHERS


def differing(side: Side, others: int, qty: int = 10) -> Secretly:
    """So many shares with a stop, of which others trade some; the contract is halted by now."""
    bench = Secretly()
    bench.enter(side, qty)
    bench.settle()
    assert bench.stops() == qty
    closes = "SELL" if side is Side.BUY else "BUY"
    bench.market.order(closes, others, key=OTHERS)
    bench.show()
    bench.settle(90)
    assert bench.manager.halted == {AAPL.con_id}
    return bench


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_a_stop_of_more_than_the_broker_has_is_made_smaller(side: Side) -> None:
    """As it was, it would have opened a position on the other side when it triggered."""
    bench = differing(side, 7)
    assert bench.manager.position(AAPL.con_id) == 10 * side.sign, "our books stay as they are"
    assert bench.stops() == 3
    bench.quote(90.0 if side is Side.BUY else 110.0)
    bench.settle()
    assert bench.market.position == 0
    assert bench.stops() == 0


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_an_exit_of_all_that_we_believe_in_closes_what_the_broker_has(side: Side) -> None:
    """A strategy, or the kill switch, asks for ten of which three are there: three are closed."""
    bench = differing(side, 7)
    closes = Side.SELL if side is Side.BUY else Side.BUY
    bench.exit(closes, 10)
    bench.settle()
    assert bench.market.position == 0
    assert bench.live() == []
    bench.exit(closes, 7)
    bench.settle()
    assert bench.market.position == 0, "and what is left in our books alone is nothing"
    assert [each.code for each in bench.declined] == ["halted"]


def test_after_a_restart_the_broker_is_believed_no_further_either() -> None:
    bench = differing(Side.BUY, 7)
    bench.crash()
    bench.settle(30)
    bench.exit(Side.SELL, 10)
    bench.settle()
    assert bench.market.position == 0
    assert bench.live() == []


def test_where_others_have_turned_the_position_round_nothing_of_ours_is_closed() -> None:
    bench = differing(Side.BUY, 15)
    assert bench.live() == []
    bench.exit(Side.SELL, 10)
    bench.settle()
    assert bench.market.position == -5
    assert [each.code for each in bench.declined] == ["halted"]
