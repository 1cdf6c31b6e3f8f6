"""A strategy's budget: what it holds and has on its way, over all of its symbols."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Approved, Side
from robotrader.ledger import StrategyView
from robotrader.ledger.money import EXACT, ZERO
from robotrader.risk import Gate, WorkingOrder, ratio
from robotrader.risk.budgets import Budgets
from tests.robotrader.ledger.kit import CASH, KO
from tests.robotrader.risk.kit import NOW, account, code, intent, judged, leaving, limits, view

HALF = limits(max_strategy_weight={"cross": ratio("0.5")})
BUDGET = CASH / 2


@given(
    st.lists(
        st.tuples(st.sampled_from(["AAPL", "KO"]), st.integers(1, 400)), min_size=5, max_size=30
    )
)
def test_whatever_a_strategy_wants_in_its_symbols_its_approvals_stay_within_its_budget(
    wanted: list[tuple[str, int]],
) -> None:
    """At a price of 100 on both sides; the oracle adds up what was approved."""
    gate, spent = Gate(HALF), Decimal(0)
    for n, (symbol, qty) in enumerate(wanted):
        more: dict[str, Any] = {"con_id": KO.con_id, "symbol": "KO"} if symbol == "KO" else {}
        asked = intent(qty=qty, strategy=f"cross/{symbol}", cause=f"c{n}", **more)
        found = gate.judge(asked, view(), NOW)
        fits = spent + qty * 100 <= BUDGET
        assert isinstance(found, Approved) is fits
        assert code(found) == ("" if fits else "strategy")
        spent += qty * 100 if fits else 0


def test_others_budgets_are_not_touched_and_who_has_none_is_not_held_back() -> None:
    gate = Gate(HALF)
    too_much = int(BUDGET / 100) + 1
    assert code(gate.judge(intent(qty=too_much, strategy="cross"), view(), NOW)) == "strategy"
    assert code(gate.judge(intent(qty=too_much, strategy="crossing"), view(), NOW)) == ""


def test_what_it_holds_counts_and_what_reduces_passes() -> None:
    """Ten shares at 100 are held, of 100,000 USD: 1.1 percent leave room for one more."""
    budget = {"s": ratio("0.011")}
    assert judged(intent(qty=1), view(aapl=10), max_strategy_weight=budget) == ""
    assert judged(intent(qty=2), view(aapl=10), max_strategy_weight=budget) == "strategy"
    assert judged(leaving(qty=10), view(aapl=10), max_strategy_weight={"s": ratio(0)}) == ""


def test_an_order_of_an_earlier_run_counts_for_its_strategy() -> None:
    qty = int(BUDGET / 100)
    working = WorkingOrder(
        ref="x", con_id=KO.con_id, side=Side.BUY, qty=Decimal(qty), strategy="cross/KO"
    )
    for others, found in (((), ""), ((working,), "strategy")):
        asked = intent(strategy="cross/AAPL")
        assert code(Gate(HALF).judge(asked, view(others=others), NOW)) == found


WORTHS = st.dictionaries(
    st.sampled_from(["s/AAPL", "s/KO", "t"]),
    st.sampled_from([Decimal("1e100"), Decimal(7), Decimal("1e-30"), None]),
)


@settings(max_examples=50)
@given(st.lists(WORTHS, max_size=6))
def test_what_is_held_is_what_a_new_sum_says_even_after_a_digit_was_lost(
    worlds: list[dict[str, Decimal | None]],
) -> None:
    kept, ledger = Budgets(), account()
    with localcontext(EXACT):
        for worths in worlds:
            parts = {
                name: StrategyView(realized=ZERO, commissions=ZERO, cost=ZERO, unrealized=worth)
                for name, worth in worths.items()
            }
            seen = view(ledger=replace(ledger, strategies=parts))
            for name in ("s", "t"):
                expected = Budgets().held(name, seen)
                assert kept.held(name, seen) == kept.held(name, seen) == expected
