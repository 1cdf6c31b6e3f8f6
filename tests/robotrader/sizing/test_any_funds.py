"""Whatever stands where a number should: a size of nothing with a reason, never an exception."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from robotrader.domain import Funds, Sizing
from robotrader.sizing import SizeKind, Sizer, SizeRule
from tests.robotrader.sizing.test_sizer import KINDS, TRADES, sizer
from tests.robotrader.strategies.kit import AAPL, bars

D = Decimal
FUNDS = Funds(equity=D(100_000), drawdown=0.0, trades=TRADES)
SPECIAL = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, 1e308, -1e308, -1.0, 1e-21]
FLOATS = st.floats() | st.sampled_from(SPECIAL)
DECIMALS = st.decimals() | st.sampled_from(
    [D("NaN"), D("sNaN"), D("Infinity"), D("-Infinity"), D("-0"), D("1e308"), D("1e999999"),
     D("1e-999999"), D("1e18"), D(0), D(-1)]
)  # fmt: skip
ANYTHING = st.none() | st.booleans() | st.text(max_size=3) | FLOATS | DECIMALS
KELLY = [SizeKind.KELLY, SizeKind.KELLY_CONTINUOUS]


def none(size: Sizing) -> bool:
    """No share, and a reason that can be read."""
    assert size.why
    assert size.qty.is_finite()
    assert size.qty >= 0
    assert 0 <= size.weight <= 1
    return not size.qty


@given(kind=st.sampled_from(KINDS), price=ANYTHING)
@example(SizeKind.FIXED, 5e-324)
def test_f61_a_price_that_is_none_buys_nothing(kind: SizeKind, price: Any) -> None:
    made = sizer(kind)
    assert not none(made.size(100.0, FUNDS))
    size = made.size(price, FUNDS)
    sane = isinstance(price, float) and 1e-20 <= price < 1e18
    assert none(size) or sane
    assert size.price is None or (math.isfinite(size.price) and size.price > 0)


@given(kind=st.sampled_from(KINDS), equity=st.none() | DECIMALS)
def test_f61_equity_that_is_no_amount_buys_nothing(kind: SizeKind, equity: Decimal | None) -> None:
    size = sizer(kind).size(100.0, replace(FUNDS, equity=equity))
    usable = equity is not None and equity.is_finite() and 0 < equity < D("1e18")
    assert none(size) or usable


@given(kind=st.sampled_from(KELLY), drawdown=st.none() | FLOATS)
def test_f61_a_drawdown_that_is_none_buys_nothing_and_one_below_zero_no_more(
    kind: SizeKind, drawdown: float | None
) -> None:
    made = sizer(kind)
    size = made.size(100.0, replace(FUNDS, drawdown=drawdown))
    assert size.qty <= made.size(100.0, FUNDS).qty
    assert none(size) or (drawdown is not None and math.isfinite(drawdown))


@given(kind=st.sampled_from(KELLY), trades=st.lists(FLOATS, min_size=30, max_size=40))
@example(SizeKind.KELLY, [1e308] * 30)
@example(SizeKind.KELLY_CONTINUOUS, [1e308, -1e308] * 15)
def test_f61_f77_trades_that_are_no_numbers_buy_nothing(
    kind: SizeKind, trades: list[float]
) -> None:
    size = sizer(kind).size(100.0, replace(FUNDS, trades=tuple(trades)))
    assert size.weight <= SizeRule().kelly_cap
    assert none(size) or all(map(math.isfinite, trades))


def test_a_true_range_that_is_next_to_nothing_buys_nothing() -> None:
    made = Sizer(
        SizeRule(kind=SizeKind.ATR, period=2, atr_multiple=0.1), share=1.0, instrument=AAPL
    )
    for bar in bars([5e-324] * 10):
        made.update(replace(bar, high=1e-323, low=5e-324))
    assert none(made.size(100.0, FUNDS))


@pytest.mark.parametrize("name", [each for each in SizeRule.__struct_fields__ if each != "kind"])
@given(value=ANYTHING)
def test_f61_no_rule_of_the_configuration_has_a_number_that_is_none(name: str, value: Any) -> None:
    plain = value if not isinstance(value, Decimal) else str(value)  # as a file can say it
    usable = isinstance(plain, int | float) and not isinstance(plain, bool) and 0 < plain <= 1_000
    if not usable:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({name: plain}, SizeRule)


@given(share=FLOATS)
def test_f61_no_bankroll_is_a_part_that_is_none(share: float) -> None:
    if not 0 < share <= 1:
        with pytest.raises(ValueError, match="0 to 1"):
            Sizer(SizeRule(kind=SizeKind.FIXED), share=share, instrument=AAPL)
