"""What a trade closes and opens: no share and no cent of a commission is lost or doubled."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotrader.ledger import Lot, Trade, match
from robotrader.ledger.money import EXACT, ZERO

HALVES = st.integers(1, 12).map(lambda halves: Decimal(halves) / 2)
FEES = st.integers(-50, 300).map(lambda cents: Decimal(cents) / 100)
LOTS = st.lists(st.tuples(HALVES, FEES), max_size=5)


def trade(sign: int, size: Decimal, fees: Decimal) -> Trade:
    return Trade(
        family="f", sign=sign, revision=1, size=size, unit=Decimal(110), fees=fees,
        fees_revision=1, strategy="new", rolled=0, time_ns=9,
    )  # fmt: skip


@given(LOTS, st.sampled_from((1, -1)), st.sampled_from((1, -1)), HALVES | st.just(ZERO), FEES)
def test_shares_and_commissions_go_into_closes_lots_or_are_unspent(
    held: list[tuple[Decimal, Decimal]], side: int, sign: int, size: Decimal, fees: Decimal
) -> None:
    """A trade closes only lots of the other side, and the oldest first."""
    with localcontext(EXACT):
        lots = tuple(
            Lot(side * qty, Decimal(100 + at), paid, str(at), at)
            for at, (qty, paid) in enumerate(held)
        )
        found = match(lots, trade(sign, size, fees))
        closed = [each.lot for each in found.closed]
        left = found.lots[:-1] if found.opened else found.lots
        before = sum((each.qty for each in lots), ZERO)
        after = sum((each.qty for each in found.lots), ZERO)
        assert after - before == sign * size
        assert sum(abs(each.qty) for each in closed) == (
            0 if side == sign else min(size, abs(before))
        )
        assert all(each.qty * side > 0 for each in (*closed, *left))
        assert [each.strategy for each in (*closed, *left)] == sorted(
            each.strategy for each in (*closed, *left)
        ), "the oldest first"
        paid = sum((each.fees for each in found.closed), ZERO)
        kept = sum((each.fees for each in found.lots), ZERO)
        assert paid + kept + found.unspent == sum((each.fees for each in lots), ZERO) + fees
        gains = sum((each.gain for each in found.closed), ZERO)
        moved = sum((each.qty * (110 - each.unit) for each in closed), ZERO)
        assert gains == moved - paid


@pytest.mark.parametrize("side", [1, -1])
def test_of_a_lot_of_one_share_a_half_is_closed_on_its_side(side: int) -> None:
    held = Lot(Decimal(side), Decimal(100), Decimal("0.50"), "old", 5)
    found = match((held,), trade(-side, Decimal("0.5"), ZERO))
    assert [each.lot.qty for each in found.closed] == [side * Decimal("0.5")]
    assert [each.qty for each in found.lots] == [side * Decimal("0.5")]


def test_what_is_opened_is_the_trades_and_what_a_lot_keeps_is_its_own() -> None:
    old = Lot(Decimal(2), Decimal(100), Decimal("0.50"), "old", 5)
    found = match((old,), trade(1, Decimal(1), Decimal("0.35")))
    assert found.lots == (old, Lot(Decimal(1), Decimal(110), Decimal("0.35"), "new", 9))
    assert found.opened is found.lots[-1]
    found = match((old,), trade(-1, Decimal(1), ZERO))
    assert found.lots == (Lot(Decimal(1), Decimal(100), Decimal("0.25"), "old", 5),)
    assert found.opened is None
