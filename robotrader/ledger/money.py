"""Money is exact: the precision everything is computed with, and the one place that divides.

Prices come with up to twenty decimals (a broker's average), quantities and money below 10^18: what
is added and multiplied here always fits in the precision, so no digit is ever lost.
"""

from __future__ import annotations

import math
import sys
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from robotrader.domain.errors import DataValidationError

ZERO: Final = Decimal(0)
EXACT: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Never the thread's own context: somebody else may have changed that."""

FINEST: Final = -20
"""The exponent of the finest number that is taken."""

LARGEST: Final = Decimal("1e18")
_SHORT: Final = -FINEST
"""A tuple of digits is made, which takes ten times as long, only of what is longer as a text."""

_PART: Final = Decimal("1e-8")
"""Parts of a commission are rounded to this; the remainder stays with the rest."""


def exact(value: Decimal, what: str, of: str = "") -> Decimal:
    """Return ``value``, if it is a number that can be computed with.

    ``what`` it is, and ``of`` which one, is said where it is none.

    Raises:
        DataValidationError: it is not a Decimal, not finite, too large or too fine.
    """
    known: object = value  # a record is read leniently: it may hold anything
    if isinstance(known, Decimal) and known.is_finite() and known.copy_abs() < LARGEST:
        if len(text := str(value)) <= _SHORT and "E" not in text:
            return value  # written out, it has fewer decimals than the finest
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= FINEST:
            return value
    what = f"{what} {of}" if of else what
    msg = f"{what} is {value!r}: not a usable Decimal; mend the sender, or quarantine its record"
    raise DataValidationError(msg)


_CENT: Final = Decimal("0.01")
_TENTH: Final = Decimal("0.1")
_WHOLE_CENTS: Final = 1e13
"""Below it no two numbers of cents are the same float: what gives it is what its text says."""


def part(whole: Decimal, of: Decimal, share: Decimal) -> Decimal:
    """Return what ``share`` of ``of`` gets of ``whole``, to a hundred-millionth."""
    if share == of:
        return whole
    return EXACT.quantize(EXACT.divide(whole * share, of), _PART)


def market_price(price: float | None) -> Decimal | None:
    """Return a market's float price as money; None if it is no price (F47, F61)."""
    if type(price) is not float:
        price = float(price) if price is not None and is_price(price) else math.nan
    if not 0 < price < math.inf:
        return None
    cents = round(price * 100) if price < _WHOLE_CENTS else 0
    if cents / 100 != price:
        return Decimal(repr(price))  # which takes three times as long
    if cents % 10:
        return EXACT.multiply(Decimal(cents), _CENT)
    return EXACT.multiply(Decimal(cents // 10), _TENTH)


def is_price(price: object) -> bool:
    """Return whether something is a price of a market: a finite number above 0."""
    if type(price) is float:
        return 0 < price < math.inf
    if isinstance(price, bool) or not isinstance(price, (int, float)):  # numpy's floats are
        return False
    return 0 < price <= sys.float_info.max
