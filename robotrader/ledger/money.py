"""Money is exact: the precision everything is computed with, and the one place that divides.

Prices come with up to twenty decimals (a broker's average), quantities and money below 10^18: what
is added and multiplied here always fits in the precision, so no digit is ever lost.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

from robotrader.domain.errors import DataValidationError

ZERO: Final = Decimal(0)
EXACT: Final = Context(prec=120, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Never the thread's own context: somebody else may have changed that."""

FINEST: Final = -20
"""The exponent of the finest number that is taken."""

LARGEST: Final = Decimal("1e18")
_PART: Final = Decimal("1e-8")
"""Parts of a commission are rounded to this; the remainder stays with the rest."""


def exact(value: Decimal, what: str) -> Decimal:
    """Return ``value``, if it is a number that can be computed with.

    Raises:
        DataValidationError: it is not a Decimal, not finite, too large or too fine.
    """
    known: object = value  # a record is read leniently: it may hold anything
    if isinstance(known, Decimal) and known.is_finite() and known.copy_abs() < LARGEST:
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent >= FINEST:
            return value
    msg = f"{what} is {value!r}: not a usable Decimal; mend the sender, or quarantine its record"
    raise DataValidationError(msg)


def part(whole: Decimal, of: Decimal, share: Decimal) -> Decimal:
    """Return what ``share`` of ``of`` gets of ``whole``, to a hundred-millionth."""
    if share == of:
        return whole
    return EXACT.quantize(EXACT.divide(whole * share, of), _PART)


def market_price(price: float | None) -> Decimal | None:
    """Return a market's float price as money; None if it is no price (F47, F61)."""
    if type(price) is float:
        return Decimal(repr(price)) if 0 < price < math.inf else None
    if price is None or isinstance(price, bool) or not isinstance(price, (int, float)):
        return None
    if not math.isfinite(price) or price <= 0:
        return None
    return Decimal(repr(float(price)))  # numpy's floats too
