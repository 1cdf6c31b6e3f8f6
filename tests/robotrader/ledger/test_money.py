"""Prices become money exactly, and what is no usable number is refused, however it is written."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robotrader.domain.errors import DataValidationError
from robotrader.ledger.money import EXACT, FINEST, LARGEST, exact, is_price, market_price

CENTS = st.integers(1, 10**17).map(lambda cents: cents / 100)
FLOATS = st.floats() | st.floats(min_value=0, max_value=1e6) | CENTS
DECIMALS = st.decimals() | st.builds(
    lambda digits, exponent: Decimal(digits).scaleb(exponent),
    st.integers(-(10**25), 10**25),
    st.integers(-40, 40),
)


@given(FLOATS)
@example(100.0)
@example(0.1)
@example(1e13)
@example(9999999999999.99)
@example(5e-324)
@example(math.inf)
@example(math.nan)
@example(1.7976931348623157e308)
def test_a_price_is_the_number_that_its_shortest_text_says_digit_by_digit(price: float) -> None:
    found = market_price(price)
    if 0 < price < math.inf:
        assert found is not None
        assert found.as_tuple() == Decimal(repr(price)).as_tuple()
    else:
        assert found is None
    assert is_price(price) is (found is not None)


@given(FLOATS)
def test_another_librarys_float_is_the_same_price(price: float) -> None:
    assert market_price(np.float64(price)) == market_price(price)


@pytest.mark.parametrize(
    "no_price", [None, True, False, "100", Decimal(100), 0, -1, -0.0, [100], 10**400]
)
def test_what_is_no_number_above_nothing_is_no_price(no_price: object) -> None:
    assert market_price(no_price) is None  # type: ignore[arg-type]
    assert is_price(no_price) is False


def test_twenty_decimals_of_eighteen_digits_are_taken_and_their_product_loses_no_digit() -> None:
    fine = Decimal("999999999999999999.99999999999999999999")
    assert exact(fine, "it") is fine
    with pytest.raises(DataValidationError, match="not a usable Decimal"):
        exact(Decimal("1e-21"), "it")
    product = EXACT.multiply(EXACT.multiply(fine, fine), Decimal(100))
    assert Fraction(EXACT.add(product, fine)) == 100 * Fraction(fine) ** 2 + Fraction(fine)


def test_a_whole_number_is_a_price() -> None:
    assert market_price(7) == Decimal("7.0")
    assert is_price(7)


@given(DECIMALS)
@example(Decimal("1e-20"))
@example(Decimal("1e-21"))
@example(Decimal("0.12345678901234567890"))
@example(Decimal("0.123456789012345678901"))
@example(Decimal("1." + "0" * 21))
@example(LARGEST)
@example(-LARGEST)
@example(LARGEST - 1)
@example(Decimal("sNaN"))
@example(Decimal("-0"))
def test_what_is_too_large_too_fine_or_no_number_is_refused_and_nothing_else(
    value: Decimal,
) -> None:
    """The rule, with the tuple of digits that the quick way does without."""
    exponent = value.as_tuple().exponent
    usable = isinstance(exponent, int) and exponent >= FINEST and abs(value) < LARGEST
    if usable:
        assert exact(value, "it") is value
    else:
        with pytest.raises(DataValidationError, match="not a usable Decimal"):
            exact(value, "it")


@pytest.mark.parametrize("value", [None, 1, 1.0, True, "1", float("nan")])
def test_what_is_no_decimal_is_refused(value: object) -> None:
    with pytest.raises(DataValidationError, match="not a usable Decimal"):
        exact(value, "it")  # type: ignore[arg-type]
