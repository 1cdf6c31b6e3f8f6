"""The fills as they are told: as they are by now."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from robotrader.domain.records import CommissionBooked, FillBooked, FillCorrected, Record
from robotrader.ledger import Trades

FILL = FillBooked(
    family="00.1", exec_id="00.1.01", ref="rt1-1-1", order_id=1, perm_id=7, con_id=265598,
    account="DU1234567", side="BUY", qty=Decimal(10), price=Decimal("60.25"), time_ns=5,
    strategy="flip",
)  # fmt: skip
FACTS: list[Record] = [
    FILL,
    FillCorrected(family="00.1", exec_id="00.1.02", qty=Decimal(9), price=Decimal("60.20")),
    CommissionBooked(family="00.1", exec_id="00.1.01", commission=Decimal(1)),
]


@given(st.permutations(FACTS))
def test_a_fill_its_correction_and_its_commission_may_come_in_any_order(
    facts: list[Record],
) -> None:
    """O5: a kill -9 between two records had the commission first in the journal."""
    trades = Trades()
    for fact in facts:
        trades.apply(fact)
    (traded,) = trades.between(0, 10)
    assert traded.commission == 1
    assert (traded.fill.qty, traded.fill.price) == (Decimal(9), Decimal("60.20"))
    assert traded.fill.exec_id == "00.1.02"


def test_only_the_fills_of_the_time_and_the_strategy_are_told() -> None:
    trades = Trades()
    trades.apply(FILL)
    assert trades.between(0, 5) == trades.between(6, 9) == ()
    assert trades.between(0, 9, "other") == ()
    assert [each.fill for each in trades.between(5, 6, "flip")] == [FILL]
